//! A backup: one file with what a unit keeps, signed by the unit that made it.
//!
//! ```text
//! countersign-backup 1
//! {"made":…,"settings":…,"requests":…,"identities":…,"keys":…,"journal":…}
//! signature ed25519 PUBLIC-KEY SIGNATURE
//! ```
//!
//! The key that signs is derived from the unit's secret. So a unit knows its own
//! backups for certain; anybody can check that one is whole and who signed it.
//! Private keys are in it sealed as they are in the store, and so open on this unit
//! alone. There is nothing in it that lets anybody in: no password hash, no token.

mod error;
mod list;
mod read;
mod text;
mod write;

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::KeyId;
use crate::identity::Der;
use crate::journal::{Entry, JOURNAL_ENTRIES_MAX};
use crate::records::{IdentityRecord, RequestRecord};

pub use error::BackupError;
use list::List;
pub(crate) use read::read;
pub use text::backup_to_text;
pub(crate) use write::write;

/// A backup has at most this many octets. When the whole journal does not fit, its
/// oldest entries are left out.
pub const BACKUP_OCTETS_MAX: usize = 4 * 1024 * 1024;
/// As text, for a console, it has at most this many.
pub const BACKUP_TEXT_OCTETS_MAX: usize = 6 * 1024 * 1024;

/// How every backup begins; the version of its format follows.
const MAGIC: &str = "countersign-backup ";
/// The format this version writes and reads.
const VERSION: u32 = 1;
/// How the last line begins.
const SIGNATURE: &str = "signature ed25519 ";

/// A list in a backup other than the journal has at most this many entries: more
/// than any unit has requests, keys or settings.
const LIST_ENTRIES_MAX: usize = 64;

/// Where a backup comes from, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BackupOrigin {
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub at: u64,
    /// Whether the unit's clock was known to be right then.
    pub clock_trusted: bool,
    /// The name of the product.
    pub model: String,
    /// The unit's serial number.
    pub serial_number: String,
    /// The software that made it.
    pub software: String,
}

/// The second line of the file. Records whose fields may grow are kept as they are,
/// so that one of a later version does not hide the others.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    made: BackupOrigin,
    settings: List<(String, String), LIST_ENTRIES_MAX>,
    requests: List<Box<RawValue>, LIST_ENTRIES_MAX>,
    identities: Identities<Option<Box<RawValue>>>,
    keys: List<(KeyId, Der), LIST_ENTRIES_MAX>,
    journal: List<Box<RawValue>, JOURNAL_ENTRIES_MAX>,
}

/// One thing for each place of an identity.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identities<T> {
    pub(crate) factory: T,
    pub(crate) previous: T,
    pub(crate) serving: T,
}

/// A backup that was read, whole and signed by `signer`.
pub(crate) struct Backup {
    pub(crate) made: BackupOrigin,
    pub(crate) signer: VerifyingKey,
    /// The SHA-256 of the file.
    pub(crate) sha256: String,
    /// Names and texts of settings.
    pub(crate) settings: Vec<(String, String)>,
    /// The oldest first.
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) identities: Identities<Option<IdentityRecord>>,
    /// Sealed.
    pub(crate) keys: BTreeMap<KeyId, Vec<u8>>,
    /// The oldest first.
    pub(crate) journal: Vec<Entry>,
    /// How many records only a later version understands.
    pub(crate) not_understood: usize,
}
