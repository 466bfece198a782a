//! `cargo xtask release --dry-run`: every check before a version, and what is then to do.

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use crate::flags;
use crate::surface::CRATES;

impl flags::Release {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        ensure!(
            self.dry_run,
            "a release is published by a person, who has the credentials: \
             `cargo xtask release --dry-run` checks everything and prints the commands"
        );
        let version = env!("CARGO_PKG_VERSION");
        nothing_uncommitted(sh)?;
        told_of_in_every_changelog(sh, version)?;
        flags::Check {}.run(sh)?;
        oldest_rust(sh)?;
        package(sh)?;
        compare_with_last_tag(sh)?;
        if !self.no_test {
            flags::Test {
                no_install: false,
                long: false,
                image: false,
            }
            .run(sh)?;
        }
        println!("\nEverything holds. What is then to do, in this order:\n");
        println!("git tag --sign v{version} --message \"Countersign {version}\"");
        println!("git push origin v{version}");
        for name in CRATES {
            println!("cargo publish --package {name}");
        }
        println!("cargo xtask size --record");
        Ok(())
    }
}

fn nothing_uncommitted(sh: &Shell) -> anyhow::Result<()> {
    let changes = cmd!(sh, "git status --porcelain").quiet().read()?;
    ensure!(
        changes.is_empty(),
        "commit this first, or remove it:\n{changes}"
    );
    Ok(())
}

/// A version that nobody was told of is not one.
fn told_of_in_every_changelog(sh: &Shell, version: &str) -> anyhow::Result<()> {
    let of_crates = CRATES.map(|name| format!("crates/{name}/CHANGELOG.md"));
    for file in of_crates.iter().map(String::as_str).chain(["CHANGELOG.md"]) {
        ensure!(
            has_section(&sh.read_file(file)?, version),
            "{file} has no section \"## {version}\": rename \"## Unreleased\" and add the date"
        );
    }
    Ok(())
}

fn has_section(changelog: &str, version: &str) -> bool {
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    headings
        .map(|heading| heading.split(' ').next())
        .any(|first| first == Some(version))
}

/// Compiles everything with the Rust that the manifests promise to be enough.
fn oldest_rust(sh: &Shell) -> anyhow::Result<()> {
    let rust = env!("CARGO_PKG_RUST_VERSION");
    cmd!(
        sh,
        "rustup toolchain install {rust} --profile minimal --no-self-update"
    )
    .run()
    .with_context(|| format!("Rust {rust} is fetched with rustup, from its servers"))?;
    let toolchain = format!("+{rust}");
    // A folder of its own: another compiler can use nothing of what this one built.
    cmd!(
        sh,
        "cargo {toolchain} check --workspace --all-targets --all-features --locked --target-dir target/oldest-rust"
    )
    .run()
    .with_context(|| format!("Rust {rust} is not enough: raise `rust-version`, and say so"))
}

/// Makes the packages, and builds each from what is in it alone.
fn package(sh: &Shell) -> anyhow::Result<()> {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    cmd!(sh, "cargo package --all-features {packages...}")
        .run()
        .context("a package does not build from what is in it")
}

/// Fails where somebody's build would break by an update that promises not to.
fn compare_with_last_tag(sh: &Shell) -> anyhow::Result<()> {
    let last = cmd!(sh, "git describe --tags --abbrev=0 --match v*");
    let Ok(tag) = last.quiet().ignore_stderr().read() else {
        println!("no version was tagged yet: there is none to break");
        return Ok(());
    };
    if cmd!(sh, "cargo semver-checks --version")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_err()
    {
        println!("cargo-semver-checks is missing and will be built; that takes some minutes");
        cmd!(sh, "cargo install cargo-semver-checks --locked").run()?;
    }
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    cmd!(sh, "cargo semver-checks --baseline-rev {tag} {packages...}").run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::has_section;

    #[test]
    fn a_version_is_told_of_by_a_heading_of_its_own() {
        let changelog = "# Changelog\n\n## 0.2.0 (2027-01-31)\n\n- Since 0.1.0.\n\n## 0.1.0\n";
        assert!(has_section(changelog, "0.2.0"));
        assert!(has_section(changelog, "0.1.0"));
        assert!(!has_section(changelog, "0.2"));
        assert!(!has_section("## Unreleased\n\n0.3.0\n", "0.3.0"));
    }
}
