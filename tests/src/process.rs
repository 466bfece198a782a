//! The running program.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::secrets::Transcript;

/// The unit has this long to be ready: it makes a key first.
const READY_MAX: Duration = Duration::from_secs(60);

/// A unit that runs. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts the program, of which `configure` says how.
    pub(crate) fn start(
        transcript: &Transcript,
        configure: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let mut command = Command::new(program()?);
        configure(&mut command);
        println!("$ {command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (sender, lines) = channel();
        read_lines(
            child.stdout.take(),
            "standard output",
            transcript,
            Some(sender),
        );
        read_lines(child.stderr.take(), "standard error", transcript, None);
        Ok(Self { child, lines })
    }

    /// The next line of its standard output that contains `marker`.
    pub(crate) fn line_with(&mut self, marker: &str) -> Result<String> {
        let deadline = Instant::now() + READY_MAX;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) if line.contains(marker) => return Ok(line),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the unit printed no line with {marker:?} within {READY_MAX:?}")
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!(
                        "the unit ended before it printed {marker:?}: {}",
                        self.child.wait()?
                    )
                }
            }
        }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: SIGKILL, at once.
    pub(crate) fn kill(&mut self) -> Result<()> {
        println!("$ kill -9 {}", self.child.id());
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Prints, keeps and passes on the lines of a pipe until it ends.
fn read_lines(
    pipe: Option<impl Read + Send + 'static>,
    origin: &'static str,
    transcript: &Transcript,
    sender: Option<Sender<String>>,
) {
    let transcript = transcript.clone();
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            transcript.add(origin, line.clone());
            // After the greeting, nobody waits for lines any more.
            drop(sender.as_ref().map(|sender| sender.send(line)));
        }
    });
}

/// The program under test: `COUNTERSIGN_BIN`, or what cargo has built beside this
/// test.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("COUNTERSIGN_BIN") {
        return Ok(path.into());
    }
    let test = std::env::current_exe()?;
    let profile = test
        .parent()
        .and_then(Path::parent)
        .context("the test lies in no folder")?;
    let path = profile.join("countersign");
    ensure!(
        path.exists(),
        "{} is missing: run `cargo xtask test`, or `cargo build -p firmware` first",
        path.display()
    );
    Ok(path)
}
