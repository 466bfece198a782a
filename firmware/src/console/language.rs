//! The commands. A line in, lines out; no transport.

use cert_lifecycle::{Actor, Digest, Error, Status, Unit};

/// A command line of more than this many octets is refused.
pub(super) const LINE_OCTETS_MAX: usize = 4096;

/// What a command answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// 0 done; 1 not done, for the reason in `text`; 2 not understood.
    pub(super) code: u8,
    /// Lines, each ended by a line feed.
    pub(super) text: String,
}

impl Reply {
    fn done(text: impl Into<String>) -> Self {
        Self {
            code: 0,
            text: text.into(),
        }
    }

    fn not_done(error: &Error) -> Self {
        Self {
            code: 1,
            text: format!("{error}\n"),
        }
    }

    pub(super) fn not_understood(why: impl std::fmt::Display) -> Self {
        Self {
            code: 2,
            text: format!("{why} Type help for the commands.\n"),
        }
    }
}

/// One command: the one table that `help` and [`run`] read.
struct Command {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&Unit, &Actor, &[&str]) -> Reply,
}

const COMMANDS: [Command; 4] = [
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
pub(super) fn run(unit: &Unit, actor: &Actor, line: &str) -> Reply {
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some((name, arguments)) = words.split_first() else {
        return Reply::done("");
    };
    match COMMANDS.iter().find(|command| command.name == *name) {
        Some(command) => (command.run)(unit, actor, arguments),
        None => Reply::not_understood(format_args!("\"{}\" is no command.", shown(name))),
    }
}

fn defcert(unit: &Unit, actor: &Actor, arguments: &[&str]) -> Reply {
    let digest = match arguments {
        [] => Digest::Sha256,
        ["-sha1" | "-sha"] => Digest::Sha1,
        _ => return Reply::not_understood("defcert takes nothing, -sha1 or -sha."),
    };
    match unit.reset_to_factory(digest, actor) {
        Ok(fingerprint) => Reply::done(format!(
            "Factory certificate made and served. SHA-256 fingerprint {fingerprint}\n"
        )),
        Err(error) => Reply::not_done(&error),
    }
}

fn help(_: &Unit, _: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("help takes nothing.");
    }
    Reply::done(
        COMMANDS
            .iter()
            .map(|command| {
                let usage = format!("{} {}", command.name, command.arguments);
                format!("{usage:<22}{}\n", command.help)
            })
            .collect::<String>(),
    )
}

fn status(unit: &Unit, _: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("status takes nothing.");
    }
    match unit.status() {
        Ok(status) => Reply::done(status_text(&status)),
        Err(error) => Reply::not_done(&error),
    }
}

fn version(_: &Unit, _: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("version takes nothing.");
    }
    Reply::done(format!("countersign {}\n", crate::VERSION))
}

fn status_text(status: &Status) -> String {
    let certificate = &status.serving.certificate;
    let issuer = if certificate.self_issued {
        "self-signed by this unit"
    } else {
        certificate.issuer.as_str()
    };
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
