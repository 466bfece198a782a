//! Writing a backup.

use ed25519_dalek::{Signer, SigningKey};
use serde::Serialize;
use serde_json::value::RawValue;

use super::list::List;
use super::{
    BACKUP_OCTETS_MAX, BackupError, BackupOrigin, Body, Identities, LIST_ENTRIES_MAX, MAGIC,
    SIGNATURE, VERSION,
};
use crate::identity::Der;
use crate::journal::{self, JOURNAL_ENTRIES_MAX};
use crate::key_id::hexadecimal;
use crate::records::{IdentityRecord, PRIVATE_KEYS, Slot, by_age};
use crate::settings::{self, Setting};
use crate::store::{Records, Snapshot, StoreError};
use crate::{Error, KeyId};

/// Writes what the snapshot holds, and signs it.
///
/// # Errors
///
/// - [`BackupError::TooMuch`] when it would be longer than any that is restored.
/// - [`Error::Store`] when the store cannot be read.
pub(crate) fn write(
    records: &Snapshot,
    made: BackupOrigin,
    key: &SigningKey,
) -> Result<Vec<u8>, Error> {
    let settings = settings::stored(records)?;
    let mut body = Body {
        made,
        settings: Setting::ALL
            .iter()
            .map(|setting| (setting.name().to_owned(), settings.text(*setting)))
            .collect(),
        requests: by_age(records)?.iter().map(raw).collect::<Result<_, _>>()?,
        identities: Identities {
            factory: identity(records, Slot::Factory)?,
            previous: identity(records, Slot::Previous)?,
            serving: identity(records, Slot::Serving)?,
        },
        keys: sealed_keys(records)?,
        journal: List(Vec::new()),
    };
    let without_journal = octets_of(&body)?.len() + MAGIC.len() + SIGNATURE.len() + 256;
    let room = BACKUP_OCTETS_MAX.checked_sub(without_journal);
    let room = room.ok_or(BackupError::TooMuch)?;
    body.journal = newest_that_fit(records, room)?;
    let mut file = format!("{MAGIC}{VERSION}\n").into_bytes();
    file.extend(octets_of(&body)?);
    file.push(b'\n');
    let signature = key.sign(&file);
    let line = format!(
        "{SIGNATURE}{} {}\n",
        hexadecimal(key.verifying_key().as_bytes()),
        hexadecimal(&signature.to_bytes())
    );
    file.extend(line.into_bytes());
    Ok(file)
}

fn raw<T: Serialize>(record: &T) -> Result<Box<RawValue>, StoreError> {
    serde_json::value::to_raw_value(record).map_err(|error| StoreError::Io(error.to_string()))
}

fn octets_of(body: &Body) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(body).map_err(|error| StoreError::Io(error.to_string()))
}

fn identity(records: &Snapshot, slot: Slot) -> Result<Option<Box<RawValue>>, StoreError> {
    let record: Option<IdentityRecord> = records.get(slot.key())?;
    record.as_ref().map(raw).transpose()
}

fn sealed_keys(records: &Snapshot) -> Result<List<(KeyId, Der), LIST_ENTRIES_MAX>, StoreError> {
    let mut keys = Vec::new();
    for name in records.keys(PRIVATE_KEYS)? {
        let id = name.strip_prefix(PRIVATE_KEYS).map(str::parse);
        if let (Some(Ok(id)), Some(sealed)) = (id, records.octets(&name)?) {
            keys.push((id, Der(sealed)));
        }
    }
    Ok(List(keys))
}

/// The entries of the journal that fit into so many octets, the oldest first.
fn newest_that_fit(
    records: &Snapshot,
    mut room: usize,
) -> Result<List<Box<RawValue>, JOURNAL_ENTRIES_MAX>, StoreError> {
    let mut kept = Vec::new();
    for entry in journal::newest(records, JOURNAL_ENTRIES_MAX)? {
        let entry = raw(&entry)?;
        let Some(left) = room.checked_sub(entry.get().len() + 1) else {
            break;
        };
        room = left;
        kept.push(entry);
    }
    kept.reverse();
    Ok(List(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Origin;
    use crate::store::Store;

    #[test]
    fn what_is_more_than_a_backup_holds_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::make(&folder.path().join("store")).expect("made");
        let record = |octets: usize| IdentityRecord {
            key: "00".repeat(32).parse().expect("an id"),
            chain: vec![Der(vec![0x30; octets])],
            origin: Origin::Imported,
            since: 0,
            confirmed: true,
        };
        let made = BackupOrigin {
            at: 0,
            clock_trusted: true,
            model: "M".into(),
            serial_number: "1".into(),
            software: "S".into(),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        for (octets, fits) in [(1 << 20, true), (4 << 20, false)] {
            store
                .change(|change| change.put(Slot::Previous.key(), &record(octets)))
                .expect("stored");
            let written = write(&store.snapshot().expect("read"), made.clone(), &key);
            match written {
                Ok(file) => assert!(fits && file.len() <= BACKUP_OCTETS_MAX),
                Err(error) => assert!(
                    !fits && matches!(error, Error::Backup(BackupError::TooMuch)),
                    "{error}"
                ),
            }
        }
    }
}
