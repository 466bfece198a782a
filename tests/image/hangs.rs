//! An upgrade that starts, and does not serve.

use std::fs;
use std::time::Duration;

use acceptance::{Board, Tool, made};
use anyhow::{Context as _, Result, ensure};

use crate::set_up;
use crate::upgrade::{back, bundle, upgrade};

/// The board waits four minutes for it, and then goes down.
const PATIENCE: Duration = Duration::from_secs(360);

/// It answers on the console, so that it looks alive, and serves nothing.
const HANGS: &str = "#!/bin/sh\n[ \"$1\" = console ] && exit 0\nexec sleep 100000\n";

#[test]
fn an_upgrade_that_answers_nobody_gives_way_to_the_software_before() -> Result<()> {
    let (disk, mut board, mut admin) = set_up("armv7")?;
    upgrade(
        &mut admin,
        &bundle("armv7", "0.2.0", &with_a_program_that_hangs()?)?,
    )?;
    board.hear("Starting slot b")?;
    board.hear_within("Starting slot a", PATIENCE)?;
    for _ in 0..2 {
        // Told once, and not with every start.
        let mut admin = back(&board)?;
        let page = admin.browser.open("/tools/upgrade")?.text();
        ensure!(page.contains("the board went back"), "{page}");
        let journal = admin.journal()?.join("\n");
        let told = journal.matches("software went back").count();
        ensure!(told == 1, "told {told} times: {journal}");
        board.cut()?;
        board = Board::start(&disk)?;
        board.hear("Starting slot a")?;
    }
    Ok(())
}

/// A slot whose root has another program. The kernel unpacks one archive after the other,
/// and the last one wins.
fn with_a_program_that_hangs() -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let source = made("armv7")?;
    for name in ["slot.its", "kernel"] {
        fs::copy(source.join(name), folder.path().join(name))?;
    }
    let mut root = fs::read(source.join("root.cpio"))?;
    root.extend(archive("bin/countersign", HANGS)?);
    fs::write(folder.path().join("root.cpio"), root)?;
    let run = |command: &str| {
        Tool::new("sh")
            .arg("-c")
            .arg(command)
            .in_folder(folder.path())
    };
    run("xz --check=crc32 -1 root.cpio && mkimage -q -f slot.its slot.fit")
        .within(Duration::from_secs(120))
        .run()?;
    Ok(fs::read(folder.path().join("slot.fit"))?)
}

/// A cpio archive of one program, in the format that the kernel reads.
fn archive(path: &str, content: &str) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (path, mode, content) in [(path, 0o100_755, content), ("TRAILER!!!", 0, "")] {
        let size = u32::try_from(content.len())?;
        let name = u32::try_from(path.len())?.checked_add(1).context("long")?;
        let fields = [1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name, 0];
        archive.extend_from_slice(b"070701");
        for field in fields {
            archive.extend_from_slice(format!("{field:08X}").as_bytes());
        }
        for part in [&[path.as_bytes(), b"\0"].concat(), content.as_bytes()] {
            archive.extend_from_slice(part);
            archive.resize(archive.len().next_multiple_of(4), 0);
        }
    }
    Ok(archive)
}
