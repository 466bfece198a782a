//! The embedded, crash-safe store: one table of records under path-like keys.
//!
//! A key is `kind/name`, such as `request/3f9a…` or `identity/serving`; a value
//! is JSON, or sealed octets for private keys. Every change is one transaction:
//! after a power cut either all of it is there or none.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    StorageBackend, StorageError, TableDefinition, TableError, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const RECORDS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("records");

/// Something the store itself could not do; the details are for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
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
    /// The store belongs to another secret.
    #[error(
        "its private keys are sealed with another secret than this unit's: it comes from another \
         unit, or the secret was replaced"
    )]
    OtherSecret,
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Corrupted(why) => Self::Damaged(why),
            other => Self::Io(other.to_string()),
        }
    }
}

pub(crate) struct Store {
    database: Database,
    version: AtomicU64,
    /// Who is told of every change.
    followers: Mutex<Vec<Follower>>,
}

type Follower = Box<dyn Fn() + Send + Sync>;

impl Store {
    /// Opens the store at `path`, or makes an empty one.
    ///
    /// What is in it has to be brought to the present format first; see
    /// [`upgrade`](crate::upgrade).
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = private_file(path).map_err(|error| StoreError::Io(error.to_string()))?;
        let database = FileBackend::new(file).and_then(database_on);
        let database = database.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                StoreError::InUse { path: path.into() }
            }
            DatabaseError::Storage(StorageError::Io(io))
                if io.kind() != io::ErrorKind::InvalidData
                    && io.kind() != io::ErrorKind::UnexpectedEof =>
            {
                StoreError::Io(io.to_string())
            }
            other => StoreError::Damaged(other.to_string()),
        })?;
        Ok(Self::of(database))
    }

    /// Opens the store on something else than a file, such as one that breaks off.
    #[cfg(test)]
    pub(crate) fn on(backend: impl StorageBackend) -> Result<Self, DatabaseError> {
        database_on(backend).map(Self::of)
    }

    fn of(database: Database) -> Self {
        Self {
            database,
            followers: Mutex::default(),
            version: AtomicU64::new(0),
        }
    }

    /// A view of the store as it is now, which later changes do not touch.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let snapshot = self.database.begin_read();
        Ok(Snapshot(snapshot.map_err(redb::Error::from)?))
    }

    /// A number that differs after every change, for what is computed from the
    /// store and kept. It has to be asked for before the snapshot is taken.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Runs `f` in one transaction: all that it wrote is kept when it returns
    /// `Ok`, nothing otherwise.
    pub(crate) fn change<T, E: From<StoreError>>(
        &self,
        f: impl FnOnce(&Change) -> Result<T, E>,
    ) -> Result<T, E> {
        let change = Change(
            self.database
                .begin_write()
                .map_err(|e| StoreError::from(redb::Error::from(e)))?,
        );
        let result = f(&change)?;
        let committed = change.0.commit();
        // A commit that reports a failure may have reached the disk all the same.
        self.version.fetch_add(1, Ordering::Release);
        committed.map_err(|e| StoreError::from(redb::Error::from(e)))?;
        self.followers().iter().for_each(|tell| tell());
        Ok(result)
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
}

/// Every page is checked against its checksum, for a file that was altered from
/// outside would otherwise be trusted.
fn database_on(backend: impl StorageBackend) -> Result<Database, DatabaseError> {
    Database::builder()
        .set_check_integrity_on_open(true)
        .create_with_backend(backend)
}

/// Opens the file for its owner only; makes an empty one where there is none.
fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Reading records, from a snapshot or inside a change.
pub(crate) trait Records {
    /// The octets under `key`.
    fn octets(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The keys that begin with `prefix`, ascending.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

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
            Err(error) => Err(redb::Error::from(error).into()),
        }
    }
}

impl Records for Snapshot {
    fn octets(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.records()?;
        table.map_or(Ok(None), |table| octets_in(&table, key))
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let table = self.records()?;
        table.map_or(Ok(Vec::new()), |table| keys_in(&table, prefix))
    }
}

pub(crate) struct Change(WriteTransaction);

impl Records for Change {
    fn octets(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        octets_in(&self.0.open_table(RECORDS).map_err(redb::Error::from)?, key)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        keys_in(
            &self.0.open_table(RECORDS).map_err(redb::Error::from)?,
            prefix,
        )
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
        let mut table = self.0.open_table(RECORDS).map_err(redb::Error::from)?;
        table.insert(key, octets).map_err(redb::Error::from)?;
        Ok(())
    }

    /// Removes the record under `key`, if there is one.
    pub(crate) fn remove(&self, key: &str) -> Result<(), StoreError> {
        let mut table = self.0.open_table(RECORDS).map_err(redb::Error::from)?;
        table.remove(key).map_err(redb::Error::from)?;
        Ok(())
    }
}

fn octets_in(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = table.get(key).map_err(redb::Error::from)?;
    Ok(found.map(|guard| guard.value().to_vec()))
}

fn keys_in(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    prefix: &str,
) -> Result<Vec<String>, StoreError> {
    let mut keys = Vec::new();
    for entry in table.range(prefix..).map_err(redb::Error::from)? {
        let (key, _) = entry.map_err(redb::Error::from)?;
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
        let store = Store::open(&folder.path().join("store")).expect("opens");
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
    fn a_second_opening_of_the_same_store_is_refused_as_in_use() {
        let (folder, _store) = store();
        let second = Store::open(&folder.path().join("store"));
        assert!(matches!(second, Err(StoreError::InUse { .. })));
    }

    #[test]
    fn noise_is_refused_as_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store");
        std::fs::write(&path, [0x5a; 9000]).expect("written");
        assert!(matches!(Store::open(&path), Err(StoreError::Damaged(_))));
    }
}
