//! Every kind of signature a CA makes, made by OpenSSL: right ones are right, changed ones wrong.

use crate::support::{Case, Key, Made, Spec, World, replace};
use cert_policy::Code;

/// A root with `key` and a leaf it signed with `options`.
fn signed_by(world: &World, key: &Key, options: &[&str]) -> (Made, Made) {
    let root = world.maker.make(&Spec {
        options,
        ..Spec::ca("/CN=Signer", key, None)
    });
    let leaf = world.maker.make(&Spec {
        options,
        ..Spec::leaf(&world.key, &root)
    });
    (root, leaf)
}

#[track_caller]
fn check(world: &World, key: &Key, options: &[&str], expected: &[Code]) {
    let (root, leaf) = signed_by(world, key, options);
    let expected: Vec<_> = expected
        .iter()
        .copied()
        .chain([Code::RootIncluded])
        .collect();
    Case::new([&world.key], &[&leaf, &root]).check(&expected);

    // One bit of the serial number, and one bit of the signature's last octet.
    let changed = leaf.patched(|der| replace(der, &[2, 2, 0x10, 1], &[2, 2, 0x10, 0]));
    let verdict = Case::new([&world.key], &[&changed, &root]).verdict();
    assert!(
        has(&verdict, Code::SignatureWrong),
        "{options:?}: {verdict:#?}"
    );
    let changed = leaf.patched(|der| *der.last_mut().unwrap() ^= 1);
    let verdict = Case::new([&world.key], &[&changed, &root]).verdict();
    assert!(
        has(&verdict, Code::SignatureWrong),
        "{options:?}: {verdict:#?}"
    );
}

fn has(verdict: &cert_policy::Verdict, code: Code) -> bool {
    verdict.findings.iter().any(|finding| finding.code == code)
}

#[test]
fn rsa_with_pkcs1_is_checked_with_every_digest() {
    let world = World::shared();
    let key = world.maker.key("RSA:2048");
    for (digest, expected) in [
        ("-md5", &[Code::SignatureMd5][..]),
        ("-sha1", &[Code::SignatureSha1]),
        ("-sha224", &[]),
        ("-sha256", &[]),
        ("-sha384", &[]),
        ("-sha512", &[]),
    ] {
        check(&world, &key, &[digest], expected);
    }
}

#[test]
fn rsa_keys_that_no_octet_divides_and_long_ones_are_checked() {
    let world = World::shared();
    let pss = ["-sha256", "-sigopt", "rsa_padding_mode:pss"];
    for bits in [2_049, 2_050, 3_071, 4_096] {
        let key = world.maker.key(&format!("RSA:{bits}"));
        check(&world, &key, &["-sha256"], &[]);
        // OpenSSL 3.0 takes the longest salt that fits, with 4096 bits one of 478 octets.
        check(&world, &key, &pss, &[]);
    }
}

#[test]
fn rsa_with_pss_is_checked_with_its_salt() {
    let world = World::shared();
    let key = world.maker.key("RSA:2048");
    for digest in ["-sha256", "-sha384", "-sha512"] {
        for salt in ["digest", "0", "20", "max"] {
            let salt_len = format!("rsa_pss_saltlen:{salt}");
            let options = [
                digest,
                "-sigopt",
                "rsa_padding_mode:pss",
                "-sigopt",
                &salt_len,
            ];
            check(&world, &key, &options, &[]);
        }
    }
    let sha1 = ["-sha1", "-sigopt", "rsa_padding_mode:pss"];
    check(&world, &key, &sha1, &[Code::SignatureSha1]);
}

#[test]
fn a_key_for_pss_alone_is_checked() {
    let world = World::shared();
    check(&world, &world.maker.key("RSA-PSS:2048"), &["-sha256"], &[]);
}

#[test]
fn ecdsa_is_checked_on_every_curve_with_every_digest() {
    let world = World::shared();
    for curve in ["P-256", "P-384", "P-521"] {
        let key = world.maker.key(curve);
        for digest in ["-sha224", "-sha256", "-sha384", "-sha512"] {
            check(&world, &key, &[digest], &[]);
        }
        check(&world, &key, &["-sha1"], &[Code::SignatureSha1]);
    }
}

#[test]
fn ed25519_is_checked() {
    let world = World::shared();
    check(&world, &world.maker.key("ED25519"), &[], &[]);
}

#[test]
fn what_cannot_be_checked_is_a_warning_and_not_called_wrong() {
    let world = World::shared();
    let mixed = [
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_mgf1_md:sha512",
    ];
    for (key, options) in [
        (world.maker.key("ED448"), &[][..]),
        (world.maker.key("P-192"), &["-sha256"]),
        (world.maker.key("brainpoolP256r1"), &["-sha256"]),
        (world.maker.key("RSA:2048"), &mixed),
        (world.maker.key("RSA:2048"), &["-sha3-256"]),
        (world.maker.dsa_key(), &["-sha256"]),
    ] {
        let (root, leaf) = signed_by(&world, &key, options);
        let verdict = Case::new([&world.key], &[&leaf, &root]);
        verdict.check(&[Code::SignatureUnchecked, Code::RootIncluded]);
    }
}

#[test]
fn a_self_signature_that_cannot_be_checked_is_a_warning_too() {
    let world = World::shared();
    let key = world.maker.key("RSA:2048");
    let spec = Spec {
        options: &["-sha3-256"],
        ..Spec::self_signed(&key)
    };
    let leaf = world.maker.make(&spec);
    Case::new([&key], &[&leaf]).check(&[Code::SignatureUnchecked]);
}

#[test]
fn a_key_of_another_kind_than_the_signature_is_wrong() {
    let world = World::shared();
    let (ec, rsa) = (world.maker.key("P-256"), world.maker.key("RSA:2048"));
    let (_, leaf) = signed_by(&world, &ec, &["-sha256"]);
    let (root, _) = signed_by(&world, &rsa, &["-sha256"]);
    Case::new([&world.key], &[&leaf, &root]).check(&[Code::SignatureWrong]);
}

#[test]
fn an_unsigned_or_shortened_signature_is_wrong() {
    let world = World::shared();
    let rsa = world.maker.key("RSA:2048");
    let (root, leaf) = signed_by(&world, &rsa, &["-sha256"]);
    let zeroed = leaf.patched(|der| {
        let signature = der.len() - 256;
        der[signature..].fill(0);
    });
    Case::new([&world.key], &[&zeroed, &root]).check(&[Code::SignatureWrong]);
}
