//! `cargo xtask check`: what can be said of the code without running it.

use xshell::{Shell, cmd};

use crate::{flags, no_std};

impl flags::Check {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        cmd!(sh, "cargo fmt --all --check").run()?;
        cmd!(sh, "cargo clippy --workspace --all-targets -- -D warnings").run()?;
        cmd!(sh, "cargo doc --workspace --no-deps")
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()?;
        no_std::build(sh)?;
        deny(sh)
    }
}

/// Holds the dependencies against `deny.toml`.
fn deny(sh: &Shell) -> anyhow::Result<()> {
    if cmd!(sh, "cargo deny --version")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_err()
    {
        println!("cargo-deny is missing and will be built; that takes some minutes");
        cmd!(sh, "cargo install cargo-deny --locked").run()?;
    }
    cmd!(sh, "cargo deny check bans licenses sources").run()?;
    Ok(())
}
