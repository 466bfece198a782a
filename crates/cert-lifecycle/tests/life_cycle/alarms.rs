//! What an administrator has to know without asking.

use cert_lifecycle::{Action, AlarmCode, Setting, Severity, Unit};

use crate::bench::{self, Bench, Ca, admin, alarms, form};

const DAY: u64 = 86_400;
/// 2027-06-01 00:00:00 UTC.
const START: u64 = 1_811_808_000;

/// What the journal says of alarms that were raised, or ended, oldest first.
fn said(unit: &Unit, action: fn(AlarmCode) -> Action) -> Vec<String> {
    let journal = unit.journal(99).expect("journal");
    let entries = journal
        .into_iter()
        .rev()
        .filter(|entry| entry.action.alarm().map(action) == Some(entry.action));
    entries.map(|entry| entry.outcome).collect()
}

#[test]
fn a_factory_certificate_is_told_of_until_another_serves() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    assert_eq!(alarms(&unit), [AlarmCode::FactoryServing]);
    bench::install(&unit, &Ca::new(), "ntp1.example.net", &admin());
    assert!(!alarms(&unit).contains(&AlarmCode::FactoryServing));
}

#[test]
fn the_end_is_told_30_14_7_and_1_days_before_and_each_only_once() {
    let bench = Bench::new();
    bench.world.set(START, true);
    let unit = bench.open().unit;
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    self_signed.days = "40".into();
    bench::make(&unit, &self_signed);
    for _ in 0..41 * 4 {
        unit.tick().expect("ticks");
        bench.world.pass(DAY / 4);
    }
    let raised = said(&unit, Action::AlarmRaised);
    let keys: Vec<&str> = raised
        .iter()
        .filter_map(|said| Some(said.split_once(':')?.0))
        .filter(|key| key.starts_with("expire"))
        .collect();
    let expected = [
        "expires-soon-30",
        "expires-soon-14",
        "expires-soon-7",
        "expires-soon-1",
        "expired",
    ];
    assert_eq!(keys, expected);
    let ended = said(&unit, Action::AlarmEnded);
    assert_eq!(ended.last().map(String::as_str), Some("expires-soon-1"));
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_told_of_until_it_is() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::install(&unit, &Ca::new(), "ntp1.example.net", &admin());
    assert!(!alarms(&unit).contains(&AlarmCode::NotYetValid));
    let begins = unit
        .status()
        .expect("status")
        .serving
        .certificate
        .not_before;
    for (now, trusted, raised) in [
        (begins - 1, true, true),
        (begins - 1, false, false),
        (begins, true, false),
    ] {
        bench.world.set(now, trusted);
        assert_eq!(alarms(&unit).contains(&AlarmCode::NotYetValid), raised);
    }
}

#[test]
fn names_and_addresses_that_are_not_covered_are_listed() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    unit.change_settings(
        &[(Setting::Names, "ntp1.example.net, ntp2.example.net")],
        &admin(),
    )
    .expect("set");
    bench::install(&unit, &Ca::new(), "ntp1.example.net", &admin());
    let raised = unit.alarms().expect("alarms");
    let message = |code| {
        let alarm = raised.iter().find(|alarm| alarm.code == code);
        alarm
            .map(|alarm| alarm.message.as_str())
            .unwrap_or_default()
    };
    let names = message(AlarmCode::NameNotCovered);
    assert!(
        names.contains("this unit's name \"ntp2.example.net\"") && !names.contains("ntp1"),
        "{names}"
    );
    let addresses = message(AlarmCode::AddressNotCovered);
    assert!(addresses.contains("\"192.0.2.7\""), "{addresses}");
}

#[test]
fn what_browsers_refuse_of_key_and_signature_is_told() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut legacy = form("ntp1.example.net");
    legacy.key_type = "RSA".into();
    legacy.key_bits = "1024".into();
    legacy.signature_algorithm = "SHA-1".into();
    legacy.self_signed = true;
    bench::make(&unit, &legacy);
    let raised = unit.alarms().expect("alarms");
    let refused = raised
        .iter()
        .find(|alarm| alarm.code == AlarmCode::BrowsersRefuse);
    let message = &refused.expect("raised").message;
    assert!(
        message.contains("1024") && message.contains("SHA-1"),
        "{message}"
    );
}

#[test]
fn every_alarm_has_a_name_of_its_own_that_is_read_back() {
    for code in AlarmCode::ALL {
        assert_eq!(code.as_str().parse::<AlarmCode>().expect("read"), code);
    }
    assert!("fire".parse::<AlarmCode>().is_err());
}

#[test]
fn the_table_in_the_guide_is_the_one_in_the_code() {
    let guide = include_str!("../../../../docs/never-locked-out.md");
    for code in AlarmCode::ALL {
        let weight = match code.severity() {
            Severity::Refuse => "refuse",
            Severity::Warn => "warn",
            _ => "note",
        };
        let row = format!("| `{}` | {weight} | ", code.as_str());
        assert!(guide.contains(&row), "no row begins {row}");
    }
}
