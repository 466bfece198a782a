//! `docs/services.md` lists every setting, action and alarm, and no other.

use cert_lifecycle::{Action, AlarmCode, Setting, Severity};

const SERVICES: &str = include_str!("../../../../docs/services.md");

/// The rows of the table under this heading row: their cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, table) = SERVICES.split_once(heading).expect("the table");
    let rows = table.lines().skip(2);
    let rows = rows.map_while(|row| row.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect()).collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Refuse => "error",
        Severity::Warn => "warning",
        _ => "notice",
    }
}

#[test]
fn every_setting_is_described_as_the_page_does() {
    let documented = table("| name | on the page | what may be set |");
    let settings = Setting::ALL.map(|setting| {
        let name = format!("`{}`", setting.name());
        vec![name, setting.label().into(), setting.help().into()]
    });
    assert_eq!(documented, settings);
}

#[test]
fn every_action_and_alarm_is_listed_with_its_severity() {
    let documented = table("| MSGID | severity | when |");
    let mut expected: Vec<(&str, &str)> = Action::ALL
        .iter()
        .map(|action| {
            let grave = match action {
                Action::AlarmRaised(_) => "of the alarm",
                other => severity(other.severity()),
            };
            (action.as_str(), grave)
        })
        .collect();
    // What is said of the sending itself.
    expected.push(("entries-lost", "warning"));
    expected.sort();
    let documented: Vec<(&str, &str)> = documented
        .iter()
        .map(|row| (row[0].trim_matches('`'), row[1]))
        .collect();
    assert_eq!(documented, expected);

    let alarms = table("| alarm | severity |");
    let alarms: Vec<(&str, &str)> = alarms
        .iter()
        .map(|row| {
            (
                row[0].trim_matches('`'),
                row[1].split(',').next().unwrap_or_default(),
            )
        })
        .collect();
    let expected = AlarmCode::ALL.map(|code| (code.as_str(), severity(code.severity())));
    assert_eq!(alarms, expected);
}
