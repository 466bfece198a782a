//! What is said of how the unit's own certificate is built.

use crate::support::{
    Case, LEAF, Spec, World, chain_of, check_extensions, finding, replace, with, with_note,
};
use cert_policy::Code;

#[test]
fn version_1_has_no_names_and_is_refused() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        extensions: "",
        ..spec
    });
    assert!(
        leaf.certificate.tbs_certificate().extensions().is_none(),
        "OpenSSL made version 3"
    );
    chain_of(&world, &leaf).check(&with_note(&[Code::VersionNot3, Code::NoSan]));
}

#[test]
fn an_empty_issuer_is_refused() {
    let world = World::shared();
    let nameless = world.maker.make(&Spec::ca("/", &world.root_key, None));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &nameless));
    let verdict = Case::new([&world.key], &[&leaf]).verdict();
    let codes: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect();
    assert_eq!(codes, [Code::IssuerEmpty]);
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let unknown = with(LEAF, "1.3.6.1.4.1.55738.666.1=critical,DER:05:00");
    let verdict = check_extensions(&unknown, &[Code::UnknownCriticalExtension]);
    let came = &finding(&verdict, Code::UnknownCriticalExtension).came;
    assert_eq!(came, "1.3.6.1.4.1.55738.666.1");
    check_extensions(&with(LEAF, "1.3.6.1.4.1.55738.666.1=DER:05:00"), &[]);
    check_extensions(
        &with(LEAF, "certificatePolicies=critical,2.23.140.1.2.1"),
        &[],
    );
}

#[test]
fn a_duplicate_extension_is_refused() {
    let world = World::shared();
    // OpenSSL does not write one twice, so the last arc of another is changed to match.
    let pair = format!("{LEAF}1.2.3.4=DER:05:00\n1.2.3.5=DER:05:00\n");
    let leaf = world.leaf_with(&pair);
    let leaf = world.maker.resigned(&leaf, &world.intermediate_key, |tbs| {
        replace(
            tbs,
            &[0x06, 0x03, 0x2A, 0x03, 0x05],
            &[0x06, 0x03, 0x2A, 0x03, 0x04],
        );
    });
    let verdict = chain_of(&world, &leaf).check(&with_note(&[Code::DuplicateExtension]));
    assert_eq!(finding(&verdict, Code::DuplicateExtension).came, "1.2.3.4");
}

#[test]
fn a_malformed_extension_is_refused() {
    for extension in [
        "keyUsage=critical,DER:04:00",
        "extendedKeyUsage=DER:30:00",
        "basicConstraints=critical,DER:30:03:02:01:05:00",
        "authorityInfoAccess=DER:30:00",
        "certificatePolicies=DER:30:05:06",
        "crlDistributionPoints=DER:31:00",
    ] {
        let extensions = with(LEAF, extension);
        check_extensions(&extensions, &[Code::ExtensionMalformed]);
    }
}

#[test]
fn malformed_key_identifiers_are_refused() {
    let world = World::shared();
    let leaf = world.leaf();
    // OBJECT subjectKeyIdentifier, OCTET STRING, and in it an OCTET STRING made a UTF8String;
    // OBJECT authorityKeyIdentifier, OCTET STRING, and in it a SEQUENCE made a SET.
    for (old, new) in [
        ([0x06, 0x03, 0x55, 0x1D, 0x0E, 0x04, 0x16, 0x04], 0x0C),
        ([0x06, 0x03, 0x55, 0x1D, 0x23, 0x04, 0x18, 0x30], 0x31),
    ] {
        let leaf = world.maker.resigned(&leaf, &world.intermediate_key, |tbs| {
            let [front @ .., _] = old;
            replace(tbs, &old, &[&front[..], &[new]].concat());
        });
        chain_of(&world, &leaf).check(&with_note(&[Code::ExtensionMalformed]));
    }
}

#[test]
fn a_precertificate_is_refused() {
    let poison = with(LEAF, "1.3.6.1.4.1.11129.2.4.3=critical,DER:05:00");
    check_extensions(&poison, &[Code::Precertificate]);
}

#[test]
fn odd_serial_numbers_are_a_warning() {
    let world = World::shared();
    for (serial, said) in [
        ("-5", Some("negative")),
        ("0", Some("zero")),
        ("0x7f00000000000000000000000000000000000000", None),
        (
            "0x8000000000000000000000000000000000000000",
            Some("21 octets long"),
        ),
        (
            "0x010000000000000000000000000000000000000000",
            Some("21 octets long"),
        ),
    ] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { serial, ..spec });
        let expected = said
            .map(|_| Code::SerialUnusual)
            .into_iter()
            .collect::<Vec<_>>();
        let verdict = chain_of(&world, &leaf).check(&with_note(&expected));
        if let Some(said) = said {
            let message = &finding(&verdict, Code::SerialUnusual).message;
            assert!(
                message.starts_with(&format!("The serial number is {said}.")),
                "{message}"
            );
        }
    }
}

#[test]
fn departures_that_strict_clients_refuse_are_a_warning_and_openssl_agrees() {
    let world = World::shared();
    let leaf = Spec::leaf(&world.key, &world.intermediate);
    let nameless = Spec {
        subject: "/",
        ..Spec::leaf(&world.key, &world.intermediate)
    };
    let sign = with(LEAF, "keyUsage=critical,digitalSignature,keyCertSign");
    let path = with(LEAF, "basicConstraints=critical,CA:FALSE,pathlen:0");
    for (spec, extensions, said) in [
        (
            &leaf,
            with(LEAF, "authorityKeyIdentifier=none"),
            "no authorityKeyIdentifier",
        ),
        (
            &nameless,
            LEAF.into(),
            "an empty subject, and subjectAltName not critical",
        ),
        (&leaf, sign, "keyCertSign without basicConstraints CA:TRUE"),
        (
            &leaf,
            path,
            "a path length without the right to sign certificates",
        ),
    ] {
        let made = world.maker.make(&Spec {
            extensions: &extensions,
            ..*spec
        });
        let verdict = chain_of(&world, &made).check(&with_note(&[Code::StrictProfile]));
        assert_eq!(finding(&verdict, Code::StrictProfile).came, said);
        assert!(
            !made.openssl_verifies(&world.root, &[&world.intermediate]),
            "{said}"
        );
    }
    let critical = with(LEAF, "subjectAltName=critical,DNS:ntp1.example.net");
    let made = world.maker.make(&Spec {
        extensions: &critical,
        ..nameless
    });
    assert!(made.openssl_verifies(&world.root, &[&world.intermediate]));
    chain_of(&world, &made).check(&[Code::ChainEndsBeforeRoot]);
}

#[test]
fn departures_that_pyca_alone_refuses_are_a_warning_and_pyca_agrees() {
    let world = World::shared();
    let chain = [&world.intermediate];
    assert!(world.leaf().pyca_verifies(&world.root, &chain));
    for (line, said) in [
        (
            "nameConstraints=permitted;DNS:example.net",
            "nameConstraints without a CA",
        ),
        (
            "subjectAltName=critical,DNS:ntp1.example.net",
            "subjectAltName critical although there is a subject",
        ),
    ] {
        let leaf = world.leaf_with(&with(LEAF, line));
        let verdict = chain_of(&world, &leaf).check(&with_note(&[Code::StrictProfile]));
        let strict = finding(&verdict, Code::StrictProfile);
        assert_eq!(strict.came, said);
        assert!(
            strict
                .message
                .ends_with("such as the Python package cryptography."),
            "{strict:?}"
        );
        assert!(leaf.openssl_verifies(&world.root, &chain), "{line}");
        assert!(!leaf.pyca_verifies(&world.root, &chain), "{line}");
    }
}

#[test]
fn two_signature_algorithms_in_one_certificate_are_refused() {
    let world = World::shared();
    let leaf = world.leaf();
    // ecdsa-with-SHA256 inside becomes ecdsa-with-SHA384; the signature is then wrong as well.
    let sha256 = [
        0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
    ];
    let patched = leaf.patched(|der| {
        let inner = (0..der.len())
            .find(|at| der[*at..].starts_with(&sha256))
            .unwrap();
        der[inner + 11] = 0x03;
    });
    let codes = [Code::SignatureAlgorithmsDiffer, Code::SignatureWrong];
    let verdict = chain_of(&world, &patched).check(&codes);
    let differ = finding(&verdict, Code::SignatureAlgorithmsDiffer);
    assert!(
        differ.message.contains("ecdsa-with-SHA384"),
        "{}",
        differ.message
    );
}

#[test]
fn an_explicit_default_does_not_make_a_right_signature_wrong() {
    let world = World::shared();
    // basicConstraints with cA FALSE written out, which encoding it again would drop.
    let explicit = with(LEAF, "basicConstraints=critical,DER:30:03:01:01:00");
    let leaf = world.leaf_with(&explicit);
    chain_of(&world, &leaf).check(&[Code::ChainEndsBeforeRoot]);
}
