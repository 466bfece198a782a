//! The two ways out of the process: what a person asked for, and the log.

use std::fmt::Display;
use std::io::Write;

/// Prints a line for the person who started the program.
pub(crate) fn print(line: impl Display) {
    // Nobody may be listening any more; that is no reason to stop serving.
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// Writes a line to the log, which is standard error. Never give it a secret.
pub(crate) fn log(line: impl Display) {
    drop(writeln!(std::io::stderr(), "countersign: {line}"));
}
