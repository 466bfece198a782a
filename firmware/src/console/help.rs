//! `help` and `exit`, and the documentation of all commands.

use super::commands::{Arguments, Command, find, unknown};
use super::desk::{Answer, Desk};
use super::dialogue::CODES;
use super::show::{paragraphs, push_row, push_wrapped};
use super::table::COMMANDS;

/// Where the help of a command begins in the list.
const COLUMN: usize = 16;

pub(super) fn exit(desk: &mut Desk, _: &Arguments) -> Answer {
    desk.ended = true;
    Answer::done("")
}

pub(super) fn help(_: &mut Desk, arguments: &Arguments) -> Answer {
    let asked: Vec<String> = arguments.words().into_iter().map(Into::into).collect();
    about(&asked)
}

/// Help about these words; about all where there is none.
pub(super) fn about(asked: &[String]) -> Answer {
    let Some(first) = asked.first() else {
        return Answer::done(list(COMMANDS.iter()));
    };
    if let Some((command, rest)) = find(asked)
        && rest.iter().all(|word| word.starts_with('-'))
    {
        return Answer::done(of_one(command));
    }
    // "help cert" tells of the commands that begin so.
    let group = COMMANDS.iter().filter(|command| {
        let words = command.name.split_once(' ');
        words.is_some_and(|(group, _)| asked.len() == 1 && group.eq_ignore_ascii_case(first))
    });
    let listed = list(group);
    if listed.is_empty() {
        return Answer::not_understood(unknown(first, asked.get(1).map(String::as_str)));
    }
    Answer::done(listed)
}

fn list<'a>(commands: impl Iterator<Item = &'a Command>) -> String {
    let mut text = String::new();
    for command in commands {
        push_row(&mut text, COLUMN, command.name, command.help);
    }
    text
}

/// Everything of one command.
fn of_one(command: &Command) -> String {
    let mut text = String::new();
    push_wrapped(&mut text, "", "  ", &command.usage());
    text += &paragraphs(&format!("It {}.", command.help));
    text += &paragraphs(command.about);
    for flag in command.flags {
        let name = [flag.name, flag.value].join(" ");
        push_row(&mut text, COLUMN, &format!("  {name}"), flag.help);
    }
    for example in command.examples {
        text += &format!("Example: {example}\n");
    }
    text
}

/// What a reader has to know before the list.
const BEFORE: &[&str] = &[
    "One command language, the same on the serial line, over SSH, over telnet, and with `countersign \
     console` on the unit itself. A command is a line; what is done in a browser can be done here, \
     through the same operations.",
    "Words are separated by spaces; quotes, single or double, keep spaces in a word. The line of a \
     command has at most 16 KiB.",
    "A script gives a command and reads its exit code: `countersign console -c COMMAND`, `ssh \
     admin@unit COMMAND`, or lines on the standard input of `countersign console`, which ends with \
     the first that is not done. What is asked or pasted comes from standard input. With --json a \
     command writes one JSON document: times are seconds since 1970-01-01 UTC unless their name says \
     otherwise, fingerprints of certificates upper-case pairs with colons, those of keys lower-case \
     digits, those of SSH as OpenSSH writes them, and fields may be added in later versions.",
];

/// `docs/console.md`.
pub(crate) fn markdown() -> String {
    let mut text = String::from(
        "# Console\n\n<!-- Written by `cargo xtask docs` from firmware/src/console/table.rs. -->\n",
    );
    for paragraph in BEFORE {
        text.push('\n');
        push_wrapped(&mut text, "", "", paragraph);
    }
    text += "\n## Exit codes\n\n| code | what it means |\n|---|---|\n";
    for (code, meaning) in CODES {
        text += &format!("| {code} | {meaning} |\n");
    }
    text += "\n`countersign console` itself ends with 4 when no unit answers.\n\n## Commands\n";
    for command in COMMANDS {
        text += &format!("\n### {}\n\n", command.name);
        text += &format!("    {}\n\n", command.usage());
        push_wrapped(&mut text, "", "", &sentence(command.help));
        for paragraph in command.about.lines() {
            text.push('\n');
            push_wrapped(&mut text, "", "", &escaped(paragraph));
        }
        if !command.flags.is_empty() {
            text.push('\n');
        }
        for flag in command.flags {
            let name = [flag.name, flag.value].join(" ");
            push_wrapped(
                &mut text,
                &format!("- `{}`: ", name.trim_end()),
                "  ",
                flag.help,
            );
        }
        text += "\n```text\n";
        for example in command.examples {
            text += &format!("{example}\n");
        }
        text += "```\n";
    }
    text
}

/// `docs/countersign-console.7`.
pub(crate) fn man_page() -> String {
    let mut text = String::from(
        ".\\\" Written by `cargo xtask docs` from firmware/src/console/table.rs.\n\
         .TH COUNTERSIGN-CONSOLE 7 \"\" \"Countersign\" \"Countersign\"\n\
         .SH NAME\ncountersign-console \\- the command language of a unit\n.SH DESCRIPTION\n",
    );
    for (number, paragraph) in BEFORE.iter().enumerate() {
        if number > 0 {
            text += ".PP\n";
        }
        text += &format!("{}\n", roff(&paragraph.replace('`', "")));
    }
    text += ".SH COMMANDS\n";
    for command in COMMANDS {
        text += &format!(".SS {}\n.B {}\n.PP\n", command.name, roff(&command.usage()));
        text += &format!("{}\n", roff(&sentence(command.help)));
        for paragraph in command.about.lines() {
            text += &format!(".PP\n{}\n", roff(paragraph));
        }
        for flag in command.flags {
            let name = [flag.name, flag.value].join(" ");
            text += &format!(".TP\n.B {}\n{}\n", roff(name.trim_end()), roff(flag.help));
        }
        text += ".PP\n.nf\n";
        for example in command.examples {
            text += &format!(".RS 4\n{}\n.RE\n", roff(example));
        }
        text += ".fi\n";
    }
    text += ".SH EXIT STATUS\n";
    for (code, meaning) in CODES {
        text += &format!(".TP\n.B {code}\n{}\n", roff(meaning));
    }
    text += ".TP\n.B 4\n(of countersign console) no unit answers\n";
    text
}

/// "Shows who is signed in."
fn sentence(help: &str) -> String {
    let mut signs = help.chars();
    let first = signs.next().map(|sign| sign.to_ascii_uppercase());
    format!(
        "{}{}.",
        first.map(String::from).unwrap_or_default(),
        signs.as_str()
    )
}

/// What Markdown would take for itself.
fn escaped(text: &str) -> String {
    text.replace('_', "\\_").replace('*', "\\*")
}

/// What roff would take for itself.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let text = text.replace('…', "...");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}
