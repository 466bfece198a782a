//! What is said of the names in the unit's own certificate.

use crate::support::{
    LEAF, Spec, World, chain_of, check_extensions, finding, with, with_note, without,
};
use cert_policy::{Code, Severity};

#[test]
fn a_wildcard_among_the_names_is_refused() {
    let verdict = check_extensions(
        &with(
            LEAF,
            "subjectAltName=DNS:ntp1.example.net,DNS:*.example.net",
        ),
        &[Code::Wildcard],
    );
    let wildcard = finding(&verdict, Code::Wildcard);
    assert!(
        wildcard
            .message
            .starts_with("\"*.example.net\" is a wildcard."),
        "{wildcard:?}"
    );
    assert!(
        wildcard.remedy.contains("\"ntp1.example.net\""),
        "{wildcard:?}"
    );
}

#[test]
fn a_wildcard_as_common_name_is_refused() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        subject: "/CN=*.example.net",
        ..spec
    });
    chain_of(&world, &leaf).check(&[Code::Wildcard, Code::ChainEndsBeforeRoot]);
}

#[test]
fn stars_in_a_common_name_that_is_no_pattern_are_not_a_wildcard() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        subject: "/CN=Rack 7 *main* clock",
        ..spec
    });
    chain_of(&world, &leaf).check(&[Code::ChainEndsBeforeRoot]);
}

#[test]
fn names_that_are_malformed_are_refused_one_by_one() {
    for (value, said) in [
        ("DER:30:00", "is empty or cannot be read"),
        ("DER:04:00", "is empty or cannot be read"),
        ("DER:30:02:82:00", "\"\" is empty"),
        // ntp1.example.net, NUL, .org
        (
            "DER:30:17:82:15:6e:74:70:31:2e:65:78:61:6d:70:6c:65:2e:6e:65:74:00:2e:6f:72:67",
            "\"ntp1.example.net<U+0000>.org\" contains NUL",
        ),
        ("DER:30:05:87:03:0a:00:00", "neither 4 nor 16 octets"),
        ("DER:30:0a:87:08:0a:00:00:00:ff:00:00:00", "a mask"),
        // A name in UTF-8 instead of its xn-- form.
        (
            "DER:30:08:82:06:7a:c3:bc:2e:63:68",
            "\"zü.ch\" cannot be read",
        ),
    ] {
        let extensions = with(LEAF, &format!("subjectAltName={value}"));
        let world = World::shared();
        // What is covered, and what the Common Name is beside it, is another matter here.
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let plain = world.maker.make(&Spec {
            subject: "/CN=clock",
            extensions: &extensions,
            ..spec
        });
        let case = chain_of(&world, &plain).reached_as(&[]);
        let verdict = case.check(&[Code::SanMalformed, Code::ChainEndsBeforeRoot]);
        let message = &finding(&verdict, Code::SanMalformed).message;
        assert!(message.contains(said), "{value}: {message}");
    }
}

#[test]
fn no_subject_alternative_name_is_a_warning() {
    let verdict = check_extensions(&without(LEAF, "subjectAltName"), &[Code::NoSan]);
    let message = &finding(&verdict, Code::NoSan).message;
    assert!(
        message.contains("Common Name (\"ntp1.example.net\")"),
        "{message}"
    );
}

#[test]
fn every_name_the_unit_is_reached_by_and_that_is_not_covered_is_listed() {
    let world = World::shared();
    let leaf = world.leaf();
    let reached_as = ["10.0.0.7", "ntp1.example.net", "ntp2.example.net", "::1"];
    let case = chain_of(&world, &leaf).reached_as(&reached_as);
    let verdict = case.check(&with_note(&[Code::NameNotCovered]));
    let not_covered = finding(&verdict, Code::NameNotCovered);
    assert_eq!(
        not_covered.expected,
        "\"10.0.0.7\", \"ntp2.example.net\" and \"::1\""
    );
    assert_eq!(not_covered.came, "\"ntp1.example.net\"");
}

#[test]
fn an_address_written_as_a_dns_name_is_a_warning() {
    for address in ["10.0.0.7", "10.0.0.0/8", "2001:db8::7", "[2001:db8::7]"] {
        let names = format!("{LEAF}\n[san]\nDNS.1=ntp1.example.net\nDNS.2={address}\n");
        let extensions = names.replace("DNS:ntp1.example.net", "@san");
        check_extensions(&extensions, &[Code::IpAsDns]);
    }
}

#[test]
fn a_dns_name_that_is_no_host_name_is_a_warning() {
    for name in [
        "ntp1 .example.net",
        ".example.net",
        "ntp1..example.net",
        "-ntp1.example.net",
        "ntp1.example.net.",
        "https://ntp1.example.net",
    ] {
        let names = format!("{LEAF}\n[san]\nDNS.1=ntp1.example.net\nDNS.2={name}\n");
        let extensions = names.replace("DNS:ntp1.example.net", "@san");
        let verdict = check_extensions(&extensions, &[Code::DnsNameMalformed]);
        let came = &finding(&verdict, Code::DnsNameMalformed).came;
        assert_eq!(came, &format!("{name:?}"));
    }
}

#[test]
fn control_and_direction_characters_in_names_are_a_warning_and_spelled_out() {
    let world = World::shared();
    for (subject, shown) in [
        ("/CN=clock\u{7}", "clock<U+0007>"),
        ("/CN=\u{202e}kcolc", "<U+202E>kcolc"),
        ("/O=Exam\u{200b}ple/CN=clock", "Exam<U+200B>ple"),
    ] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { subject, ..spec });
        let case = chain_of(&world, &leaf);
        let case = case.requested("CN=clock", Vec::new());
        let verdict = case.verdict();
        let came = &finding(&verdict, Code::ControlCharacters).came;
        assert_eq!(came, &format!("\"{shown}\""));
        let codes = verdict
            .findings
            .iter()
            .filter(|found| found.severity < Severity::Note);
        assert_eq!(codes.count(), 1, "{:#?}", verdict.findings);
    }
}

#[test]
fn a_common_name_that_is_a_host_but_not_among_the_names_is_a_warning() {
    let world = World::shared();
    for (subject, expected) in [
        ("/CN=ntp2.example.net", vec![Code::CommonNameNotInSan]),
        ("/CN=10.0.0.7", vec![Code::CommonNameNotInSan]),
        ("/CN=NTP1.EXAMPLE.NET", vec![]),
        ("/CN=Rack 7", vec![]),
        ("/CN=Dr. No", vec![]),
        ("/O=Example", vec![]),
    ] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { subject, ..spec });
        chain_of(&world, &leaf).check(&with_note(&expected));
    }
}
