//! `cargo xtask docs`: the documentation that is written from the table of commands.

use xshell::{Shell, cmd};

use crate::flags;

/// What `countersign reference` writes, and where it goes.
const WRITTEN: [(&str, &str); 2] = [
    ("markdown", "docs/console.md"),
    ("man", "docs/countersign-console.7"),
];

impl flags::Docs {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        cmd!(sh, "cargo build --workspace --bin countersign").run()?;
        let folder = sh
            .var("CARGO_TARGET_DIR")
            .unwrap_or_else(|_| "target".into());
        for (form, file) in WRITTEN {
            let text = cmd!(sh, "{folder}/debug/countersign reference {form}").read()?;
            sh.write_file(file, text + "\n")?;
        }
        Ok(())
    }
}
