//! What a surface learns that follows the journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cert_lifecycle::{Action, Digest, Setting};

use crate::bench::{self, Bench, admin, form};

#[test]
fn a_follower_gets_every_new_entry_once_and_in_order_and_no_old_one() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let start = unit.follow(u64::MAX, 99).expect("followed");
    assert!(start.entries.is_empty() && start.last > 0, "{start:?}");
    bench::make(&unit, &form("ntp1.example.net"));
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    unit.sign_in("admin", "wrong", &admin()).expect("refused");
    let mut seen = Vec::new();
    let mut after = start.last;
    for _ in 0..9 {
        let next = unit.follow(after, 2).expect("followed");
        assert!(next.entries.len() <= 2);
        after = next.entries.last().map_or(after, |newest| newest.number);
        seen.extend(next.entries.iter().map(|entry| entry.action));
    }
    assert_eq!(
        seen,
        [Action::MakeRequest, Action::Reset, Action::SignInRefused]
    );
    assert_eq!(after, unit.follow(after, 1).expect("followed").last);
}

#[test]
fn the_entry_of_a_change_comes_with_the_settings_it_tells_of() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let before = unit.follow(u64::MAX, 0).expect("followed");
    assert_eq!(before.settings.syslog, None);
    let mut settings = before.settings.clone();
    settings
        .set(Setting::Syslog, "udp:10.0.0.9")
        .expect("taken");
    unit.change_settings(&[(Setting::Syslog, "udp:10.0.0.9")], &admin())
        .expect("set");
    let after = unit.follow(before.last, 9).expect("followed");
    assert_eq!(after.settings, settings);
    let actions: Vec<Action> = after.entries.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [Action::Settings]);
}

#[test]
fn a_follower_is_told_when_an_entry_can_be_read_and_not_before() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let told = Arc::new(AtomicU64::new(0));
    unit.on_change({
        let told = Arc::clone(&told);
        move || {
            told.fetch_add(1, Ordering::Relaxed);
        }
    });
    unit.status().expect("reads");
    assert_eq!(told.load(Ordering::Relaxed), 0, "reading is no change");
    bench.refuse_to_serve(true);
    assert!(
        unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
            .is_err()
    );
    assert_eq!(told.load(Ordering::Relaxed), 0, "nothing was changed");
    bench.refuse_to_serve(false);
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    assert!(told.load(Ordering::Relaxed) > 0);
}
