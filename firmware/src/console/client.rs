//! `countersign console`: attaches a terminal or a script to the running unit.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use crate::config::{Config, Flags};
use crate::output::log;

/// A reply of more octets than this is not from our unit.
const REPLY_OCTETS_MAX: u64 = 8 * 1024 * 1024;

/// Runs the lines of standard input on the unit. On a terminal it prompts and
/// goes on after a failure; otherwise it ends with the first failure's code.
pub(crate) fn attach(flags: &Flags) -> ExitCode {
    match converse(flags) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            log(why);
            ExitCode::FAILURE
        }
    }
}

fn converse(flags: &Flags) -> Result<u8, String> {
    let path = super::socket::path(&Config::load(flags)?.state_dir);
    let stream = UnixStream::connect(&path).map_err(|error| {
        format!(
            "no unit answers at {}: {error}. Start it, or name its folder with --state",
            path.display()
        )
    })?;
    let broken = |error: io::Error| format!("the unit went away: {error}");
    let mut writer = stream.try_clone().map_err(broken)?;
    let mut reader = BufReader::new(stream);
    let input = io::stdin();
    let interactive = input.is_terminal();
    loop {
        if interactive {
            drop(write!(io::stdout(), "countersign> "));
            drop(io::stdout().flush());
        }
        let mut line = String::new();
        let read = input.lock().read_line(&mut line);
        if read.map_err(|error| format!("standard input: {error}"))? == 0 {
            return Ok(0);
        }
        let line = line.trim();
        if line == "exit" {
            return Ok(0);
        }
        writeln!(writer, "{line}").map_err(broken)?;
        let (code, text) = reply(&mut reader).map_err(broken)?;
        if code == 0 || interactive {
            drop(io::stdout().write_all(&text));
        } else {
            drop(io::stderr().write_all(&text));
        }
        if code != 0 && !interactive {
            return Ok(code);
        }
    }
}

fn reply(reader: &mut impl BufRead) -> io::Result<(u8, Vec<u8>)> {
    let mut header = String::new();
    reader.by_ref().take(64).read_line(&mut header)?;
    let mut words = header.split_whitespace();
    let code = words.next().and_then(|code| code.parse().ok());
    let octets = words.next().and_then(|octets| octets.parse::<u64>().ok());
    let (Some(code), Some(octets)) = (code, octets.filter(|octets| *octets <= REPLY_OCTETS_MAX))
    else {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "it gave no answer",
        ));
    };
    let mut text = Vec::new();
    let read = reader.take(octets).read_to_end(&mut text)?;
    if u64::try_from(read) != Ok(octets) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((code, text))
}
