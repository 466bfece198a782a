//! The root file system: a cpio archive that the kernel unpacks into memory.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use super::packages::Packages;
use super::recipe::Recipe;

/// Something in the root file system.
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Where it comes from, for the manifest.
    pub(crate) source: String,
}

pub(crate) enum Kind {
    Folder {
        mode: u32,
    },
    File {
        mode: u32,
        content: Vec<u8>,
    },
    Link {
        to: String,
    },
    /// The kernel opens it before there is anything else to write to.
    Console,
}

/// What is in the root, by its path without the first slash; so in the order in which
/// folders come before what is in them.
pub(crate) type Root = BTreeMap<String, Entry>;

/// Gathers what the recipe names.
pub(crate) fn gather(
    sh: &Shell,
    recipe: &Recipe,
    packages: &Packages,
    binary: &Path,
    state: &Path,
) -> Result<Root> {
    let mut root = Root::new();
    for folder in &recipe.root.folders {
        add(
            &mut root,
            folder,
            Kind::Folder { mode: 0o755 },
            "image.toml",
        );
    }
    add(&mut root, "/dev/console", Kind::Console, "image.toml");
    own_files(&mut root, recipe)?;
    let program = program(binary)?;
    add(&mut root, "/bin/countersign", program, "this workspace");
    let busybox = program_of(packages, "busybox-static", "bin/busybox")?;
    add(&mut root, "/bin/busybox", busybox, "busybox-static");
    for applet in &recipe.root.applets {
        let to = "busybox".to_owned();
        let path = format!("/bin/{applet}");
        add(&mut root, &path, Kind::Link { to }, "image.toml");
    }
    let to = "bin/busybox".to_owned();
    add(&mut root, "/init", Kind::Link { to }, "image.toml");
    let e2fsck = program_of(packages, "e2fsck-static", "sbin/e2fsck.static")?;
    add(&mut root, "/bin/e2fsck-static", e2fsck, "e2fsck-static");
    let packed = cmd!(sh, "gzip --no-name --best --stdout {state}")
        .quiet()
        .output()?;
    let empty = Kind::File {
        mode: 0o644,
        content: packed.stdout,
    };
    add(&mut root, "/etc/empty-state.gz", empty, "this workspace");
    modules(sh, &mut root, recipe, packages)?;
    Ok(root)
}

fn add(root: &mut Root, path: &str, kind: Kind, source: &str) {
    let path = path.trim_start_matches('/').to_owned();
    let source = source.to_owned();
    root.insert(path, Entry { kind, source });
}

/// The files of our own, with the mode that git keeps of them.
/// `@BOARD@` and `@SERIAL@` in them are those of the recipe.
fn own_files(root: &mut Root, recipe: &Recipe) -> Result<()> {
    let folder = &recipe.source.join("root");
    let mut waiting = vec![folder.clone()];
    while let Some(current) = waiting.pop() {
        for found in fs::read_dir(&current)? {
            let path = found?.path();
            let at = path.strip_prefix(folder)?;
            let at = at.to_str().context("a name that is not UTF-8")?.to_owned();
            let metadata = fs::metadata(&path)?;
            if metadata.is_dir() {
                add(root, &at, Kind::Folder { mode: 0o755 }, "firmware/image");
                waiting.push(path);
                continue;
            }
            let runs = metadata.permissions().mode() & 0o100 != 0;
            let kind = Kind::File {
                mode: if runs { 0o755 } else { 0o644 },
                content: fs::read_to_string(&path)?
                    .replace("@BOARD@", recipe.target.name())
                    .replace("@SERIAL@", &recipe.board.serial)
                    .into_bytes(),
            };
            add(root, &at, kind, "firmware/image");
        }
    }
    Ok(())
}

fn program(path: &Path) -> Result<Kind> {
    let content = fs::read(path).with_context(|| path.display().to_string())?;
    let mode = 0o755;
    Ok(Kind::File { mode, content })
}

/// A program of a package, wherever the merge of `/usr` has put it.
fn program_of(packages: &Packages, package: &str, path: &str) -> Result<Kind> {
    let plain = packages.file(package, path)?;
    if plain.exists() {
        return program(&plain);
    }
    program(&packages.file(package, &format!("usr/{path}"))?)
}

/// The modules, each after what it needs, and the list in that order.
fn modules(sh: &Shell, root: &mut Root, recipe: &Recipe, packages: &Packages) -> Result<()> {
    let base = &packages.modules;
    let version = &packages.kernel_version;
    let depmod = if Path::new("/sbin/depmod").exists() {
        "/sbin/depmod"
    } else {
        "/usr/sbin/depmod"
    };
    cmd!(sh, "{depmod} --basedir {base} {version}")
        .quiet()
        .run()?;
    let folder = base.join("lib/modules").join(version);
    let table = fs::read_to_string(folder.join("modules.dep"))?;
    let needs: BTreeMap<&str, Vec<&str>> = table
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(module, needs)| (module, needs.split_whitespace().rev().collect()))
        .collect();
    let mut order: Vec<&str> = Vec::new();
    for name in &recipe.root.modules {
        let called = |path: &&&str| stem(path) == name.replace('-', "_");
        let Some(path) = needs.keys().find(called) else {
            continue;
        };
        for module in needs[path].iter().chain([path]) {
            if !order.contains(module) {
                order.push(module);
            }
        }
    }
    let mut list = String::new();
    for module in order {
        let path = format!("/lib/modules/{module}");
        list.push_str(&path);
        list.push('\n');
        folders_above(root, &path);
        let kind = Kind::File {
            mode: 0o644,
            content: fs::read(folder.join(module))?,
        };
        add(root, &path, kind, &packages.kernel_package);
    }
    let content = list.into_bytes();
    let mode = 0o644;
    add(
        root,
        "/etc/modules",
        Kind::File { mode, content },
        "image.toml",
    );
    Ok(())
}

/// A module's name: that of its file, in which `-` means `_`.
fn stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    stem.replace('-', "_")
}

fn folders_above(root: &mut Root, path: &str) {
    for (at, _) in path.match_indices('/').skip(1) {
        add(
            root,
            &path[..at],
            Kind::Folder { mode: 0o755 },
            "image.toml",
        );
    }
}

/// The archive in cpio's "new" format (`070701`), which the kernel reads: numbers in
/// hexadecimal, everything owned by root, no times.
pub(crate) fn archive(root: &Root) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (number, (path, entry)) in (1_u32..).zip(root) {
        let empty = Vec::new();
        let (mode, content, device) = match &entry.kind {
            Kind::Folder { mode } => (0o040_000 | mode, &empty, 0),
            Kind::File { mode, content } => (0o100_000 | mode, content, 0),
            Kind::Link { to } => (0o120_777, &to.clone().into_bytes(), 0),
            Kind::Console => (0o020_600, &empty, 1),
        };
        member(&mut archive, number, mode, device, path, content)?;
    }
    member(&mut archive, 0, 0, 0, "TRAILER!!!", &[])?;
    Ok(archive)
}

/// One member; a device is the console's, which has the numbers 5 and 1.
fn member(
    archive: &mut Vec<u8>,
    number: u32,
    mode: u32,
    device: u32,
    path: &str,
    content: &[u8],
) -> Result<()> {
    let size = u32::try_from(content.len())?;
    let name = u32::try_from(path.len() + 1)?;
    let major = device * 5;
    let fields = [number, mode, 0, 0, 1, 0, size, 0, 0, major, device, name, 0];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    archive.extend_from_slice(path.as_bytes());
    archive.push(0);
    pad(archive);
    archive.extend_from_slice(content);
    pad(archive);
    Ok(())
}

fn pad(archive: &mut Vec<u8>) {
    archive.resize(archive.len().next_multiple_of(4), 0);
}
