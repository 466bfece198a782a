//! A disk that takes no changes locks nobody out.

use cert_lifecycle::{AlarmCode, Error, Origin, Setting, SignIn, StoreError, Unit};

use crate::bench::{self, Bench, Ca, admin, browser};

const PASSWORD: &str = "long enough";

#[track_caller]
fn alarm(unit: &Unit, code: AlarmCode) -> Option<String> {
    let alarms = unit.status().expect("status").alarms;
    let alarm = alarms.into_iter().find(|alarm| alarm.code == code);
    alarm.map(|alarm| alarm.message)
}

fn set_password(bench: &Bench) {
    let opened = bench.open();
    let first = opened.first_password.expect("a first start");
    let changed = opened.unit.change_password(&first, PASSWORD, &admin());
    changed.expect("changed");
}

#[test]
fn what_is_stored_serves_where_it_can_only_be_read_and_people_can_sign_in() {
    let bench = Bench::new();
    set_password(&bench);
    let before = bench.open().unit.status().expect("status").serving;
    let stored = std::fs::read(bench.store()).expect("there");

    let opened = bench.open_for_reading_only();
    let unit = opened.unit;
    assert!(opened.set_aside.is_none() && opened.first_password.is_none());
    assert!(unit.is_read_only());
    assert_eq!(unit.status().expect("status").serving, before);
    assert_eq!(bench.served().last(), Some(&before.certificate.sha256));
    let said = alarm(&unit, AlarmCode::StoreReadOnly).expect("an alarm");
    assert!(said.contains("can only be read"), "{said}");
    for (password, granted) in [(PASSWORD, Some(SignIn::Granted)), ("wrong", None)] {
        let signed_in = unit.sign_in("admin", password, &browser());
        assert_eq!(signed_in.expect("no journal is needed"), granted);
    }
    let logged = bench.world.logged();
    assert!(logged[0].starts_with("sign-in by admin"), "{logged:?}");
    assert!(
        logged[1].starts_with("sign-in refused by admin"),
        "{logged:?}"
    );
    let refused = unit.change_settings(&[(Setting::Session, "30")], &admin());
    let why = refused.expect_err("refused");
    assert!(
        matches!(why, Error::Store(StoreError::ReadOnly(_))),
        "{why:?}"
    );
    assert!(why.to_string().contains("so nothing was changed"), "{why}");
    drop(unit);
    assert_eq!(std::fs::read(bench.store()).expect("there"), stored);

    let unit = bench.open().unit;
    assert_eq!(alarm(&unit, AlarmCode::StoreReadOnly), None);
    unit.change_settings(&[(Setting::Session, "30")], &admin())
        .expect("it can be written again");
}

#[test]
fn a_store_of_an_earlier_format_serves_where_it_can_only_be_read() {
    let bench = Bench::on_state("format-1");
    let unit = bench.open_for_reading_only().unit;
    assert_eq!(
        unit.status().expect("status").serving.origin,
        Origin::Imported
    );
}

#[test]
fn a_trial_ends_where_the_store_can_only_be_read() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = unit.status().expect("status").serving.certificate.sha256;
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    drop(unit);
    let unit = bench.open_for_reading_only().unit;
    assert_eq!(bench.served().last(), Some(&new));
    bench.world.pass(600);
    unit.tick().expect_err("it cannot be written");
    assert_eq!(bench.served().last(), Some(&factory));
    let serving = unit.status().expect("status").serving.certificate.sha256;
    assert_eq!(serving, factory, "and the status says so");
    let said = alarm(&unit, AlarmCode::ServesAnother).expect("an alarm");
    assert!(said.contains("nobody signed in over it in time"), "{said}");
    let before = bench.served().len();
    unit.tick().expect_err("it cannot be written");
    assert_eq!(
        bench.served().len(),
        before,
        "it is not served again and again"
    );
}

#[test]
fn a_certificate_that_cannot_be_served_at_the_start_is_not_said_to_serve() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = unit.status().expect("status").serving.certificate.sha256;
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &admin());
    drop(unit);
    bench.refuse_to_serve_this(&new);
    let unit = bench.open().unit;
    let status = unit.status().expect("status");
    assert_eq!(status.serving.certificate.sha256, factory);
    assert_eq!(status.serving.origin, Origin::Factory);
    let said = alarm(&unit, AlarmCode::ServesAnother).expect("an alarm");
    assert!(said.contains("told to refuse"), "{said}");
    unit.change_settings(
        &[(Setting::Tls, "standard"), (Setting::Session, "30")],
        &admin(),
    )
    .expect("settings do not hang on it");

    bench::install(&unit, &Ca::new(), "ntp2.example.net", &admin());
    assert_eq!(alarm(&unit, AlarmCode::ServesAnother), None);
    drop(unit);
    bench.refuse_to_serve_this("");
    assert_eq!(alarm(&bench.open().unit, AlarmCode::ServesAnother), None);
}

#[test]
fn a_trial_that_a_restart_ends_is_over_before_anybody_is_told_what_serves() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = unit.status().expect("status").serving.certificate.sha256;
    bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    bench.world.pass(590);
    unit.tick().expect("written down");
    drop(unit);
    // The start takes the rest.
    let unit = bench.open().unit;
    let serving = unit.status().expect("status").serving.certificate.sha256;
    assert_eq!(serving, factory);
    assert_eq!(bench.served().last(), Some(&factory));
    assert!(alarm(&unit, AlarmCode::TrialEnded).is_some());
}
