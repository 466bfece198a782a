//! `cargo xtask boot`: the image in QEMU, with its serial line on this terminal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use xshell::Shell;

use crate::debian::{self, Tool};
use crate::flags;
use crate::image;
use crate::target::Target;

/// Where the ports of the unit are found on this machine.
const HTTPS_PORT: u16 = 8443;
const SSH_PORT: u16 = 8022;

impl flags::Boot {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        debian::provide(sh, tools(self.target), self.install)?;
        let made = image::made(sh, self.target, self.install)?;
        let disk = disk(&made, self.fresh)?;
        println!(
            "{} in QEMU; https://127.0.0.1:{HTTPS_PORT}/ once it is up. Ctrl-A X ends it.",
            self.target
        );
        let status = qemu(self.target, &disk).status()?;
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
fn qemu(target: Target, disk: &Path) -> Command {
    let (program, processor, u_boot) = match target {
        Target::Aarch64 => (
            "qemu-system-aarch64",
            "cortex-a53",
            "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
        ),
        Target::Armv7 => (
            "qemu-system-arm",
            "cortex-a15",
            "/usr/lib/u-boot/qemu_arm/u-boot.bin",
        ),
    };
    let drive = format!("if=none,id=disk,format=raw,file={}", disk.display());
    let network = format!(
        "user,id=net,hostfwd=tcp:127.0.0.1:{HTTPS_PORT}-:443,hostfwd=tcp:127.0.0.1:{SSH_PORT}-:22"
    );
    let mut qemu = Command::new(program);
    qemu.args(["-machine", "virt", "-cpu", processor, "-m", "256"])
        .args(["-nographic", "-bios", u_boot])
        .args(["-drive", &drive, "-device", "virtio-blk-device,drive=disk"])
        .args([
            "-netdev",
            &network,
            "-device",
            "virtio-net-device,netdev=net",
        ])
        .args(["-device", "virtio-rng-device"]);
    qemu
}

fn tools(target: Target) -> &'static [Tool] {
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
