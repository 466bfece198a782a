//! The first password of `admin`, where the environment gives it.
//!
//! What is in a process's environment at its start stays in `/proc/<pid>/environ`, and
//! cannot be wiped there safely. So the program starts itself anew, in the same process,
//! without the variable; the password comes through a pipe, as standard input.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Mutex;

use zeroize::Zeroizing;

use crate::output::log;

/// Holds the password.
const PASSWORD: &str = "COUNTERSIGN_ADMIN_PASSWORD";
/// Says that the password comes as standard input.
const AS_INPUT: &str = "COUNTERSIGN_ADMIN_PASSWORD_AS_INPUT";
/// More octets than any password that is taken, and fewer than a pipe holds.
const OCTETS_MAX: u64 = 1024;

static FIRST: Mutex<Option<Zeroizing<String>>> = Mutex::new(None);

/// Takes the password out of the environment. It has to be called first of all, while
/// the process has one thread and nothing open; it may start the program anew. Where that
/// cannot be, the password stays in the environment, and the log says so.
pub(crate) fn take_out_of_environment(arguments: impl Iterator<Item = OsString>) {
    if std::env::var_os(AS_INPUT).is_some() {
        match read_input() {
            Ok(password) => keep(password),
            Err(why) => log(format_args!("the first password could not be read: {why}")),
        }
        return;
    }
    let Ok(password) = std::env::var(PASSWORD).map(Zeroizing::new) else {
        return;
    };
    let why = begin_anew(&password, arguments);
    log(format_args!(
        "{PASSWORD} stays in the environment of this process: {why}"
    ));
    keep(password);
}

/// Reads it without the buffer of `io::stdin`, which nobody ever wipes.
fn read_input() -> io::Result<Zeroizing<String>> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut password = Zeroizing::new(String::new());
    input.take(OCTETS_MAX).read_to_string(&mut password)?;
    Ok(password)
}

/// The password, once.
pub(crate) fn given() -> Option<Zeroizing<String>> {
    let mut first = FIRST.lock().ok()?;
    first.take()
}

fn keep(password: Zeroizing<String>) {
    if let Ok(mut first) = FIRST.lock() {
        *first = Some(password);
    }
}

/// Returns only why it was not done.
fn begin_anew(password: &str, mut arguments: impl Iterator<Item = OsString>) -> io::Error {
    if password.len() > usize::try_from(OCTETS_MAX).unwrap_or(0) {
        return io::Error::other("it is too long for a password");
    }
    let prepare = || {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(password.as_bytes())?;
        Ok::<_, io::Error>((reader, std::env::current_exe()?))
    };
    match prepare() {
        Ok((reader, program)) => {
            let mut command = Command::new(program);
            command.args(arguments.by_ref().skip(1));
            command.env_remove(PASSWORD).env(AS_INPUT, "1");
            command.stdin(reader).exec()
        }
        Err(error) => error,
    }
}
