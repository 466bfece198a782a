//! The store's file, which can be put back to how it was when it was last synchronised.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::medium::{Medium, locked};

/// A file that remembers what it has overwritten since it was last synchronised.
///
/// After a `write` or `fsync` that failed, the page cache may show what is not on the
/// disk: Linux marks pages that it could not write as clean, so the next `fsync`
/// succeeds without them. Whoever goes on from there may commit a state that the next
/// power cut takes away, with everything that refers to it. So this file is
/// [restored](Self::restore) first: what was overwritten is written and synchronised
/// once more, and only the state that is on the disk for certain is left.
///
/// Until it is [accepted](Self::accept), it remembers everything, and when it is dropped
/// before, it is put back to how it was found: a store that is set aside is the one that
/// was damaged, octet for octet.
///
/// It does not lock the file; the unit holds the folder.
#[derive(Debug, Clone)]
pub(super) struct StoreFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: Medium,
    failed: AtomicBool,
    /// How often the operating system has refused anything, and what it said last.
    failures: Mutex<(u64, String)>,
    accepted: AtomicBool,
    overwritten: Mutex<Overwritten>,
}

/// What the file was, where it is something else now.
#[derive(Default)]
struct Overwritten {
    /// Octets and where they were, in the order in which they were overwritten.
    octets: Vec<(u64, Vec<u8>)>,
    /// How long the file was.
    len: Option<u64>,
}

impl std::fmt::Debug for Overwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Overwritten({} times)", self.octets.len())
    }
}

impl StoreFile {
    pub(super) fn new(file: File) -> Self {
        Self::of(Medium::Disk(file))
    }

    /// A file in memory, for one that cannot be written.
    pub(super) fn in_memory(octets: Vec<u8>) -> Self {
        Self::of(Medium::Memory(Mutex::new(octets)))
    }

    fn of(file: Medium) -> Self {
        Self(Arc::new(Inner {
            file,
            failed: AtomicBool::new(false),
            failures: Mutex::default(),
            accepted: AtomicBool::new(false),
            overwritten: Mutex::default(),
        }))
    }

    /// From now on, what is synchronised stays.
    pub(super) fn accept(&self) {
        self.0.accepted.store(true, Ordering::Release);
        *self.0.overwritten() = Overwritten::default();
    }

    /// Whether what is synchronised stays.
    pub(super) fn is_accepted(&self) -> bool {
        self.0.accepted.load(Ordering::Acquire)
    }

    /// How often the operating system has refused anything, and what it said last.
    pub(super) fn failures(&self) -> (u64, String) {
        locked(&self.0.failures).clone()
    }

    /// Whether the operating system has refused anything since the last
    /// [restoring](Self::restore).
    pub(super) fn has_failed(&self) -> bool {
        self.0.failed.load(Ordering::Acquire)
    }

    /// Puts the file back to how it was when it was last synchronised. Nobody else may
    /// be using it.
    ///
    /// When this fails, nothing is forgotten, and it can be tried again.
    pub(super) fn restore(&self) -> io::Result<()> {
        self.0.restore()
    }
}

impl Inner {
    fn restore(&self) -> io::Result<()> {
        let mut overwritten = self.overwritten();
        if let Some(len) = overwritten.len {
            for (offset, octets) in overwritten.octets.iter().rev() {
                self.file.write(octets, *offset)?;
            }
            self.file.set_len(len)?;
            self.file.sync_all()?;
        }
        *overwritten = Overwritten::default();
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    fn overwritten(&self) -> MutexGuard<'_, Overwritten> {
        let overwritten = self.overwritten.lock();
        overwritten.unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what is about to be lost: the octets in the file from `offset` on, at most
    /// `count`.
    fn remember(&self, overwritten: &mut Overwritten, offset: u64, count: u64) -> io::Result<()> {
        let len = self.file.len()?;
        overwritten.len.get_or_insert(len);
        let count = len.saturating_sub(offset).min(count);
        if count > 0 {
            let too_long = |_| io::Error::from(io::ErrorKind::FileTooLarge);
            let mut octets = vec![0; usize::try_from(count).map_err(too_long)?];
            self.file.read(&mut octets, offset)?;
            overwritten.octets.push((offset, octets));
        }
        Ok(())
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            let mut failures = locked(&self.failures);
            *failures = (failures.0 + 1, error.to_string());
            self.failed.store(true, Ordering::Release);
        }
        result
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !*self.accepted.get_mut() {
            // What it was is still in it where this fails, but for what a store writes
            // when it is opened.
            drop(self.restore());
        }
    }
}

impl StorageBackend for StoreFile {
    fn len(&self) -> io::Result<u64> {
        self.0.noted(self.0.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.noted(self.0.file.read(out, offset))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut overwritten = self.0.overwritten();
        let cut_off = self.0.remember(&mut overwritten, len, u64::MAX);
        self.0
            .noted(cut_off.and_then(|()| self.0.file.set_len(len)))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut overwritten = self.0.overwritten();
        self.0.noted(self.0.file.sync_data())?;
        if self.0.accepted.load(Ordering::Acquire) {
            *overwritten = Overwritten::default();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut overwritten = self.0.overwritten();
        let count = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let remembered = self.0.remember(&mut overwritten, offset, count);
        let written = remembered.and_then(|()| self.0.file.write(data, offset));
        self.0.noted(written)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn file(octets: &[u8]) -> (tempfile::TempDir, PathBuf, StoreFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store");
        fs::write(&path, octets).expect("written");
        let mut options = fs::OpenOptions::new();
        let opened = options.read(true).write(true).open(&path).expect("opens");
        (folder, path, StoreFile::new(opened))
    }

    #[track_caller]
    fn holds(path: &Path, octets: &[u8]) {
        assert_eq!(fs::read(path).expect("read"), octets);
    }

    #[test]
    fn it_is_put_back_to_the_last_synchronisation_whatever_was_done_since() {
        let (_folder, path, file) = file(b"0123456789");
        file.accept();
        file.write(8, b"abcd").expect("written");
        file.sync_data().expect("synchronised");
        holds(&path, b"01234567abcd");
        file.write(2, b"xx").expect("written");
        file.write(1, b"yyyyy").expect("written");
        file.set_len(4).expect("cut");
        file.set_len(20).expect("made longer");
        file.write(30, b"zz").expect("written");
        holds(
            &path,
            b"0yyy\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0zz",
        );
        file.restore().expect("restored");
        holds(&path, b"01234567abcd");
        file.restore().expect("nothing to do");
        holds(&path, b"01234567abcd");
    }

    #[test]
    fn it_is_put_back_to_how_it_was_found_unless_it_is_accepted() {
        for (accepted, left) in [(false, b"0123456789"), (true, b"01xx456789")] {
            let (_folder, path, file) = file(b"0123456789");
            let other = file.clone();
            file.write(2, b"xx").expect("written");
            file.sync_data().expect("synchronised");
            if accepted {
                file.accept();
            }
            drop(file);
            holds(&path, b"01xx456789");
            drop(other);
            holds(&path, left);
        }
    }

    #[test]
    fn a_copy_in_memory_is_a_file_that_nobody_else_sees() {
        let file = StoreFile::in_memory(b"0123456789".to_vec());
        file.accept();
        file.write(8, b"abcd").expect("written");
        file.sync_data().expect("nothing to do");
        file.set_len(11).expect("cut");
        let mut read = [0; 4];
        file.read(7, &mut read).expect("read");
        assert_eq!(&read, b"7abc");
        file.read(8, &mut read).expect_err("it ends before");
        file.restore().expect("restored");
        assert_eq!(file.len().expect("known"), 12);
    }

    #[test]
    fn a_failure_is_remembered_until_the_file_is_restored() {
        let (_folder, path, _) = file(b"0123");
        let file = StoreFile::new(File::open(&path).expect("opens, for reading only"));
        assert!(!file.has_failed());
        file.write(0, b"x").expect_err("it cannot be written");
        assert!(file.has_failed());
        file.restore().expect_err("it still cannot be written");
        assert!(file.has_failed());
    }
}
