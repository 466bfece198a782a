//! Proves that the pure crates do without the standard library.

use std::path::Path;

use xshell::{Shell, cmd};

/// Targets for which no standard library exists, so that naming it cannot build.
const TARGETS: &[&str] = &[
    "thumbv7em-none-eabihf",
    "thumbv7m-none-eabi",
    "aarch64-unknown-none",
    "x86_64-unknown-none",
];

/// Builds the pure crates for the first such target that is installed.
///
/// Where none is, the crates' own tests remain, which fail when std is named.
pub(crate) fn build(sh: &Shell) -> anyhow::Result<()> {
    let Some(target) = installed(sh)? else {
        println!(
            "no target without std is installed (rustup target add {}); \
             the crates' tests check that std is not named",
            TARGETS[0]
        );
        return Ok(());
    };
    let crates = ["-p", "pki-core", "-p", "cert-formats", "-p", "cert-policy"];
    cmd!(sh, "cargo build {crates...} --target {target}").run()?;
    Ok(())
}

fn installed(sh: &Shell) -> anyhow::Result<Option<&'static str>> {
    for target in TARGETS {
        let libraries = cmd!(sh, "rustc --print target-libdir --target {target}")
            .quiet()
            .read()?;
        if Path::new(&libraries).is_dir() {
            return Ok(Some(target));
        }
    }
    Ok(None)
}
