//! The person's terminal, which is left as it was found.

use std::io::{self, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::console::terminal::{BRACKETS_OFF, BRACKETS_ON, Kind};

/// What a signal ends has its number and this as its exit code, as shells have it.
const SIGNALLED: i32 = 128;

/// How a terminal is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Line by line, as the system edits and echoes them.
    Lines,
    /// Every octet as it is typed: the unit edits and echoes.
    Raw,
}

/// The terminal at standard input. It is as it was before once this has gone, and also
/// when a signal ends the process.
pub(super) struct Tty {
    before: Before,
}

/// How the terminal was.
#[derive(Clone)]
struct Before {
    settings: Termios,
    /// It was told to put brackets around what is pasted.
    brackets: bool,
}

impl Tty {
    /// The terminal at standard input, if there is one.
    ///
    /// # Errors
    ///
    /// When the terminal does not take it, or signals cannot be waited for.
    pub(super) fn open(used: Use) -> io::Result<Option<Self>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        let settings = tcgetattr(io::stdin())?;
        let mut raw = settings.clone();
        raw.make_raw();
        let term = std::env::var("TERM").unwrap_or_default();
        let before = Before {
            settings,
            brackets: used == Use::Raw && Kind::of(&term) == Kind::Xterm,
        };
        watch(before.clone())?;
        let tty = Self { before };
        if used == Use::Raw {
            set(&raw)?;
        }
        if tty.before.brackets {
            show(BRACKETS_ON);
        }
        Ok(Some(tty))
    }

    /// Switches the echo of lines.
    pub(super) fn echo(&self, echoes: bool) {
        let mut settings = self.before.settings.clone();
        settings.local_modes.set(LocalModes::ECHO, echoes);
        drop(set(&settings));
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.before.restore();
    }
}

impl Before {
    fn restore(&self) {
        if self.brackets {
            show(BRACKETS_OFF);
        }
        drop(set(&self.settings));
    }
}

fn set(settings: &Termios) -> io::Result<()> {
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, settings)?)
}

fn show(octets: &[u8]) {
    let mut output = io::stdout();
    drop(output.write_all(octets).and_then(|()| output.flush()));
}

/// Waits for a signal on a thread of its own, for the others may be waiting for the person
/// or the unit; then restores the terminal and ends the process.
fn watch(before: Before) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let entered = runtime.enter();
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(entered);
    let watch = move || {
        let kind = runtime.block_on(async {
            tokio::select! {
                _ = hangup.recv() => SignalKind::hangup(),
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = quit.recv() => SignalKind::quit(),
                _ = terminate.recv() => SignalKind::terminate(),
            }
        });
        before.restore();
        std::process::exit(SIGNALLED + kind.as_raw_value());
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(watch)?;
    Ok(())
}
