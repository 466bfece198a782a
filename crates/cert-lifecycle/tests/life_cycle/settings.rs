//! What is set, by several people at once.

use std::thread;

use cert_lifecycle::{Error, Setting};

use crate::bench::{Bench, admin};

#[test]
fn two_people_who_change_two_settings_at_once_lose_neither() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let set = |setting, typed: &str| {
        let changed = unit.change_settings(&[(setting, typed)], &admin());
        assert_eq!(changed.expect("taken"), [setting]);
    };
    for round in 0..20 {
        let (minutes, name) = ((20 + round).to_string(), format!("ntp{round}.example.net"));
        thread::scope(|scope| {
            scope.spawn(|| set(Setting::Session, &minutes));
            scope.spawn(|| set(Setting::Names, &name));
        });
        let settings = unit.settings();
        let texts = [Setting::Session, Setting::Names].map(|setting| settings.text(setting));
        assert_eq!(texts, [minutes, name]);
    }
}

#[test]
fn of_several_changes_all_are_made_or_none() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let before = unit.settings();
    let typed = [(Setting::Session, "30"), (Setting::Trial, "soon")];
    let refused = unit.change_settings(&typed, &admin());
    assert!(
        matches!(
            &refused,
            Err(Error::Setting {
                setting: Setting::Trial,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(unit.settings(), before);
    let same = unit.change_settings(&[(Setting::Session, "60")], &admin());
    assert_eq!(same.expect("taken"), []);
}
