//! `cargo xtask size`: how large what is flashed is, beside its budget and beside what was
//! recorded last.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use xshell::Shell;

use super::Recipe;
use super::recipe::Budget;
use crate::flags;
use crate::target::Target;
use crate::{build, image};

/// What an image has, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    pub(crate) program: u64,
    /// The root file system, as it is unpacked into memory.
    pub(crate) root: u64,
    /// What is flashed of it, packed, without the kernel.
    pub(crate) slot: u64,
    /// The kernel, which has no budget: it is Debian's.
    pub(crate) kernel: u64,
}

impl Sizes {
    /// What each part is called, its octets and its budget, if it has one.
    pub(crate) fn parts(&self, budget: &Budget) -> [(&'static str, u64, Option<u64>); 4] {
        [
            ("program", self.program, Some(budget.binary)),
            ("root", self.root, Some(budget.root)),
            ("slot", self.slot, Some(budget.slot)),
            ("kernel", self.kernel, None),
        ]
    }
}

/// The sizes of a version, as `sizes.toml` keeps them for each target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: String,
    commit: String,
    octets: Sizes,
}

/// What `sizes.toml` begins with.
const PREFACE: &str = "\
# Written by `cargo xtask size --record`, at a release: the octets that the next sizes are
# compared with.
";

impl flags::Size {
    pub(crate) fn run(self, sh: &Shell) -> Result<()> {
        let targets = match self.target {
            Some(target) => vec![target],
            None => Target::ALL.to_vec(),
        };
        for target in targets {
            let recipe = Recipe::read(sh, target)?;
            let sizes = image::made(sh, &recipe, self.install)?.sizes;
            let path = path(&recipe);
            let mut records = read(&path)?;
            print!("{}", table(target, &sizes, &recipe.board.budget, &records));
            if self.record {
                let record = Record {
                    version: env!("CARGO_PKG_VERSION").into(),
                    commit: build::commit(sh)?,
                    octets: sizes,
                };
                records.insert(target.name().into(), record);
                fs::write(&path, written(&records))?;
                println!("recorded in {}", path.display());
            }
        }
        Ok(())
    }
}

fn path(recipe: &Recipe) -> PathBuf {
    recipe.source.join("sizes.toml")
}

/// The records, by the name of the target; none where none was made.
fn read(path: &Path) -> Result<BTreeMap<String, Record>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(path)?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

fn written(records: &BTreeMap<String, Record>) -> String {
    let mut text = PREFACE.to_owned();
    for (target, record) in records {
        let Record {
            version,
            commit,
            octets,
        } = record;
        let Sizes {
            program,
            root,
            slot,
            kernel,
        } = octets;
        text.push_str(&format!(
            "\n[{target}]\nversion = \"{version}\"\ncommit = \"{commit}\"\n\
             octets = {{ program = {program}, root = {root}, slot = {slot}, kernel = {kernel} }}\n"
        ));
    }
    text
}

/// A line for each part: its octets, its budget, and by how much it grew.
fn table(
    target: Target,
    sizes: &Sizes,
    budget: &Budget,
    records: &BTreeMap<String, Record>,
) -> String {
    let before = records.get(target.name());
    let since = match before {
        Some(record) => format!("since {} ({})", record.version, record.commit),
        None => "nothing was recorded".into(),
    };
    let mut text = format!(
        "{:8} {:>12} {:>12}  {since}\n",
        target.name(),
        "octets",
        "budget"
    );
    let recorded = before.map(|record| record.octets.parts(budget));
    for (place, (name, octets, budget)) in sizes.parts(budget).into_iter().enumerate() {
        let budget = budget.map_or_else(|| "none".into(), grouped);
        let before = recorded.and_then(|parts| parts.get(place).map(|part| part.1));
        let grown = before.map_or_else(String::new, |before| change(before, octets));
        let octets = grouped(octets);
        let line = format!("{name:8} {octets:>12} {budget:>12}  {grown}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn change(before: u64, now: u64) -> String {
    match now.checked_sub(before) {
        Some(0) => "the same".into(),
        Some(more) => format!("+{}", grouped(more)),
        None => format!("-{}", grouped(before - now)),
    }
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget {
        binary: 2_000,
        root: 4_000,
        slot: 3_000,
    };
    const SIZES: Sizes = Sizes {
        program: 1_500,
        root: 3_999,
        slot: 1_234_567,
        kernel: 12,
    };

    #[test]
    fn each_part_stands_beside_its_budget_and_what_it_grew_by() {
        let before = Sizes {
            program: 400,
            slot: 1_234_568,
            ..SIZES
        };
        let record = Record {
            version: "0.1.0".into(),
            commit: "c0ffee".into(),
            octets: before,
        };
        let records = BTreeMap::from([("armv7".to_owned(), record)]);
        let text = table(Target::Armv7, &SIZES, &BUDGET, &records);
        let expected = "\
armv7          octets       budget  since 0.1.0 (c0ffee)
program         1,500        2,000  +1,100
root            3,999        4,000  the same
slot        1,234,567        3,000  -1
kernel             12         none  the same
";
        assert_eq!(text, expected);
        let text = table(Target::Aarch64, &SIZES, &BUDGET, &records);
        assert!(text.contains("nothing was recorded"), "{text}");
        assert!(
            text.contains("program         1,500        2,000\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_recorded_is_read_again() {
        let record = Record {
            version: "0.1.0".into(),
            commit: "c0ffee".into(),
            octets: SIZES,
        };
        let records = BTreeMap::from([("armv7".to_owned(), record)]);
        let again: BTreeMap<String, Record> = toml::from_str(&written(&records)).expect("read");
        assert_eq!(again, records);
    }
}
