//! A disk of its own for each run.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use tempfile::TempDir;

/// A folder that stands for a disk, with the state folder in it, and a log beside it.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Result<Self> {
        let place = Self(tempfile::tempdir()?);
        fs::create_dir(place.disk())?;
        Ok(place)
    }

    /// What stands for the disk.
    pub(super) fn disk(&self) -> PathBuf {
        self.0.path().join("disk")
    }

    /// The state folder, which is not made yet.
    pub(super) fn state(&self) -> PathBuf {
        self.disk().join("state")
    }

    /// Where the log of strace goes.
    pub(super) fn log(&self) -> PathBuf {
        self.0.path().join("log")
    }

    /// Where the disk as it was before is kept.
    pub(super) fn before(&self) -> PathBuf {
        self.0.path().join("before")
    }
}
