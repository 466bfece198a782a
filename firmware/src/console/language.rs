//! The commands. A line in, lines out; no transport.

use cert_lifecycle::{
    Actor, Alarm, Digest, Entry, JOURNAL_ENTRIES_MAX, Preflight, Status, backup_to_text,
};

use super::access;
use super::dialogue::Reply;
use super::services::services;
use crate::App;

/// One command: the one table that `help` and [`run`] read.
struct Command {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&App, &Actor, &[&str]) -> Reply,
}

/// The journal shows so many entries unless asked for another number.
const JOURNAL_ENTRIES: usize = 20;

const COMMANDS: &[Command] = &[
    Command {
        name: "alarms",
        arguments: "[note ALARM]",
        help: "show the alarms, or take note of one that stands until somebody does",
        run: alarms,
    },
    Command {
        name: "backup",
        arguments: "",
        help: "show a backup as text, to be saved in a file",
        run: backup,
    },
    Command {
        name: "confirm",
        arguments: "",
        help: "keep the certificate that is on trial",
        run: confirm,
    },
    Command {
        name: "defcert",
        arguments: "[-sha1|-sha]",
        help: "make a factory certificate, with SHA-256 or SHA-1, and serve it at once",
        run: defcert,
    },
    Command {
        name: "help",
        arguments: "",
        help: "show this list",
        run: help,
    },
    Command {
        name: "journal",
        arguments: "[NUMBER]",
        help: "show who did what, the newest entries first",
        run: journal,
    },
    Command {
        name: "previous",
        arguments: "[-f]",
        help: "serve the previous certificate again; -f also one TLS can hardly serve",
        run: previous,
    },
    Command {
        name: "resetpw",
        arguments: "",
        help: "make a new password for admin, on the serial console only",
        run: access::resetpw,
    },
    Command {
        name: "services",
        arguments: "[set NAME VALUE…]",
        help: "show the settings, or set one, such as: services set trial 20",
        run: services,
    },
    Command {
        name: "sessions",
        arguments: "[end N|all]",
        help: "show who is signed in, or sign one or all of them out",
        run: access::sessions,
    },
    Command {
        name: "status",
        arguments: "",
        help: "show what browsers see now",
        run: status,
    },
    Command {
        name: "version",
        arguments: "",
        help: "show the software version",
        run: version,
    },
];

/// Runs one line. An empty line does nothing.
pub(super) fn run(app: &App, actor: &Actor, line: &str) -> Reply {
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some((name, arguments)) = words.split_first() else {
        return Reply::done("");
    };
    match COMMANDS.iter().find(|command| command.name == *name) {
        Some(command) => (command.run)(app, actor, arguments),
        None => Reply::not_understood(format_args!("\"{}\" is no command.", shown(name))),
    }
}

/// The commands that begin so.
pub(super) fn complete(line: &str) -> Vec<String> {
    let named = COMMANDS.iter().map(|command| command.name);
    named
        .filter(|name| name.starts_with(line))
        .map(ToOwned::to_owned)
        .collect()
}

fn alarms(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    let done = match arguments {
        [] => app.unit.alarms().map(|alarms| alarms_text(&alarms)),
        ["note", code] => code
            .parse()
            .and_then(|code| app.unit.acknowledge(code, actor))
            .map(|()| "Noted.\n".into()),
        _ => return Reply::not_understood("alarms takes nothing, or note and an alarm's name."),
    };
    done.map_or_else(Reply::not_done, Reply::done)
}

fn alarms_text(alarms: &[Alarm]) -> String {
    if alarms.is_empty() {
        return "There is no alarm.\n".into();
    }
    let text = |alarm: &Alarm| {
        let code = alarm.code.as_str();
        format!("{code}: {} {}\n", alarm.message, alarm.remedy)
    };
    alarms.iter().map(text).collect()
}

fn backup(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("backup takes nothing.");
    }
    match app.unit.backup(&crate::software(), actor) {
        Ok(file) => Reply::done(backup_to_text(&file)),
        Err(error) => Reply::not_done(&error),
    }
}

fn confirm(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("confirm takes nothing.");
    }
    match app.unit.confirm_serving(actor) {
        Ok(true) => Reply::done("The certificate that was on trial stays.\n"),
        Ok(false) => Reply::done("No certificate is on trial.\n"),
        Err(error) => Reply::not_done(error),
    }
}

fn journal(app: &App, _: &Actor, arguments: &[&str]) -> Reply {
    let entries = match arguments {
        [] => Some(JOURNAL_ENTRIES),
        [number] => number.parse().ok(),
        _ => None,
    };
    let Some(entries) = entries else {
        return Reply::not_understood("journal takes nothing, or a number of entries.");
    };
    let line = |entry: &Entry| {
        let at = crate::time::utc(entry.at);
        let doubt = if entry.clock_trusted {
            ""
        } else {
            " (clock not set)"
        };
        let who = format!("{} ({})", entry.actor.who, entry.actor.via);
        format!("{at}{doubt} {who}: {}: {}\n", entry.action, entry.outcome)
    };
    match app.unit.journal(entries.min(JOURNAL_ENTRIES_MAX)) {
        Ok(entries) => Reply::done(entries.iter().map(line).collect::<String>()),
        Err(error) => Reply::not_done(error),
    }
}

fn previous(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    let preflight = match arguments {
        [] => Preflight::Required,
        ["-f"] => Preflight::Forced,
        _ => return Reply::not_understood("previous takes nothing or -f."),
    };
    match app.unit.serve_previous(preflight, actor) {
        Ok(fingerprint) => Reply::done(format!(
            "The previous certificate serves again. SHA-256 fingerprint {fingerprint}\n"
        )),
        Err(error) => Reply::not_done(error),
    }
}

fn defcert(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    let digest = match arguments {
        [] => Digest::Sha256,
        ["-sha1" | "-sha"] => Digest::Sha1,
        _ => return Reply::not_understood("defcert takes nothing, -sha1 or -sha."),
    };
    match app.unit.reset_to_factory(digest, actor) {
        Ok(fingerprint) => Reply::done(format!(
            "Factory certificate made and served. SHA-256 fingerprint {fingerprint}\n"
        )),
        Err(error) => Reply::not_done(error),
    }
}

fn help(_: &App, _: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("help takes nothing.");
    }
    Reply::done(
        COMMANDS
            .iter()
            .map(|command| {
                let usage = format!("{} {}", command.name, command.arguments);
                format!("{usage:<28}{}\n", command.help)
            })
            .collect::<String>(),
    )
}

fn status(app: &App, _: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("status takes nothing.");
    }
    match app.unit.status() {
        Ok(status) => Reply::done(status_text(&status)),
        Err(error) => Reply::not_done(error),
    }
}

fn version(_: &App, _: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("version takes nothing.");
    }
    Reply::done(format!(
        "countersign {} ({})\n",
        crate::VERSION,
        crate::BUILD
    ))
}

fn status_text(status: &Status) -> String {
    let certificate = &status.serving.certificate;
    let issuer = if certificate.self_issued {
        "self-signed by this unit"
    } else {
        certificate.issuer.as_str()
    };
    let trial = match &status.trial {
        Some(trial) => format!(
            "for {} seconds more, then {} serves again",
            trial.remaining_seconds, trial.falls_back_to
        ),
        None => "no".into(),
    };
    let alarms: Vec<&str> = status
        .alarms
        .iter()
        .map(|alarm| alarm.code.as_str())
        .collect();
    let rows = [
        ("unit", format!("{} {}", status.model, status.serial_number)),
        ("serves", certificate.common_name.clone()),
        ("issued by", issuer.to_owned()),
        ("names", certificate.names.join(", ")),
        ("valid from", crate::time::utc(certificate.not_before)),
        ("valid to", crate::time::utc(certificate.not_after)),
        ("key", certificate.public_key.clone()),
        ("signature", certificate.signature_algorithm.clone()),
        ("SHA-256", certificate.sha256.clone()),
        ("on trial", trial),
        ("alarms", alarms.join(", ")),
        ("requests", status.requests.to_string()),
    ];
    rows.iter()
        .map(|(name, value)| format!("{name:<11}{value}\n"))
        .collect()
}

/// What was typed, bounded and without control characters, for a reply.
fn shown(typed: &str) -> String {
    typed
        .chars()
        .take(40)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}
