//! Faults of the disk and of the power, at every system call that touches the state.
//!
//! A [`Subject`] is a program whose state has to survive, and one thing that is done
//! with it. [`enumerate`] records the system calls that this makes on the state
//! folder, does it again for each of them with a [`Fault`] at that call, and then
//! starts the program anew on what the fault has left. `strace` injects the faults,
//! so the program is the very one that runs on a unit.
//!
//! [`Change`], [`EndOfTrial`] and [`Starting`] are the subjects that drive the unit, [`UnsafeStore`] is
//! one that a harness worth its name must find guilty. [`damage`] alters the files of a
//! state. [`lost_writes`] and [`crash_images`] go beyond the death of the process, to what a
//! power cut leaves of what it has written.

mod call;
mod change;
mod crash_images;
mod damage;
mod dice;
mod end_of_trial;
mod enumerate;
mod look;
mod loop_disk;
mod lost_writes;
mod place;
mod point;
mod records;
mod seed;
mod starting;
mod step;
mod strace;
mod unsafe_store;

use std::path::Path;

use anyhow::Result;

pub use call::{Call, Effect};
pub use change::Change;
pub use crash_images::crash_images;
pub use damage::{File, damage, unreadable};
pub use end_of_trial::EndOfTrial;
pub use enumerate::{Report, enumerate, enumerate_reads};
pub use look::{Look, Which};
pub use lost_writes::lost_writes;
pub use point::{Extent, Fault, Point};
pub use seed::Seed;
pub use starting::Starting;
pub use strace::{Attached, Strace};
pub use unsafe_store::{UnsafeStore, Way};

/// A program whose state has to survive, and one thing that is done with it.
pub trait Subject: Sync {
    /// Lays the state that it begins with into the folder `state`, or nothing.
    fn lay(&self, state: &Path) -> Result<()>;

    /// Does it under `strace`, and says how it was answered. The program has ended
    /// when this returns. An error is a fault of the program.
    fn run(&self, state: &Path, strace: &Strace) -> Result<Answer>;

    /// Starts the program anew, without faults, and fails when the state is not what
    /// it has to be after this answer.
    fn check(&self, state: &Path, answer: &Answer) -> Result<()>;

    /// At how many points at a time it is tried.
    fn at_a_time(&self) -> usize {
        1
    }
}

/// How the program has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It was done, with this to show for it.
    Done(String),
    /// It was not done, for this reason.
    Refused(String),
    /// There was no answer: the program was gone.
    None,
}
