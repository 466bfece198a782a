//! `cargo xtask boot`: the image in QEMU, with its serial line on this terminal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xshell::Shell;

use crate::debian::{self, Tool};
use crate::flags;
use crate::image::{self, Recipe};
use crate::target::Target;

/// Where the ports of the unit are found on this machine.
const HTTPS_PORT: u16 = 8443;
const SSH_PORT: u16 = 8022;

impl flags::Boot {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        debian::provide(sh, tools(self.target), self.install)?;
        let recipe = Recipe::read(sh, self.target)?;
        let made = image::made(sh, &recipe, self.install)?;
        let disk = disk(&made.disk, self.fresh)?;
        println!(
            "{} in QEMU; https://127.0.0.1:{HTTPS_PORT}/ once it is up. Ctrl-A X ends it.",
            self.target
        );
        let status = qemu(&recipe, &disk)?.status()?;
        ensure!(status.success(), "QEMU ended with {status}");
        Ok(())
    }
}

/// A copy of the image that is written to, kept from one start to the next.
fn disk(image: &Path, fresh: bool) -> Result<PathBuf> {
    let copy = image.with_file_name("running.img");
    if fresh || !copy.exists() {
        fs::copy(image, &copy)?;
    }
    Ok(copy)
}

/// The board, with the ports of the unit on loopback of this machine.
fn qemu(recipe: &Recipe, disk: &Path) -> Result<Command> {
    let fill = |argument: &String| {
        argument
            .replace("@DISK@", &disk.display().to_string())
            .replace("@HTTPS@", &HTTPS_PORT.to_string())
            .replace("@SSH@", &SSH_PORT.to_string())
    };
    let mut arguments = recipe.board.qemu.iter().map(fill);
    let mut qemu = Command::new(arguments.next().context("the board has no command")?);
    qemu.args(arguments);
    Ok(qemu)
}

/// What boots it.
pub(crate) fn tools(target: Target) -> &'static [Tool] {
    match target {
        Target::Aarch64 => &[
            Tool {
                program: "qemu-system-aarch64",
                package: "qemu-system-arm",
            },
            Tool {
                program: "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
                package: "u-boot-qemu",
            },
        ],
        Target::Armv7 => &[
            Tool {
                program: "qemu-system-arm",
                package: "qemu-system-arm",
            },
            Tool {
                program: "/usr/lib/u-boot/qemu_arm/u-boot.bin",
                package: "u-boot-qemu",
            },
        ],
    }
}
