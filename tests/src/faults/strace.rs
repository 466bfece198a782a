//! `strace`, which records system calls and puts faults in their place.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::call::Call;
use super::point::Point;
use super::seed::copy;

/// `strace` has this long to attach, and to finish its log: long, for other units and
/// their log may have both processors meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// How one run is traced.
pub struct Strace {
    log: PathBuf,
    /// The log shows so many octets of what is written.
    octets_shown_max: usize,
    /// Where the disk as it was before is kept.
    before: Option<PathBuf>,
    arguments: Vec<String>,
}

/// A `strace` that follows a process that ran before it. It lets go when dropped.
pub struct Attached {
    strace: Child,
    /// Whether it puts faults in place; otherwise its log is what is wanted.
    injects: bool,
}

impl Strace {
    /// Only records, into the file `log`.
    #[must_use]
    pub fn recording(log: &Path) -> Self {
        Self {
            log: log.to_owned(),
            octets_shown_max: 16,
            before: None,
            arguments: Vec::new(),
        }
    }

    /// Records everything that is written, octet for octet, and keeps the disk as it
    /// was before in the folder `before`.
    #[must_use]
    pub fn recording_octets(log: &Path, before: &Path) -> Self {
        Self {
            octets_shown_max: 1 << 20,
            before: Some(before.to_owned()),
            ..Self::recording(log)
        }
    }

    /// Puts a fault at a point, for a program whose disk is the folder `disk`.
    #[must_use]
    pub fn injecting(log: &Path, point: &Point, disk: &Path) -> Self {
        Self {
            arguments: point.arguments(disk),
            ..Self::recording(log)
        }
    }

    /// Lets the first calls of this name on the file `path` fail with EIO, so many.
    #[must_use]
    pub fn failing(log: &Path, call: &str, path: &Path, count: usize) -> Self {
        let arguments = [
            "-e".into(),
            format!("inject={call}:error=EIO:when=1..{count}"),
            "-P".into(),
            path.display().to_string(),
        ];
        Self {
            arguments: arguments.into(),
            ..Self::recording(log)
        }
    }

    /// The command that runs `program` from its first system call on. It is the
    /// program's own process: strace stands aside.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = self.strace();
        command.arg("-D").arg("--").arg(program);
        command
    }

    /// Has to be called before what is traced begins, for the recordings that start from
    /// the state as it is then.
    pub fn keep_what_is_there(&self, state: &Path) -> Result<()> {
        match (&self.before, state.file_name()) {
            (Some(before), Some(name)) if state.exists() => copy(state, &before.join(name)),
            _ => Ok(()),
        }
    }

    /// Follows a process that runs, from now on.
    pub fn attach(&self, process_id: u32) -> Result<Attached> {
        let mut command = self.strace();
        command.arg("-p").arg(process_id.to_string());
        println!("$ {command:?}");
        let started = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = started.context("strace; `cargo xtask test` installs what is missing")?;
        let mut stderr = BufReader::new(child.stderr.take().context("strace says nothing")?);
        let attached = Attached {
            strace: child,
            injects: !self.arguments.is_empty(),
        };
        let mut line = String::new();
        stderr.read_line(&mut line)?;
        ensure!(line.contains(" attached"), "strace says: {line}");
        // What it says later is of no use, but must not fill the pipe.
        thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
        Ok(attached)
    }

    /// The calls on `disk` so far.
    pub fn calls(&self, disk: &Path) -> Result<Vec<Call>> {
        Ok(Call::all_in(&self.log()?, disk))
    }

    /// Waits until the log has the end of the process that [`command`](Self::command)
    /// began.
    pub fn wait_for_end(&self, process_id: u32) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let end = format!("{process_id} ");
        let is_end = |line: &str| line.starts_with(&end) && line.contains(" +++ ");
        while !self.log()?.lines().any(is_end) {
            ensure!(
                Instant::now() < deadline,
                "the log does not end: {}",
                self.log()?
            );
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// The log so far. Paths and data are shown in ASCII.
    pub(super) fn log(&self) -> Result<String> {
        fs::read_to_string(&self.log).context("the log of strace")
    }

    fn strace(&self) -> Command {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-y", "-e", "signal=kill", "-s"])
            .arg(self.octets_shown_max.to_string())
            .args(["-e", &format!("trace={}", Call::names()), "-o"])
            .arg(&self.log)
            .args(&self.arguments);
        command
    }
}

impl Attached {
    /// Lets go of the process, which goes on without faults.
    pub fn detach(mut self) -> Result<()> {
        let asked = Command::new("kill")
            .arg(self.strace.id().to_string())
            .status()?;
        ensure!(asked.success(), "strace could not be asked to let go");
        self.finish()
    }

    /// Waits until it has written everything down, after the end of the process.
    pub fn finish(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.strace.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                ensure!(self.injects, "strace does not end");
                // One that lets go of a process in the moment in which it kills it waits for
                // ever; its end lets go of the process all the same.
                drop(self.strace.kill());
                self.strace.wait()?;
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        drop(self.strace.kill());
        drop(self.strace.wait());
    }
}
