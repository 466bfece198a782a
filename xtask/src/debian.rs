//! Debian's packages on the machine that builds.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use xshell::{Shell, cmd};

/// A program that a command needs, and the Debian package that brings it.
pub(crate) struct Tool {
    /// The name of the program, or the path of a file.
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Sees to it that every tool is there, installing what is missing if it may.
///
/// # Errors
///
/// When one is missing in the end; the message says which and how to get it.
pub(crate) fn provide(sh: &Shell, tools: &[Tool], install: bool) -> Result<()> {
    let missing = |sh: &Shell| -> Vec<&Tool> {
        let tools = tools.iter();
        tools.filter(|tool| !is_there(sh, tool.program)).collect()
    };
    if install {
        let mut debian = Debian::new(sh);
        for tool in missing(sh) {
            debian.install(sh, tool.package)?;
        }
    }
    let missing = missing(sh);
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    bail!(
        "missing here: {}. Install with --install, or: apt-get install {}",
        programs.join(", "),
        packages.join(" ")
    )
}

/// Whether a program is found, or the file whose path it is. Those that are for root
/// only are found too: what they do here needs no root.
fn is_there(sh: &Shell, program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).exists();
    }
    let folders = sh.var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).collect::<Vec<_>>();
    let system = ["/usr/sbin", "/sbin"].map(Into::into);
    let mut all = folders.into_iter().chain(system);
    all.any(|folder| folder.join(program).exists())
}

/// Debian's packages, whose lists are fetched before the first is installed.
pub(crate) struct Debian {
    allowed: bool,
    lists_are_new: bool,
}

impl Debian {
    pub(crate) fn new(sh: &Shell) -> Self {
        Self {
            allowed: is_root_on_debian(sh),
            lists_are_new: false,
        }
    }

    pub(crate) fn install(&mut self, sh: &Shell, package: &str) -> Result<()> {
        ensure!(
            self.allowed,
            "Debian packages are installed as root on a Debian system only"
        );
        if !self.lists_are_new {
            cmd!(sh, "apt-get update --quiet").run()?;
            self.lists_are_new = true;
        }
        cmd!(
            sh,
            "apt-get install --quiet --yes --no-install-recommends {package}"
        )
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
        Ok(())
    }
}

fn is_root_on_debian(sh: &Shell) -> bool {
    is_root(sh) && Path::new("/usr/bin/apt-get").exists()
}

pub(crate) fn is_root(sh: &Shell) -> bool {
    cmd!(sh, "id --user")
        .quiet()
        .read()
        .is_ok_and(|id| id == "0")
}
