//! A state whose files were altered while no unit ran on it.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::dice::Dice;
use super::enumerate::Report;
use super::look::{self, Look};
use super::place::Place;
use super::point::Extent;
use super::seed::Seed;
use super::strace::Strace;
use crate::Unit;

/// Seeds the places.
const SEED: u64 = 0x0dd_b175;

/// So many kinds of damage are tried on a file where the extent is [`Extent::Fast`],
/// beside an empty page in place of each.
const FAST: usize = 12;

/// So many octets are altered, and so many lengths are tried, of a file that is longer.
const PLACES_MAX: usize = 192;

/// The unit asks so many times for what the disk cannot read.
const TRIES: usize = 3;

/// A file is filled with zeros, and its parts change places, in pages of this size.
const PAGE: usize = 4096;

/// A file of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum File {
    /// The store.
    Store,
    /// The unit's secret.
    Secret,
}

impl File {
    fn name(self) -> &'static str {
        match self {
            Self::Store => "store.redb",
            Self::Secret => "secret",
        }
    }
}

/// What is done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Damage {
    /// These bits of an octet are turned over.
    Flip { offset: usize, bits: u8 },
    /// It is longer, by so many octets.
    Longer(usize),
    /// Only so many octets are left.
    Shorter(usize),
    /// Two of its pages have changed places.
    Swap(usize, usize),
    /// A page is full of zeros.
    Zero(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flip { offset, bits } => write!(f, "bits {bits:#04x} at {offset}"),
            Self::Longer(count) => write!(f, "{count} octets more"),
            Self::Shorter(count) => write!(f, "{count} octets left"),
            Self::Swap(one, other) => write!(f, "pages {one} and {other} swapped"),
            Self::Zero(page) => write!(f, "page {page} is empty"),
        }
    }
}

/// Alters `file` in many ways, one at a time, and starts a unit on what is left.
///
/// Either nothing was lost, or both files were set aside as they were, the unit says so
/// and serves a factory certificate; and then it stays so.
pub fn damage(file: File, extent: Extent) -> Result<Report> {
    let began = Instant::now();
    let whole = Seed::shared()?.file(file.name())?;
    let all = Damage::plan(&whole);
    let damages = match extent {
        Extent::Every => all,
        Extent::Fast => {
            let (pages, others) = all.into_iter().partition(|damage| damage.empties(&whole));
            let mut chosen: Vec<Damage> = pages;
            chosen.extend(Dice::new(SEED).some_of(others, FAST));
            chosen
        }
    };
    let mut report = Report::default();
    let mut set_aside = 0;
    for damage in damages {
        println!("== {}: {damage}", file.name());
        let tried = damage.try_on(file, &whole);
        set_aside += usize::from(matches!(tried, Ok(Outcome::SetAside)));
        report.add(&damage, tried.map(drop));
    }
    report.took = began.elapsed();
    println!("{report}; {set_aside} times it was set aside");
    ensure!(set_aside > 0, "nothing that was done to it did any harm");
    Ok(report)
}

/// Starts a unit on a disk that cannot read `file`, whatever often the unit asks.
pub fn unreadable(file: File) -> Result<()> {
    let place = Place::new()?;
    let state = place.state();
    Seed::shared()?.lay(&state)?;
    let call = match file {
        File::Store => "pread64",
        File::Secret => "read",
    };
    let path = state.join(file.name());
    let strace = Strace::failing(&place.log(), call, &path, TRIES);
    let unit = Unit::start_on(&state, strace.command(&Unit::program()?))?;
    let transcript = unit.transcript.clone();
    // strace counts for each thread, so the disk would fail others later.
    unit.kill()?;
    let said = transcript.text_of("standard error");
    let unit = Unit::start_on(&state, Command::new(Unit::program()?))?;
    let outcome = judge(unit, Some(&said), file, &Seed::shared()?.file(file.name())?)?;
    ensure!(
        outcome == Outcome::SetAside,
        "it was read after {TRIES} times"
    );
    Ok(())
}

/// What became of a file that was damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    SetAside,
    NothingLost,
}

impl Damage {
    fn plan(whole: &[u8]) -> Vec<Self> {
        let mut dice = Dice::new(SEED);
        let mut all = vec![Self::Longer(1), Self::Longer(PAGE)];
        // Most of a store is free, where nothing can be lost.
        let in_use: Vec<usize> = (0..whole.len())
            .filter(|at| whole.get(*at) != Some(&0))
            .collect();
        for offset in dice.some_of(in_use, PLACES_MAX) {
            let bits = 1 << dice.below(8);
            all.push(Self::Flip { offset, bits });
        }
        let pages = whole.len() / PAGE;
        let mut lengths: Vec<usize> = (0..pages).map(|page| page * PAGE).collect();
        lengths.extend((0..PLACES_MAX / 4).map(|_| dice.below(whole.len())));
        lengths.sort_unstable();
        lengths.dedup();
        all.extend(lengths.into_iter().map(Self::Shorter));
        all.extend((0..pages).map(Self::Zero));
        all.extend((1..pages).map(|page| Self::Swap(page, dice.below(page))));
        all
    }

    /// Whether it takes a page away that has something in it.
    fn empties(&self, whole: &[u8]) -> bool {
        matches!(self, Self::Zero(_)) && self.of(whole) != whole
    }

    fn of(&self, whole: &[u8]) -> Vec<u8> {
        let mut octets = whole.to_vec();
        match *self {
            Self::Flip { offset, bits } => {
                octets
                    .iter_mut()
                    .skip(offset)
                    .take(1)
                    .for_each(|octet| *octet ^= bits);
            }
            Self::Longer(count) => octets.resize(whole.len() + count, 0x5a),
            Self::Shorter(count) => octets.truncate(count),
            Self::Swap(one, other) => {
                let (first, second) = (one.min(other) * PAGE, one.max(other) * PAGE);
                let (low, high) = octets.split_at_mut(second);
                if let (Some(low), Some(high)) =
                    (low.get_mut(first..first + PAGE), high.get_mut(..PAGE))
                {
                    low.swap_with_slice(high);
                }
            }
            Self::Zero(page) => {
                octets
                    .iter_mut()
                    .skip(page * PAGE)
                    .take(PAGE)
                    .for_each(|octet| *octet = 0);
            }
        }
        octets
    }

    fn try_on(&self, file: File, whole: &[u8]) -> Result<Outcome> {
        let place = Place::new()?;
        let state = place.state();
        Seed::shared()?.lay(&state)?;
        let damaged = self.of(whole);
        fs::write(state.join(file.name()), &damaged)?;
        let unit = Unit::start_on(&state, Command::new(Unit::program()?)).context("the start")?;
        judge(unit, None, file, &damaged)
    }
}

/// Fails unless this unit, which runs on a state whose `file` was damaged, has lost
/// nothing, or has set the damaged file aside, and has said so: now, or when it was
/// started before. The unit is killed.
fn judge(unit: Unit, before: Option<&str>, file: File, damaged: &Vec<u8>) -> Result<Outcome> {
    let look = Look::of(&unit)?;
    let state = unit.state().to_owned();
    let transcript = unit.transcript.clone();
    unit.kill()?;
    let now = transcript.text_of("standard error");
    if look.set_aside == 0 {
        ensure!(
            look == Seed::shared()?.look,
            "lost without a word: {look:?}"
        );
        return Ok(Outcome::NothingLost);
    }
    begun_anew(&state, &look, before.unwrap_or(&now))?;
    let kept = look::set_aside(&state)?;
    ensure!(kept.contains(damaged), "what was damaged is gone");
    let other = match file {
        File::Store => File::Secret,
        File::Secret => File::Store,
    };
    let other = Seed::shared()?.file(other.name())?;
    let rest_is_other = kept
        .iter()
        .all(|octets| [damaged, &other].contains(&octets));
    ensure!(
        rest_is_other && kept.len() <= 2,
        "{} files were set aside",
        kept.len()
    );
    Ok(Outcome::SetAside)
}

/// Fails unless the unit, which looked so and has said this, has begun anew in the open,
/// and is still the same after another start.
fn begun_anew(state: &Path, look: &Look, said: &str) -> Result<()> {
    let seed = Seed::shared()?;
    ensure!(said.contains("and is kept as"), "the start said: {said}");
    let is_new = look.chain.len() == 1
        && look.chain != seed.look.chain
        && look.leaf() != seed.factory
        && look.requests.is_empty();
    ensure!(is_new, "it kept a part: {look:?}");
    let entries = ["store set aside", "first start"].map(|action| look.entries(action));
    ensure!(entries == [1, 1], "the journal has {:?}", look.journal);
    let again = Look::at(state).context("another start")?;
    let same = again.chain == look.chain && again.set_aside == look.set_aside;
    ensure!(same, "another start: {again:?}");
    Ok(())
}
