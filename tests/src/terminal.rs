//! A person at a terminal: pexpect, at a program's terminal or on a serial line.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::unit::{PASSWORD, Unit};

/// What the console asks for a command with.
pub const PROMPT: &str = "countersign> ";
/// A terminal has this long to show what is expected.
const SHOW_SECONDS: u32 = 60;
/// Octets a second at 9600 bits a second, with a start and a stop bit to each.
const CABLE_OCTETS: &str = "960";

/// A terminal. What runs in it is ended when this is dropped.
pub struct Terminal {
    driver: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Terminal {
    /// Runs a program in a terminal.
    pub fn running(command: &[&str]) -> Result<Self> {
        Self::driven_by(&json!({ "command": command }))
    }

    /// The terminal at the end of a serial line.
    pub fn at(device: &Path) -> Result<Self> {
        Self::driven_by(&json!({ "device": device }))
    }

    /// OpenSSH, and a shell over it.
    pub fn ssh(address: SocketAddr) -> Result<Self> {
        let port = address.port().to_string();
        let mut command = vec!["ssh"];
        command.extend(SSH_OPTIONS);
        command.extend(["-p", &port, "admin@127.0.0.1"]);
        Self::running(&command)
    }

    /// The ordinary telnet client.
    pub fn telnet(address: SocketAddr) -> Result<Self> {
        Self::running(&["telnet", "127.0.0.1", &address.port().to_string()])
    }

    /// `countersign console` at a terminal, as a shell runs it: it says which process that
    /// is, then how it ended, and whether the terminal is as it was.
    pub fn local(unit: &Unit) -> Result<Self> {
        let shell = r#"before=$(stty -g)
            sh -c 'echo "process $$."; exec "$@"' sh "$@"
            echo "ended $?."
            test "$before" = "$(stty -g)" && echo restored"#;
        let program = Unit::program()?;
        let [program, state] = [program.as_path(), unit.state()].map(|path| path.to_str());
        let program = program.context("no text")?;
        let state = state.context("no text")?;
        Self::running(&[
            "sh", "-c", shell, "sh", program, "console", "--state", state,
        ])
    }

    fn driven_by(told: &Value) -> Result<Self> {
        println!("$ {told}");
        let mut driver = Command::new("python3")
            .args(["-c", include_str!("terminal.py"), &told.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = driver.stdin.take().context("no input")?;
        let from = driver.stdout.take().context("no output")?;
        let from = BufReader::new(from);
        Ok(Self { driver, to, from })
    }

    /// Waits until this is shown, and returns what was shown before it.
    pub fn expect(&mut self, text: &str) -> Result<String> {
        self.expect_within(text, SHOW_SECONDS)
    }

    /// As [`expect`](Self::expect), with as much patience.
    pub fn expect_within(&mut self, text: &str, seconds: u32) -> Result<String> {
        let said = self.step(&json!({ "expect": text, "seconds": seconds }))?;
        before(&said)
    }

    /// Types this.
    pub fn send(&mut self, text: &str) -> Result<()> {
        self.step(&json!({ "send": text })).map(drop)
    }

    /// Waits until the program has ended; what it showed last, and its exit code.
    pub fn end(&mut self) -> Result<(String, Option<i64>)> {
        let said = self.step(&json!({ "end": true }))?;
        Ok((before(&said)?, said["code"].as_i64()))
    }

    /// Answers a question.
    pub fn answer(&mut self, question: &str, answer: &str) -> Result<String> {
        let before = self.expect(question)?;
        self.send(&format!("{answer}\r"))?;
        Ok(before)
    }

    /// Signs in where name and password are asked for.
    pub fn sign_in(&mut self) -> Result<()> {
        self.answer("login: ", "admin")?;
        self.answer("password: ", PASSWORD)?;
        self.expect(PROMPT).map(drop)
    }

    /// Types a command at the prompt, and returns what it shows until the next.
    pub fn command(&mut self, command: &str) -> Result<String> {
        self.send(&format!("{command}\r"))?;
        let shown = self.expect(PROMPT)?.replace('\r', "");
        let (echo, shown) = shown.split_once('\n').context("no echo")?;
        ensure!(echo == command, "{command:?} was echoed as {echo:?}");
        Ok(shown.to_owned())
    }

    fn step(&mut self, step: &Value) -> Result<Value> {
        writeln!(self.to, "{step}")?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the terminal's driver is gone")?;
        if let Some(fault) = said["fault"].as_str() {
            bail!("{fault} at {step}; shown was {}", said["before"]);
        }
        Ok(said)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

/// Options with which OpenSSH asks nothing but the password, and knows no host.
pub const SSH_OPTIONS: [&str; 8] = [
    "-F",
    "/dev/null",
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
];

fn before(said: &Value) -> Result<String> {
    let before = said["before"].as_str().context("nothing was said")?;
    println!("{before}");
    Ok(before.to_owned())
}

/// A serial cable of 9600 bits a second. It is unplugged when this is dropped.
pub struct Cable {
    driver: Child,
    folder: PathBuf,
}

impl Cable {
    /// Plugs it in; its ends are in this folder.
    pub fn plug_in(folder: &Path) -> Result<Self> {
        let cable = Command::new("python3")
            .args(["-c", include_str!("cable.py")])
            .args([folder.join("unit"), folder.join("laptop")])
            .arg(CABLE_OCTETS)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut cable = Self {
            driver: cable,
            folder: folder.to_owned(),
        };
        let ready = cable.driver.stdout.take().context("no output")?;
        BufReader::new(ready).read_line(&mut String::new())?;
        Ok(cable)
    }

    /// The end at the unit.
    #[must_use]
    pub fn unit(&self) -> PathBuf {
        self.folder.join("unit")
    }

    /// The end at the laptop.
    #[must_use]
    pub fn laptop(&self) -> PathBuf {
        self.folder.join("laptop")
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
        for end in [self.unit(), self.laptop()] {
            drop(fs::remove_file(end));
        }
    }
}
