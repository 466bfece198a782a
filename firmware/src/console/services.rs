//! `services`: shows and sets what the page "Services" does.

use std::iter::Peekable;

use cert_lifecycle::{Actor, Setting, Settings};

use super::dialogue::Reply;
use crate::{App, syslog};

/// A line of a list has at most this many characters.
const COLUMNS: usize = 80;
/// Where values and help begin: after the longest name and two spaces.
const INDENT: usize = 10;

pub(super) fn services(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    match arguments {
        [] => Reply::done(list(&app.unit.settings(), &app.syslog)),
        ["set", name, value @ ..] => match name.parse() {
            Ok(setting) => set(app, actor, setting, &value.join(" ")),
            Err(why) => Reply::not_understood(why),
        },
        _ => Reply::not_understood(
            "services takes nothing, or set, a name and a value, such as: services set trial 20.",
        ),
    }
}

fn set(app: &App, actor: &Actor, setting: Setting, value: &str) -> Reply {
    match app.unit.change_settings(&[(setting, value)], actor) {
        Ok(_) => Reply::done(format!("{}\n", line(setting, &app.unit.settings()))),
        Err(error) => Reply::not_done(error),
    }
}

/// Every setting with its value, and under it what can be set, and how it stands with
/// the collector.
fn list(settings: &Settings, syslog: &syslog::State) -> String {
    let mut list = String::new();
    for setting in Setting::ALL {
        list.push_str(&line(setting, settings));
        list.push('\n');
        push_indented(&mut list, setting.help());
        if setting == Setting::Syslog && settings.syslog.is_some() {
            push_indented(&mut list, &syslog.to_string());
        }
    }
    list
}

fn push_indented(list: &mut String, text: &str) {
    let mut words = text.split(' ').peekable();
    while words.peek().is_some() {
        list.push_str(&" ".repeat(INDENT));
        list.push_str(&first_line(&mut words, COLUMNS - INDENT));
        list.push('\n');
    }
}

fn line(setting: Setting, settings: &Settings) -> String {
    let text = settings.text(setting);
    let shown = if text.is_empty() { "(none)" } else { &text };
    format!("{:<INDENT$}{shown}", setting.name())
}

/// Takes as many words as a line of this width holds, one at least.
fn first_line<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>, width: usize) -> String {
    let mut line = words.next().unwrap_or_default().to_owned();
    let mut used = line.chars().count();
    while let Some(word) = words.next_if(|word| used + 1 + word.chars().count() <= width) {
        line.push(' ');
        line.push_str(word);
        used += 1 + word.chars().count();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_setting_and_fits_a_terminal() {
        let list = list(&Settings::default(), &syslog::State::default());
        assert!(list.contains("\ntrial     10\n"), "{list}");
        assert!(list.starts_with("names     (none)\n"), "{list}");
        let joined = list.split_whitespace().collect::<Vec<_>>().join(" ");
        for setting in Setting::ALL {
            assert!(joined.contains(setting.help()), "{}", setting.name());
        }
        for line in list.lines() {
            assert!(
                line.chars().count() <= COLUMNS && line.trim_end() == line,
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_word_longer_than_the_line_stands_alone() {
        let mut words = "a bc 0123456789 d".split(' ').peekable();
        let mut line = || first_line(&mut words, 4);
        assert_eq!([line(), line(), line()], ["a bc", "0123456789", "d"]);
    }
}
