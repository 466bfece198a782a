//! `cargo xtask check`: what can be said of the code without running it.

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{flags, no_std, surface};

impl flags::Check {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        cmd!(sh, "cargo fmt --all --check").run()?;
        cmd!(sh, "cargo clippy --workspace --all-targets -- -D warnings").run()?;
        cmd!(sh, "cargo doc --workspace --no-deps")
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()?;
        outside(sh)?;
        surface::check(sh)?;
        no_std::build(sh)?;
        deny(sh)
    }
}

/// What stands outside the workspace is not built by every run, but it is formatted, and
/// its lock fits the crates that it is built with.
fn outside(sh: &Shell) -> anyhow::Result<()> {
    for package in ["bare-metal", "bench", "fuzz"] {
        let manifest = format!("{package}/Cargo.toml");
        cmd!(sh, "cargo fmt --check --manifest-path {manifest}").run()?;
        cmd!(
            sh,
            "cargo update --workspace --locked --manifest-path {manifest}"
        )
        .ignore_stderr()
        .run()
        .with_context(|| {
            format!("{package}/Cargo.lock is of other crates: build there once, and commit it")
        })?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn each_direct_dependency_has_a_row_in_the_documents() -> anyhow::Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
        let named = |table: &toml::Table, keys: [&str; 2]| {
            let [outer, inner] = keys.map(str::to_owned);
            let table = table.get(&outer)?.get(&inner)?.as_table()?;
            let is_foreign = |value: &toml::Value| value.get("path").is_none();
            let foreign = table.iter().filter(|(_, value)| is_foreign(value));
            Some(
                foreign
                    .map(|(name, _)| name.clone())
                    .collect::<BTreeSet<_>>(),
            )
        };
        let linked = named(&manifest, ["workspace", "dependencies"]).unwrap_or_default();
        let text = std::fs::read_to_string(root.join("docs/dependencies.md"))?;
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let first_cells = rows.filter_map(|line| line.split('|').nth(1));
        let told: BTreeSet<String> = first_cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
            .collect();
        assert!(!linked.is_empty());
        assert_eq!(linked, told, "docs/dependencies.md and Cargo.toml differ");
        Ok(())
    }

    #[test]
    fn each_file_that_the_architecture_names_is_there() -> anyhow::Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let sh = xshell::Shell::new()?;
        sh.change_dir(&root);
        let files = xshell::cmd!(sh, "git ls-files").quiet().read()?;
        let text = sh.read_file("docs/architecture.md")?;
        let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).collect();
        let named = named.into_iter().filter(|name| name.ends_with(".rs"));
        // A name may leave out where the row, or the one before it, has said the folder.
        let is_there = |name: &str| {
            let end = format!("/{name}");
            files
                .lines()
                .any(|file| file == name || file.ends_with(&end))
        };
        let (there, missing): (Vec<&str>, Vec<&str>) = named.partition(|name| is_there(name));
        assert!(there.len() > 50, "{there:?}");
        assert!(missing.is_empty(), "docs/architecture.md names {missing:?}");
        Ok(())
    }
}
