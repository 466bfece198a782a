//! A root slot: the kernel and the root file system in one FIT image, which U-Boot
//! checks by the SHA-256 of each part before it starts it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use super::packages::Packages;
use super::recipe::Recipe;
use crate::target::Target;

/// A slot, and how much of it is the kernel.
pub(crate) struct Slot {
    pub(crate) path: PathBuf,
    pub(crate) kernel_octets: u64,
}

/// Makes the image, no part of it later than `made_at`.
pub(crate) fn make(
    sh: &Shell,
    recipe: &Recipe,
    packages: &Packages,
    archive: &[u8],
    made_at: u64,
) -> Result<Slot> {
    let folder = &recipe.folder;
    let root = folder.join("root.cpio");
    fs::write(&root, archive)?;
    let packed = cmd!(
        sh,
        "xz --compress --keep --force --check=crc32 --threads=1 -9 {root}"
    );
    packed.quiet().run()?;
    let compression = kernel(sh, recipe, packages)?;
    let architecture = recipe.target.u_boot();
    let version = &packages.kernel_version;
    // The addresses are those of the board. That of ARMv7 unpacks itself from there.
    let load = match recipe.target {
        Target::Aarch64 => "0x40400000",
        Target::Armv7 => "0x41000000",
    };
    let source = format!(
        r#"/dts-v1/;
/ {{
    description = "Countersign for {target}";
    #address-cells = <1>;
    images {{
        kernel {{
            description = "Linux {version}";
            data = /incbin/("kernel");
            type = "kernel";
            arch = "{architecture}";
            os = "linux";
            compression = "{compression}";
            load = <{load}>;
            entry = <{load}>;
            hash {{ algo = "sha256"; }};
        }};
        root {{
            description = "root file system";
            data = /incbin/("root.cpio.xz");
            type = "ramdisk";
            arch = "{architecture}";
            os = "linux";
            compression = "none";
            hash {{ algo = "sha256"; }};
        }};
    }};
    configurations {{
        default = "countersign";
        countersign {{
            kernel = "kernel";
            ramdisk = "root";
        }};
    }};
}};
"#,
        target = recipe.target
    );
    let _there = sh.push_dir(folder);
    fs::write(folder.join("slot.its"), source)?;
    cmd!(sh, "mkimage -q -f slot.its slot.fit")
        .env("SOURCE_DATE_EPOCH", made_at.to_string())
        .quiet()
        .ignore_stdout()
        .run()?;
    Ok(Slot {
        path: folder.join("slot.fit"),
        kernel_octets: fs::metadata(folder.join("kernel"))?.len(),
    })
}

/// Puts the kernel where the slot is made, and says how it is packed.
fn kernel(sh: &Shell, recipe: &Recipe, packages: &Packages) -> Result<&'static str> {
    let from = &packages.kernel;
    let kernel = recipe.folder.join("kernel");
    match recipe.target {
        // Debian does not pack it, and it does not unpack itself; U-Boot does.
        Target::Aarch64 => {
            let packed = cmd!(sh, "gzip --no-name --best --stdout {from}");
            fs::write(&kernel, packed.quiet().output()?.stdout)?;
            Ok("gzip")
        }
        Target::Armv7 => {
            fs::copy(from, &kernel).with_context(|| from.display().to_string())?;
            Ok("none")
        }
    }
}
