//! Which certificate belongs to which key, and what is said when none does.

use crate::support::{Case, LEAF, Spec, World, finding, with};
use cert_policy::{Code, public_key_sha256};
use der::asn1::Ia5String;
use x509_cert::ext::pkix::name::GeneralName;

fn dns(name: &str) -> GeneralName {
    GeneralName::DnsName(Ia5String::new(name).unwrap())
}

#[test]
fn any_key_of_the_unit_will_do() {
    let world = World::shared();
    let (older, newer) = (world.maker.key("RSA:2048"), world.maker.key("P-384"));
    for (position, key) in [&world.key, &older, &newer].into_iter().enumerate() {
        let leaf = world.maker.make(&Spec::leaf(key, &world.intermediate));
        let case = Case::new([&world.key, &older, &newer], &[&world.intermediate, &leaf]);
        let verdict = case.check(&[Code::OrderRepaired, Code::ChainEndsBeforeRoot]);
        let pairing = verdict.pairing.unwrap();
        assert_eq!((pairing.certificate, pairing.key), (1, position));
    }
}

#[test]
fn a_certificate_for_another_key_is_refused_with_its_fingerprint() {
    let world = World::shared();
    let (elsewhere, second, third) = (
        world.maker.key("P-256"),
        world.maker.key("P-256"),
        world.maker.key("P-256"),
    );
    let spec = Spec::leaf(&elsewhere, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        subject: "/CN=ntp2.example.net",
        ..spec
    });
    let case = Case::new([&world.key, &second, &third], &[&leaf, &world.intermediate]);
    let case = case.requested("CN=clock.example.org", vec![dns("clock.example.org")]);
    let verdict = case.verdict();
    assert!(verdict.is_refused());
    assert_eq!(verdict.pairing, None);
    let other_key = finding(&verdict, Code::OtherKey);
    let digest = public_key_sha256(&elsewhere.public);
    let fingerprint: Vec<_> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
    assert_eq!(
        other_key.message,
        format!(
            "This certificate was made for another key (fingerprint {}…). None of this unit's 3 \
             requests has that key. Its subject, \"CN=ntp2.example.net\", suggests it is for \
             another unit.",
            fingerprint[..4].join(":")
        )
    );
    assert_eq!(other_key.came, fingerprint.join(":"));
    assert_eq!(
        other_key.expected.matches(" and ").count(),
        1,
        "{}",
        other_key.expected
    );
}

#[test]
fn the_same_subject_or_name_as_a_request_is_pointed_out() {
    let world = World::shared();
    let elsewhere = world.maker.key("P-256");
    let leaf = world
        .maker
        .make(&Spec::leaf(&elsewhere, &world.intermediate));
    let codes = [Code::OtherKey, Code::ChainEndsBeforeRoot];
    for (subject, names, said) in [
        (
            "CN=NTP1.example.net",
            vec![],
            "is that of one of this unit's requests",
        ),
        (
            "CN=clock",
            vec![dns("NTP1.example.net")],
            "It is for \"NTP1.example.net\", as one of this unit's requests is",
        ),
    ] {
        let case = Case::new([&world.key], &[&leaf, &world.intermediate]);
        let verdict = case.requested(subject, names).check(&codes);
        let message = &finding(&verdict, Code::OtherKey).message;
        assert!(
            message.contains("This unit's request has another key."),
            "{message}"
        );
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn a_unit_without_requests_or_keys_says_so() {
    let world = World::shared();
    let elsewhere = world.maker.key("P-256");
    let leaf = world
        .maker
        .make(&Spec::leaf(&elsewhere, &world.intermediate));
    let codes = [Code::OtherKey, Code::ChainEndsBeforeRoot];
    let presented = [&leaf, &world.intermediate];
    let verdict = Case::new([&world.key], &presented).check(&codes);
    let message = &finding(&verdict, Code::OtherKey).message;
    assert!(
        message.contains("This unit has made no request."),
        "{message}"
    );
    let verdict = Case::new([], &presented).check(&codes);
    let message = &finding(&verdict, Code::OtherKey).message;
    assert!(message.contains("This unit has no key yet."), "{message}");
}

#[test]
fn among_strangers_the_one_most_like_a_request_is_judged() {
    let world = World::shared();
    let (one, other) = (world.maker.key("P-256"), world.maker.key("P-256"));
    let spec = Spec::leaf(&one, &world.intermediate);
    let extensions = with(LEAF, "subjectAltName=DNS:other.example.net");
    let stranger = Spec {
        subject: "/CN=other.example.net",
        extensions: &extensions,
        ..spec
    };
    let stranger = world.maker.make(&stranger);
    let alike = world.maker.make(&Spec::leaf(&other, &world.intermediate));
    let case = Case::new([&world.key], &[&stranger, &alike, &world.intermediate]);
    let case = case.requested("CN=ntp1.example.net", vec![]);
    let verdict = case.verdict();
    assert_eq!(finding(&verdict, Code::OtherKey).certificate, Some(1));
    assert_eq!(verdict.chain, [1, 2]);
}

#[test]
fn only_ca_certificates_are_refused_with_their_number() {
    let world = World::shared();
    let case = Case::new([&world.key], &[&world.intermediate, &world.root]);
    let verdict = case.check(&[Code::OnlyCaCertificates]);
    let only_ca = finding(&verdict, Code::OnlyCaCertificates);
    assert_eq!(
        only_ca.message,
        "The file holds 2 CA certificates but not the unit's own."
    );
    assert!(verdict.chain.is_empty() && verdict.is_refused());
}

#[test]
fn nothing_at_all_is_refused() {
    let world = World::shared();
    let verdict = Case::new([&world.key], &[]).check(&[Code::NoCertificate]);
    assert!(verdict.is_refused());
}

#[test]
fn of_several_that_fit_the_newest_that_is_valid_is_taken() {
    let world = World::shared();
    let first = world.leaf();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let second = world.maker.make(&Spec {
        serial: "0x2002",
        ..spec
    });
    let case = Case::new([&world.key], &[&first, &second, &world.intermediate]);
    let verdict = case.check(&[Code::SeveralLeaves, Code::ChainEndsBeforeRoot]);
    assert_eq!(verdict.chain, [1, 2]);
    let message = &finding(&verdict, Code::SeveralLeaves).message;
    assert!(message.contains("serial number 20:02, not"), "{message}");
    assert!(message.ends_with("serial number 10:01."), "{message}");
}

#[test]
fn what_the_ca_changed_of_the_request_is_noted() {
    let world = World::shared();
    let leaf = world.leaf();
    let names = vec![dns("NTP1.example.net"), dns("ntp2.example.net")];
    let case = Case::new([&world.key], &[&leaf, &world.intermediate]);
    let case = case.requested("CN=ntp1.example.net,O=Example", names);
    let codes = [
        Code::SubjectChanged,
        Code::NamesLeftOut,
        Code::ChainEndsBeforeRoot,
    ];
    let verdict = case.check(&codes);
    let changed = finding(&verdict, Code::SubjectChanged);
    assert_eq!(
        changed.message,
        "The CA changed the subject from \"CN=ntp1.example.net,O=Example\" to \
         \"CN=ntp1.example.net\"."
    );
    assert_eq!(
        finding(&verdict, Code::NamesLeftOut).expected,
        "\"ntp2.example.net\""
    );

    let case = Case::new([&world.key], &[&leaf, &world.intermediate]);
    let case = case.requested("CN=ntp1.example.net", vec![dns("ntp1.example.net")]);
    case.check(&[Code::ChainEndsBeforeRoot]);
}

#[test]
fn an_rsa_key_whose_null_the_ca_dropped_is_still_ours() {
    let world = World::shared();
    let key = world.maker.key("RSA:2048");
    let leaf = world.maker.make(&Spec::leaf(&key, &world.intermediate));
    let mut ours = key.public.clone();
    assert!(ours.algorithm.parameters.take().is_some());
    let key = crate::support::Key::of(ours);
    let case = Case::new([&key], &[&leaf, &world.intermediate]);
    case.check(&[Code::ChainEndsBeforeRoot]);
}
