#![doc = include_str!("../README.md")]

mod account;
mod afterwards;
mod alarms;
mod authorized_keys;
mod backup;
mod clock;
mod collector;
mod details;
mod environment;
mod error;
mod factory;
mod field;
mod folder;
mod follow;
mod form;
mod host_key;
mod identity;
mod journal;
mod key_id;
mod making;
mod notes;
mod other_state;
mod proposal;
mod public_key;
mod reached;
mod records;
mod requests;
mod reset;
mod restore;
mod review;
#[cfg(feature = "rustls")]
mod rustls_listener;
mod seal;
mod serving;
mod settings;
mod stand_in;
mod start;
mod store;
mod subkeys;
mod tls_level;
mod trial;
mod unit;
mod upgrade;
mod view;

pub use account::{ADMIN, PASSWORD_CHARS_MIN, PASSWORD_OCTETS_MAX, PasswordError, SignIn};
pub use afterwards::{Afterwards, Comes};
pub use alarms::{Alarm, AlarmCode};
pub use authorized_keys::{
    AUTHORIZED_KEY_OCTETS_MAX, AUTHORIZED_KEYS_MAX, AuthorizedKey, AuthorizedKeyError,
};
pub use backup::{
    BACKUP_OCTETS_MAX, BACKUP_TEXT_OCTETS_MAX, BackupError, BackupOrigin, backup_to_text,
};
pub use clock::{NO_END_SECONDS, NOT_BEFORE_SLACK_SECONDS};
pub use collector::{Collector, Transport};
pub use details::{CertificateDetails, Detail, Which};
pub use environment::Environment;
pub use error::Error;
pub use factory::Factory;
pub use field::{Field, FieldMessage};
pub use folder::make_state_folder;
pub use follow::Followed;
pub use form::{DAYS_DEFAULT, DirectoryRow, NameRow, RequestForm, RequestOrder};
pub use identity::{Der, Identity, Listener, Origin};
pub use journal::{Action, Actor, Entry, JOURNAL_ENTRIES_MAX, OtherWay, REFUSED_SIGN_INS_MAX, Via};
pub use key_id::{KeyId, fingerprint};
pub use making::Making;
pub use records::REQUESTS_MAX;
pub use requests::{GaveWay, Made, OnProgress};
pub use restore::{BackupReview, LeftBehind, RestorePlan, SettingChange, Signer};
pub use review::{ChainStep, NameCovered, Review, Signed, Way};
#[cfg(feature = "rustls")]
pub use rustls_listener::{MakeTicketer, RustlsListener, Served};
pub use seal::{SecretFile, UnitSecret};
pub use settings::{Setting, Settings, Switch, TokenHash};
pub use store::StoreError;
pub use tls_level::TlsLevel;
pub use trial::{Preflight, Trial};
pub use unit::{IdentityView, Opened, SetAside, Status, Unit, UnitConfig};
pub use upgrade::FORMAT as STORE_FORMAT;
pub use view::{CertificateView, RequestView};

// The types of the three pure crates that operations take and return.
pub use cert_formats::Format;
pub use cert_policy::{Finding, Now, ServerName, Severity};
pub use pki_core::{Digest, NAMES_MAX, ORGANIZATIONAL_UNITS_MAX, Progress, SubjectAltNameKind};
