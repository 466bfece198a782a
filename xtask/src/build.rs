//! `cargo xtask build`: the program `countersign` for an appliance, static and stripped.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use xshell::{Cmd, Shell, cmd};

use crate::debian::{self, Tool};
use crate::flags;
use crate::key::Key;
use crate::target::Target;

/// The profile of what is flashed, in the workspace's manifest.
const PROFILE: &str = "appliance";

/// Whose compiler builds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The installed Rust, with the target's standard library from rustup.
    Rustup,
    /// Debian's `rustc-web`, which builds the standard library itself from
    /// `rust-web-src`: for where rustup cannot fetch anything.
    Debian,
}

impl FromStr for Toolchain {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "rustup" => Ok(Self::Rustup),
            "debian" => Ok(Self::Debian),
            _ => bail!("there is no toolchain \"{name}\"; choose rustup or debian"),
        }
    }
}

impl flags::Build {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        let key = Key::of(sh, None)?;
        let binary = build(sh, self.target, &key, self.toolchain, self.install)?;
        let octets = std::fs::metadata(&binary)?.len();
        println!("{} ({octets} octets)", binary.display());
        Ok(())
    }
}

/// Builds the program, and says where it is.
pub(crate) fn build(
    sh: &Shell,
    target: Target,
    key: &Key,
    toolchain: Option<Toolchain>,
    install: bool,
) -> Result<PathBuf> {
    debian::provide(sh, cross_tools(target), install)?;
    let toolchain = match toolchain {
        Some(forced) => forced,
        None => choose(sh, target),
    };
    let folder = build_folder(sh, toolchain);
    let triple = target.triple();
    let cargo = match toolchain {
        Toolchain::Rustup => {
            println!("building for {target} with rustup's standard library");
            if !has_library(sh, target) {
                cmd!(sh, "rustup target add {triple}").run()?;
            }
            cmd!(sh, "cargo build --locked")
        }
        Toolchain::Debian => {
            println!("building for {target} with Debian's rustc and its sources");
            debian::provide(sh, DEBIANS_RUST, install)?;
            cmd!(sh, "/usr/bin/cargo build --locked -Zbuild-std=std")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
        }
    };
    let cargo = cargo
        .args(["--package", "firmware", "--bin", "countersign"])
        .args(["--profile", PROFILE, "--target", triple]);
    with_target(cargo, sh, target)?
        .env("CARGO_TARGET_DIR", &folder)
        .env("COUNTERSIGN_UPGRADE_KEY", key.public())
        .run()?;
    Ok(folder.join(triple).join(PROFILE).join("countersign"))
}

/// rustup where it has the target's library, or can fetch it.
fn choose(sh: &Shell, target: Target) -> Toolchain {
    let triple = target.triple();
    let fetched = || {
        cmd!(sh, "rustup target add {triple}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_ok()
    };
    if has_library(sh, target) || fetched() {
        Toolchain::Rustup
    } else {
        Toolchain::Debian
    }
}

fn has_library(sh: &Shell, target: Target) -> bool {
    let installed = cmd!(sh, "rustc --print sysroot").quiet().read();
    installed.is_ok_and(|sysroot| {
        let library = Path::new(&sysroot).join("lib/rustlib");
        library.join(target.triple()).is_dir()
    })
}

/// Each compiler has a folder of its own: what one has built, the other would build anew.
fn build_folder(sh: &Shell, toolchain: Toolchain) -> PathBuf {
    let folder = sh.current_dir().join("target");
    match toolchain {
        Toolchain::Rustup => folder,
        Toolchain::Debian => folder.join("debian"),
    }
}

/// Adds to `cargo` what the target asks for: the linker, everything static, no path of
/// this machine in what is built, and the commit that it is built from.
fn with_target<'a>(cargo: Cmd<'a>, sh: &Shell, target: Target) -> Result<Cmd<'a>> {
    let here = sh.current_dir();
    let home = match sh.var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(sh.var("HOME")?).join(".cargo"),
    };
    let (here, home) = (here.display(), home.display());
    let rust = format!(
        "-C target-feature=+crt-static -C relocation-model=static \
         --remap-path-prefix={here}=/countersign --remap-path-prefix={home}=/cargo{}",
        target.code()
    );
    let c = format!("-ffile-prefix-map={here}=/countersign -ffile-prefix-map={home}=/cargo");
    let triple = target.triple();
    let lower = triple.replace('-', "_");
    let upper = lower.to_uppercase();
    Ok(cargo
        .env(format!("CARGO_TARGET_{upper}_LINKER"), target.gcc())
        .env(format!("CARGO_TARGET_{upper}_RUSTFLAGS"), rust)
        .env(format!("CC_{lower}"), target.gcc())
        .env(format!("CFLAGS_{lower}"), c)
        .env("COUNTERSIGN_COMMIT", commit(sh)?))
}

/// The commit that is checked out, with a `+` where the tree differs from it.
pub(crate) fn commit(sh: &Shell) -> Result<String> {
    let commit = cmd!(sh, "git rev-parse --short=12 HEAD").quiet().read();
    let commit = commit.context("what is flashed names its commit, so build in a clone of git")?;
    let changed = cmd!(sh, "git status --porcelain --untracked-files=no")
        .quiet()
        .read()?;
    let mark = if changed.is_empty() { "" } else { "+" };
    Ok(format!("{commit}{mark}"))
}

/// When that commit was made, in seconds of Unix time: what is built bears no later one.
pub(crate) fn commit_time(sh: &Shell) -> Result<u64> {
    let time = cmd!(sh, "git show --no-patch --format=%ct HEAD")
        .quiet()
        .read()?;
    time.trim()
        .parse()
        .context("git gave no time of the commit")
}

fn cross_tools(target: Target) -> &'static [Tool] {
    match target {
        Target::Aarch64 => &[
            Tool {
                program: "aarch64-linux-gnu-gcc",
                package: "gcc-aarch64-linux-gnu",
            },
            Tool {
                program: "/usr/aarch64-linux-gnu/lib/libc.a",
                package: "libc6-dev-arm64-cross",
            },
        ],
        Target::Armv7 => &[
            Tool {
                program: "arm-linux-gnueabihf-gcc",
                package: "gcc-arm-linux-gnueabihf",
            },
            Tool {
                program: "/usr/arm-linux-gnueabihf/lib/libc.a",
                package: "libc6-dev-armhf-cross",
            },
        ],
    }
}

pub(crate) const DEBIANS_RUST: &[Tool] = &[
    Tool {
        program: "/usr/bin/rustc",
        package: "rustc-web",
    },
    Tool {
        program: "/usr/bin/cargo",
        package: "cargo-web",
    },
    Tool {
        program: "/usr/lib/rustlib/src/rust/library/Cargo.lock",
        package: "rust-web-src",
    },
];
