//! Programs run as peers and as judges.

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// A program that runs longer than this is ended, and the test fails, unless it is
/// given more.
const RUN_MAX: Duration = Duration::from_secs(60);

/// Variables that would let a judge trust more, or something else, than it is told.
const TRUST_VARIABLES: [&str; 5] = [
    "CURL_CA_BUNDLE",
    "OPENSSL_CONF",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// A program about to be run.
pub struct Tool {
    command: Command,
    stdin: Vec<u8>,
    run_max: Duration,
}

/// A program that runs beside the test. It is killed when this is dropped.
pub struct Running(Child);

impl Running {
    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }

    /// The number of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What a program that ended has left.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

impl Tool {
    /// The program of this name, or at this path.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for variable in TRUST_VARIABLES {
            command.env_remove(variable);
        }
        Self {
            command,
            stdin: Vec::new(),
            run_max: RUN_MAX,
        }
    }

    /// `openssl` with this command line, whose words are parted by spaces.
    #[must_use]
    pub fn openssl(arguments: &str) -> Self {
        Self::new("openssl").args(arguments)
    }

    /// Adds arguments, parted by spaces.
    #[must_use]
    pub fn args(mut self, arguments: &str) -> Self {
        self.command.args(arguments.split_whitespace());
        self
    }

    /// Adds one argument, which may hold spaces.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Gives it this as standard input; without, it is empty.
    #[must_use]
    pub fn stdin(mut self, octets: impl Into<Vec<u8>>) -> Self {
        self.stdin = octets.into();
        self
    }

    /// Gives it this long; without, a minute.
    #[must_use]
    pub fn within(mut self, run_max: Duration) -> Self {
        self.run_max = run_max;
        self
    }

    /// Runs it, and fails when it does.
    pub fn run(self) -> Result<Ran> {
        let shown = self.to_string();
        let ran = self.try_run()?;
        ensure!(
            ran.status.success(),
            "{shown}\n{}: {}{}",
            ran.status,
            ran.text(),
            ran.stderr
        );
        Ok(ran)
    }

    /// Starts it, and lets it run until what this returns is dropped.
    pub fn start(mut self) -> Result<Running> {
        println!("$ {self} &");
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(Running(self.spawn()?))
    }

    fn spawn(&mut self) -> Result<Child> {
        let program = self.command.get_program().to_string_lossy().into_owned();
        self.command.spawn().with_context(|| {
            format!("{program} could not be started; `cargo xtask test` installs what is missing")
        })
    }

    /// Runs it, however it ends.
    pub fn try_run(mut self) -> Result<Ran> {
        println!("$ {self}");
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let program = self.command.get_program().to_string_lossy().into_owned();
        let mut child = self.spawn()?;
        let stdin = child.stdin.take();
        let typed = self.stdin;
        let typing = thread::spawn(move || {
            // A program that does not read to the end may still have done its work.
            stdin.map(|mut stdin| stdin.write_all(&typed))
        });
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let status = wait(&mut child, &program, self.run_max)?;
        drop(typing.join());
        Ok(Ran {
            status,
            stdout: finished(stdout)?,
            stderr: String::from_utf8_lossy(&finished(stderr)?).into_owned(),
        })
    }
}

impl std::fmt::Display for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.command.get_program().to_string_lossy())?;
        self.command
            .get_args()
            .try_for_each(|argument| write!(f, " {}", argument.to_string_lossy()))
    }
}

impl Ran {
    /// Its standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

fn wait(child: &mut Child, program: &str, run_max: Duration) -> Result<ExitStatus> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if began.elapsed() > run_max {
            child.kill()?;
            child.wait()?;
            bail!("{program} had not ended after {run_max:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

type Collecting = JoinHandle<std::io::Result<Vec<u8>>>;

fn collect(pipe: Option<impl Read + Send + 'static>) -> Collecting {
    thread::spawn(move || {
        let mut octets = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut octets)?;
        }
        Ok(octets)
    })
}

fn finished(collecting: Collecting) -> Result<Vec<u8>> {
    let collected = collecting
        .join()
        .map_err(|_| anyhow::anyhow!("reading a pipe panicked"))?;
    Ok(collected?)
}
