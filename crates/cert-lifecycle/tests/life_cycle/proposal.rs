//! The form that is proposed to somebody who signs in.

use cert_lifecycle::{DirectoryRow, NameRow, RequestForm, SubjectAltNameKind as Kind};
use zeroize::Zeroizing;

use crate::bench::{self, Bench};

fn row(kind: Kind, value: &str) -> NameRow {
    NameRow {
        value: value.into(),
        ..NameRow::new(kind)
    }
}

#[test]
fn a_first_form_is_for_the_name_of_the_page_and_the_addresses() {
    let unit = Bench::new().open().unit;
    let form = unit.proposed_form("ntp1.example.net").expect("proposed");
    assert_eq!(form.common_name, "ntp1.example.net");
    assert_eq!(form.names, [row(Kind::Ip, "192.0.2.7")]);
    assert_eq!(
        (form.key_bits.as_str(), form.days.as_str()),
        ("2048", "397")
    );
    let reached_by_address = unit.proposed_form("192.0.2.7").expect("proposed");
    assert!(reached_by_address.names.is_empty());
}

#[test]
fn a_later_form_is_as_the_newest_request_was_without_its_secrets() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::make(&unit, &bench::form("ntp0.example.net"));
    let directory = NameRow {
        directory: DirectoryRow {
            country: "FR".into(),
            common_name: "Clock, \"north\"".into(),
            ..DirectoryRow::default()
        },
        ..NameRow::new(Kind::Directory)
    };
    let names = vec![
        row(Kind::Dns, "time.example.net"),
        row(Kind::Ip, "2001:db8::7"),
        row(Kind::Email, "time@example.net"),
        row(Kind::Uri, "https://ntp1.example.net/"),
        row(Kind::RegisteredId, "1.2.3.4"),
        directory,
    ];
    let typed = RequestForm {
        key_type: "EC P-384".into(),
        signature_algorithm: "SHA-384".into(),
        country: "GB".into(),
        state: "Zürich, \"a\"+b".into(),
        locality: "Loc".into(),
        organization: "Org".into(),
        organizational_units: vec!["A".into(), "B".into()],
        email: "admin@example.net".into(),
        optional_organization: "Other".into(),
        challenge_password: Zeroizing::new("CANARY".into()),
        pass_phrase: Zeroizing::new("CANARY".into()),
        names: names.clone(),
        ..bench::form("ntp1.example.net")
    };
    bench::make(&unit, &typed);
    drop(unit);
    let unit = bench.open().unit;
    let form = unit.proposed_form("192.0.2.7").expect("proposed");
    assert_eq!(form.common_name, typed.common_name);
    assert_eq!(form.names, names);
    assert_eq!(form.country, typed.country);
    assert_eq!(form.state, typed.state);
    assert_eq!(form.locality, typed.locality);
    assert_eq!(form.organization, typed.organization);
    assert_eq!(form.organizational_units, typed.organizational_units);
    assert_eq!(form.email, typed.email);
    assert_eq!(form.optional_organization, typed.optional_organization);
    assert_eq!(form.key_type, typed.key_type);
    assert_eq!(form.signature_algorithm, typed.signature_algorithm);
    assert!(form.challenge_password.is_empty() && form.pass_phrase.is_empty());
    assert!(!form.self_signed && !form.omit_names);
}

#[test]
fn a_digest_that_can_be_forged_is_not_proposed_again() {
    let unit = Bench::new().open().unit;
    let typed = RequestForm {
        key_type: "RSA".into(),
        key_bits: "1024".into(),
        signature_algorithm: "SHA-1".into(),
        ..bench::form("ntp1.example.net")
    };
    bench::make(&unit, &typed);
    let form = unit.proposed_form("ntp1.example.net").expect("proposed");
    assert_eq!(form.signature_algorithm, "SHA-256");
    assert_eq!(
        (form.key_type.as_str(), form.key_bits.as_str()),
        ("RSA", "1024")
    );
}
