//! The crate runs where there is no operating system: it is `no_std`, and so is
//! everything it depends on, as far as features decide that.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn the_crate_declares_itself_no_std() {
    let lib = include_str!("../src/lib.rs");
    assert!(lib.lines().any(|line| line == "#![no_std]"));
}

#[test]
fn no_source_names_std() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = sources(&folder);
    assert!(
        sources.len() > 20,
        "the sources were not found in {}",
        folder.display()
    );
    for source in sources {
        let text = std::fs::read_to_string(&source).unwrap();
        for (number, line) in text.lines().enumerate() {
            // Examples in the documentation are programs of their own.
            let code = line.split("//").next().unwrap();
            let names_std = code.contains("std::") || code.contains("extern crate std");
            assert!(!names_std, "{}:{}: {line}", source.display(), number + 1);
        }
    }
}

#[test]
fn no_dependency_has_its_std_feature_on() {
    let arguments = [
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal,features",
        "--prefix",
        "none",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--package", "pki-core", "--target", "thumbv7em-none-eabihf"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(tree.contains("x509-cert feature"), "{tree}");
    let with_std: Vec<_> = tree
        .lines()
        .filter(|line| line.contains("feature \"std\""))
        .collect();
    assert!(with_std.is_empty(), "{with_std:#?}");
}
