//! `cargo xtask test`: everything that can be run.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use xshell::{Cmd, Shell, cmd};

use crate::image::{self, Recipe};
use crate::target::Target;
use crate::{bare_metal, boot, debian, flags, peers};

impl flags::Test {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        // Said now, and not after a quarter of an hour.
        ensure!(
            !self.long || debian::is_root(sh),
            "--long mounts disks, which only root may: run it as root, or leave --long out"
        );
        peers::provide(sh, !self.no_install, self.long)?;
        if self.long {
            sh.set_var("COUNTERSIGN_EXTENT", "every");
        }
        if self.image {
            return test_image(sh, self.long, !self.no_install);
        }
        // The acceptance tests start the program that stands beside them. With
        // the tests selected too, the features are those of the test run, and
        // nothing is built twice.
        cmd!(sh, "cargo build --workspace --bins --tests").run()?;
        let mut results = vec![run(cmd!(sh, "cargo test --workspace --no-fail-fast"))];
        if self.long {
            // For the same features; with --package, half of it would be built again.
            results.push(run(cmd!(sh, "cargo test --workspace --test long")));
            results.push(bare_metal::run(sh, !self.no_install));
        }
        // An hour is not to end at the first test that fails.
        results.into_iter().collect()
    }
}

/// Makes the images, and boots them. Without `long`, only that of the first target.
fn test_image(sh: &Shell, long: bool, install: bool) -> anyhow::Result<()> {
    let targets = match long {
        true => Target::ALL.as_slice(),
        false => &[Target::Armv7],
    };
    for target in targets {
        debian::provide(sh, boot::tools(*target), install)?;
        image::made(sh, &Recipe::read(sh, *target)?, install)?;
    }
    // One board at a time: each has all there is of the processor.
    let mut tests = cmd!(
        sh,
        "cargo test --workspace --test image -- --test-threads 1 --nocapture"
    );
    if !long {
        // Another board, one that waits for minutes, and a build of everything.
        for name in ["aarch64", "hangs", "reproducible"] {
            tests = tests.args(["--skip", name]);
        }
    }
    run(tests)
}

/// Runs tests, none of which may be ignored.
fn run(tests: Cmd<'_>) -> anyhow::Result<()> {
    println!("$ {tests}");
    let ignored = run_counting_ignored(tests.into())?;
    if ignored > 0 {
        bail!("{ignored} tests were ignored; a test that does not run proves nothing");
    }
    Ok(())
}

/// Runs the tests, shows what they print, and adds up those that were ignored.
fn run_counting_ignored(mut tests: Command) -> anyhow::Result<u32> {
    let mut child = tests
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo could not be started")?;
    let stdout = child.stdout.take().context("the tests have no output")?;
    let mut ignored = 0;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        ignored += ignored_in(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("tests failed ({status})");
    }
    Ok(ignored)
}

/// The number of ignored tests that a summary line of libtest tells of; 0 for
/// any other line.
fn ignored_in(line: &str) -> u32 {
    let Some(summary) = line.strip_prefix("test result: ") else {
        return 0;
    };
    let count = summary
        .split("; ")
        .find_map(|part| part.strip_suffix(" ignored"));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::ignored_in;

    #[test]
    fn ignored_tests_are_counted_in_the_summary_only() {
        let summary = "test result: ok. 7 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.02s";
        assert_eq!(ignored_in(summary), 3);
        assert_eq!(
            ignored_in("test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured"),
            0
        );
        assert_eq!(ignored_in("a test printed; 9 ignored; by chance"), 0);
    }
}
