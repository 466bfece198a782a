//! Tells the program which commit it was built from, for which target, and whose
//! upgrades it takes.

use std::env;
use std::fs;
use std::process::Command;

/// Says it in the environment of the compiler.
pub(crate) fn tell() {
    // What is flashed is told by who builds it; otherwise git is asked.
    let commit = env::var("COUNTERSIGN_COMMIT").ok().or_else(|| {
        let head = git(&["rev-parse", "--short=12", "HEAD"]);
        // Of what git keeps, this changes with every commit.
        if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
            println!("cargo::rerun-if-changed={log}");
        }
        head
    });
    println!("cargo::rerun-if-env-changed=COUNTERSIGN_COMMIT");
    let commit = commit.as_deref().unwrap_or("unknown");
    println!("cargo::rustc-env=COUNTERSIGN_COMMIT={commit}");
    let key = env::var("COUNTERSIGN_UPGRADE_KEY").ok().or_else(|| {
        println!("cargo::rerun-if-changed=image/developer.pub");
        fs::read_to_string("image/developer.pub").ok()
    });
    println!("cargo::rerun-if-env-changed=COUNTERSIGN_UPGRADE_KEY");
    let key = key.unwrap_or_default();
    println!("cargo::rustc-env=COUNTERSIGN_UPGRADE_KEY={}", key.trim());
    let target = env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=COUNTERSIGN_TARGET={target}");
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
