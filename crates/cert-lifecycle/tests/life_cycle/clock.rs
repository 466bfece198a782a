//! A unit whose clock is wrong, or not known to be right.

use cert_lifecycle::{AlarmCode, Digest, NOT_BEFORE_SLACK_SECONDS};

use crate::bench::{self, Bench, admin, alarms, form, order};

const DAY: u64 = 86_400;
/// 2026-01-01 00:00:00 UTC.
const YEAR_2026: u64 = 1_767_225_600;
/// 9999-12-31 23:59:59 UTC.
const NO_END: u64 = 253_402_300_799;

#[test]
fn a_unit_that_starts_in_1970_makes_certificates_that_are_not_over_when_the_time_is_right() {
    let bench = Bench::new();
    bench.world.set(17, false);
    let unit = bench.open().unit;
    let factory = unit.status().expect("status").serving.certificate;
    assert_eq!((factory.not_before, factory.not_after), (YEAR_2026, NO_END));
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    bench::make(&unit, &self_signed);
    bench.world.set(YEAR_2026 + 3000 * DAY, true);
    assert!(!alarms(&unit).contains(&AlarmCode::Expired));
    drop(unit);
    assert!(bench.open().set_aside.is_none());
}

#[test]
fn a_certificate_begins_an_hour_before_it_is_made_and_ends_on_its_day() {
    let bench = Bench::new();
    bench.world.set(YEAR_2026 + 400 * DAY, true);
    let unit = bench.open().unit;
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    bench::make(&unit, &self_signed);
    let made = unit.status().expect("status").serving.certificate;
    assert_eq!(NOT_BEFORE_SLACK_SECONDS, 3600);
    assert_eq!(made.not_before, YEAR_2026 + 400 * DAY - 3600);
    assert_eq!(made.not_after, made.not_before + 397 * DAY);
}

#[test]
fn a_clock_that_is_lost_again_does_not_lose_the_last_time_that_was_right() {
    let bench = Bench::new();
    bench.world.set(YEAR_2026 + 500 * DAY, true);
    let unit = bench.open().unit;
    unit.tick().expect("ticks");
    drop(unit);
    bench.world.set(3, false);
    let unit = bench.open().unit;
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    let made = unit.status().expect("status").serving.certificate;
    assert_eq!(
        (made.not_before, made.not_after),
        (YEAR_2026 + 500 * DAY, NO_END)
    );
}

#[test]
fn a_clock_that_runs_ahead_untrusted_makes_no_certificate_of_the_future() {
    let bench = Bench::new();
    bench.world.set(YEAR_2026 + 9000 * DAY, false);
    let unit = bench.open().unit;
    let made = unit.status().expect("status").serving.certificate;
    assert_eq!(made.not_before, YEAR_2026);
}

#[test]
fn dates_raise_no_alarm_while_the_clock_is_not_known_to_be_right() {
    let bench = Bench::new();
    bench.world.set(YEAR_2026 + 400 * DAY, true);
    let unit = bench.open().unit;
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    self_signed.days = "10".into();
    unit.make(&order(&self_signed), &admin(), &mut bench::never_cancelled)
        .expect("made");
    bench.world.set(YEAR_2026 + 500 * DAY, false);
    assert!(!alarms(&unit).contains(&AlarmCode::Expired));
    bench.world.set(YEAR_2026 + 500 * DAY, true);
    assert!(alarms(&unit).contains(&AlarmCode::Expired));
    assert!(bench.served().len() > 1, "it is still served");
}
