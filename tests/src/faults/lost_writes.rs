//! What a power cut leaves, beyond the death of the process: writes that were never
//! made durable are lost, come to the disk in another order, or in part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::dice::Dice;
use super::enumerate::Report;
use super::place::Place;
use super::point::Extent;
use super::step::{Data, Disk, Step};
use super::strace::Strace;
use super::{Answer, Subject};

/// Seeds what is chosen by chance.
const SEED: u64 = 0x5eed_1057;

/// Disks that are tried where the extent is [`Extent::Fast`], beside those that have lost
/// everything that could be lost at a moment.
const DISKS_FAST: usize = 4;

/// Combinations of lost steps by chance, for each moment of the power cut.
const COMBINATIONS: usize = 48;

/// Disks write sectors of so many octets whole, or of more.
const SECTOR: usize = 512;

/// A write within a sector is torn at multiples of this, though no disk does that.
const PART_OF_A_SECTOR: usize = 64;

/// Records what `subject` does, and starts it anew on disks that a power cut could have
/// left in the middle of it and after it.
///
/// A step may be lost until a later `fsync` or `fdatasync` of its file, or of its folder
/// for entries, has come to its end. The entries of one folder come to the disk in their
/// order, as they do in a file system with a journal; the contents of files come in any.
pub fn lost_writes(subject: &impl Subject, extent: Extent) -> Result<Report> {
    let began = Instant::now();
    let (before, steps, answer) = record(subject)?;
    let all = cuts(&before, &steps);
    let mut dice = Dice::new(SEED);
    let cuts = match extent {
        Extent::Every => all,
        Extent::Fast => {
            let (telling, others) = all.into_iter().partition(|cut| cut.all_lost);
            let mut chosen: Vec<Cut> = telling;
            chosen.extend(dice.some_of(others, DISKS_FAST));
            chosen
        }
    };
    let mut report = Report::default();
    for cut in cuts {
        println!("== {cut}");
        // An answer that was given before the power cut binds.
        let answer = match cut.after < steps.len() {
            true => &Answer::None,
            false => &answer,
        };
        report.add(&cut, try_disk(subject, &cut.disk, answer));
    }
    report.took = began.elapsed();
    println!("{report}");
    Ok(report)
}

fn record(subject: &impl Subject) -> Result<(Disk, Vec<Step>, Answer)> {
    let place = Place::new()?;
    let state = place.state();
    subject.lay(&state)?;
    let strace = Strace::recording_octets(&place.log(), &place.before());
    let answer = subject.run(&state, &strace)?;
    ensure!(
        matches!(answer, Answer::Done(_)),
        "without a fault: {answer:?}"
    );
    let mut before = Disk::default();
    read_into(&mut before, &place.before(), Path::new(""))?;
    let steps = Step::all_of(&strace.calls(&place.disk())?, before.clone())?;
    subject.check(&state, &answer).context("without a fault")?;
    Ok((before, steps, answer))
}

/// A disk as a power cut has left it.
struct Cut {
    /// The power was cut after so many steps.
    after: usize,
    /// The steps that are not, or not wholly, on the disk.
    fates: Fates,
    /// Nothing of what was pending is on the disk.
    all_lost: bool,
    disk: Contents,
}

type Contents = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What became of steps; the others are on the disk.
type Fates = BTreeMap<usize, Fate>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Lost,
    /// Only the first octets are on the disk, so many.
    Torn(usize),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "power cut after step {}, and of those {:?}",
            self.after, self.fates
        )
    }
}

/// Every disk that is worth trying, each once.
fn cuts(before: &Disk, steps: &[Step]) -> Vec<Cut> {
    let mut seen = BTreeSet::new();
    let mut cuts = Vec::new();
    let mut dice = Dice::new(SEED);
    for after in 0..=steps.len() {
        let (done, next) = steps.split_at(after);
        // Between two moments at which something becomes durable, the later one has all
        // that the earlier one has.
        if next.first().is_some_and(|next| !is_sync(next)) {
            continue;
        }
        let pending = pending(done);
        for fates in fates(steps, &pending, &mut dice) {
            let disk = build(before, done, &fates);
            let bound = after == steps.len();
            if seen.insert((bound, disk.clone())) {
                let lost = fates.values().filter(|fate| **fate == Fate::Lost).count();
                cuts.push(Cut {
                    after,
                    all_lost: lost == pending.len(),
                    fates,
                    disk,
                });
            }
        }
    }
    cuts
}

fn is_sync(step: &Step) -> bool {
    matches!(step, Step::SyncFile(_) | Step::SyncFolder(_))
}

/// The steps that nothing after them has made durable.
fn pending(done: &[Step]) -> Vec<usize> {
    let is_pending = |index: &usize| {
        let (Some(step), Some(later)) = (done.get(*index), done.get(index + 1..)) else {
            return false;
        };
        !is_sync(step) && !later.iter().any(|later| later.settles(step))
    };
    (0..done.len()).filter(is_pending).collect()
}

/// What may have become of the steps that are pending.
fn fates(steps: &[Step], pending: &[usize], dice: &mut Dice) -> Vec<Fates> {
    let all_lost: Fates = pending.iter().map(|step| (*step, Fate::Lost)).collect();
    let mut all = vec![all_lost.clone()];
    for step in pending {
        let mut kept = all_lost.clone();
        kept.remove(step);
        all.extend([Fates::from([(*step, Fate::Lost)]), kept]);
        for octets in tears(steps.get(*step)) {
            let torn = (*step, Fate::Torn(octets));
            let mut others_lost = all_lost.clone();
            others_lost.extend([torn]);
            all.extend([Fates::from([torn]), others_lost]);
        }
    }
    for _ in 0..COMBINATIONS {
        let chosen = pending.iter().filter_map(|step| {
            let tears: Vec<usize> = tears(steps.get(*step)).collect();
            match (dice.below(4), tears.get(dice.below(tears.len()))) {
                (0, Some(octets)) => Some((*step, Fate::Torn(*octets))),
                (0 | 1, _) => Some((*step, Fate::Lost)),
                _ => None,
            }
        });
        all.push(chosen.collect());
    }
    all.iter_mut()
        .for_each(|fates| keep_entries_in_order(steps, pending, fates));
    all
}

/// After how many octets the step may be torn, where it is a write.
fn tears(step: Option<&Step>) -> impl Iterator<Item = usize> {
    let count = match step {
        Some(Step::Data {
            change: Data::Write { octets, .. },
            ..
        }) => octets.len(),
        _ => 0,
    };
    let part = match count <= SECTOR {
        true => PART_OF_A_SECTOR,
        false => SECTOR,
    };
    (part..count).step_by(part)
}

/// Once an entry of a folder is lost, the later ones are.
fn keep_entries_in_order(steps: &[Step], pending: &[usize], fates: &mut Fates) {
    let mut broken = BTreeSet::new();
    for step in pending {
        if let Some(folder) = steps.get(*step).and_then(Step::folder) {
            if broken.contains(folder) {
                fates.insert(*step, Fate::Lost);
            } else if fates.contains_key(step) {
                broken.insert(folder);
            }
        }
    }
}

fn build(before: &Disk, done: &[Step], fates: &Fates) -> Contents {
    let mut disk = before.clone();
    for (index, step) in done.iter().enumerate() {
        match (fates.get(&index), step) {
            (None, step) => disk.apply(step),
            (
                Some(Fate::Torn(count)),
                Step::Data {
                    file,
                    change: Data::Write { offset, octets },
                },
            ) => disk.apply(&Step::Data {
                file: *file,
                change: Data::Write {
                    offset: *offset,
                    octets: octets.iter().take(*count).copied().collect(),
                },
            }),
            _ => {}
        }
    }
    disk.contents()
}

fn try_disk(subject: &impl Subject, disk: &Contents, answer: &Answer) -> Result<()> {
    let place = Place::new()?;
    for (path, content) in disk {
        let path = place.disk().join(path);
        // An entry whose folder is lost is lost.
        if !path.parent().is_some_and(Path::is_dir) {
            continue;
        }
        match content {
            None => fs::create_dir(path)?,
            Some(octets) => fs::write(path, octets)?,
        }
    }
    let checked = subject.check(&place.state(), answer);
    checked.with_context(|| format!("after {answer:?}"))
}

fn read_into(disk: &mut Disk, from: &Path, path: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let path = path.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            disk.add_folder(path.clone());
            read_into(disk, &entry.path(), &path)?;
        } else {
            disk.add_file(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}
