//! A root slot: the kernel and the root file system in one FIT image, which U-Boot
//! checks by the SHA-256 of each part before it starts it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use super::packages::Packages;
use super::recipe::Recipe;
use crate::target::Target;

/// Makes the image, no part of it later than `made_at`.
pub(crate) fn make(
    sh: &Shell,
    recipe: &Recipe,
    packages: &Packages,
    archive: &[u8],
    made_at: u64,
) -> Result<PathBuf> {
    let folder = &recipe.folder;
    let root = folder.join("root.cpio");
    fs::write(&root, archive)?;
    let packed = cmd!(
        sh,
        "xz --compress --keep --force --check=crc32 --threads=1 -9 {root}"
    );
    packed.quiet().run()?;
    let kernel = folder.join("kernel");
    fs::copy(&packages.kernel, &kernel).with_context(|| packages.kernel.display().to_string())?;
    let architecture = recipe.target.u_boot();
    let version = &packages.kernel_version;
    // The kernel unpacks itself from there; the addresses are those of the board.
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
            compression = "none";
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
    Ok(folder.join("slot.fit"))
}
