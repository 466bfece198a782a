//! Measures the workspace against its peers, and writes the tables of
//! `docs/performance.md`. `cargo xtask bench` runs it.

mod growth;
mod import;
mod keys;
mod measure;
mod page;
mod pages;
mod parse;
mod server;
mod sign;
mod unit;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What can be measured, in the order of the page.
const PARTS: [(&str, fn(Extent) -> Result<String>); 8] = [
    ("keys", keys::measure),
    ("parse", parse::measure),
    ("sign", sign::measure),
    ("import", import::measure),
    ("server", server::measure),
    ("pages", pages::measure),
    ("unit", unit::measure),
    ("growth", growth::measure),
];

/// How much patience there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// To see that everything runs.
    Quick,
    /// For what is published.
    Full,
}

impl Extent {
    fn rounds(self, full: usize) -> usize {
        match self {
            Self::Quick => (full / 20).max(3),
            Self::Full => full,
        }
    }
}

fn main() -> Result<()> {
    let mut extent = Extent::Full;
    let mut page = None;
    let mut wanted = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => extent = Extent::Quick,
            "--read" => return parse::read_again(&arguments.collect::<Vec<_>>()),
            "--page" => page = Some(PathBuf::from(arguments.next().context("which page?")?)),
            part if PARTS.iter().any(|(name, _)| *name == part) => wanted.push(argument),
            other => bail!("there is no part {other}"),
        }
    }
    for (name, measure) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|part| part == name) {
            continue;
        }
        let before = page::Machine::now()?;
        let table = measure(extent).with_context(|| format!("measuring {name}"))?;
        let text = format!("{}\n\n{}", before.describe()?, table.trim_end());
        println!("\n## {name}\n\n{text}");
        if let Some(page) = &page {
            page::put(page, name, &text)?;
        }
    }
    Ok(())
}
