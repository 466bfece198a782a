//! `firmware/image/image.toml`: what goes into an image.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use xshell::Shell;

use crate::target::Target;

/// What an image of one target is made from.
pub(crate) struct Recipe {
    pub(crate) target: Target,
    /// Where image.toml and its files are.
    pub(crate) source: PathBuf,
    /// Where everything is made.
    pub(crate) folder: PathBuf,
    pub(crate) suites: Vec<String>,
    pub(crate) packages: Vec<String>,
    pub(crate) partitions: Partitions,
    pub(crate) board: Board,
    pub(crate) root: Root,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    suites: Vec<String>,
    packages: Vec<String>,
    partitions: Partitions,
    root: Root,
    armv7: Board,
    aarch64: Board,
}

/// Octets that may not be exceeded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    pub(crate) binary: u64,
    pub(crate) root: u64,
    pub(crate) slot: u64,
}

/// MiB of each partition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Partitions {
    pub(crate) boot: u64,
    pub(crate) slots: u64,
    pub(crate) root: u64,
    pub(crate) state: u64,
}

/// What differs between boards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Board {
    /// The package that depends on the kernel's.
    pub(crate) kernel: String,
    pub(crate) budget: Budget,
    /// The serial line that is the console.
    pub(crate) serial: String,
    /// The command that starts QEMU as this board.
    pub(crate) qemu: Vec<String>,
}

/// What the root file system has, besides the files under `root`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Root {
    pub(crate) modules: Vec<String>,
    pub(crate) folders: Vec<String>,
    pub(crate) applets: Vec<String>,
}

impl Recipe {
    pub(crate) fn read(sh: &Shell, target: Target) -> Result<Self> {
        let source = sh.current_dir().join("firmware/image");
        let path = source.join("image.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let folder = sh.current_dir().join("target/image").join(target.name());
        fs::create_dir_all(&folder)?;
        Ok(Self {
            target,
            source,
            folder,
            suites: file.suites,
            packages: file.packages,
            partitions: file.partitions,
            board: match target {
                Target::Aarch64 => file.aarch64,
                Target::Armv7 => file.armv7,
            },
            root: file.root,
        })
    }
}
