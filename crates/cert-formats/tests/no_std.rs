//! The crate needs no operating system: it says `#![no_std]`, never names `std`, and neither do
//! the features of what it depends on.
//!
//! `cargo xtask check` builds it for a target without `std` as well, where one is installed; this
//! needs none.

use std::path::{Path, PathBuf};
use std::process::Command;

fn sources() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries = std::fs::read_dir(folder).expect("the sources");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths
        .map(|path| {
            (
                path.clone(),
                std::fs::read_to_string(path).expect("a source"),
            )
        })
        .collect()
}

/// Whether `line` has the word `std` in its code.
fn names_std(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == "std") && !line.starts_with("#![no_std]")
}

#[test]
fn the_crate_says_no_std_first() {
    let (_, root) = sources()
        .into_iter()
        .find(|(path, _)| path.ends_with("lib.rs"))
        .unwrap();
    assert!(root.starts_with("#![no_std]\n"));
}

#[test]
fn no_source_names_std() {
    let sources = sources();
    assert!(sources.len() > 20, "{} sources", sources.len());
    for (path, source) in sources {
        for (number, line) in source.lines().enumerate() {
            assert!(
                !names_std(line),
                "{}:{}: {line}",
                path.display(),
                number + 1
            );
        }
    }
}

#[test]
fn the_check_sees_std_where_it_is_named() {
    for line in [
        "use std::io;",
        "extern crate std;",
        "    std::process::exit(1)",
        "type A = ::std::A;",
    ] {
        assert!(names_std(line), "{line}");
    }
    for line in [
        "#![no_std]",
        "// not std",
        "let standard = 1;",
        "use core::fmt; // as std::fmt",
    ] {
        assert!(!names_std(line), "{line}");
    }
}

#[test]
fn no_dependency_is_asked_for_its_std_feature() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--package",
            "cert-formats",
            "--edges",
            "normal,features",
        ])
        .args(["--prefix", "none", "--format", "{lib} {f}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(tree.lines().count() > 5, "{tree}");
    for line in tree.lines() {
        assert!(!names_std(line), "{line}");
    }
}
