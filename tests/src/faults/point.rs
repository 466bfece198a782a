//! Points at which a fault is put, and which there are.

use std::collections::{BTreeMap, BTreeSet};
use std::env::VarError;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::call::{Call, Effect};

/// What happens at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The process is killed as the call begins, which is also the moment after the
    /// call before it.
    Kill,
    /// The call fails with EIO, once.
    Eio,
    /// The call fails with ENOSPC, once.
    Enospc,
    /// This call, and every later one that changes something, fails with EROFS.
    ReadOnly,
}

/// How many of the points are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extent {
    /// Every fault at every call.
    Every,
    /// At every call that changes something a kill, and one of the other faults in
    /// turn.
    Fast,
}

impl Extent {
    /// What `COUNTERSIGN_EXTENT` says: `every`, or nothing for the fast one.
    pub fn asked_for() -> Result<Self> {
        match std::env::var("COUNTERSIGN_EXTENT").as_deref() {
            Err(VarError::NotPresent) => Ok(Self::Fast),
            Ok("every") => Ok(Self::Every),
            other => bail!("COUNTERSIGN_EXTENT is {other:?}, expected every, or not set"),
        }
    }
}

/// One fault at one call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Point {
    /// What happens.
    pub fault: Fault,
    /// The name of the call.
    pub name: String,
    /// Which call of this name it is, counted from 1.
    pub nth: usize,
    /// The call, as it was recorded.
    recorded: String,
    /// How many calls of each name that changes something there were before.
    before: BTreeMap<String, usize>,
    /// Every path that the recorded calls were about, as seen from the disk.
    paths: BTreeSet<PathBuf>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recorded: String = self.recorded.chars().take(120).collect();
        write!(
            f,
            "{:?} at {} {}: {recorded}",
            self.fault, self.name, self.nth
        )
    }
}

impl Point {
    /// The points of the recorded `calls`.
    pub fn plan(calls: &[Call], extent: Extent) -> Result<Vec<Self>> {
        Self::plan_with(calls, |call, index| faults_at(call, index, extent))
    }

    /// EIO at each of the recorded `calls` that reads, and nothing else.
    pub fn plan_reads(calls: &[Call]) -> Result<Vec<Self>> {
        Self::plan_with(calls, |call, _| match call.effect {
            Effect::Reads => vec![Fault::Eio],
            Effect::Changes => Vec::new(),
        })
    }

    fn plan_with(
        calls: &[Call],
        faults_at: impl Fn(&Call, usize) -> Vec<Fault>,
    ) -> Result<Vec<Self>> {
        // strace counts the calls of each thread. What is looked at is the thread that
        // does what was asked for; another may write alarms to the journal after it.
        let first = calls.iter().find(|call| call.effect == Effect::Changes);
        let thread = first.context("nothing changes the disk")?.thread;
        let calls: Vec<&Call> = calls.iter().filter(|call| call.thread == thread).collect();
        let paths: BTreeSet<PathBuf> = calls.iter().flat_map(|call| call.paths.clone()).collect();
        let mut before = BTreeMap::from_iter(
            calls
                .iter()
                .filter(|call| call.effect == Effect::Changes && call.name != "openat")
                .map(|call| (call.name.clone(), 0)),
        );
        let mut points = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            points.extend(faults_at(call, index).iter().map(|fault| Self {
                fault: *fault,
                name: call.name.clone(),
                nth: call.nth,
                recorded: call.text.clone(),
                before: before.clone(),
                paths: paths.clone(),
            }));
            if let Some(count) = before.get_mut(&call.name) {
                *count += 1;
            }
        }
        Ok(points)
    }

    /// Whether the log shows that it was hit.
    #[must_use]
    pub fn was_hit(&self, calls: &[Call]) -> bool {
        let mut these = calls.iter().filter(|call| call.name == self.name);
        // strace marks a result that it has put in place, and has none for a call
        // whose process it has killed.
        these.any(|call| call.nth == self.nth && (call.injected || self.fault == Fault::Kill))
    }

    /// What strace is told, for the disk in this folder.
    pub(super) fn arguments(&self, disk: &Path) -> Vec<String> {
        let Self { name, nth, .. } = self;
        let mut injections = match self.fault {
            Fault::Kill => vec![format!("inject={name}:signal=SIGKILL:when={nth}")],
            Fault::Eio => vec![format!("inject={name}:error=EIO:when={nth}")],
            Fault::Enospc => vec![format!("inject={name}:error=ENOSPC:when={nth}")],
            Fault::ReadOnly => self
                .before
                .iter()
                .map(|(name, count)| format!("inject={name}:error=EROFS:when={}+", count + 1))
                .collect(),
        };
        if self.fault == Fault::ReadOnly && !self.before.contains_key(name) {
            injections.push(format!("inject={name}:error=EROFS:when={nth}"));
        }
        let injections = injections.into_iter().flat_map(|one| ["-e".into(), one]);
        // Joining an empty path would add a slash, which strace takes for another path.
        let paths = self.paths.iter().map(|path| match path.iter().next() {
            Some(_) => disk.join(path).display().to_string(),
            None => disk.display().to_string(),
        });
        injections
            .chain(paths.flat_map(|path| ["-P".into(), path]))
            .collect()
    }
}

fn faults_at(call: &Call, index: usize, extent: Extent) -> Vec<Fault> {
    match (extent, call.effect) {
        (Extent::Every, Effect::Changes) => {
            vec![Fault::Kill, Fault::Eio, Fault::Enospc, Fault::ReadOnly]
        }
        // A kill at a call that changes nothing leaves what one at the next leaves.
        (Extent::Every, Effect::Reads) => vec![Fault::Eio],
        (Extent::Fast, Effect::Changes) => {
            let other = match index % 3 {
                0 => Fault::Eio,
                1 => Fault::Enospc,
                _ => Fault::ReadOnly,
            };
            vec![Fault::Kill, other]
        }
        (Extent::Fast, Effect::Reads) => Vec::new(),
    }
}
