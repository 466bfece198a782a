//! Firefox, driven through its own Marionette protocol
//! (<https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html>): WebDriver's
//! commands as JSON over TCP, so that no driver stands between.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tool::Tool;

/// Firefox has this long to start, and for each command.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// How long lies between two looks whether it has started.
const POLL: Duration = Duration::from_millis(50);

/// The digits of the largest answer's length.
const LENGTH_DIGITS_MAX: usize = 8;

/// Names of the documentation's domain lead to this machine, and nothing leaves it.
const PREFERENCES: &str = "\
user_pref(\"marionette.port\", 0);
user_pref(\"network.dns.disableIPv6\", true);
user_pref(\"network.dns.localDomains\", \"ntp1.example.net,ntp2.example.net\");
user_pref(\"network.proxy.type\", 0);
user_pref(\"app.update.disabledForTesting\", true);
user_pref(\"network.captive-portal-service.enabled\", false);
user_pref(\"network.connectivity-service.enabled\", false);
user_pref(\"services.settings.server\", \"data:,\");
user_pref(\"toolkit.telemetry.server\", \"data:,\");
";

/// A profile, with the certificates that Firefox trusts there.
pub struct Profile {
    folder: TempDir,
}

impl Profile {
    /// A profile in which nothing is trusted beyond what everybody trusts.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("user.js"), PREFERENCES)?;
        let profile = Self { folder };
        profile.shell("certutil -d sql:. -N --empty-password")?;
        Ok(profile)
    }

    /// Types a command line at a shell in the folder of the profile, where
    /// `cert.pem` is this certificate.
    pub fn shell_with(&self, pem: &[u8], line: &str) -> Result<()> {
        fs::write(self.folder.path().join("cert.pem"), pem)?;
        self.shell(line)
    }

    fn shell(&self, line: &str) -> Result<()> {
        let shell = Tool::new("sh").in_folder(self.folder.path());
        shell.arg("-c").arg(line).run()?;
        Ok(())
    }
}

/// A running Firefox.
pub struct Firefox {
    process: Child,
    connection: TcpStream,
    /// The number of the last command.
    last: u64,
}

impl Firefox {
    /// Starts Firefox with this profile. It accepts no certificate but those that are
    /// trusted there.
    pub fn start(profile: &Profile) -> Result<Self> {
        let folder = profile.folder.path();
        let port_file = folder.join("MarionetteActivePort");
        drop(fs::remove_file(&port_file));
        let mut process = Command::new("firefox-esr")
            .args(["--headless", "--no-remote", "--marionette", "--profile"])
            .arg(folder)
            .env("HOME", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("firefox-esr could not be started; `cargo xtask test --long` installs it")?;
        let connection = match connect(&port_file) {
            Ok(connection) => connection,
            Err(error) => {
                drop(process.kill());
                drop(process.wait());
                return Err(error);
            }
        };
        let mut firefox = Self {
            process,
            connection,
            last: 0,
        };
        let greeting = firefox.receive()?;
        ensure!(
            greeting["marionetteProtocol"] == 3,
            "another protocol: {greeting}"
        );
        firefox.command("WebDriver:NewSession", &json!({}))?;
        Ok(firefox)
    }

    /// Opens this address. Returns the error of the warning that is shown instead of a
    /// page, such as `SSL_ERROR_BAD_CERT_DOMAIN`.
    pub fn open(&mut self, url: &str) -> Result<Option<String>> {
        println!("> {url}");
        let Err(error) = self.command("WebDriver:Navigate", &json!({ "url": url })) else {
            return Ok(None);
        };
        if !error.to_string().starts_with("insecure certificate") {
            return Err(error);
        }
        let shown = "return document.getFailedCertSecurityInfo().errorCodeString";
        self.script(shown).map(Some)
    }

    /// The title of what is shown.
    pub fn title(&mut self) -> Result<String> {
        self.script("return document.title")
    }

    fn script(&mut self, script: &str) -> Result<String> {
        // Without a sandbox, a warning lets itself be asked for its reason.
        let asked = json!({ "script": script, "args": [], "sandbox": null });
        let answer = self.command("WebDriver:ExecuteScript", &asked)?;
        let text = answer["value"].as_str();
        Ok(text
            .with_context(|| format!("no text, but {answer}"))?
            .to_owned())
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Result<Value> {
        self.last += 1;
        let message = json!([0, self.last, name, parameters]).to_string();
        write!(self.connection, "{}:{message}", message.len())?;
        let mut answer = self.receive()?;
        ensure!(answer[1] == self.last, "another answer: {answer}");
        let error = &answer[2];
        if !error.is_null() {
            bail!(
                "{}: {name}: {}",
                error["error"].as_str().unwrap_or_default(),
                error["message"]
            )
        }
        Ok(answer[3].take())
    }

    /// The next message: its length in decimal digits, a colon, and JSON.
    fn receive(&mut self) -> Result<Value> {
        let mut length = 0_usize;
        for _ in 0..=LENGTH_DIGITS_MAX {
            let mut octet = [0];
            self.connection.read_exact(&mut octet)?;
            let [octet] = octet;
            if octet == b':' {
                let mut message = vec![0; length];
                self.connection.read_exact(&mut message)?;
                return Ok(serde_json::from_slice(&message)?);
            }
            ensure!(octet.is_ascii_digit(), "{octet} in a length");
            length = length * 10 + usize::from(octet - b'0');
        }
        bail!("a message is too long")
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let at_once = json!({ "flags": ["eForceQuit"] });
        if self.command("Marionette:Quit", &at_once).is_err() {
            drop(self.process.kill());
        }
        drop(self.process.wait());
    }
}

/// Waits until Firefox has written where it listens.
fn connect(port_file: &Path) -> Result<TcpStream> {
    let deadline = Instant::now() + ANSWER_MAX;
    loop {
        let port = fs::read_to_string(port_file).unwrap_or_default();
        if let Ok(port) = port.trim().parse::<u16>() {
            let connection = TcpStream::connect(("127.0.0.1", port))?;
            connection.set_read_timeout(Some(ANSWER_MAX))?;
            return Ok(connection);
        }
        ensure!(
            Instant::now() < deadline,
            "Firefox did not listen within {ANSWER_MAX:?}"
        );
        thread::sleep(POLL);
    }
}
