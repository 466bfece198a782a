//! What is said of the unit's own certificate as a whole.

use crate::support::{CA, Case, DAY, Spec, World, chain_of, check_self_signed, replace};
use cert_policy::Code;

#[test]
fn a_good_certificate_is_taken_and_openssl_agrees() {
    let world = World::shared();
    let leaf = world.leaf();
    assert!(leaf.openssl_verifies(&world.root, &[&world.intermediate]));
    let verdict = chain_of(&world, &leaf).check(&[Code::ChainEndsBeforeRoot]);
    assert!(!verdict.is_refused());
    assert_eq!(verdict.chain, [0, 1]);
    assert_eq!(
        verdict
            .pairing
            .map(|pairing| (pairing.certificate, pairing.key)),
        Some((0, 0))
    );
}

#[test]
fn a_good_self_signed_certificate_needs_no_chain() {
    let world = World::shared();
    check_self_signed(&world, &world.key, &Spec::self_signed(&world.key), &[]);
}

#[test]
fn everything_is_told_at_once() {
    let world = World::shared();
    let key = world.maker.key("RSA:1024");
    let extensions = "keyUsage=keyEncipherment\nextendedKeyUsage=clientAuth\n\
                      subjectAltName=DNS:*.example.net,DNS:10.0.0.7\nauthorityKeyIdentifier=none\n1.2.3=critical,DER:05:00\n";
    let spec = Spec {
        extensions,
        days: 900,
        serial: "0",
        ..Spec::leaf(&key, &world.intermediate)
    };
    let leaf = world.maker.make(&spec);
    let case = Case::new([&key], &[&leaf]).seconds_from_now(901 * DAY);
    let verdict = case.reached_as(&["10.0.0.7"]).check(&[
        Code::Wildcard,
        Code::ServerAuthMissing,
        Code::DigitalSignatureMissing,
        Code::UnknownCriticalExtension,
        Code::Expired,
        Code::NameNotCovered,
        Code::KeyShort,
        Code::IntermediateMissing,
        Code::SerialUnusual,
        Code::LifetimeTooLong,
        Code::IpAsDns,
        Code::StrictProfile,
    ]);
    assert!(
        verdict
            .findings
            .is_sorted_by_key(|finding| finding.severity)
    );
    assert!(
        verdict
            .findings
            .iter()
            .all(|finding| finding.certificate == Some(0))
    );
}

#[test]
fn a_self_signed_certificate_that_was_changed_is_refused() {
    let world = World::shared();
    let leaf = world.maker.make(&Spec::self_signed(&world.key));
    let changed = leaf.patched(|der| {
        replace(
            der,
            b"\x82\x10ntp1.example.net",
            b"\x82\x10ntp2.example.net",
        )
    });
    let case = Case::new([&world.key], &[&changed]).reached_as(&["ntp2.example.net"]);
    case.check(&[Code::SignatureWrong, Code::CommonNameNotInSan]);
}

#[test]
fn a_self_signed_ca_certificate_of_our_key_is_refused() {
    let world = World::shared();
    let extensions = format!(
        "{}subjectAltName=DNS:ntp1.example.net\nextendedKeyUsage=serverAuth\n",
        CA.replace("keyUsage=critical,", "keyUsage=critical,digitalSignature,")
    );
    let spec = Spec {
        extensions: &extensions,
        ..Spec::self_signed(&world.key)
    };
    check_self_signed(&world, &world.key, &spec, &[Code::LeafIsCa]);
}
