//! `cargo xtask surface`: what the crates offer to those who link them, as text.
//!
//! `crates/<crate>/surface.txt` lists every public item. A change to it is a line in a
//! review, and what breaks somebody's build does not get by as a detail.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use public_api::Builder;
use xshell::{Shell, cmd};

use crate::flags;

/// The crates that are linked by others, each after those that it needs.
pub(crate) const CRATES: [&str; 4] = ["pki-core", "cert-formats", "cert-policy", "cert-lifecycle"];

impl flags::Surface {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        for (name, surface) in surfaces(sh)? {
            sh.write_file(file_of(name), surface)?;
        }
        Ok(())
    }
}

/// Fails where a crate offers something else than its `surface.txt` says.
pub(crate) fn check(sh: &Shell) -> anyhow::Result<()> {
    let mut changes = String::new();
    for (name, is) in surfaces(sh)? {
        let file = file_of(name);
        let was = sh.read_file(&file).unwrap_or_default();
        let missing_in = |text: &str, line: &&str| !text.lines().any(|other| other == *line);
        for line in was.lines().filter(|line| missing_in(&is, line)) {
            writeln!(changes, "{}: - {line}", file.display())?;
        }
        for line in is.lines().filter(|line| missing_in(&was, line)) {
            writeln!(changes, "{}: + {line}", file.display())?;
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    bail!(
        "the crates offer something else than before:\n{changes}\
         If that is meant, `cargo xtask surface` writes it down, and the changelog of the crate \
         tells of it."
    )
}

fn file_of(name: &str) -> PathBuf {
    Path::new("crates").join(name).join("surface.txt")
}

/// The public items of each crate, one a line, with every feature of theirs that the
/// firmware uses.
fn surfaces(sh: &Shell) -> anyhow::Result<Vec<(&'static str, String)>> {
    // For the whole workspace, as the documentation is made: for one crate alone the
    // features of its dependencies are others, and all of them would be built again.
    cmd!(sh, "cargo doc --workspace --no-deps --quiet")
        .env("RUSTDOC", sh.current_dir().join("xtask/rustdoc-json"))
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json")
        .run()
        .context("rustdoc did not write what is public as JSON")?;
    let target = target_folder(sh)?;
    let surface_of = |name: &'static str| {
        let json = target
            .join("doc")
            .join(format!("{}.json", name.replace('-', "_")));
        // What every type has, such as `impl<T> From<T> for T`, says nothing.
        let api = Builder::from_rustdoc_json(&json)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .sorted(true)
            .build()
            .with_context(|| {
                format!(
                    "{} was written by a Rust that public-api does not know",
                    json.display()
                )
            })?;
        let lines: Vec<String> = api.items().map(|item| format!("{item}\n")).collect();
        Ok((name, lines.concat()))
    };
    CRATES.into_iter().map(surface_of).collect()
}

fn target_folder(sh: &Shell) -> anyhow::Result<PathBuf> {
    let metadata = cmd!(sh, "cargo metadata --no-deps --format-version 1")
        .quiet()
        .read()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let folder = metadata
        .get("target_directory")
        .and_then(|folder| folder.as_str());
    Ok(folder.context("cargo names no target folder")?.into())
}
