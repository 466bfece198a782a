//! `cargo xtask image`: what is flashed.
//!
//! ```text
//! Debian's packages ─┐                 kernel ─┐
//! countersign ───────┼─▶ root, a cpio archive ─┴─▶ slot, a FIT image ─▶ disk
//! firmware/image ────┘
//! ```
//!
//! Everything is a function of the commit, the lock of the packages and the compiler:
//! no time, no name and no path of the machine that builds gets in.

mod bundle;
mod disk;
mod documents;
mod packages;
mod recipe;
mod root;
mod slot;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use xshell::Shell;

use crate::build::{self, Toolchain};
use crate::debian::{self, Tool};
use crate::flags;
use crate::key::Key;
pub(crate) use recipe::Recipe;

impl flags::Image {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        debian::provide(sh, TOOLS, self.install)?;
        let recipe = Recipe::read(sh, self.target)?;
        if self.update {
            return packages::update(sh, &recipe);
        }
        let key = Key::of(sh, self.key.as_deref())?;
        let disk = make(sh, &recipe, &key, self.toolchain, self.install)?;
        println!("{}", disk.display());
        Ok(())
    }
}

/// Makes the image with the key of developers, and says where its disk is.
pub(crate) fn made(sh: &Shell, recipe: &Recipe, install: bool) -> Result<PathBuf> {
    debian::provide(sh, TOOLS, install)?;
    make(sh, recipe, &Key::of(sh, None)?, None, install)
}

/// The programs that put it together.
const TOOLS: &[Tool] = &[
    Tool {
        program: "depmod",
        package: "kmod",
    },
    Tool {
        program: "dpkg-deb",
        package: "dpkg",
    },
    Tool {
        program: "mformat",
        package: "mtools",
    },
    Tool {
        program: "mke2fs",
        package: "e2fsprogs",
    },
    Tool {
        program: "mkimage",
        package: "u-boot-tools",
    },
    Tool {
        program: "dtc",
        package: "device-tree-compiler",
    },
    Tool {
        program: "openssl",
        package: "openssl",
    },
    Tool {
        program: "sfdisk",
        package: "fdisk",
    },
    Tool {
        program: "xz",
        package: "xz-utils",
    },
];

/// Makes the disk, to be written to a card, and what goes with it.
fn make(
    sh: &Shell,
    recipe: &Recipe,
    key: &Key,
    toolchain: Option<Toolchain>,
    install: bool,
) -> Result<PathBuf> {
    let target = recipe.target;
    let binary = build::build(sh, target, key, toolchain, install)?;
    let made_at = build::commit_time(sh)?;
    let packages = packages::unpack(sh, recipe)?;
    let state = disk::empty_state(sh, recipe, made_at)?;
    let root = root::gather(sh, recipe, &packages, &binary, &state)?;
    let archive = root::archive(&root)?;
    let slot = slot::make(sh, recipe, &packages, &archive, made_at)?;
    check_budget("the program", octets(&binary)?, recipe.budget.binary)?;
    check_budget("the root file system", len(&archive)?, recipe.budget.root)?;
    let kernel = octets(&packages.kernel)?;
    let without_kernel = octets(&slot)?.saturating_sub(kernel);
    check_budget("the slot", without_kernel, recipe.budget.slot)?;
    let disk = disk::make(sh, recipe, &slot, &state, made_at)?;
    let bundle = bundle::make(sh, recipe, key, &slot)?;
    documents::write(sh, recipe, &packages, &root, &[&disk, &bundle])?;
    println!(
        "{target}: program {} KiB, root {} KiB, slot without the kernel {} KiB, kernel {} KiB",
        octets(&binary)? / 1024,
        len(&archive)? / 1024,
        without_kernel / 1024,
        kernel / 1024,
    );
    Ok(disk)
}

fn check_budget(what: &str, octets: u64, budget: u64) -> Result<()> {
    ensure!(
        octets <= budget,
        "{what} has {octets} octets, and may have {budget} (firmware/image/image.toml)"
    );
    Ok(())
}

fn octets(path: &std::path::Path) -> Result<u64> {
    let metadata = fs::metadata(path);
    Ok(metadata.with_context(|| path.display().to_string())?.len())
}

fn len(bytes: &[u8]) -> Result<u64> {
    Ok(u64::try_from(bytes.len())?)
}
