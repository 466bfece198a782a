//! The table of commands is complete, and what is written of it is true.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::console::commands::find;
use crate::console::show::COLUMNS;
use crate::console::table::COMMANDS;
use crate::console::words::words;
use crate::console::{man_page, markdown};

/// Operations that no console can have, and why.
const NOT_FOR_A_CONSOLE: [(&str, &str); 17] = [
    (
        "afterwards",
        "said beside a button; a console confirms at once",
    ),
    ("answers_to", "asked by the web server of every request"),
    (
        "confirm",
        "wants a connection over the certificate; a console confirms what serves",
    ),
    ("follow", "feeds syslog and the listeners"),
    ("host_key", "a secret of the SSH listener"),
    ("host_key_fingerprint", "the status has it"),
    ("is_read_only", "an alarm has it"),
    (
        "make",
        "blocks until the key is made; start_making does not",
    ),
    ("knows_names", "whether a browser is answered from memory"),
    ("note_key_sign_in", "comes before any command"),
    ("now", "the status has it"),
    ("on_change", "wakes syslog"),
    ("open", "starts the unit"),
    ("sign_in", "comes before any command"),
    ("state_was_set_aside", "told by the board at the start"),
    (
        "strict_transport_seconds",
        "a header of answers to browsers",
    ),
    ("tick", "called by the clock"),
];

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every source file below a folder, one after the other.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.extension() {
            _ if path.is_dir() => text += &sources(&path),
            Some(extension) if extension == "rs" => {
                text += &fs::read_to_string(path).expect("a source");
            }
            _ => {}
        }
    }
    text
}

/// The public methods of `Unit`, by its source.
fn operations() -> Vec<String> {
    let source = sources(&folder("../crates/cert-lifecycle/src"));
    let blocks = source.split("\nimpl Unit {\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("\n}\n").next());
    let methods = blocks.flat_map(|block| block.split("\n    pub fn ").skip(1));
    let names = methods.filter_map(|method| method.split(['(', '<']).next());
    let mut names: Vec<String> = names.map(ToOwned::to_owned).collect();
    names.sort();
    names
}

#[test]
fn every_operation_of_the_unit_has_a_command() {
    let operations = operations();
    assert!(operations.len() > 30, "{operations:?}");
    let with_command = |name: &String| {
        let mut commands = COMMANDS.iter();
        commands.any(|command| command.operations.contains(&name.as_str()))
    };
    let excepted = |name: &String| NOT_FOR_A_CONSOLE.iter().any(|(known, _)| known == name);
    let missing: Vec<&String> = operations
        .iter()
        .filter(|name| !with_command(name) && !excepted(name))
        .collect();
    assert!(missing.is_empty(), "no command for {missing:?}");
    let both: Vec<&String> = operations
        .iter()
        .filter(|name| with_command(name) && excepted(name))
        .collect();
    assert!(both.is_empty(), "excepted for nothing: {both:?}");
}

#[test]
fn the_table_names_only_operations_that_there_are_and_that_the_console_calls() {
    let (operations, console) = (operations(), sources(&folder("src/console")));
    let others = sources(&folder("src/access")) + &sources(&folder("src/sysupgrade"));
    for command in COMMANDS {
        for operation in command.operations {
            let there_is = operations.iter().any(|name| name == operation);
            assert!(there_is, "{}: {operation}", command.name);
            let call = format!(".{operation}(");
            let called = console.contains(&call) || others.contains(&call);
            assert!(called, "{}: {operation}", command.name);
        }
    }
    for (name, _) in NOT_FOR_A_CONSOLE {
        assert!(operations.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn the_documentation_is_that_of_the_table() {
    for (file, written) in [
        ("../docs/console.md", markdown()),
        ("../docs/countersign-console.7", man_page()),
    ] {
        let kept = fs::read_to_string(folder(file)).unwrap_or_default();
        assert!(kept == written, "{file} is stale: run cargo xtask docs");
    }
}

#[test]
fn commands_are_sorted_and_their_examples_run_them() {
    let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    for command in COMMANDS {
        assert!(!command.examples.is_empty(), "{}", command.name);
        for example in command.examples {
            let read = words(example).expect("quotes are closed");
            let (found, rest) = find(&read).expect("a command");
            assert_eq!(found.name, command.name, "{example}");
            assert!(found.arguments(rest).is_ok(), "{example}");
        }
    }
}

#[tokio::test]
async fn help_tells_everything_of_each_command_within_80_columns() {
    let mut typist = Typist::new().await;
    let (code, list) = typist.types("help");
    assert_eq!(code, 0);
    for command in COMMANDS {
        assert!(list.contains(command.name), "{}", command.name);
        let (code, text) = typist.types(&format!("help {}", command.name));
        assert_eq!(code, 0, "{text}");
        assert!(joined(&text).contains(command.help), "{text}");
        let long = text.lines().find(|line| line.chars().count() > COLUMNS);
        assert_eq!(long, None);
    }
    check_says(&typist.types("help cert"), 0, "cert paste");
    check_says(&typist.types("help stauts"), 2, "Did you mean status?");
}

#[tokio::test]
async fn what_is_not_understood_is_said_with_what_was_perhaps_meant() {
    let mut typist = Typist::new().await;
    for (line, said) in [
        ("stauts", "\"stauts\" is no command. Did you mean status?"),
        ("defcrt -sha1", "Did you mean defcert?"),
        (
            "request lst",
            "\"request lst\" is no command. Did you mean request list?",
        ),
        ("REQUEST LST", "Did you mean request list?"),
        ("STATSU", "Did you mean status?"),
        ("names ad", "Did you mean names add?"),
        (
            "request xyzzy",
            "is no command. There is request cancel, request delete",
        ),
        ("cert", "There is cert check"),
        ("xyzzy", "\"xyzzy\" is no command. Type help"),
        ("\u{1b}[2Jx", "\"?[2Jx\" is no command."),
        (
            "status now",
            "status [--json]. Type help status for what it does.",
        ),
        ("exit now", "exit takes nothing."),
        ("defcert -md5", "defcert [-sha1] [-sha] [-v]"),
        ("journal -n", "-n wants a NUMBER behind it."),
        ("journal sign-on", "\"sign-on\" is no kind of entry."),
        ("names add \"x", "The quote \" is not closed."),
        ("request new atlantis", "is no field and value"),
        ("request new planet=mars", "\"planet\" is no field."),
        ("request new planet=mars", "and for short cn, c, st"),
        ("services set trail 10", "There is no such setting."),
        ("cert show former", "\"former\" is not one of serving"),
    ] {
        check_says(&typist.types(line), 2, said);
    }
    check_says(&typist.types("  "), 0, "");
}

#[tokio::test]
async fn what_there_never_was_was_not_deleted() {
    let mut typist = Typist::new().await;
    for (line, said) in [
        ("previous", "There is no certificate that served before."),
        ("alarms note expired", "The alarm \"expired\" is not raised"),
        ("request show 7", "There is no request."),
    ] {
        check_says(&typist.types(line), 1, said);
    }
    typist.types("request new CN=ntp1.example.net key=\"EC P-256\"");
    check_says(
        &typist.types("request show 7"),
        1,
        "\"7\" names no request.",
    );
}

#[tokio::test]
async fn help_is_found_in_the_ways_of_other_systems() {
    let mut typist = Typist::new().await;
    let (_, all) = typist.types("help");
    for line in ["?", "-h", "--help", "HELP", "/?"] {
        assert_eq!(typist.types(line), (0, all.clone()), "{line}");
    }
    let (_, one) = typist.types("help request new");
    for line in [
        "request new --help",
        "request new -h",
        "REQUEST NEW ?",
        "request new -s --help",
    ] {
        assert_eq!(typist.types(line), (0, one.clone()), "{line}");
    }
    check_says(&typist.types("request ?"), 0, "request list");
    check_says(&typist.types("VERSION"), 0, "countersign ");
}

#[tokio::test]
async fn everything_that_is_shown_is_shown_as_json_too() {
    let mut typist = Typist::new().await;
    typist.types("request new cn=ntp1.example.net key=\"EC P-256\"");
    for command in COMMANDS {
        let json = command.flags.iter().any(|flag| flag.name == "--json");
        let line = match command.name {
            "cert check" => "cert check ntp1.example.net --json".to_owned(),
            // These want a paste, or make something.
            "cert paste" | "cert review" | "install" | "request new" => continue,
            name => format!("{name} --json"),
        };
        if !json {
            continue;
        }
        let (_, text) = typist.types(&line);
        let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
        assert!(value.is_ok(), "{line}: {text}");
    }
}

#[tokio::test]
async fn a_line_is_completed_with_commands_flags_and_words() {
    let typist = Typist::new().await;
    for (begun, lines) in [
        ("stat", &["status"][..]),
        ("defcert -s", &["defcert -sha", "defcert -sha1"]),
        ("cert show p", &["cert show previous"]),
        ("services set tr", &["services set trial"]),
        ("request new country", &["request new country="]),
        ("nothing", &[]),
    ] {
        assert_eq!(typist.dialogue.complete(begun), lines, "{begun}");
    }
    assert!(typist.dialogue.complete("request ").len() > 5);
}

#[test]
fn no_secret_stands_in_a_history() {
    for (line, kept) in [
        ("status", true),
        ("services set trial 10", true),
        ("services set metrics 0123456789abcdefghij", false),
        ("Services SET metrics 0123456789abcdefghij", false),
        ("request new cn=a pass_phrase=secret", false),
        ("request new cn=a pass_phrase=?", true),
        ("request new cn=a \"challenge_password=x y", false),
    ] {
        assert_eq!(Dialogue::keeps(line), kept, "{line}");
    }
}
