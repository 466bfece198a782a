//! A control: a program that keeps its state badly, which the enumeration has to
//! find guilty.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::strace::Strace;
use super::{Answer, Subject};

/// What the program finds, and what it writes in its place; no half is the same.
const OLD: &str = "the old state / the old state";
const NEW: &str = "the NEW state / the NEW state";

/// A program that writes its one file anew in a bad way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnsafeStore {
    /// Where the program is.
    pub program: PathBuf,
    /// How it writes.
    pub way: Way,
}

/// A bad way to write a file anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// Over the old one, in two halves: a kill between them leaves one of each.
    InPlace,
    /// Beside the old one, and renamed. It is never synchronised, so a power cut may
    /// leave the new name without the new octets.
    WithoutSync,
    /// Beside the old one, synchronised, and renamed. The folder is never synchronised,
    /// so a power cut may bring the old one back after it was said to be replaced.
    WithoutSyncOfTheFolder,
}

impl UnsafeStore {
    /// The program at this path, which is `unsafe_store` of this package.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, way: Way) -> Self {
        Self {
            program: program.into(),
            way,
        }
    }
}

impl Subject for UnsafeStore {
    fn lay(&self, state: &Path) -> Result<()> {
        fs::create_dir(state)?;
        Ok(fs::write(state.join("value"), OLD)?)
    }

    fn run(&self, state: &Path, strace: &Strace) -> Result<Answer> {
        strace.keep_what_is_there(state)?;
        let way = match self.way {
            Way::InPlace => "in-place",
            Way::WithoutSync => "without-sync",
            Way::WithoutSyncOfTheFolder => "without-sync-of-the-folder",
        };
        let mut command = strace.command(&self.program);
        let child = command.arg(state.join("value")).args([way, NEW]).spawn()?;
        let process_id = child.id();
        let output = child.wait_with_output()?;
        strace.wait_for_end(process_id)?;
        Ok(match output.status.code() {
            Some(0) => Answer::Done(NEW.into()),
            Some(code) => Answer::Refused(format!("exit code {code}")),
            None => Answer::None,
        })
    }

    fn check(&self, state: &Path, answer: &Answer) -> Result<()> {
        let found = fs::read_to_string(state.join("value"))?;
        let right = match answer {
            Answer::Done(_) => found == NEW,
            Answer::Refused(_) => found == OLD,
            Answer::None => found == OLD || found == NEW,
        };
        ensure!(right, "after {answer:?}: {found:?}");
        Ok(())
    }
}
