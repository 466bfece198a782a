//! Where the octets of the store's file are: on the disk, or in memory where that cannot
//! be written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the octets are.
#[derive(Debug)]
pub(super) enum Medium {
    Disk(File),
    /// A copy of a file that cannot be written.
    Memory(Mutex<Vec<u8>>),
}

impl Medium {
    pub(super) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Disk(file) => Ok(file.metadata()?.len()),
            Self::Memory(octets) => Ok(u64::try_from(locked(octets).len()).unwrap_or(u64::MAX)),
        }
    }

    pub(super) fn read(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.read_exact_at(out, offset),
            Self::Memory(octets) => {
                let octets = locked(octets);
                let from = place(offset)?;
                let there = octets.get(from..).and_then(|rest| rest.get(..out.len()));
                out.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }

    pub(super) fn write(&self, data: &[u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.write_all_at(data, offset),
            Self::Memory(octets) => {
                let (mut octets, from) = (locked(octets), place(offset)?);
                let end = from.saturating_add(data.len());
                if octets.len() < end {
                    octets.resize(end, 0);
                }
                let there = octets.get_mut(from..end);
                there
                    .ok_or(io::ErrorKind::FileTooLarge)?
                    .copy_from_slice(data);
                Ok(())
            }
        }
    }

    pub(super) fn set_len(&self, len: u64) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.set_len(len),
            Self::Memory(octets) => {
                locked(octets).resize(place(len)?, 0);
                Ok(())
            }
        }
    }

    pub(super) fn sync_all(&self) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.sync_all(),
            Self::Memory(_) => Ok(()),
        }
    }

    pub(super) fn sync_data(&self) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.sync_data(),
            Self::Memory(_) => Ok(()),
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}
