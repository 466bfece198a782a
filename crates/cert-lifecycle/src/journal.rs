//! Who did what, when, from where, with which result.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use cert_policy::Severity;
use serde::{Deserialize, Serialize};

use crate::KeyId;
use crate::alarms::AlarmCode;
use crate::environment::Now;
use crate::store::{Change, Records, StoreError};

/// The journal keeps this many entries; the oldest give way.
pub const JOURNAL_ENTRIES_MAX: usize = 10_000;

const PREFIX: &str = "journal/";
/// The number of the newest entry.
const LAST: &str = "meta/journal-last";

/// Where entries are that a backup brought back from a store before this one. They
/// keep the numbers they had there, and stand before all of this store's own. At
/// most [`JOURNAL_ENTRIES_MAX`], beside as many of its own.
const EARLIER: &str = "journal-earlier/";

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
    /// A shell on the unit itself.
    Console,
    /// The serial line, where the person is at the unit.
    Serial,
    /// The unit acted by itself.
    Unit,
    /// A browser at this address.
    Web(IpAddr),
}

impl Via {
    /// The word for it, such as `web`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Serial => "serial",
            Self::Unit => "unit",
            Self::Web(_) => "web",
        }
    }

    /// The address it came from, where it came over a network.
    #[must_use]
    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::Web(address) => Some(address),
            _ => None,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Console => f.write_str("console"),
            Self::Serial => f.write_str("serial console"),
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
    AlarmAcknowledged(AlarmCode),
    /// The cause of an alarm has ended.
    AlarmEnded(AlarmCode),
    /// An alarm was raised.
    AlarmRaised(AlarmCode),
    /// A backup was made.
    Backup,
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
    /// The password was replaced by a random one.
    PasswordReset,
    /// The previous identity serves again.
    Previous,
    /// A new factory certificate serves.
    Reset,
    /// A backup was restored.
    Restore,
    /// Settings were changed.
    Settings,
    /// Somebody signed in.
    SignIn,
    /// Somebody tried to sign in, with a wrong name or password.
    SignInRefused,
    /// Somebody who was signed in was signed out by another.
    SignOut,
    /// A store that could not be used was set aside.
    StoreSetAside,
    /// Nobody signed in over a certificate on trial, so the previous one serves.
    TrialEnded,
    /// The store was brought to the format of a later version.
    Upgrade,
}

impl Action {
    /// Every action; those about an alarm with one of its codes.
    pub const ALL: [Self; 22] = [
        Self::AlarmAcknowledged(AlarmCode::Expired),
        Self::AlarmEnded(AlarmCode::Expired),
        Self::AlarmRaised(AlarmCode::Expired),
        Self::Backup,
        Self::Confirm,
        Self::DeleteRequest,
        Self::FirstStart,
        Self::Install,
        Self::MakeRequest,
        Self::MakeSelfSigned,
        Self::Password,
        Self::PasswordReset,
        Self::Previous,
        Self::Reset,
        Self::Restore,
        Self::Settings,
        Self::SignIn,
        Self::SignInRefused,
        Self::SignOut,
        Self::StoreSetAside,
        Self::TrialEnded,
        Self::Upgrade,
    ];

    /// The stable name, such as `alarm-raised`, at most 32 characters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlarmAcknowledged(_) => "alarm-acknowledged",
            Self::AlarmEnded(_) => "alarm-ended",
            Self::AlarmRaised(_) => "alarm-raised",
            Self::Backup => "backup",
            Self::Confirm => "confirm",
            Self::DeleteRequest => "delete-request",
            Self::FirstStart => "first-start",
            Self::Install => "install",
            Self::MakeRequest => "make-request",
            Self::MakeSelfSigned => "make-self-signed",
            Self::Password => "password",
            Self::PasswordReset => "password-reset",
            Self::Previous => "previous",
            Self::Reset => "reset",
            Self::Restore => "restore",
            Self::Settings => "settings",
            Self::SignIn => "sign-in",
            Self::SignInRefused => "sign-in-refused",
            Self::SignOut => "sign-out",
            Self::StoreSetAside => "store-set-aside",
            Self::TrialEnded => "trial-ended",
            Self::Upgrade => "upgrade",
        }
    }

    /// The alarm it is about.
    #[must_use]
    pub fn alarm(self) -> Option<AlarmCode> {
        match self {
            Self::AlarmAcknowledged(code) | Self::AlarmEnded(code) | Self::AlarmRaised(code) => {
                Some(code)
            }
            _ => None,
        }
    }

    /// How grave it is, on the scale of [`AlarmCode::severity`]: an alarm as grave
    /// as itself, [`Severity::Warn`] where somebody was turned away or the unit
    /// helped itself, [`Severity::Note`] for what was done as it was asked.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::AlarmRaised(code) => code.severity(),
            Self::StoreSetAside => Severity::Refuse,
            Self::PasswordReset | Self::SignInRefused | Self::TrialEnded => Severity::Warn,
            Self::AlarmAcknowledged(_)
            | Self::AlarmEnded(_)
            | Self::Backup
            | Self::Confirm
            | Self::DeleteRequest
            | Self::FirstStart
            | Self::Install
            | Self::MakeRequest
            | Self::MakeSelfSigned
            | Self::Password
            | Self::Previous
            | Self::Reset
            | Self::Restore
            | Self::Settings
            | Self::SignIn
            | Self::SignOut
            | Self::Upgrade => Severity::Note,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlarmAcknowledged(_) => "alarm noted",
            Self::AlarmEnded(_) => "alarm ended",
            Self::AlarmRaised(_) => "alarm",
            Self::Backup => "backup made",
            Self::Confirm => "certificate confirmed",
            Self::DeleteRequest => "request deleted",
            Self::FirstStart => "first start",
            Self::Install => "certificate installed",
            Self::MakeRequest => "request made",
            Self::MakeSelfSigned => "self-signed certificate made",
            Self::Password => "password",
            Self::PasswordReset => "password reset",
            Self::Previous => "previous certificate served again",
            Self::Reset => "factory certificate made",
            Self::Restore => "backup restored",
            Self::Settings => "settings",
            Self::SignIn => "sign-in",
            Self::SignInRefused => "sign-in refused",
            Self::SignOut => "sign-out",
            Self::StoreSetAside => "store set aside",
            Self::TrialEnded => "trial ended",
            Self::Upgrade => "store upgraded",
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
    let number = last(change)?.saturating_add(1);
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
    change.put(LAST, &number)?;
    let kept = u64::try_from(JOURNAL_ENTRIES_MAX).unwrap_or(u64::MAX);
    if let Some(too_old) = number.checked_sub(kept) {
        change.remove(&key_of(too_old))?;
    }
    Ok(())
}

/// The newest entries, newest first, at most `entries_max`; those of an earlier
/// store come last.
pub(crate) fn newest(records: &impl Records, entries_max: usize) -> Result<Vec<Entry>, StoreError> {
    let mut newest = entries(records, kept(records)?.rev().take(entries_max))?;
    let earlier = records.keys(EARLIER)?;
    let more = entries_max.saturating_sub(newest.len());
    for key in earlier.iter().rev().take(more) {
        newest.extend(records.get(key)?);
    }
    Ok(newest)
}

/// The entries after entry `number`, oldest first, at most `entries_max`.
pub(crate) fn after(
    records: &impl Records,
    number: u64,
    entries_max: usize,
) -> Result<Vec<Entry>, StoreError> {
    let kept = kept(records)?;
    let first = number.saturating_add(1).max(*kept.start());
    entries(records, (first..=*kept.end()).take(entries_max))
}

/// The number of the newest entry; 0 in an empty journal.
pub(crate) fn last(records: &impl Records) -> Result<u64, StoreError> {
    Ok(records.get(LAST)?.unwrap_or(0))
}

/// The numbers of the entries that have not given way.
fn kept(records: &impl Records) -> Result<RangeInclusive<u64>, StoreError> {
    let last = last(records)?;
    let kept = u64::try_from(JOURNAL_ENTRIES_MAX).unwrap_or(u64::MAX);
    Ok(last.saturating_sub(kept) + 1..=last)
}

fn entries(
    records: &impl Records,
    numbers: impl Iterator<Item = u64>,
) -> Result<Vec<Entry>, StoreError> {
    numbers
        .filter_map(|number| records.get(&key_of(number)).transpose())
        .collect()
}

/// Of `entries`, those that are neither in this store's own journal nor brought
/// back already, as many of the newest as there is room for; and how many others
/// there are.
pub(crate) fn missing(
    records: &impl Records,
    entries: &[Entry],
) -> Result<(Vec<Entry>, usize), StoreError> {
    let mut missing = Vec::new();
    for entry in entries {
        let own: Option<Entry> = records.get(&key_of(entry.number))?;
        if own.as_ref() != Some(entry) && records.octets(&earlier_key_of(entry))?.is_none() {
            missing.push(entry.clone());
        }
    }
    let room = JOURNAL_ENTRIES_MAX.saturating_sub(records.keys(EARLIER)?.len());
    let over = missing.len().saturating_sub(room);
    missing.drain(..over);
    Ok((missing, over))
}

/// Puts entries of an earlier store before this store's own.
pub(crate) fn put_earlier(change: &Change, entries: &[Entry]) -> Result<(), StoreError> {
    let mut entries = entries.iter();
    entries.try_for_each(|entry| change.put(&earlier_key_of(entry), entry))
}

/// By time, for two stores may have had entries of one number.
fn earlier_key_of(entry: &Entry) -> String {
    format!("{EARLIER}{:020}-{:020}", entry.at, entry.number)
}

fn key_of(number: u64) -> String {
    format!("{PREFIX}{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_stored_under_its_stable_name() {
        for action in Action::ALL {
            let stored = serde_json::to_value(action).expect("JSON");
            let name = match &stored {
                serde_json::Value::Object(object) => object.keys().next(),
                _ => None,
            };
            let name = name.map(String::as_str).or(stored.as_str());
            assert_eq!(name, Some(action.as_str()));
            assert!(action.as_str().len() <= 32);
        }
    }
}
