//! Who did what, when, from where, with which result.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::KeyId;
use crate::environment::Now;
use crate::store::{Change, Records, Snapshot, StoreError};

/// The journal keeps this many entries; the oldest give way.
pub const JOURNAL_ENTRIES_MAX: usize = 10_000;

const PREFIX: &str = "journal/";

/// The person, or the unit itself, that an operation is done for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The account's name, or "unit".
    pub who: String,
    /// The way it came.
    pub via: Via,
}

impl Actor {
    /// The unit itself, acting without being asked.
    #[must_use]
    pub fn unit() -> Self {
        Self {
            who: "unit".into(),
            via: Via::Unit,
        }
    }
}

/// The way an operation came to the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Via {
    /// The console on the unit itself.
    Console,
    /// The unit acted by itself.
    Unit,
    /// A browser at this address.
    Web(IpAddr),
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Console => f.write_str("console"),
            Self::Unit => f.write_str("unit"),
            Self::Web(address) => write!(f, "web, from {address}"),
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Somebody took note of an alarm.
    AlarmAcknowledged,
    /// The cause of an alarm has ended.
    AlarmEnded,
    /// An alarm was raised.
    AlarmRaised,
    /// Somebody signed in over a certificate on trial, so it stays.
    Confirm,
    /// A request was deleted.
    DeleteRequest,
    /// The unit started for the first time.
    FirstStart,
    /// A certificate was imported and serves.
    Install,
    /// A key and a request were made.
    MakeRequest,
    /// A key, a request and a self-signed certificate that serves were made.
    MakeSelfSigned,
    /// The password was changed.
    Password,
    /// The previous identity serves again.
    Previous,
    /// A new factory certificate serves.
    Reset,
    /// Settings were changed.
    Settings,
    /// Somebody signed in, or tried to.
    SignIn,
    /// A store that could not be read was set aside.
    StoreSetAside,
    /// Nobody signed in over a certificate on trial, so the previous one serves.
    TrialEnded,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlarmAcknowledged => "alarm noted",
            Self::AlarmEnded => "alarm ended",
            Self::AlarmRaised => "alarm",
            Self::Confirm => "certificate confirmed",
            Self::DeleteRequest => "request deleted",
            Self::FirstStart => "first start",
            Self::Install => "certificate installed",
            Self::MakeRequest => "request made",
            Self::MakeSelfSigned => "self-signed certificate made",
            Self::Password => "password",
            Self::Previous => "previous certificate served again",
            Self::Reset => "factory certificate made",
            Self::Settings => "settings",
            Self::SignIn => "sign-in",
            Self::StoreSetAside => "store set aside",
            Self::TrialEnded => "trial ended",
        })
    }
}

/// One entry of the journal. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Ascending from 1, never used twice.
    pub number: u64,
    /// Seconds since 1970-01-01 UTC.
    pub at: u64,
    /// Whether the clock was known to be right then.
    pub clock_trusted: bool,
    /// Who did it, and by which way.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// How it ended, as a sentence.
    pub outcome: String,
    /// The key it was about.
    pub key: Option<KeyId>,
    /// The SHA-256 fingerprint of the certificate it was about.
    pub certificate: Option<String>,
}

/// What the caller knows of an entry; number and time are added on writing.
pub(crate) struct Event<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) action: Action,
    pub(crate) outcome: String,
    pub(crate) key: Option<KeyId>,
    pub(crate) certificate: Option<String>,
}

pub(crate) fn append(change: &Change, now: Now, event: Event<'_>) -> Result<(), StoreError> {
    let last: u64 = change.get("meta/journal-last")?.unwrap_or(0);
    let number = last.saturating_add(1);
    let entry = Entry {
        number,
        at: now.unix_seconds,
        clock_trusted: now.trusted,
        actor: event.actor.clone(),
        action: event.action,
        outcome: event.outcome,
        key: event.key,
        certificate: event.certificate,
    };
    change.put(&key_of(number), &entry)?;
    change.put("meta/journal-last", &number)?;
    let kept = u64::try_from(JOURNAL_ENTRIES_MAX).unwrap_or(u64::MAX);
    if let Some(too_old) = number.checked_sub(kept) {
        change.remove(&key_of(too_old))?;
    }
    Ok(())
}

/// The newest entries, newest first, at most `entries_max`.
pub(crate) fn newest(snapshot: &Snapshot, entries_max: usize) -> Result<Vec<Entry>, StoreError> {
    let keys = snapshot.keys(PREFIX)?;
    let newest = keys.iter().rev().take(entries_max);
    newest
        .filter_map(|key| snapshot.get(key).transpose())
        .collect()
}

fn key_of(number: u64) -> String {
    format!("{PREFIX}{number:020}")
}
