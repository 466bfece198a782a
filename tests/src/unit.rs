//! A unit with a state folder of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::process::{Ended, Process, program};
use crate::secrets::Transcript;
use crate::tool::{Ran, Tool};

/// The password of `admin` on units that are given one.
pub const PASSWORD: &str = "acceptance-password-4711";

/// What is logged is there after as long as this.
const LOG_MAX: Duration = Duration::from_secs(30);

/// A unit that runs, and its state, which outlives the process.
pub struct Unit {
    process: Process,
    /// Where its state is.
    state: PathBuf,
    /// The folder around it, unless somebody else has it.
    folder: Option<TempDir>,
    /// Where it serves HTTPS.
    pub address: SocketAddr,
    /// The SHA-256 fingerprint of its certificate, as it was printed at the start.
    pub printed_fingerprint: String,
    /// The first password, where it was printed.
    pub printed_password: Option<String>,
    /// Everything it has let out.
    pub transcript: Transcript,
    /// How many lines the log had when it was started.
    logged_before: usize,
}

/// Of so long a time, a unit that is slowed down stands still, and then runs.
const STANDING: Duration = Duration::from_millis(95);
const RUNNING: Duration = Duration::from_millis(5);

/// A unit that is slowed down as long as this lives.
pub struct SlowedDown {
    ended: Arc<AtomicBool>,
    pacer: Option<JoinHandle<()>>,
}

impl Drop for SlowedDown {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // It leaves the unit running.
        if let Some(pacer) = self.pacer.take() {
            drop(pacer.join());
        }
    }
}

/// A unit that has ended meanwhile gets none.
fn signal(process: u32, signal: &str) {
    let mut kill = Command::new("kill");
    let kill = kill.args(["-s", signal, &process.to_string()]);
    drop(kill.stderr(Stdio::null()).status());
}

impl Unit {
    /// Starts a unit for the first time, with [`PASSWORD`].
    pub fn start() -> Result<Self> {
        Self::run_first(Some(PASSWORD))
    }

    /// Starts a unit for the first time, with [`PASSWORD`] and these options beside the
    /// usual ones.
    pub fn start_with(options: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state");
        let mut command = Command::new(program()?);
        command.args(options);
        let transcript = Transcript::default();
        let mut unit = Self::run(command, &state, &transcript, Some(PASSWORD), true)?;
        unit.folder = Some(folder);
        Ok(unit)
    }

    /// Where the listener of this name, such as "SSH", is, once the log says so. The
    /// last time counts.
    pub fn listens(&self, name: &str) -> Result<SocketAddr> {
        let marker = format!("{name} listens on ");
        let said = self.logs(&marker)?;
        said.parse()
            .with_context(|| format!("no address in {said:?}"))
    }

    /// What stands behind this in the last line of the log that has it.
    pub fn logs(&self, marker: &str) -> Result<String> {
        let deadline = Instant::now() + LOG_MAX;
        while Instant::now() < deadline {
            let log = self.transcript.text_of("standard error");
            let own = log.lines().skip(self.logged_before);
            let found = own
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .find_map(|line| line.split_once(marker));
            if let Some((_, said)) = found {
                return Ok(said.to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("the log has no {marker:?}")
    }

    /// Starts a unit for the first time, which chooses a password itself.
    pub fn start_without_password() -> Result<Self> {
        Self::run_first(None)
    }

    /// Starts a unit for the first time after a start that failed, since the
    /// address was taken. `Ran` is what that start came to.
    pub fn start_at_second_try() -> Result<(Self, Ran)> {
        let folder = tempfile::tempdir()?;
        let taken = TcpListener::bind("127.0.0.1:0")?;
        let failed = Tool::new(program()?)
            .args("--https")
            .arg(taken.local_addr()?.to_string())
            .args("--state")
            .arg(folder.path().join("state"))
            .try_run()?;
        let state = folder.path().join("state");
        let command = Command::new(program()?);
        let mut unit = Self::run(command, &state, &Transcript::default(), None, true)?;
        unit.folder = Some(folder);
        Ok((unit, failed))
    }

    /// Starts a unit on this folder, whatever is in it, with [`PASSWORD`] where there
    /// is none yet. `command` is the [`program`](Self::program), perhaps in the hands
    /// of a tracer.
    pub fn start_on(state: &Path, command: Command) -> Result<Self> {
        let transcript = Transcript::default();
        Self::run(command, state, &transcript, Some(PASSWORD), false)
            .map_err(|error| error.context(transcript.text_of("standard error")))
    }

    /// The program under test: `COUNTERSIGN_BIN`, or what cargo has built beside this
    /// test.
    pub fn program() -> Result<PathBuf> {
        program()
    }

    /// Kills it with SIGKILL, and starts it again with the same state.
    pub fn kill_and_restart(mut self) -> Result<Self> {
        self.process.kill()?;
        let command = Command::new(program()?);
        let mut unit = Self::run(command, &self.state, &self.transcript, None, false)?;
        unit.folder = self.folder;
        Ok(unit)
    }

    /// Kills it with SIGKILL; its state stays as it is.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()
    }

    /// How it ended, where it does so by itself within a second.
    pub fn ends_soon(&mut self) -> Result<Option<Ended>> {
        self.process.ends_within(Duration::from_secs(1))
    }

    /// The folder of its state.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Has the board say that it set the state aside, for the next start to tell of.
    pub fn set_state_aside(&self, notice: &str) -> Result<()> {
        Ok(fs::write(
            self.state.with_file_name("state-set-aside"),
            notice,
        )?)
    }

    /// Kills it, loses its store but not its secret, and starts it again, with
    /// [`PASSWORD`].
    pub fn lose_store_and_restart(mut self) -> Result<Self> {
        self.process.kill()?;
        fs::remove_file(self.state.join("store.redb"))?;
        let command = Command::new(program()?);
        let password = Some(PASSWORD);
        let mut unit = Self::run(command, &self.state, &self.transcript, password, true)?;
        unit.folder = self.folder;
        Ok(unit)
    }

    /// The number of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Gives it a processor twenty times slower, until what is returned is dropped.
    #[must_use]
    pub fn slow_down(&self) -> SlowedDown {
        let process = self.process_id();
        let ended = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ended);
        let pacer = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                signal(process, "STOP");
                thread::sleep(STANDING);
                signal(process, "CONT");
                thread::sleep(RUNNING);
            }
        });
        SlowedDown {
            ended,
            pacer: Some(pacer),
        }
    }

    /// What the kernel says of its process under this name, such as "VmHWM".
    pub fn process_status(&self, name: &str) -> Result<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id()))?;
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(given, _)| *given == name);
        let (_, value) = found.with_context(|| format!("no {name} in {status}"))?;
        Ok(value.trim().to_owned())
    }

    /// How many connections it has at its address, those included that it has yet to
    /// accept.
    pub fn connections(&self) -> Result<usize> {
        const ESTABLISHED: &str = "01";
        let port = format!(":{:04X}", self.address.port());
        let table = fs::read_to_string("/proc/net/tcp")?;
        let connections = table.lines().filter(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (local, _remote, state) = (words.next(), words.next(), words.next());
            local.is_some_and(|local| local.ends_with(&port)) && state == Some(ESTABLISHED)
        });
        Ok(connections.count())
    }

    /// A browser that has never been here.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(self.address, self.transcript.clone())
    }

    /// Runs command lines on its console, as a script does.
    pub fn console(&self, lines: &str) -> Result<Ran> {
        let console = Tool::new(program()?)
            .args("console --state")
            .arg(&self.state);
        let ran = console.stdin(format!("{lines}\n")).try_run()?;
        self.transcript.add(
            "the console",
            [&ran.stdout[..], ran.stderr.as_bytes()].concat(),
        );
        Ok(ran)
    }

    /// Runs command lines on its console that have to succeed, and returns what it said.
    pub fn done(&self, lines: &str) -> Result<String> {
        let ran = self.console(lines)?;
        ensure!(ran.status.success(), "{lines}: {ran:?}");
        Ok(ran.text())
    }

    /// Runs one command on its console, with this standard input.
    pub fn console_command(&self, command: &str, input: impl AsRef<[u8]>) -> Result<Ran> {
        let console = Tool::new(program()?)
            .args("console --state")
            .arg(&self.state)
            .args("-c")
            .arg(command);
        let ran = console.stdin(input.as_ref()).try_run()?;
        self.transcript.add(
            "the console",
            [&ran.stdout[..], ran.stderr.as_bytes()].concat(),
        );
        Ok(ran)
    }

    /// Whether these octets are anywhere in its memory that it writes to. Only root may look.
    pub fn has_in_memory(&self, octets: &[u8]) -> Result<bool> {
        let process = format!("/proc/{}", self.process_id());
        let maps = fs::read_to_string(format!("{process}/maps"))?;
        let memory = fs::File::open(format!("{process}/mem")).context("only root may look")?;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let range = line
                .split(' ')
                .next()
                .and_then(|range| range.split_once('-'));
            let (begin, end) = range.context("a range of addresses")?;
            let (begin, end) = (
                u64::from_str_radix(begin, 16)?,
                u64::from_str_radix(end, 16)?,
            );
            let mut part = vec![0; usize::try_from(end - begin)?];
            // Some, such as those of the kernel, cannot be read.
            if memory.read_exact_at(&mut part, begin).is_ok()
                && memchr::memmem::find(&part, octets).is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every file of its state, with what is in it.
    pub fn files(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.state)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files.push((entry.path(), fs::read(entry.path())?));
            }
        }
        Ok(files)
    }

    fn run_first(password: Option<&str>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state");
        let command = Command::new(program()?);
        let mut unit = Self::run(command, &state, &Transcript::default(), password, true)?;
        unit.folder = Some(folder);
        Ok(unit)
    }

    fn run(
        mut command: Command,
        state: &Path,
        transcript: &Transcript,
        password: Option<&str>,
        first: bool,
    ) -> Result<Self> {
        // The kernel of a machine for tests seldom calls its clock synchronised.
        let config = state.with_file_name("countersign.toml");
        let notice = state.with_file_name("state-set-aside");
        fs::write(
            &config,
            format!("clock = \"trusted\"\nstate_set_aside = {notice:?}\n"),
        )?;
        // The usual port of SSH may be another unit's.
        if !command.get_args().any(|option| option == "--ssh") {
            command.args(["--ssh", "127.0.0.1:0"]);
        }
        command
            .args(["--https", "127.0.0.1:0", "--state"])
            .arg(state)
            .arg("--config")
            .arg(&config);
        command.env_remove("COUNTERSIGN_ADMIN_PASSWORD");
        command.envs(password.map(|password| ("COUNTERSIGN_ADMIN_PASSWORD", password)));
        let logged_before = transcript.text_of("standard error").lines().count();
        let mut process = Process::start(transcript, command)?;
        let line = process.line_with("https://")?;
        let address = line
            .split_once("https://")
            .map(|(_, url)| url.trim_end_matches('/'));
        let address = address.and_then(|address| address.parse().ok());
        let address = address.with_context(|| format!("no address in {line:?}"))?;
        let line = process.line_with("SHA-256 ")?;
        let fingerprint = line
            .split_once("SHA-256 ")
            .map(|(_, rest)| rest.trim().to_owned());
        let printed_password = if first && password.is_none() {
            let line = process.line_with("password")?;
            let (_, rest) = line.split_once(": ").context("no password is printed")?;
            rest.split(' ').next().map(ToOwned::to_owned)
        } else {
            None
        };
        Ok(Self {
            process,
            state: state.to_owned(),
            folder: None,
            address,
            printed_fingerprint: fingerprint.context("no fingerprint is printed")?,
            printed_password,
            transcript: transcript.clone(),
            logged_before,
        })
    }
}
