//! The disk: a table of partitions and what is in them.
//!
//! | partition | holds |
//! |---|---|
//! | boot | FAT with U-Boot's script; nobody writes to it |
//! | slots | which root slot starts, in one sector |
//! | root-a, root-b | a slot each |
//! | state | ext4, what the unit keeps |
//! | spare | ext4, taken when state cannot be read |

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use super::recipe::Recipe;

const MIB: u64 = 1024 * 1024;
/// The first partition starts here, so that a board whose boot loader lies in the first
/// sectors finds room.
const FIRST_MIB: u64 = 4;
/// After the last partition, for the second copy of the table.
const LAST_MIB: u64 = 1;
/// Names that must be the same in every build, and need not differ between units.
const DISK_ID: &str = "C0097E25-16A0-4C0F-8C5E-2D0F0B6E0001";
const STATE_ID: &str = "c0097e25-16a0-4c0f-8c5e-2d0f0b6e0002";

/// An empty ext4, as big as the partition of the state.
pub(crate) fn empty_state(sh: &Shell, recipe: &Recipe, made_at: u64) -> Result<PathBuf> {
    let path = recipe.folder.join("state.ext4");
    let file = File::create(&path)?;
    file.set_len(recipe.partitions.state * MIB)?;
    let mke2fs = if Path::new("/sbin/mke2fs").exists() {
        "/sbin/mke2fs"
    } else {
        "mke2fs"
    };
    let options =
        format!("hash_seed={STATE_ID},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0");
    cmd!(
        sh,
        "{mke2fs} -q -F -t ext4 -m 0 -L state -U {STATE_ID} -E {options} {path}"
    )
    .env("E2FSPROGS_FAKE_TIME", made_at.to_string())
    .quiet()
    .run()?;
    Ok(path)
}

/// Puts the disk together.
pub(crate) fn make(
    sh: &Shell,
    recipe: &Recipe,
    slot: &Path,
    state: &Path,
    made_at: u64,
) -> Result<PathBuf> {
    let boot = boot(sh, recipe, made_at)?;
    let sizes = &recipe.partitions;
    let partitions: [(&str, u64, Option<&Path>); 6] = [
        ("boot", sizes.boot, Some(&boot)),
        ("slots", sizes.slots, None),
        ("root-a", sizes.root, Some(slot)),
        ("root-b", sizes.root, None),
        ("state", sizes.state, Some(state)),
        ("spare", sizes.state, Some(state)),
    ];
    let path = recipe.folder.join("disk.img");
    let mut disk = File::create(&path)?;
    let all: u64 = partitions.iter().map(|(_, size, _)| size).sum();
    disk.set_len((FIRST_MIB + all + LAST_MIB) * MIB)?;
    let mut table = format!("label: gpt\nlabel-id: {DISK_ID}\n");
    let mut start = FIRST_MIB;
    for (number, (name, size, content)) in (0x11_u32..).zip(partitions) {
        // U-Boot looks for its script on the partition that is marked.
        let marked = if name == "boot" {
            ", attrs=\"LegacyBIOSBootable\""
        } else {
            ""
        };
        table.push_str(&format!(
            "start={start}MiB, size={size}MiB, type=linux, name=\"{name}\", \
             uuid=C0097E25-16A0-4C0F-8C5E-2D0F0B6E00{number:02X}{marked}\n"
        ));
        if let Some(content) = content {
            let content = fs::read(content).with_context(|| content.display().to_string())?;
            ensure!(
                u64::try_from(content.len())? <= size * MIB,
                "{name} does not fit into its partition of {size} MiB"
            );
            write_sparse(&mut disk, start * MIB, &content)?;
        }
        start += size;
    }
    disk.sync_all()?;
    drop(disk);
    let sfdisk = if Path::new("/sbin/sfdisk").exists() {
        "/sbin/sfdisk"
    } else {
        "sfdisk"
    };
    cmd!(sh, "{sfdisk} --quiet --no-reread --no-tell-kernel {path}")
        .stdin(table)
        .quiet()
        .run()?;
    Ok(path)
}

/// Writes what is not zero, so that the file takes no more room than it needs.
fn write_sparse(disk: &mut File, at: u64, content: &[u8]) -> Result<()> {
    const CHUNK: usize = 64 * 1024;
    let mut here = at;
    for chunk in content.chunks(CHUNK) {
        if chunk.iter().any(|octet| *octet != 0) {
            disk.seek(SeekFrom::Start(here))?;
            disk.write_all(chunk)?;
        }
        here += u64::try_from(chunk.len())?;
    }
    Ok(())
}

/// The partition that U-Boot reads its script from.
fn boot(sh: &Shell, recipe: &Recipe, made_at: u64) -> Result<PathBuf> {
    let folder = &recipe.folder;
    let script = fs::read_to_string(recipe.source.join("boot.cmd"))?;
    let script = script.replace("@SERIAL@", &recipe.board.serial);
    fs::write(folder.join("boot.cmd"), script)?;
    let architecture = recipe.target.u_boot();
    let _there = sh.push_dir(folder);
    let time = made_at.to_string();
    cmd!(
        sh,
        "mkimage -q -A {architecture} -T script -C none -n boot -d boot.cmd boot.scr"
    )
    .env("SOURCE_DATE_EPOCH", &time)
    .quiet()
    .ignore_stdout()
    .run()?;
    let path = folder.join("boot.fat");
    File::create(&path)?.set_len(recipe.partitions.boot * MIB)?;
    let at = format!("@{made_at}");
    cmd!(sh, "touch --date {at} boot.scr").quiet().run()?;
    cmd!(sh, "mformat -i boot.fat -v BOOT -N c0097e25 ::")
        .env("SOURCE_DATE_EPOCH", &time)
        .quiet()
        .run()?;
    cmd!(sh, "mcopy -m -i boot.fat boot.scr ::boot.scr")
        .env("SOURCE_DATE_EPOCH", &time)
        .env("TZ", "UTC")
        .quiet()
        .run()?;
    Ok(path)
}
