//! A certificate that was put in service from a browser is on trial.

use cert_lifecycle::{Action, AlarmCode, Digest, Preflight, Setting, Unit};

use crate::bench::{self, Bench, Ca, admin, alarms, browser, form, order};

/// The length of a trial where nobody has set another, in seconds.
const TRIAL: u64 = 600;

#[track_caller]
fn serving(unit: &Unit) -> String {
    unit.status().expect("status").serving.certificate.sha256
}

#[test]
fn without_a_sign_in_the_previous_certificate_comes_back_and_the_new_one_is_kept() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = serving(&unit);
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    let trial = unit.status().expect("status").trial.expect("a trial");
    assert_eq!(
        (trial.remaining_seconds, &trial.falls_back_to),
        (TRIAL, &factory)
    );
    bench.world.pass(TRIAL - 1);
    unit.tick().expect("ticks");
    assert_eq!(serving(&unit), new);
    bench.world.pass(1);
    unit.tick().expect("ticks");
    let status = unit.status().expect("status");
    assert_eq!(status.serving.certificate.sha256, factory);
    assert_eq!(status.previous.expect("kept").certificate.sha256, new);
    assert_eq!(status.trial, None);
    assert_eq!(bench.served().last(), Some(&factory));
    assert!(alarms(&unit).contains(&AlarmCode::TrialEnded));
    let journal = unit.journal(9).expect("journal");
    assert!(
        journal
            .iter()
            .any(|entry| entry.action == Action::TrialEnded)
    );
}

/// What the journal says of the last trial that somebody ended.
fn why_it_stays(unit: &Unit) -> String {
    let entries = unit.journal(100).expect("journal").into_iter();
    let mut confirmed = entries.filter(|entry| entry.action == Action::Confirm);
    confirmed.next().expect("confirmed").outcome
}

#[test]
fn a_sign_in_over_the_new_certificate_keeps_it() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = serving(&unit);
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    assert!(!unit.confirm(&factory, &browser()).expect("kept"));
    assert!(unit.status().expect("status").trial.is_some());
    assert!(unit.confirm(&new, &browser()).expect("kept"));
    assert_eq!(
        why_it_stays(&unit),
        "somebody is signed in over it, so it stays"
    );
    assert!(!unit.confirm(&new, &browser()).expect("kept"));
    bench.world.pass(2 * TRIAL);
    unit.tick().expect("ticks");
    assert_eq!(serving(&unit), new);
    assert!(!alarms(&unit).contains(&AlarmCode::TrialRunning));
}

#[test]
fn a_trial_goes_on_after_a_restart_and_ends_however_often_the_unit_restarts() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = serving(&unit);
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    bench.world.pass(300);
    unit.tick().expect("ticks");
    drop(unit);
    let unit = bench.open().unit;
    let left = unit
        .status()
        .expect("status")
        .trial
        .expect("goes on")
        .remaining_seconds;
    assert!((270..=300).contains(&left), "{left}");
    drop(unit);
    for _ in 0..TRIAL {
        let unit = bench.open().unit;
        unit.tick().expect("ticks");
        if unit.status().expect("status").trial.is_none() {
            assert_eq!(serving(&unit), factory);
            assert_ne!(factory, new);
            return;
        }
    }
    panic!("the trial never ends");
}

#[test]
fn an_install_from_a_console_or_with_trials_switched_off_is_confirmed_at_once() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let ca = Ca::new();
    bench::install(&unit, &ca, "ntp1.example.net", &admin());
    assert_eq!(unit.status().expect("status").trial, None);
    unit.change_settings(&[(Setting::Trial, "off")], &admin())
        .expect("set");
    let new = bench::install(&unit, &ca, "ntp2.example.net", &browser());
    assert_eq!(unit.status().expect("status").trial, None);
    bench.world.pass(2 * TRIAL);
    unit.tick().expect("ticks");
    assert_eq!(serving(&unit), new);
}

#[test]
fn a_console_confirms_what_a_browser_has_installed() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    assert!(unit.confirm_serving(&admin()).expect("kept"));
    assert_eq!(why_it_stays(&unit), "somebody said so, so it stays");
    assert!(!unit.confirm_serving(&admin()).expect("nothing to do"));
    assert_eq!(serving(&unit), new);
}

#[test]
fn a_second_install_during_a_trial_still_falls_back_to_what_was_confirmed() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = serving(&unit);
    let ca = Ca::new();
    bench::install(&unit, &ca, "ntp1.example.net", &browser());
    bench.world.pass(500);
    unit.tick().expect("ticks");
    bench::install(&unit, &ca, "ntp2.example.net", &browser());
    bench.world.pass(500);
    unit.tick().expect("ticks");
    assert!(
        unit.status().expect("status").trial.is_some(),
        "the new one has its own time"
    );
    bench.world.pass(100);
    unit.tick().expect("ticks");
    assert_eq!(serving(&unit), factory);
}

#[test]
fn the_previous_certificate_comes_back_early_without_a_trial_of_its_own() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = serving(&unit);
    let new = bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    unit.serve_previous(Preflight::Required, &browser())
        .expect("back");
    let status = unit.status().expect("status");
    assert_eq!(
        (status.serving.certificate.sha256, status.trial),
        (factory, None)
    );
    unit.serve_previous(Preflight::Required, &browser())
        .expect("forth");
    assert_eq!(serving(&unit), new);
    assert!(
        unit.status().expect("status").trial.is_some(),
        "nobody has signed in over it yet"
    );
}

#[test]
fn a_self_signed_and_a_factory_certificate_from_a_browser_are_on_trial_too() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    unit.make(
        &order(&self_signed),
        &browser(),
        &mut bench::never_cancelled,
    )
    .expect("made");
    assert!(unit.status().expect("status").trial.is_some());
    unit.reset_to_factory(Digest::Sha256, &browser(), &mut bench::never_cancelled)
        .expect("reset");
    assert!(unit.status().expect("status").trial.is_some());
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    assert_eq!(unit.status().expect("status").trial, None);
}

#[test]
fn only_a_console_can_force_what_the_handshake_in_memory_refuses() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut short = form("ntp1.example.net");
    short.key_type = "RSA".into();
    short.key_bits = "512".into();
    short.self_signed = true;
    let faults = short.parse().err().expect("faults");
    assert!(faults[0].message.contains("522"), "{}", faults[0].message);
    short.preflight = Preflight::Forced;
    bench.refuse_to_serve(true);
    let made = unit.make(&order(&short), &browser(), &mut bench::never_cancelled);
    assert!(made.is_err(), "a browser cannot");
    unit.make(&order(&short), &admin(), &mut bench::never_cancelled)
        .expect("a console can");
    assert_eq!(
        unit.status()
            .expect("status")
            .serving
            .certificate
            .public_key,
        "RSA 512"
    );
    short.self_signed = false;
    short.preflight = Preflight::Required;
    unit.make(&order(&short), &browser(), &mut bench::never_cancelled)
        .expect("the request alone can be made");
}

#[test]
fn what_went_back_is_said_until_somebody_takes_note_of_it() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::install(&unit, &Ca::new(), "ntp1.example.net", &browser());
    bench.world.pass(TRIAL);
    unit.tick().expect("ticks");
    drop(unit);
    let unit = bench.open().unit;
    assert!(alarms(&unit).contains(&AlarmCode::TrialEnded));
    unit.acknowledge(AlarmCode::TrialEnded, &browser())
        .expect("noted");
    assert!(!alarms(&unit).contains(&AlarmCode::TrialEnded));
    assert!(unit.acknowledge(AlarmCode::TrialEnded, &browser()).is_err());
    assert!(
        unit.acknowledge(AlarmCode::FactoryServing, &browser())
            .is_err()
    );
}
