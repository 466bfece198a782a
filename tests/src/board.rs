//! An appliance in QEMU: the image that is flashed, its serial line, its ports.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::secrets::Transcript;
use crate::tool::Tool;

/// A board has this long for what is waited for: everything in it is emulated.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the serial line is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What of `firmware/image/image.toml` starts a board.
#[derive(Deserialize)]
struct Recipe {
    armv7: Emulated,
    aarch64: Emulated,
}

#[derive(Deserialize)]
struct Emulated {
    qemu: Vec<String>,
}

/// A disk of its own for a board.
pub struct Disk {
    folder: TempDir,
    target: String,
}

impl Disk {
    /// A copy of the image of a target, which `cargo xtask image` has made.
    pub fn new(target: &str) -> Result<Self> {
        let disk = Self {
            folder: tempfile::tempdir()?,
            target: target.into(),
        };
        let image = made(target)?.join("disk.img");
        let copied = Command::new("cp")
            .arg("--sparse=always")
            .arg(&image)
            .arg(disk.path())
            .status()?;
        if !copied.success() {
            bail!("{} could not be copied", image.display());
        }
        Ok(disk)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk.img")
    }

    /// What is in a partition, while the board is off.
    pub fn partition(&self, name: &str) -> Result<Vec<u8>> {
        let (start, length) = self.place(name)?;
        let mut octets = vec![0; usize::try_from(length)?];
        let mut disk = File::open(self.path())?;
        disk.seek(SeekFrom::Start(start))?;
        disk.read_exact(&mut octets)?;
        Ok(octets)
    }

    /// Replaces what a partition begins with, while the board is off.
    pub fn overwrite(&self, name: &str, octets: &[u8]) -> Result<()> {
        let (start, length) = self.place(name)?;
        ensure!(u64::try_from(octets.len())? <= length, "too much");
        let mut disk = OpenOptions::new().write(true).open(self.path())?;
        disk.seek(SeekFrom::Start(start))?;
        Ok(disk.write_all(octets)?)
    }

    /// Where a partition starts, and how long it is.
    fn place(&self, name: &str) -> Result<(u64, u64)> {
        const SECTOR_OCTETS: u64 = 512;
        let sfdisk = Tool::new("/sbin/sfdisk").args("--json").arg(self.path());
        let table: Value = serde_json::from_slice(&sfdisk.run()?.stdout)?;
        let partitions = table["partitiontable"]["partitions"].as_array();
        let mut partitions = partitions.context("no partitions")?.iter();
        let found = partitions.find(|partition| partition["name"] == name);
        let found = found.with_context(|| format!("no partition {name}"))?;
        let number = |key: &str| found[key].as_u64().context("no number");
        Ok((
            number("start")? * SECTOR_OCTETS,
            number("size")? * SECTOR_OCTETS,
        ))
    }
}

/// The folder of what `cargo xtask image` has made for a target.
pub fn made(target: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = workspace.join("target/image").join(target);
    folder.canonicalize().with_context(|| {
        format!("there is no image; make it with cargo xtask image --target {target}")
    })
}

/// A board that runs. Its power is cut when this is dropped.
pub struct Board {
    qemu: Child,
    input: ChildStdin,
    said: Arc<Mutex<String>>,
    /// So much of what it said has been looked at.
    seen: usize,
    /// Where its HTTPS is.
    pub address: SocketAddr,
    /// Where its SSH is.
    pub ssh: SocketAddr,
    transcript: Transcript,
}

impl Board {
    /// Switches it on.
    pub fn start(disk: &Disk) -> Result<Self> {
        let text = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/image/image.toml"),
        )?;
        let recipe: Recipe = toml::from_str(&text)?;
        let emulated = match &*disk.target {
            "armv7" => recipe.armv7,
            _ => recipe.aarch64,
        };
        let (address, ssh) = free_addresses()?;
        let fill = |argument: &String| {
            argument
                .replace("@DISK@", &disk.path().display().to_string())
                .replace("@HTTPS@", &address.port().to_string())
                .replace("@SSH@", &ssh.port().to_string())
        };
        let mut arguments = emulated.qemu.iter().map(fill);
        let mut command = Command::new(arguments.next().context("no command")?);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        println!("$ {command:?}");
        let mut qemu = command.spawn()?;
        let input = qemu.stdin.take().context("no standard input")?;
        let mut output = qemu.stdout.take().context("no standard output")?;
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut octets) {
                let text = String::from_utf8_lossy(octets.get(..read).unwrap_or_default());
                print!("{text}");
                let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                said.push_str(&text);
            }
        });
        Ok(Self {
            qemu,
            input,
            said,
            seen: 0,
            address,
            ssh,
            transcript: Transcript::default(),
        })
    }

    /// What the serial line says up to and with `text`, from where it was last looked at.
    pub fn hear(&mut self, text: &str) -> Result<String> {
        self.hear_within(text, PATIENCE)
    }

    /// The same, for what takes so long.
    pub fn hear_within(&mut self, text: &str, patience: Duration) -> Result<String> {
        let deadline = Instant::now() + patience;
        loop {
            {
                let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                let new = said.get(self.seen..).unwrap_or_default();
                if let Some(at) = new.find(text) {
                    let end = at + text.len();
                    self.seen += end;
                    return Ok(new.get(..end).unwrap_or_default().to_owned());
                }
                if Instant::now() > deadline {
                    bail!("the serial line did not say {text:?}, but: {new}");
                }
            }
            thread::sleep(LOOK);
        }
    }

    /// All that the serial line has said.
    #[must_use]
    pub fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    /// Types a line on the serial line.
    pub fn say(&mut self, line: &str) -> Result<()> {
        self.input.write_all(line.as_bytes())?;
        self.input.write_all(b"\r")?;
        Ok(self.input.flush()?)
    }

    /// A browser that goes there.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(self.address, self.transcript.clone())
    }

    /// Waits until a browser is answered.
    pub fn serves(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.browser().open("/login") {
                Ok(_) => return Ok(()),
                Err(why) if Instant::now() > deadline => return Err(why),
                Err(_) => thread::sleep(LOOK * 4),
            }
        }
    }

    /// Cuts the power.
    pub fn cut(mut self) -> Result<()> {
        self.qemu.kill()?;
        self.qemu.wait()?;
        Ok(())
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

/// Two addresses that nobody listens on.
fn free_addresses() -> Result<(SocketAddr, SocketAddr)> {
    let (one, two) = (
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    );
    Ok((one.local_addr()?, two.local_addr()?))
}
