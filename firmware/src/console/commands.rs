//! What a command is, how a line finds its own, and how it may go on. The commands
//! themselves stand in [`table`](super::table).

use std::ops::RangeInclusive;

use super::desk::{Answer, Desk};
use super::help;
use super::show::typed;
use super::table::{COMMANDS, JSON};
use super::words::{Words, words};

/// One command.
pub(super) struct Command {
    /// One word or two.
    pub(super) name: &'static str,
    /// What follows it besides flags, for people.
    pub(super) arguments: &'static str,
    /// How many words may follow, flags and their values not counted.
    pub(super) words: RangeInclusive<usize>,
    pub(super) flags: &'static [Flag],
    /// A line of help, as the rest of the sentence "It …".
    pub(super) help: &'static str,
    /// What else is to know, a paragraph a line; may be empty.
    pub(super) about: &'static str,
    /// Whole lines.
    pub(super) examples: &'static [&'static str],
    /// The operations of [`cert_lifecycle::Unit`] behind it.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads it"))]
    pub(super) operations: &'static [&'static str],
    pub(super) run: fn(&mut Desk, &Arguments) -> Answer,
}

/// Something that may follow a command in any place.
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// What its value is; empty for a flag that has none.
    pub(super) value: &'static str,
    pub(super) help: &'static str,
}

/// What follows a command.
pub(super) struct Arguments {
    words: Words,
    flags: Vec<(&'static str, Option<String>)>,
}

impl Arguments {
    /// The words that are no flags.
    pub(super) fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|(given, _)| *given == flag)
    }

    pub(super) fn json(&self) -> bool {
        self.has(JSON.name)
    }

    /// The value of a flag.
    pub(super) fn value(&self, flag: &str) -> Option<&str> {
        let given = self.flags.iter().rev().find(|(given, _)| *given == flag)?;
        given.1.as_deref()
    }
}

impl Command {
    /// The name and what may follow, such as "defcert [-sha1] [-sha] [-v]".
    pub(super) fn usage(&self) -> String {
        let flags = self.flags.iter().map(|flag| match flag.value {
            "" => format!("[{}]", flag.name),
            value => format!("[{} {value}]", flag.name),
        });
        let parts = [self.name, self.arguments].map(ToOwned::to_owned);
        let parts = parts.into_iter().chain(flags);
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }

    /// What follows, or why it may not.
    pub(super) fn arguments(&self, given: &[String]) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            words: Words::default(),
            flags: Vec::new(),
        };
        let mut given = given.iter();
        while let Some(word) = given.next() {
            let is_it = |flag: &&Flag| flag.name.eq_ignore_ascii_case(word);
            let Some(flag) = self.flags.iter().find(is_it) else {
                arguments.words.push(word.clone());
                continue;
            };
            let value = match flag.value {
                "" => None,
                wanted => Some(
                    given
                        .next()
                        .cloned()
                        .ok_or_else(|| format!("{} wants a {wanted} behind it.", flag.name))?,
                ),
            };
            arguments.flags.push((flag.name, value));
        }
        if self.words.contains(&arguments.words.len()) {
            return Ok(arguments);
        }
        let usage = self.usage();
        // What was given may be a secret, so it is not repeated.
        let said = match self.words.end() {
            0 if self.flags.is_empty() => format!("{usage} takes nothing."),
            _ => format!("This is not what the command takes: {usage}."),
        };
        let others = group(self.name);
        let meant = arguments.words.first();
        let meant = meant.and_then(|word| nearest_in(&others, word));
        Err(match (meant, others.as_slice()) {
            (_, []) => said,
            (Some(meant), _) => format!("{said} Did you mean {meant}?"),
            (None, others) => format!("{said} There is also {}.", others.join(", ")),
        })
    }
}

/// Runs one line. An empty line does nothing.
pub(super) fn run(desk: &mut Desk, line: &str) -> Answer {
    let read = match words(line) {
        Ok(read) => read,
        Err(quote) => {
            return Answer::not_understood(format_args!("The quote {quote} is not closed."));
        }
    };
    let Some(first) = read.first() else {
        return Answer::done("");
    };
    if let Some(about) = asks_for_help(&read) {
        return help::about(about);
    }
    let Some((command, rest)) = find(&read) else {
        return Answer::not_understood(unknown(first, read.get(1).map(String::as_str)));
    };
    match command.arguments(rest) {
        Ok(arguments) => (command.run)(desk, &arguments),
        Err(why) => Answer::not_understood(format_args!(
            "{why} Type help {} for what it does.",
            command.name
        )),
    }
}

/// What help is asked for in the way of other systems: by `?` alone or behind a command,
/// and by `-h` or `--help`.
fn asks_for_help(words: &[String]) -> Option<&[String]> {
    let (last, before) = words.split_last()?;
    ["?", "-?", "-h", "--help", "/?"]
        .contains(&last.as_str())
        .then_some(before)
}

/// The command that the words begin with, of two words before of one, and what follows.
/// Whoever has the capitals on means the same.
pub(super) fn find(words: &[String]) -> Option<(&'static Command, &[String])> {
    let is_it = |name: &str, command: &Command| command.name.eq_ignore_ascii_case(name);
    let named = |name: &str| COMMANDS.iter().find(|command| is_it(name, command));
    if let [first, second, rest @ ..] = words
        && let Some(command) = named(&format!("{first} {second}"))
    {
        return Some((command, rest));
    }
    let (first, rest) = words.split_first()?;
    Some((named(first)?, rest))
}

/// The commands of two words that begin with this one.
fn group(first: &str) -> Vec<&'static str> {
    let names = COMMANDS.iter().map(|command| command.name);
    names
        .filter(|name| {
            name.split_once(' ')
                .is_some_and(|(group, _)| group.eq_ignore_ascii_case(first))
        })
        .collect()
}

/// Says that there is no such command, and which was perhaps meant.
pub(super) fn unknown(first: &str, second: Option<&str>) -> String {
    format!("{} Type help for the commands.", meant(first, second))
}

fn meant(first: &str, second: Option<&str>) -> String {
    let given = second.map_or(first.to_owned(), |second| format!("{first} {second}"));
    let group = group(first);
    if !group.is_empty() {
        let there_is = format!("There is {}.", group.join(", "));
        let Some(second) = second else {
            return there_is;
        };
        let shown = typed(&given);
        return match nearest_in(&group, second) {
            Some(meant) => format!("\"{shown}\" is no command. Did you mean {meant}?"),
            None => format!("\"{shown}\" is no command. {there_is}"),
        };
    }
    let shown = typed(first);
    let all = || COMMANDS.iter().map(|command| command.name);
    match nearest(&given, all()).or_else(|| nearest(first, all())) {
        Some(meant) => format!("\"{shown}\" is no command. Did you mean {meant}?"),
        None => format!("\"{shown}\" is no command."),
    }
}

/// Of a group the command whose second word is meant.
fn nearest_in(group: &[&'static str], second: &str) -> Option<&'static str> {
    let seconds = group
        .iter()
        .filter_map(|name| Some(name.split_once(' ')?.1));
    let meant = nearest(second, seconds)?;
    let is_it = |name: &&&str| name.split_once(' ').is_some_and(|(_, word)| word == meant);
    group.iter().find(is_it).copied()
}

/// Of these names the one that differs least, if it does by no more than a third.
fn nearest(given: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    /// No name is longer than twice this.
    const CHARS_MAX: usize = 32;
    if given.chars().count() > CHARS_MAX {
        return None;
    }
    let given = given.to_ascii_lowercase();
    let (distance, name) = names.map(|name| (distance(&given, name), name)).min()?;
    (distance <= name.len().div_ceil(3)).then_some(name)
}

/// How many signs have to be added, removed or replaced (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, sign) in one.chars().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (place, wanted) in row.iter_mut().skip(1).zip(&other) {
            let replaced = diagonal + usize::from(sign != *wanted);
            diagonal = *place;
            *place = replaced.min(diagonal + 1).min(left + 1);
            left = *place;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// How the line may go on, each as a whole line.
pub(super) fn complete(line: &str) -> Vec<String> {
    let begun = line.trim_start();
    let names = COMMANDS.iter().map(|command| command.name.to_owned());
    let mut lines: Vec<String> = names
        .filter(|name| name.starts_with(begun) && name.len() > begun.len())
        .collect();
    if let Some((before, last)) = begun.rsplit_once(' ')
        && let Ok(read) = words(before)
        && let Some((command, _)) = find(&read)
    {
        let flags = command.flags.iter().map(|flag| flag.name.to_owned());
        let choices = choices(command);
        let begins = flags.chain(choices).filter(|word| word.starts_with(last));
        lines.extend(begins.map(|word| format!("{before} {word}")));
    }
    lines.sort();
    lines.dedup();
    lines
}

/// The words that may follow a command, where they are known.
fn choices(command: &Command) -> Vec<String> {
    use cert_lifecycle::{Action, Field, Setting};
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match command.name {
        "cert show" | "cert export" => owned(&["serving", "previous", "factory"]),
        "journal" => Action::ALL
            .iter()
            .map(|kind| kind.as_str().into())
            .collect(),
        "services get" | "services set" => {
            Setting::ALL.iter().map(|set| set.name().into()).collect()
        }
        "request new" => Field::ALL
            .iter()
            .map(|field| format!("{}=", field.name()))
            .chain(["name=".into()])
            .collect(),
        "sessions end" | "names delete" => owned(&["all"]),
        _ => Vec::new(),
    }
}

/// Whether the line may stand in a history: not where a secret is in it.
pub(super) fn keeps(line: &str) -> bool {
    use cert_lifecycle::{Field, Setting};
    let Ok(read) = words(line) else {
        return false;
    };
    let secret_field = |word: &String| {
        let (name, value) = word.split_once('=').unwrap_or_default();
        let secret = Field::ALL.into_iter().filter(|field| field.is_secret());
        secret.into_iter().any(|field| field.name() == name) && value != "?"
    };
    let secret_setting = |word: &String| {
        word.parse::<Setting>()
            .is_ok_and(|setting| setting.is_secret())
    };
    match find(&read) {
        Some((command, rest)) if command.name == "services set" => {
            !rest.first().is_some_and(secret_setting)
        }
        _ => !read.iter().any(secret_field),
    }
}
