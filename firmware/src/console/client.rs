//! `countersign console`: attaches a terminal or a script to the running unit.

mod tty;

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use zeroize::Zeroizing;

use self::tty::{Tty, Use};
use super::socket::frame;
use crate::config::{Config, Flags};
use crate::output::log;

/// A reply of more octets than this is not from our unit.
const REPLY_OCTETS_MAX: u64 = 8 * 1024 * 1024;
/// A header of more octets than this neither.
const HEADER_OCTETS_MAX: u64 = 4096;
/// Exit code when no unit answers.
const NO_UNIT: u8 = 4;
/// The variable in which sshd names the command that a `ForceCommand` stands for.
const SSH_COMMAND: &str = "SSH_ORIGINAL_COMMAND";

/// Runs `command` on the unit, or the lines of standard input, and ends with the first
/// failure's code. At a terminal the unit leads a person instead.
pub(crate) fn attach(flags: &Flags, command: Option<String>) -> ExitCode {
    let forced = || std::env::var(SSH_COMMAND).ok();
    let command = command
        .or_else(forced)
        .filter(|command| !command.is_empty());
    let ended = match command {
        None if io::stdin().is_terminal() && io::stdout().is_terminal() => converse(flags),
        command => run(flags, command),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            log(why);
            ExitCode::from(NO_UNIT)
        }
    }
}

/// An answer of the unit.
struct Frame {
    code: u8,
    state: char,
    prompt: String,
    /// It may hold a password just made.
    text: Zeroizing<Vec<u8>>,
}

impl Frame {
    /// Whether what comes next belongs to the last command.
    fn asks(&self) -> bool {
        matches!(self.state, frame::QUESTION | frame::HIDDEN | frame::PASTING)
    }
}

/// Runs one command, or line after line of standard input, which also has what a command
/// asks for.
fn run(flags: &Flags, command: Option<String>) -> Result<u8, String> {
    let (mut reader, mut writer) = connect(flags, frame::SCRIPT)?;
    let mut frame = next_frame(&mut reader)?;
    let tty = Tty::open(Use::Lines).map_err(unfit)?;
    let (single, mut command) = (command.is_some(), command);
    let mut input = io::stdin().lock();
    loop {
        let line = match (command.take(), &tty) {
            (Some(command), _) => Some(Zeroizing::new(command.into_bytes())),
            (None, Some(tty)) => answer(tty, &frame, &mut input)?,
            (None, None) => next_line(&mut input)?,
        };
        let asked = frame.asks();
        match &line {
            Some(line) => send(&mut writer, line)?,
            None if asked => send(&mut writer, frame::END_OF_INPUT.as_bytes())?,
            None => return Ok(0),
        }
        frame = next_frame(&mut reader)?;
        while frame.state == frame::BUSY {
            frame = next_frame(&mut reader)?;
        }
        // What leads to a question or a paste is no output of the command.
        match frame.code {
            0 if !frame.asks() => drop(io::stdout().write_all(&frame.text)),
            _ => drop(io::stderr().write_all(&frame.text)),
        }
        let over = line.is_none() || frame.state == frame::ENDED || (single && !frame.asks());
        if over || frame.code != 0 {
            drop(io::stdout().flush());
            return Ok(frame.code);
        }
    }
}

/// The next line of what is typed at a terminal: an answer behind its question.
fn answer(
    tty: &Tty,
    frame: &Frame,
    input: &mut impl BufRead,
) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    if !matches!(frame.state, frame::QUESTION | frame::HIDDEN) {
        return next_line(input);
    }
    // A question is no output of the command either.
    drop(write!(io::stderr(), "{}", frame.prompt));
    if frame.state == frame::QUESTION {
        return next_line(input);
    }
    tty.echo(false);
    let line = next_line(input);
    tty.echo(true);
    // The end of the line was not shown either.
    drop(writeln!(io::stderr()));
    line
}

/// Brings every octet that a person types to the unit, and shows what it says, until
/// either ends it.
fn converse(flags: &Flags) -> Result<u8, String> {
    let (mut reader, mut writer) = connect(flags, frame::TERMINAL)?;
    let tty = Tty::open(Use::Raw).map_err(unfit)?;
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut typed = Zeroizing::new([0; 1024]);
        while let Ok(octets @ 1..) = input.read(&mut *typed) {
            let typed = typed.get(..octets).unwrap_or_default();
            if writer.write_all(typed).is_err() {
                return;
            }
        }
        drop(writer.shutdown(Shutdown::Write));
    });
    let shown = show(&mut reader);
    drop(tty);
    match shown.map_err(broken)? {
        true => Ok(0),
        false => Err(broken("it broke off")),
    }
}

/// Shows what comes, until nothing more does; whether the unit said that it is over.
fn show(reader: &mut impl BufRead) -> io::Result<bool> {
    let mut output = io::stdout();
    let mut is_over = false;
    loop {
        let came = reader.fill_buf()?;
        let octets = came.len();
        let Some(last) = came.last() else {
            return Ok(is_over);
        };
        is_over = *last == frame::OVER;
        let shown = came.strip_suffix(&[frame::OVER]).unwrap_or(came);
        output.write_all(shown)?;
        output.flush()?;
        reader.consume(octets);
    }
}

fn unfit(why: io::Error) -> String {
    format!("the terminal cannot be used: {why}")
}

fn connect(flags: &Flags, mode: &str) -> Result<(BufReader<UnixStream>, UnixStream), String> {
    let path = super::socket::path(&Config::load(flags)?.state_dir);
    let stream = UnixStream::connect(&path).map_err(|error| {
        format!(
            "no unit answers at {}: {error}. Start it, or name its folder with --state",
            path.display()
        )
    })?;
    let mut writer = stream.try_clone().map_err(broken)?;
    send(&mut writer, mode.as_bytes())?;
    Ok((BufReader::new(stream), writer))
}

fn broken(error: impl std::fmt::Display) -> String {
    format!("the unit went away: {error}")
}

fn send(writer: &mut UnixStream, line: &[u8]) -> Result<(), String> {
    writer
        .write_all(line)
        .and_then(|()| writer.write_all(b"\n"))
        .map_err(broken)
}

/// The next line of what is typed, without its end. It may be a secret.
fn next_line(input: &mut impl BufRead) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let mut line = Zeroizing::new(Vec::new());
    let read = input.read_until(b'\n', &mut line);
    if read.map_err(|error| format!("standard input: {error}"))? == 0 {
        return Ok(None);
    }
    while line
        .last()
        .is_some_and(|octet| matches!(octet, b'\n' | b'\r'))
    {
        line.pop();
    }
    Ok(Some(line))
}

fn next_frame(reader: &mut impl BufRead) -> Result<Frame, String> {
    let mut header = String::new();
    let mut limited = reader.by_ref().take(HEADER_OCTETS_MAX);
    limited.read_line(&mut header).map_err(broken)?;
    let (mut frame, octets) = parse(&header).ok_or_else(|| broken("it gave no answer"))?;
    let read = reader.take(octets).read_to_end(&mut frame.text);
    if u64::try_from(read.map_err(broken)?) != Ok(octets) {
        return Err(broken("it broke off in the middle of an answer"));
    }
    Ok(frame)
}

/// Reads "CODE OCTETS STATE PROMPT": a frame without its text, and how long that is.
fn parse(header: &str) -> Option<(Frame, u64)> {
    let mut parts = header.strip_suffix('\n')?.splitn(4, ' ');
    let code = parts.next()?.parse().ok()?;
    let octets = parts.next()?.parse().ok()?;
    let state = parts.next()?.parse().ok()?;
    let prompt = parts.next()?.to_owned();
    let text = Zeroizing::default();
    let frame = Frame {
        code,
        state,
        prompt,
        text,
    };
    (octets <= REPLY_OCTETS_MAX).then_some((frame, octets))
}
