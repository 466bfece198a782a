//! The embedded, crash-safe store: one table of records under path-like keys.
//!
//! A key is `kind/name`, such as `request/3f9a…` or `identity/serving`; a value
//! is JSON, or sealed octets for private keys. Every change is one transaction:
//! after a power cut either all of it is there or none.

mod file;
mod medium;

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use redb::{
    AccessGuard, Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    ReadableTable, StorageBackend, StorageError, TableDefinition, TableError, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::file::StoreFile;

const RECORDS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("records");

/// What Linux answers for a sector that cannot be read or written.
pub(crate) const EIO: i32 = 5;

/// A store of more octets is not copied to memory; one with a full journal has a tenth.
const COPY_OCTETS_MAX: u64 = 64 << 20;

/// Counts the changes, so that after a fault it can be told whether the last one is there.
const CHANGES: &str = "meta/changes";

/// Something the store itself could not do; the details are for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk cannot read or write the store where it is (EIO).
    #[error("the disk cannot read or write the store: {0}")]
    Broken(String),
    /// The file, or a record in it, is not what this software wrote.
    #[error("the store cannot be read: {0}")]
    Damaged(String),
    /// Another process has the store open.
    #[error("the store {} is in use by another process: stop that one first", path.display())]
    InUse {
        /// The store's file.
        path: PathBuf,
    },
    /// The file system refused, for example because it is full.
    #[error("the store could not be read or written, nothing was changed: {0}")]
    Io(String),
    /// A later version of this software wrote the store.
    #[error(
        "it was written by a later version of this software, in format {found}; this version knows \
         formats up to {known}"
    )]
    Newer {
        /// The format it has.
        found: u32,
        /// The latest format this version knows.
        known: u32,
    },
    /// The store could be opened for reading only.
    #[error("the store can be read, but not written: {0}")]
    ReadOnly(String),
    /// The store belongs to another secret.
    #[error(
        "its private keys are sealed with another secret than this unit's: it comes from another \
         unit, or the secret was replaced"
    )]
    OtherSecret,
    /// The file system refused in the middle of a change, and then refused to have the
    /// change taken back.
    #[error("the disk failed in the middle of a change, which may be there or not: {0}")]
    Unsettled(String),
}

/// Not `From`: which library stores is nobody else's business, and may change.
fn from_redb(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(why) => StoreError::Damaged(why),
        redb::Error::Io(why) if why.raw_os_error() == Some(EIO) => why.into(),
        other => StoreError::Io(other.to_string()),
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match (error.raw_os_error(), error.kind()) {
            (Some(EIO), _) => Self::Broken(error.to_string()),
            // What the library calls the contents of a file that it does not understand.
            (_, io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error.to_string()),
        }
    }
}

/// The store of the unit, which holds the folder, so that nobody else has it open.
///
/// When the disk refuses anything, the change is not there, and the next use opens the
/// store anew: the unit goes on as soon as the disk does.
pub(crate) struct Store {
    file: StoreFile,
    /// Why `file` is a copy in memory, which takes no change.
    read_only: Option<String>,
    /// Why the last change was not taken, where the disk had refused something.
    refused: Mutex<Option<String>>,
    /// `None` while the disk refuses to open it anew.
    database: RwLock<Option<Database>>,
    /// Held while a change is made, and while the store is opened anew.
    changing: Mutex<()>,
    version: AtomicU64,
    /// Who is told of every change.
    followers: Mutex<Vec<Follower>>,
}

type Follower = Box<dyn Fn() + Send + Sync>;

impl Store {
    /// Makes an empty store at `path`, in place of what an earlier making has left there.
    pub(crate) fn make(path: &Path) -> Result<Self, StoreError> {
        let store = Self::of(path, OpenOptions::new().create(true).truncate(true))?;
        store.accept();
        Ok(store)
    }

    /// Opens the store at `path`. Unless it is [accepted](Self::accept), the file is put
    /// back to how it was found.
    ///
    /// What is in it has to be brought to the present format first; see
    /// [`upgrade`](crate::upgrade).
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        if std::fs::metadata(path)?.len() == 0 {
            return Err(StoreError::Damaged("it is empty".into()));
        }
        Self::of(path, &mut OpenOptions::new())
    }

    /// Opens a copy in memory of the store at `path`, which the disk does not let us write
    /// for the reason `why`. Once it is [accepted](Self::accept), it takes no change.
    pub(crate) fn open_copy(path: &Path, why: String) -> Result<Self, StoreError> {
        let mut octets = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(COPY_OCTETS_MAX + 1).read_to_end(&mut octets)?;
        if u64::try_from(octets.len()).is_ok_and(|len| len > COPY_OCTETS_MAX) {
            return Err(StoreError::Io(format!(
                "{why}; and it has more than {COPY_OCTETS_MAX} octets, too many for a copy in memory"
            )));
        }
        let file = StoreFile::in_memory(octets);
        let database = database(&file)?;
        let mut store = Self::new(file, database);
        store.read_only = Some(why);
        Ok(store)
    }

    /// Why changes are not taken at present, as far as is known: the store can only be read,
    /// or the disk has refused the last change.
    pub(crate) fn trouble(&self) -> Option<String> {
        let refused = || self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_only.clone().or_else(|| refused().clone())
    }

    /// Whether it can only be read until the unit starts anew.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only.is_some()
    }

    /// Opens the store on something else than a file, such as one that breaks off.
    #[cfg(test)]
    pub(crate) fn on(backend: impl StorageBackend) -> Result<Self, DatabaseError> {
        let unused = tempfile::tempfile().expect("a file");
        Ok(Self::new(StoreFile::new(unused), database_on(backend)?))
    }

    fn of(path: &Path, options: &mut OpenOptions) -> Result<Self, StoreError> {
        let file = options.read(true).write(true).mode(0o600).open(path)?;
        let file = StoreFile::new(file);
        let database = database(&file)?;
        Ok(Self::new(file, database))
    }

    fn new(file: StoreFile, database: Database) -> Self {
        Self {
            database: RwLock::new(Some(database)),
            read_only: None,
            refused: Mutex::default(),
            file,
            changing: Mutex::default(),
            version: AtomicU64::new(0),
            followers: Mutex::default(),
        }
    }

    /// Takes the store for the one to go on with.
    pub(crate) fn accept(&self) {
        self.file.accept();
    }

    /// A view of the store as it is now, which later changes do not touch. Not to be
    /// called inside a change.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        if self.file.has_failed() {
            self.open_anew(&self.lock())?;
        }
        self.begin(|database| Ok(database.begin_read()?))
            .map(Snapshot)
    }

    /// A number that differs after every change, for what is computed from the
    /// store and kept. It has to be asked for before the snapshot is taken.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Has `tell` called after every change.
    pub(crate) fn on_change(&self, tell: Follower) {
        self.followers().push(tell);
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Follower>> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` in one transaction: all that it wrote is kept when it returns
    /// `Ok`, nothing otherwise.
    pub(crate) fn change<T, E: From<StoreError>>(
        &self,
        f: impl FnOnce(&Change) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(why) = self.read_only.as_ref().filter(|_| self.file.is_accepted()) {
            return Err(StoreError::ReadOnly(why.clone()).into());
        }
        let (before, _) = self.file.failures();
        let changed = self.try_change(f);
        let (after, why) = self.file.failures();
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match &changed {
            Ok(_) => *refused = None,
            Err(_) if after > before => *refused = Some(why),
            Err(_) => {}
        }
        changed
    }

    fn try_change<T, E: From<StoreError>>(
        &self,
        f: impl FnOnce(&Change) -> Result<T, E>,
    ) -> Result<T, E> {
        let changing = self.lock();
        if self.file.has_failed() {
            self.open_anew(&changing)?;
        }
        let mut change = Change(self.begin(|database| Ok(database.begin_write()?))?);
        // Without this, a newest change that is damaged looks like one that a power cut
        // has interrupted, and the one before it would be taken without a word.
        change.0.set_two_phase_commit(true);
        let result = f(&change)?;
        let number = change.get(CHANGES)?.unwrap_or(0_u64).saturating_add(1);
        change.put(CHANGES, &number)?;
        let committed = change.0.commit().map_err(redb::Error::from);
        // A commit that reports a failure may have reached the disk all the same.
        self.version.fetch_add(1, Ordering::Release);
        match committed {
            Err(why) if !self.has_change(number, &changing, &why)? => {
                return Err(from_redb(why).into());
            }
            _ => {}
        }
        drop(changing);
        self.followers().iter().for_each(|tell| tell());
        Ok(result)
    }

    /// Whether the change with this number is in the store, after it could not be
    /// written for the reason `why`.
    fn has_change(
        &self,
        number: u64,
        changing: &MutexGuard<'_, ()>,
        why: &redb::Error,
    ) -> Result<bool, StoreError> {
        let last = self
            .open_anew(changing)
            .and_then(|()| self.begin(|database| Ok(database.begin_read()?)))
            .and_then(|snapshot| Snapshot(snapshot).get::<u64>(CHANGES));
        last.map(|last| last == Some(number))
            .map_err(|again| StoreError::Unsettled(format!("{why}; then: {again}")))
    }

    /// Opens the store after the disk has refused something, as it was when it was last
    /// written whole. Snapshots that are still read from are refused.
    fn open_anew(&self, _changing: &MutexGuard<'_, ()>) -> Result<(), StoreError> {
        let mut current = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        drop(current.take());
        self.file.restore()?;
        *current = Some(database(&self.file)?);
        Ok(())
    }

    fn begin<T>(
        &self,
        begin: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let current = self.database.read().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(database) => begin(database).map_err(from_redb),
            None => Err(StoreError::Io("it is not open".into())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database in `file`, or an empty one in an empty file.
fn database(file: &StoreFile) -> Result<Database, StoreError> {
    database_on(file.clone()).map_err(|error| match error {
        DatabaseError::Storage(StorageError::Io(io)) => io.into(),
        other => StoreError::Damaged(other.to_string()),
    })
}

/// Every page is checked against its checksum, for a file that was altered from
/// outside would otherwise be trusted.
fn database_on(backend: impl StorageBackend) -> Result<Database, DatabaseError> {
    Database::builder()
        .set_check_integrity_on_open(true)
        .create_with_backend(backend)
}

/// Reading records, from a snapshot or inside a change.
pub(crate) trait Records {
    /// The octets under `key`.
    fn octets(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The keys that begin with `prefix`, ascending.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.keys_from(prefix, prefix, usize::MAX)
    }

    /// The first key that begins with `prefix`.
    fn first_key(&self, prefix: &str) -> Result<Option<String>, StoreError> {
        Ok(self.keys_from(prefix, prefix, 1)?.pop())
    }

    /// The keys that begin with `prefix`, from `first` on, ascending, at most `keys_max`.
    fn keys_from(
        &self,
        prefix: &str,
        first: &str,
        keys_max: usize,
    ) -> Result<Vec<String>, StoreError>;

    /// The last keys that begin with `prefix`, descending, at most `keys_max`.
    fn last_keys(&self, prefix: &str, keys_max: usize) -> Result<Vec<String>, StoreError>;

    /// The record under `key`.
    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Some(octets) = self.octets(key)? else {
            return Ok(None);
        };
        match serde_json::from_slice(&octets) {
            Ok(record) => Ok(Some(record)),
            Err(error) => Err(StoreError::Damaged(format!("the record {key}: {error}"))),
        }
    }

    /// All records whose keys begin with `prefix`, in the order of their keys.
    fn all<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>, StoreError> {
        let keys = self.keys(prefix)?;
        keys.iter()
            .filter_map(|key| self.get(key).transpose())
            .collect()
    }
}

pub(crate) struct Snapshot(ReadTransaction);

impl Snapshot {
    /// The table; `None` in a store that nothing was ever put into.
    fn records(&self) -> Result<Option<ReadOnlyTable<&'static str, &'static [u8]>>, StoreError> {
        match self.0.open_table(RECORDS) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(from_redb(error)),
        }
    }
}

impl Records for Snapshot {
    fn octets(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.records()?;
        table.map_or(Ok(None), |table| octets_in(&table, key))
    }

    fn keys_from(
        &self,
        prefix: &str,
        first: &str,
        keys_max: usize,
    ) -> Result<Vec<String>, StoreError> {
        let table = self.records()?;
        table.map_or(Ok(Vec::new()), |table| {
            keys_in(&table, prefix, first, keys_max)
        })
    }

    fn last_keys(&self, prefix: &str, keys_max: usize) -> Result<Vec<String>, StoreError> {
        let table = self.records()?;
        table.map_or(Ok(Vec::new()), |table| {
            last_keys_in(&table, prefix, keys_max)
        })
    }
}

pub(crate) struct Change(WriteTransaction);

impl Records for Change {
    fn octets(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        octets_in(&self.0.open_table(RECORDS).map_err(from_redb)?, key)
    }

    fn keys_from(
        &self,
        prefix: &str,
        first: &str,
        keys_max: usize,
    ) -> Result<Vec<String>, StoreError> {
        let table = self.0.open_table(RECORDS).map_err(from_redb)?;
        keys_in(&table, prefix, first, keys_max)
    }

    fn last_keys(&self, prefix: &str, keys_max: usize) -> Result<Vec<String>, StoreError> {
        let table = self.0.open_table(RECORDS).map_err(from_redb)?;
        last_keys_in(&table, prefix, keys_max)
    }
}

impl Change {
    /// Puts a record under `key`, in place of the one that was there.
    pub(crate) fn put<T: Serialize>(&self, key: &str, record: &T) -> Result<(), StoreError> {
        let octets = serde_json::to_vec(record).map_err(|e| StoreError::Io(e.to_string()))?;
        self.put_octets(key, &octets)
    }

    /// Puts octets under `key`, in place of those that were there.
    pub(crate) fn put_octets(&self, key: &str, octets: &[u8]) -> Result<(), StoreError> {
        let mut table = self.0.open_table(RECORDS).map_err(from_redb)?;
        table.insert(key, octets).map_err(from_redb)?;
        Ok(())
    }

    /// Removes the record under `key`, if there is one.
    pub(crate) fn remove(&self, key: &str) -> Result<(), StoreError> {
        let mut table = self.0.open_table(RECORDS).map_err(from_redb)?;
        table.remove(key).map_err(from_redb)?;
        Ok(())
    }
}

fn octets_in(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = table.get(key).map_err(from_redb)?;
    Ok(found.map(|guard| guard.value().to_vec()))
}

fn keys_in(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    prefix: &str,
    first: &str,
    keys_max: usize,
) -> Result<Vec<String>, StoreError> {
    let entries = table.range(first..).map_err(from_redb)?;
    first_of(entries, prefix, keys_max)
}

fn last_keys_in(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    prefix: &str,
    keys_max: usize,
) -> Result<Vec<String>, StoreError> {
    // No key has this character, which comes after all others.
    let end = format!("{prefix}{}", char::MAX);
    let entries = table.range(..end.as_str()).map_err(from_redb)?;
    first_of(entries.rev(), prefix, keys_max)
}

type Found<'a> = Result<
    (
        AccessGuard<'a, &'static str>,
        AccessGuard<'a, &'static [u8]>,
    ),
    StorageError,
>;

/// The keys of `entries` as far as they begin with `prefix`, at most `keys_max`.
fn first_of<'a>(
    entries: impl Iterator<Item = Found<'a>>,
    prefix: &str,
    keys_max: usize,
) -> Result<Vec<String>, StoreError> {
    let mut keys = Vec::new();
    for entry in entries.take(keys_max) {
        let (key, _) = entry.map_err(from_redb)?;
        if !key.value().starts_with(prefix) {
            break;
        }
        keys.push(key.value().to_owned());
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::make(&folder.path().join("store")).expect("made");
        (folder, store)
    }

    #[test]
    fn a_change_that_fails_leaves_nothing_behind() {
        let (_folder, store) = store();
        let failed: Result<(), StoreError> = store.change(|change| {
            change.put("a/1", &1)?;
            Err(StoreError::Io("as if the disk were full".into()))
        });
        assert!(failed.is_err());
        assert_eq!(
            store
                .snapshot()
                .expect("reads")
                .get::<u32>("a/1")
                .expect("reads"),
            None
        );
    }

    #[test]
    fn records_come_in_the_order_of_their_keys_and_of_their_kind_only() {
        let (_folder, store) = store();
        store
            .change(|change| {
                for (key, value) in [("b/1", 3), ("a/2", 2), ("a/1", 1), ("a0", 4)] {
                    change.put(key, &value)?;
                }
                Ok::<_, StoreError>(())
            })
            .expect("kept");
        let all: Vec<u32> = store.snapshot().expect("reads").all("a/").expect("reads");
        assert_eq!(all, [1, 2]);
    }

    #[test]
    fn a_record_that_is_not_what_was_written_is_damage_and_not_a_fault_of_the_disk() {
        let (_folder, store) = store();
        store
            .change(|change| change.put_octets("a/1", b"{"))
            .expect("kept");
        let read = store.snapshot().expect("reads").get::<u32>("a/1");
        assert!(matches!(read, Err(StoreError::Damaged(_))));
    }

    #[test]
    fn noise_is_refused_as_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store");
        std::fs::write(&path, [0x5a; 9000]).expect("written");
        assert!(matches!(Store::open(&path), Err(StoreError::Damaged(_))));
    }
}
