//! The same commit gives the same octets, wherever it is built.

use std::fs;
use std::path::Path;
use std::time::Duration;

use acceptance::{Tool, made};
use anyhow::{Result, ensure};

/// Everything is compiled once more, for a board too.
const BUILD_MAX: Duration = Duration::from_secs(3600);

#[test]
fn two_builds_in_different_folders_are_the_same_octets() -> Result<()> {
    let first = made("armv7")?;
    let folder = tempfile::tempdir()?;
    let clone = folder.path().join("elsewhere");
    copy_of_the_sources(&clone)?;
    let second = clone.join("target/image/armv7");
    // Debian's packages are those of the lock, by their SHA-256, and fetched once.
    fs::create_dir_all(&second)?;
    Tool::new("cp")
        .args("-r")
        .arg(first.join("archives"))
        .arg(&second)
        .run()?;
    Tool::new("cargo")
        .args("xtask image --target armv7")
        .in_folder(&clone)
        .within(BUILD_MAX)
        .run()?;
    for name in fs::read_to_string(first.join("SHA256SUMS"))?
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(_, name)| name))
        .chain(["slot.fit", "root.cpio", "SHA256SUMS"])
    {
        let same = fs::read(first.join(name))? == fs::read(second.join(name))?;
        ensure!(same, "{name} differs between two builds");
    }
    Ok(())
}

/// What git knows of this workspace, changes that are not committed included.
fn copy_of_the_sources(to: &Path) -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Tool::new("git")
        .args("clone --quiet --no-checkout")
        .arg(&workspace)
        .arg(to)
        .run()?;
    Tool::new("git").args("reset --quiet").in_folder(to).run()?;
    let copy = "git ls-files -z | xargs -0 cp --parents --no-dereference --target-directory \"$0\"";
    Tool::new("sh")
        .arg("-c")
        .arg(copy)
        .arg(to)
        .in_folder(&workspace)
        .run()?;
    Ok(())
}
