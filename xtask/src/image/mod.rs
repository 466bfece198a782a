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
mod size;
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
use size::Sizes;

impl flags::Image {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        debian::provide(sh, TOOLS, self.install)?;
        let recipe = Recipe::read(sh, self.target)?;
        if self.update {
            return packages::update(sh, &recipe);
        }
        let key = Key::of(sh, self.key.as_deref())?;
        let made = make(sh, &recipe, &key, self.toolchain, self.install)?;
        println!("{}", made.disk.display());
        Ok(())
    }
}

/// An image that was made.
pub(crate) struct Made {
    pub(crate) disk: PathBuf,
    pub(crate) sizes: Sizes,
}

/// Makes the image with the key of developers.
pub(crate) fn made(sh: &Shell, recipe: &Recipe, install: bool) -> Result<Made> {
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
) -> Result<Made> {
    let target = recipe.target;
    let binary = build::build(sh, target, key, toolchain, install)?;
    let made_at = build::commit_time(sh)?;
    let packages = packages::unpack(sh, recipe)?;
    let state = disk::empty_state(sh, recipe, made_at)?;
    let root = root::gather(sh, recipe, &packages, &binary, &state)?;
    let archive = root::archive(&root)?;
    let slot = slot::make(sh, recipe, &packages, &archive, made_at)?;
    let kernel = slot.kernel_octets;
    let slot = slot.path;
    let sizes = Sizes {
        program: octets(&binary)?,
        root: len(&archive)?,
        slot: octets(&slot)?.saturating_sub(kernel),
        kernel,
    };
    check_budget(&sizes, recipe)?;
    let disk = disk::make(sh, recipe, &slot, &state, made_at)?;
    let bundle = bundle::make(sh, recipe, key, &slot)?;
    documents::write(sh, recipe, &packages, &root, &[&disk, &bundle])?;
    Ok(Made { disk, sizes })
}

fn check_budget(sizes: &Sizes, recipe: &Recipe) -> Result<()> {
    for (what, octets, budget) in sizes.parts(&recipe.board.budget) {
        let budget = budget.unwrap_or(u64::MAX);
        ensure!(
            octets <= budget,
            "the {what} has {octets} octets, and may have {budget} (firmware/image/image.toml)"
        );
    }
    Ok(())
}

fn octets(path: &std::path::Path) -> Result<u64> {
    let metadata = fs::metadata(path);
    Ok(metadata.with_context(|| path.display().to_string())?.len())
}

fn len(bytes: &[u8]) -> Result<u64> {
    Ok(u64::try_from(bytes.len())?)
}
