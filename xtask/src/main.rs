//! The commands of this workspace: `cargo xtask --help`.

#![expect(
    clippy::print_stdout,
    reason = "a command line tool talks to its terminal"
)]

mod bare_metal;
mod bench;
mod boot;
mod build;
mod check;
mod debian;
mod docs;
mod flags;
mod fuzz;
mod image;
mod key;
mod no_std;
mod peers;
mod release;
mod surface;
mod target;
mod test;

use std::path::Path;

use anyhow::Context as _;
use xshell::Shell;

use crate::flags::{Xtask, XtaskCmd};

fn main() -> anyhow::Result<()> {
    let flags = Xtask::from_env_or_exit();
    let sh = Shell::new()?;
    sh.change_dir(workspace()?);
    match flags.subcommand {
        XtaskCmd::BareMetal(cmd) => cmd.run(&sh),
        XtaskCmd::Bench(cmd) => cmd.run(&sh),
        XtaskCmd::Boot(cmd) => cmd.run(&sh),
        XtaskCmd::Build(cmd) => cmd.run(&sh),
        XtaskCmd::Check(cmd) => cmd.run(&sh),
        XtaskCmd::Docs(cmd) => cmd.run(&sh),
        XtaskCmd::Fuzz(cmd) => cmd.run(&sh),
        XtaskCmd::Image(cmd) => cmd.run(&sh),
        XtaskCmd::Release(cmd) => cmd.run(&sh),
        XtaskCmd::Size(cmd) => cmd.run(&sh),
        XtaskCmd::Surface(cmd) => cmd.run(&sh),
        XtaskCmd::Test(cmd) => cmd.run(&sh),
    }
}

/// The folder of the workspace, wherever the command was given.
fn workspace() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has no folder above it")
}
