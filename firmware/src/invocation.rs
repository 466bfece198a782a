//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::config::Flags;
use crate::output::{log, print};

const USAGE: &str = "\
countersign serves an appliance's HTTPS certificate pages.

  countersign [--config FILE] [--state DIR] [--https ADDR] [--http ADDR|off]
              [--ssh ADDR|off] [--telnet ADDR|off] [--serial DEVICE|off]
  countersign console [--state DIR] [-c COMMAND]

  --config FILE   a TOML file with the keys state, https, http, ssh, telnet, serial,
                  serial_speed (9600 unless given), factory (the path of
                  factory.toml) and clock (who knows whether it is right: kernel,
                  which is the default, trusted, or a file that is there while it is)
  --state DIR     the folder of the store (default ./state)
  --https ADDR    where HTTPS listens (default 127.0.0.1:8443; port 0 picks one)
  --http ADDR     where HTTP listens, which leads to HTTPS (off; 127.0.0.1:8080 once
                  it is switched on)
  --ssh ADDR      where SSH listens, for the console (127.0.0.1:8022)
  --telnet ADDR   where telnet listens, for the console, unencrypted (off; 127.0.0.1:8023
                  once it is switched on)
  --serial DEVICE the serial line of the console, such as /dev/ttyS0 (none)
  --help          this text
  --version       the software version

`countersign console` attaches to the unit that runs on the same state folder.
With input that is no terminal it reads commands line by line and ends with the
exit code of the first that fails. With -c, or as the ForceCommand of an sshd, it
runs one command and ends with its code.

HTTP and telnet are off unless an address is given for them, and SSH is on; an
administrator changes that under Services while the unit runs, but for what is off
on the command line or in the file. At the first start the environment variable
COUNTERSIGN_ADMIN_PASSWORD, if set, is the password of admin.";

/// Exit code for a command line that is not understood.
const EXIT_USAGE: u8 = 2;

/// What the command line asks for.
pub struct Invocation(What);

enum What {
    Console(Flags, Option<String>),
    Help,
    /// The documentation of the console, as Markdown or as a manual page.
    Reference(fn() -> String),
    Run(Flags),
    Version,
}

/// A command line that is not understood.
pub struct Refusal(String);

impl Refusal {
    /// Says what was not understood, and how to get help.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        log(format_args!("{}. Try --help.", self.0));
        ExitCode::from(EXIT_USAGE)
    }
}

impl Invocation {
    /// Reads the arguments, the program's name first.
    ///
    /// # Errors
    ///
    /// When an option is unknown, lacks its value, or the value is malformed.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        parse(lexopt::Parser::from_iter(arguments)).map_err(|error| Refusal(error.to_string()))
    }

    /// Does it; returns when the unit is told to end.
    #[must_use]
    pub fn run(self) -> ExitCode {
        if let Err(why) = crate::confinement::conceal() {
            log(why);
        }
        match self.0 {
            What::Console(flags, command) => crate::console::attach(&flags, command),
            What::Help => {
                print(USAGE);
                ExitCode::SUCCESS
            }
            What::Reference(written) => {
                print(written().trim_end());
                ExitCode::SUCCESS
            }
            What::Run(flags) => {
                crate::first_password::take_out_of_environment(std::env::args_os());
                match crate::run::run(&flags) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(why) => {
                        log(why);
                        ExitCode::FAILURE
                    }
                }
            }
            What::Version => {
                print(format_args!(
                    "countersign {} ({})",
                    crate::VERSION,
                    crate::BUILD
                ));
                ExitCode::SUCCESS
            }
        }
    }
}

fn parse(mut parser: lexopt::Parser) -> Result<Invocation, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};
    let mut flags = Flags::default();
    let mut console = false;
    let mut command = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("config") => flags.config = Some(parser.value()?.into()),
            Long("state") => flags.state = Some(parser.value()?.into()),
            Long("https") if !console => flags.https = Some(parser.value()?.parse()?),
            Long("http") if !console => flags.http = Some(parser.value()?.parse()?),
            Long("ssh") if !console => flags.ssh = Some(parser.value()?.parse()?),
            Long("telnet") if !console => flags.telnet = Some(parser.value()?.parse()?),
            Long("serial") if !console => flags.serial = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(Invocation(What::Help)),
            Long("version") | Short('V') => return Ok(Invocation(What::Version)),
            Short('c') if console => command = Some(parser.value()?.string()?),
            Value(word) if word == "console" && !console => console = true,
            // For `cargo xtask docs`.
            Value(word) if word == "reference" && !console => {
                return Ok(Invocation(What::Reference(
                    match parser.value()?.string()? {
                        form if form == "man" => crate::console::man_page,
                        _ => crate::console::markdown,
                    },
                )));
            }
            Value(word) if console => {
                let word = word.string()?;
                return Err(format!(
                    "\"{word}\" is too much: to run one command, type countersign console -c \
                     '{word}'"
                )
                .into());
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Invocation(if console {
        What::Console(flags, command)
    } else {
        What::Run(flags)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, Refusal> {
        Invocation::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_and_the_console_are_understood() {
        let Ok(Invocation(What::Run(flags))) = parsed("countersign --state s --https [::1]:0")
        else {
            panic!("run");
        };
        assert_eq!(
            flags.https.map(|https| https.to_string()).as_deref(),
            Some("[::1]:0")
        );
        let Ok(Invocation(What::Console(flags, Some(command)))) =
            parsed("countersign console --state=s -c version")
        else {
            panic!("console");
        };
        assert_eq!(command, "version");
        assert_eq!(flags.state.as_deref(), Some(std::path::Path::new("s")));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("countersign --htps x", "--htps"),
            ("countersign --https nowhere", "nowhere"),
            ("countersign --ssh 22", "22"),
            ("countersign console --ssh off", "--ssh"),
            ("countersign --state", "--state"),
            ("countersign serve", "serve"),
        ] {
            let refusal = parsed(line)
                .err()
                .map(|refusal| refusal.0)
                .unwrap_or_default();
            assert!(refusal.contains(named), "{line}: {refusal}");
        }
    }
}
