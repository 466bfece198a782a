//! Who did what, when, from where, with which result.

use cert_policy::Now;
use serde::{Deserialize, Serialize};

use crate::KeyId;
use crate::store::{Change, Records, StoreError};

mod action;
mod actor;

pub use action::Action;
pub use actor::{Actor, OtherWay, Via};

/// The journal keeps this many entries; the oldest give way.
pub const JOURNAL_ENTRIES_MAX: usize = 10_000;

/// Of these, at most so many are refused sign-ins: whoever guesses passwords must not push
/// out what else was done. Of more, the oldest refused one gives way.
pub const REFUSED_SIGN_INS_MAX: usize = 1_000;

const PREFIX: &str = "journal/";
/// The numbers of entries that are refused sign-ins, each a record with nothing in it.
const REFUSED: &str = "journal-refused/";
/// How many entries of each kind there are; see [`Kept`].
const KEPT: &str = "meta/journal-kept";
/// The number of the newest entry.
const LAST: &str = "meta/journal-last";

/// Where entries are that a backup brought back from a store before this one. They
/// keep the numbers they had there, and stand before all of this store's own. At
/// most [`JOURNAL_ENTRIES_MAX`], beside as many of its own.
const EARLIER: &str = "journal-earlier/";

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
    #[serde(deserialize_with = "action::known_or_not")]
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

impl<'a> Event<'a> {
    /// One that is about no key and no certificate.
    pub(crate) fn of(actor: &'a Actor, action: Action, outcome: impl Into<String>) -> Self {
        Self {
            actor,
            action,
            outcome: outcome.into(),
            key: None,
            certificate: None,
        }
    }
}

pub(crate) fn append(change: &Change, now: Now, event: Event<'_>) -> Result<(), StoreError> {
    let before = last(change)?;
    let number = before.saturating_add(1);
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
    let mut kept = Kept::in_store(change, before)?;
    change.put(&key_of(number), &entry)?;
    change.put(LAST, &number)?;
    kept.last = number;
    kept.all += 1;
    if entry.action == Action::SignInRefused {
        change.put_octets(&refused_key_of(number), &[])?;
        kept.refused += 1;
    }
    if kept.refused > REFUSED_SIGN_INS_MAX {
        let oldest = change.first_key(REFUSED)?.and_then(|key| number_in(&key));
        kept.remove(change, oldest)?;
    }
    if kept.all > JOURNAL_ENTRIES_MAX {
        let oldest = change.first_key(PREFIX)?.and_then(|key| number_in(&key));
        kept.remove(change, oldest)?;
    }
    change.put(KEPT, &kept)
}

/// How many entries there are, so that they need not be counted for each new one.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// The newest entry when this was written: an earlier version, which does not count,
    /// may have written others since.
    last: u64,
    all: usize,
    /// Of them, the refused sign-ins.
    refused: usize,
}

impl Kept {
    /// What an earlier version wrote is counted once.
    fn in_store(change: &Change, last: u64) -> Result<Self, StoreError> {
        let known: Option<Self> = change.get(KEPT)?;
        if let Some(kept) = known.filter(|kept| kept.last == last) {
            return Ok(kept);
        }
        for key in change.keys(REFUSED)? {
            change.remove(&key)?;
        }
        let mut kept = Self::default();
        for key in change.keys(PREFIX)? {
            let entry: Option<Entry> = change.get(&key)?;
            let Some(entry) = entry else { continue };
            kept.all += 1;
            if entry.action == Action::SignInRefused {
                change.put_octets(&refused_key_of(entry.number), &[])?;
                kept.refused += 1;
            }
        }
        Ok(kept)
    }

    fn remove(&mut self, change: &Change, number: Option<u64>) -> Result<(), StoreError> {
        let Some(number) = number else {
            return Ok(());
        };
        change.remove(&key_of(number))?;
        self.all = self.all.saturating_sub(1);
        if change.octets(&refused_key_of(number))?.is_some() {
            change.remove(&refused_key_of(number))?;
            self.refused = self.refused.saturating_sub(1);
        }
        Ok(())
    }
}

/// The newest entries, newest first, at most `entries_max`; those of an earlier
/// store come last.
pub(crate) fn newest(records: &impl Records, entries_max: usize) -> Result<Vec<Entry>, StoreError> {
    let mut keys = records.last_keys(PREFIX, entries_max)?;
    keys.extend(records.last_keys(EARLIER, entries_max.saturating_sub(keys.len()))?);
    entries(records, &keys)
}

/// The entries after entry `number`, oldest first, at most `entries_max`.
pub(crate) fn after(
    records: &impl Records,
    number: u64,
    entries_max: usize,
) -> Result<Vec<Entry>, StoreError> {
    let Some(first) = number.checked_add(1) else {
        return Ok(Vec::new());
    };
    let keys = records.keys_from(PREFIX, &key_of(first), entries_max)?;
    entries(records, &keys)
}

/// The number of the newest entry; 0 in an empty journal.
pub(crate) fn last(records: &impl Records) -> Result<u64, StoreError> {
    Ok(records.get(LAST)?.unwrap_or(0))
}

fn entries(records: &impl Records, keys: &[String]) -> Result<Vec<Entry>, StoreError> {
    let entries = keys.iter().map(|key| records.get(key));
    entries.filter_map(Result::transpose).collect()
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

fn refused_key_of(number: u64) -> String {
    format!("{REFUSED}{number:020}")
}

fn number_in(key: &str) -> Option<u64> {
    key.rsplit_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::store::Store;

    #[test]
    fn what_a_later_version_wrote_reads_as_unknown() {
        for action in [
            r#""hologram""#,
            r#"{"alarm-raised":"too-warm"}"#,
            r#"{"a":{"b":[1]}}"#,
        ] {
            let entry = format!(
                r#"{{"number":1,"at":2,"clock_trusted":true,"actor":{{"who":"unit","via":"unit"}},
                "action":{action},"outcome":"said","key":null,"certificate":null}}"#
            );
            let entry: Entry = serde_json::from_str(&entry).expect(action);
            assert_eq!(entry.action, Action::Unknown, "{action}");
            assert_eq!(entry.outcome, "said");
            let again = serde_json::to_string(&entry).expect("written");
            assert_eq!(serde_json::from_str::<Entry>(&again).expect("read"), entry);
        }
    }

    #[test]
    fn a_way_that_a_later_version_wrote_is_shown_and_kept_as_it_is() {
        for (via, shown) in [
            (r#""redfish""#, "redfish"),
            (r#"{"netconf":"192.0.2.7"}"#, r#"{"netconf":"192.0.2.7"}"#),
            (r#"{"ssh":7}"#, r#"{"ssh":7}"#),
            (r#""a\u001bb""#, "a\\u{1b}b"),
        ] {
            let written = format!(
                r#"{{"number":7,"at":9,"clock_trusted":true,"actor":{{"who":"admin","via":{via}}},
                "action":"install","outcome":"","key":null,"certificate":null}}"#
            );
            let entry: Entry = serde_json::from_str(&written).expect("read");
            assert_eq!(entry.actor.via.to_string(), shown);
            assert_eq!(
                (entry.action, entry.actor.via.address()),
                (Action::Install, None)
            );
            let again = serde_json::to_value(&entry).expect("written");
            let before: serde_json::Value = serde_json::from_str(&written).expect("JSON");
            assert_eq!(again, before);
        }
        let known: Via = serde_json::from_str(r#"{"ssh":"192.0.2.7"}"#).expect("read");
        assert_eq!(known, Via::Ssh(IpAddr::from([192, 0, 2, 7])));
    }

    #[test]
    fn a_journal_with_ways_of_a_later_version_still_reads_and_grows() {
        let (_folder, store) = store();
        append_all(&store, Action::Install, 2);
        let rewritten = store.change(|change| -> Result<(), StoreError> {
            let mut entry: serde_json::Value = change.get(&key_of(1))?.expect("there");
            entry["actor"]["via"] = "redfish".into();
            change.put(&key_of(1), &entry)?;
            // As after another version's entries: all are counted anew.
            change.remove(KEPT)
        });
        rewritten.expect("kept");
        append_all(&store, Action::Reset, 1);
        let entries = newest(&store.snapshot().expect("reads"), usize::MAX).expect("reads");
        let ways: Vec<String> = entries
            .iter()
            .map(|entry| entry.actor.via.to_string())
            .collect();
        assert_eq!(ways, ["unit", "unit", "redfish"]);
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::make(&folder.path().join("store")).expect("made");
        (folder, store)
    }

    fn append_all(store: &Store, action: Action, count: usize) {
        let now = Now {
            unix_seconds: 7,
            trusted: true,
        };
        let appended: Result<(), StoreError> = store.change(|change| {
            for _ in 0..count {
                let unit = Actor::unit();
                let event = Event::of(&unit, action, String::new());
                append(change, now, event)?;
            }
            Ok(())
        });
        appended.expect("kept");
    }

    /// The numbers that are kept of refused sign-ins, and of others, newest first.
    fn numbers(store: &Store) -> [Vec<u64>; 2] {
        let entries = newest(&store.snapshot().expect("reads"), usize::MAX).expect("reads");
        let (refused, others): (Vec<_>, Vec<_>) = entries
            .iter()
            .partition(|entry| entry.action == Action::SignInRefused);
        [refused, others].map(|kind| kind.iter().map(|entry| entry.number).collect())
    }

    #[test]
    fn refused_sign_ins_push_out_only_their_like() {
        let (_folder, store) = store();
        append_all(&store, Action::Install, 3);
        append_all(&store, Action::SignInRefused, REFUSED_SIGN_INS_MAX + 500);
        append_all(&store, Action::Reset, 1);
        let last = 3 + 1500 + 1;
        let [refused, others] = numbers(&store);
        assert_eq!(others, [last, 3, 2, 1]);
        assert_eq!(refused, (504..last).rev().collect::<Vec<_>>());
        let snapshot = store.snapshot().expect("reads");
        let following = after(&snapshot, 2, 3).expect("reads");
        let following: Vec<u64> = following.iter().map(|entry| entry.number).collect();
        assert_eq!(following, [3, 504, 505]);
        assert!(after(&snapshot, u64::MAX, 3).expect("reads").is_empty());
    }

    #[test]
    fn the_journal_is_bounded_and_counts_what_an_earlier_version_wrote() {
        let (_folder, store) = store();
        append_all(&store, Action::SignInRefused, 2);
        append_all(&store, Action::Install, JOURNAL_ENTRIES_MAX - 1);
        let forget = |change: &Change| {
            change.remove(KEPT)?;
            change.remove(&refused_key_of(2))
        };
        store.change(forget).expect("forgotten");
        let [refused, others] = numbers(&store);
        assert_eq!((refused, others.len()), (vec![2], JOURNAL_ENTRIES_MAX - 1));
        append_all(&store, Action::SignInRefused, REFUSED_SIGN_INS_MAX);
        let [refused, others] = numbers(&store);
        assert_eq!(refused.len(), REFUSED_SIGN_INS_MAX);
        assert!(!refused.contains(&2), "the oldest goes first");
        assert_eq!(refused.len() + others.len(), JOURNAL_ENTRIES_MAX);
    }
}
