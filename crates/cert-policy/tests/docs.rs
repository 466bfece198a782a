//! That what is written about the crate is true of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cert_policy::{Code, Severity};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const START: &str = "<!-- findings -->\n";
const END: &str = "<!-- /findings -->\n";

#[test]
fn the_readme_lists_every_finding_as_the_source_has_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (front, rest) = readme.split_once(START).unwrap();
    let (listed, back) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{front}{START}{table}{END}{back}")).unwrap();
    } else {
        assert_eq!(listed, table, "run this test with UPDATE_README=1");
    }
}

fn table() -> String {
    let mut table =
        String::from("| code | severity | message | remedy | rule |\n|---|---|---|---|---|\n");
    for code in Code::ALL {
        // The only three whose weight depends on the input.
        let condition = match code {
            Code::Expired | Code::IssuerExpired => {
                "; warn while the clock is not known to be right"
            }
            Code::LifetimeTooLong => {
                "; note where nothing says that a public CA issued it, up to 825 days"
            }
            _ => "",
        };
        let (severity, meaning) = (code.severity(), code.meaning());
        let (remedy, reference) = (code.remedy(), code.reference());
        writeln!(
            table,
            "| `{code}` | {severity}{condition} | {meaning} | {remedy} | {reference} |"
        )
        .unwrap();
    }
    table
}

#[test]
fn codes_are_kebab_case_unique_and_ordered_by_weight() {
    let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for name in names {
        assert!(
            name.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
            "{name}"
        );
    }
    assert!(Code::ALL.is_sorted_by_key(|code| code.severity()));
    for code in Code::ALL {
        assert!(code.meaning().ends_with('.'), "{code}");
        let needs_remedy = code.severity() < Severity::Note;
        assert!(!needs_remedy || code.remedy().ends_with('.'), "{code}");
    }
}

#[test]
fn every_finding_is_seen_in_a_test() {
    let tests: String = sources("tests/judge")
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    for code in Code::ALL {
        assert!(
            tests.contains(&format!("Code::{code:?}")),
            "no test sees {code}"
        );
    }
}

/// No target without a standard library is installed everywhere, so the source is looked at.
#[test]
fn the_crate_does_not_name_the_standard_library() {
    let sources = sources("src");
    let (_, lib) = sources
        .iter()
        .find(|(path, _)| path.ends_with("src/lib.rs"))
        .unwrap();
    assert!(lib.lines().any(|line| line == "#![no_std]"));
    for (path, text) in &sources {
        let words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
        assert!(
            !words.into_iter().any(|word| word == "std"),
            "{} names std",
            path.display()
        );
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        assert!(text.lines().count() < 500, "{}", path.display());
    }
}

/// The Rust files in a folder of this crate and in those below it.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    assert!(!sources.is_empty());
    sources
}
