//! `cargo xtask bare-metal`: the pure crates on a microcontroller, in QEMU.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use crate::build::DEBIANS_RUST;
use crate::debian::{self, Tool};
use crate::flags;

const TARGET: &str = "thumbv7em-none-eabihf";

/// How much heap it is first given, which is more than enough.
const HEAP_KIB_MAX: u32 = 64;

/// A program that hangs is one that failed. A good run takes less than a second.
const SECONDS_MAX: &str = "60";

const TOOLS: &[Tool] = &[
    Tool {
        program: "qemu-system-arm",
        package: "qemu-system-arm",
    },
    Tool {
        program: "size",
        package: "binutils",
    },
    Tool {
        program: "openssl",
        package: "openssl",
    },
];

impl flags::BareMetal {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        run(sh, self.install)
    }
}

pub(crate) fn run(sh: &Shell, install: bool) -> Result<()> {
    debian::provide(sh, TOOLS, install)?;
    let toolchain = Toolchain::choose(sh, install)?;
    let program = toolchain.build(sh, HEAP_KIB_MAX)?;
    let said = start(sh, &program)?;
    println!("{said}");
    let request = said
        .lines()
        .find_map(|line| line.strip_prefix("request "))
        .context("it printed no request")?;
    let judge = cmd!(sh, "openssl req -inform DER -verify -noout -subject")
        .stdin(octets(request)?)
        .read()?;
    println!("OpenSSL: {judge}");

    let size = cmd!(sh, "size {program}").quiet().read()?;
    let flash = size
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().next())
        .context("size printed no table")?;
    println!("flash: {flash} octets, with RSA, P-256, P-384, P-521 and Ed25519");
    println!(
        "heap: {} KiB are enough",
        heap_that_is_enough(sh, &toolchain)?
    );
    Ok(())
}

/// Whose compiler builds it.
enum Toolchain {
    Rustup,
    /// Debian's, which builds `core` and `alloc` itself.
    Debian,
}

impl Toolchain {
    fn choose(sh: &Shell, install: bool) -> Result<Self> {
        if cmd!(sh, "rustup target add {TARGET}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_ok()
        {
            return Ok(Self::Rustup);
        }
        println!("rustup cannot add {TARGET}: building with Debian's rustc and its sources");
        debian::provide(sh, DEBIANS_RUST, install)?;
        Ok(Self::Debian)
    }

    /// Builds the program with so much heap, and says where it is.
    fn build(&self, sh: &Shell, heap_kib: u32) -> Result<PathBuf> {
        let folder = sh.current_dir().join("target/bare-metal");
        let cargo = match self {
            Self::Rustup => cmd!(sh, "cargo build --locked"),
            Self::Debian => cmd!(sh, "/usr/bin/cargo build --locked -Zbuild-std=core,alloc")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1"),
        };
        cargo
            .args(["--quiet", "--manifest-path", "bare-metal/Cargo.toml"])
            .args(["--release", "--target", TARGET])
            .env("CARGO_TARGET_DIR", &folder)
            .env("HEAP_KIB", heap_kib.to_string())
            .quiet()
            .run()?;
        Ok(folder.join(TARGET).join("release/bare-metal"))
    }
}

/// Starts it on an emulated Cortex-M4, and gives back what it said when it ended well.
fn start(sh: &Shell, program: &Path) -> Result<String> {
    let said = cmd!(
        sh,
        "timeout {SECONDS_MAX} qemu-system-arm -M mps2-an386 -nographic
         -semihosting-config enable=on,target=native -kernel {program}"
    );
    said.quiet()
        .read()
        .context("the program on the microcontroller failed")
}

/// The smallest heap with which it ends well.
fn heap_that_is_enough(sh: &Shell, toolchain: &Toolchain) -> Result<u32> {
    let (mut too_small, mut enough) = (0, HEAP_KIB_MAX);
    while too_small + 1 < enough {
        let middle = too_small.midpoint(enough);
        let program = toolchain.build(sh, middle)?;
        // What it says when memory runs out is expected here, and for nobody.
        match start(sh, &program) {
            Ok(_) => enough = middle,
            Err(_) => too_small = middle,
        }
    }
    Ok(enough)
}

fn octets(hexadecimal: &str) -> Result<Vec<u8>> {
    ensure!(hexadecimal.is_ascii(), "the request is not hexadecimal");
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn hexadecimal_becomes_octets_or_is_refused() {
        assert_eq!(octets("30820108").ok(), Some(vec![0x30, 0x82, 0x01, 0x08]));
        assert!(octets("no").is_err());
        assert!(octets("é0").is_err());
    }
}
