//! `services`: shows and sets what the page "Services" does.

use std::time::{Duration, Instant};

use cert_lifecycle::{Setting, Settings};
use serde::Serialize;
use zeroize::Zeroizing;

use super::commands::Arguments;
use super::desk::{Answer, Desk};
use super::show;

/// What a setting is about follows it within this time.
const FOLLOWS_MAX: Duration = Duration::from_secs(1);

/// Where values and help begin: after the longest name and two spaces.
const INDENT: usize = 10;

/// A setting, for scripts.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    value: String,
    label: &'static str,
    help: &'static str,
}

pub(super) fn list(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let settings = desk.app.unit.settings();
    let shown = Setting::ALL.map(|setting| Shown {
        name: setting.name(),
        value: settings.text(setting),
        label: setting.label(),
        help: setting.help(),
    });
    Answer::show(arguments.json(), &shown, |_| {
        text(&settings, |setting| desk.app.standing(setting))
    })
}

pub(super) fn get(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    match words
        .first()
        .copied()
        .unwrap_or_default()
        .parse::<Setting>()
    {
        Ok(setting) => Answer::done(format!("{}\n", desk.app.unit.settings().text(setting))),
        Err(why) => Answer::not_understood(why),
    }
}

pub(super) fn set(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    let Some((name, value)) = words.split_first() else {
        return Answer::done("");
    };
    let setting: Setting = match name.parse() {
        Ok(setting) => setting,
        Err(why) => return Answer::not_understood(why),
    };
    let unit = &desk.app.unit;
    let before = desk.app.standing(setting);
    // It may be a token.
    let typed = Zeroizing::new(value.join(" "));
    if let Err(error) = unit.change_settings(&[(setting, &typed)], &desk.actor) {
        return error.into();
    }
    let mut said = format!("{}\n", line(setting, &unit.settings()));
    // What listens follows the settings a moment later.
    let mut standing = desk.app.standing(setting);
    let deadline = Instant::now() + FOLLOWS_MAX;
    while standing == before && standing.is_some() && Instant::now() < deadline {
        std::thread::sleep(FOLLOWS_MAX / 20);
        standing = desk.app.standing(setting);
    }
    if let Some((standing, _)) = standing {
        said += &show::paragraphs(&standing);
    }
    if setting == Setting::Telnet && unit.settings().text(setting) == "on" {
        said += &show::paragraphs(setting.help());
    }
    Answer::done(said)
}

/// Every setting with its value, and under it what can be set, and how it stands with
/// the collector.
fn text(settings: &Settings, standing: impl Fn(Setting) -> Option<(String, bool)>) -> String {
    let mut list = String::new();
    let indent = " ".repeat(INDENT);
    for setting in Setting::ALL {
        list.push_str(&line(setting, settings));
        list.push('\n');
        show::push_wrapped(&mut list, &indent, &indent, setting.help());
        if let Some((said, _)) = standing(setting) {
            show::push_wrapped(&mut list, &indent, &indent, &said);
        }
    }
    list
}

fn line(setting: Setting, settings: &Settings) -> String {
    let text = settings.text(setting);
    let shown = if text.is_empty() { "(none)" } else { &text };
    format!("{:<INDENT$}{shown}", setting.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_setting_and_fits_a_terminal() {
        let list = text(&Settings::default(), |_| None);
        assert!(list.contains("\ntrial     10\n"), "{list}");
        assert!(list.starts_with("names     (none)\n"), "{list}");
        let joined = list.split_whitespace().collect::<Vec<_>>().join(" ");
        for setting in Setting::ALL {
            assert!(joined.contains(setting.help()), "{}", setting.name());
        }
        for line in list.lines() {
            assert!(
                line.chars().count() <= show::COLUMNS && line.trim_end() == line,
                "{line:?}"
            );
        }
    }
}
