//! The running program.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::secrets::Transcript;

/// The unit has this long to be ready: it makes a key first.
const READY_MAX: Duration = Duration::from_secs(60);

/// A unit that runs. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the program as `command` says.
    pub(crate) fn start(transcript: &Transcript, mut command: Command) -> Result<Self> {
        println!("$ {command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (sender, lines) = channel();
        let stdout = child.stdout.take().context("no standard output")?;
        let stderr = child.stderr.take().context("no standard error")?;
        let readers = vec![
            read_lines(stdout, "standard output", transcript, Some(sender)),
            read_lines(stderr, "standard error", transcript, None),
        ];
        Ok(Self {
            child,
            lines,
            readers,
        })
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
                    let status = self.child.wait()?;
                    let process_id = self.child.id();
                    return Err(Ended { status, process_id }.into());
                }
            }
        }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, where it does so by itself within this time.
    pub(crate) fn ends_within(&mut self, patience: Duration) -> Result<Option<Ended>> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                let process_id = self.child.id();
                return Ok(Some(Ended { status, process_id }));
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it as a power cut would: SIGKILL, at once. Then the transcript has all that
    /// it said.
    pub(crate) fn kill(&mut self) -> Result<()> {
        println!("$ kill -9 {}", self.child.id());
        self.child.kill()?;
        self.child.wait()?;
        self.readers
            .drain(..)
            .for_each(|reader| drop(reader.join()));
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A unit that ended by itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// The number that its process had.
    pub process_id: u32,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the unit ended by itself: {}", self.status)
    }
}

impl std::error::Error for Ended {}

/// Prints, keeps and passes on the lines of a pipe until it ends.
fn read_lines(
    pipe: impl Read + Send + 'static,
    origin: &'static str,
    transcript: &Transcript,
    sender: Option<Sender<String>>,
) -> JoinHandle<()> {
    let transcript = transcript.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            transcript.add(origin, line.clone());
            // After the greeting, nobody waits for lines any more.
            drop(sender.as_ref().map(|sender| sender.send(line)));
        }
    })
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
