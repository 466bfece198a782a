//! What the store keeps, under which keys, and what has to hold among it.

use serde::{Deserialize, Serialize};

use crate::KeyId;
use crate::identity::{Der, Origin};
use crate::journal::Actor;
use crate::store::{Change, Records, StoreError};

/// The place of an identity in the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Factory,
    Previous,
    Serving,
}

impl Slot {
    pub(crate) const ALL: [Self; 3] = [Self::Factory, Self::Previous, Self::Serving];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Factory => "identity/factory",
            Self::Previous => "identity/previous",
            Self::Serving => "identity/serving",
        }
    }
}

/// What the store keeps of an identity; its key is under [`KeyId`] apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdentityRecord {
    pub(crate) key: KeyId,
    pub(crate) chain: Vec<Der>,
    pub(crate) origin: Origin,
    pub(crate) since: u64,
    /// False while it is on trial: nobody has signed in over it.
    #[serde(default = "yes")]
    pub(crate) confirmed: bool,
}

/// Identities of earlier versions served for good from the first moment.
fn yes() -> bool {
    true
}

impl IdentityRecord {
    /// The leaf in DER; empty when the record has no certificate at all.
    pub(crate) fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], Der::as_bytes)
    }
}

/// A request as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RequestRecord {
    pub(crate) key: KeyId,
    /// Orders requests made within one second, or with a wrong clock.
    pub(crate) number: u64,
    pub(crate) made_at: u64,
    pub(crate) made_by: Actor,
    pub(crate) request: Der,
    /// Whether a certificate for it was installed. Earlier versions did not write it down.
    #[serde(default)]
    pub(crate) answered: bool,
}

/// The unit keeps this many requests; of more, one goes whose key no identity has: the oldest
/// that was answered, and where none was, the oldest.
pub const REQUESTS_MAX: usize = 16;

/// Where the number of the last request is.
pub(crate) const REQUEST_LAST: &str = "meta/request-last";
pub(crate) const REQUESTS: &str = "request/";
pub(crate) const PRIVATE_KEYS: &str = "key/";
/// What was set aside and is not yet acknowledged; a [`SetAside`](crate::SetAside).
pub(crate) const SET_ASIDE: &str = "meta/set-aside";

/// Where the request for this key is.
pub(crate) fn request_of(id: &KeyId) -> String {
    format!("{REQUESTS}{id}")
}

/// Where this private key is.
pub(crate) fn private_key_of(id: &KeyId) -> String {
    format!("{PRIVATE_KEYS}{id}")
}

/// Makes `record` the serving identity; see [`previous_after`] for the previous one.
pub(crate) fn put_in_service(change: &Change, record: &IdentityRecord) -> Result<(), StoreError> {
    let serving = change.get(Slot::Serving.key())?;
    let previous = change.get(Slot::Previous.key())?;
    if let Some(previous) = previous_after(record.into(), serving.as_ref(), previous.as_ref()) {
        change.put(Slot::Previous.key(), previous)?;
    }
    change.put(Slot::Serving.key(), record)
}

/// What of an identity that is to serve decides what becomes of the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coming<'a> {
    /// Its certificate in DER; empty where that is unlike any that the unit has.
    pub(crate) leaf: &'a [u8],
    pub(crate) origin: Origin,
}

impl<'a> From<&'a IdentityRecord> for Coming<'a> {
    fn from(record: &'a IdentityRecord) -> Self {
        Self {
            leaf: record.leaf(),
            origin: record.origin,
        }
    }
}

/// The previous identity once `comes` serves: the one that serves now, unless it is
/// the same certificate with another chain. One that was on trial has not shown that
/// anybody can get in, so it does not take the place of one that has; and one factory
/// certificate takes the place of another, so that whoever makes two in a row still has the
/// way back to their own.
pub(crate) fn previous_after<'a>(
    comes: Coming<'_>,
    serving: Option<&'a IdentityRecord>,
    previous: Option<&'a IdentityRecord>,
) -> Option<&'a IdentityRecord> {
    let comes_back = previous.is_some_and(|previous| previous.leaf() == comes.leaf);
    let gives_way = |serving: &&IdentityRecord| {
        let both_factory = [serving.origin, comes.origin] == [Origin::Factory; 2];
        serving.leaf() != comes.leaf && (serving.confirmed || comes_back) && !both_factory
    };
    serving.filter(gives_way).or(previous)
}

/// The identity that is neither serving nor the previous one any more once `comes` serves.
pub(crate) fn gives_way_to<'a>(
    comes: Coming<'_>,
    serving: Option<&'a IdentityRecord>,
    previous: Option<&'a IdentityRecord>,
) -> Option<&'a IdentityRecord> {
    let kept = previous_after(comes, serving, previous);
    let mut now = [serving, previous].into_iter().flatten();
    now.find(|record| {
        record.leaf() != comes.leaf && kept.is_none_or(|kept| kept.leaf() != record.leaf())
    })
}

/// All requests, the oldest first.
pub(crate) fn by_age(records: &impl Records) -> Result<Vec<RequestRecord>, StoreError> {
    let mut requests: Vec<RequestRecord> = records.all(REQUESTS)?;
    // A backup may have brought back one whose number was given again.
    requests.sort_by_key(|request| (request.number, request.made_at));
    Ok(requests)
}

/// Removes the requests that are too many, and returns them.
pub(crate) fn remove_requests_over_the_limit(
    change: &Change,
) -> Result<Vec<RequestRecord>, StoreError> {
    let gone = requests_that_give_way(change, 0)?;
    for request in &gone {
        change.remove(&request_of(&request.key))?;
    }
    Ok(gone)
}

/// The requests that have to go once there are `new` ones more, in that order.
pub(crate) fn requests_that_give_way(
    records: &impl Records,
    new: usize,
) -> Result<Vec<RequestRecord>, StoreError> {
    let mut requests = by_age(records)?;
    let over = (requests.len() + new).saturating_sub(REQUESTS_MAX);
    let in_use = keys_of_identities(records)?;
    requests.retain(|request| !in_use.contains(&request.key));
    // Among equals the oldest stays first.
    requests.sort_by_key(|request| !request.answered);
    requests.truncate(over);
    Ok(requests)
}

/// Writes down that the request with this key, if there is one, was answered.
pub(crate) fn note_answer(change: &Change, key: &KeyId) -> Result<(), StoreError> {
    match change.get::<RequestRecord>(&request_of(key))? {
        Some(request) if !request.answered => {
            let answered = RequestRecord {
                answered: true,
                ..request
            };
            change.put(&request_of(key), &answered)
        }
        _ => Ok(()),
    }
}

/// The keys that identities need, wherever they stand.
pub(crate) fn keys_of_identities(records: &impl Records) -> Result<Vec<KeyId>, StoreError> {
    let mut keys = Vec::new();
    for slot in Slot::ALL {
        keys.extend(
            records
                .get::<IdentityRecord>(slot.key())?
                .map(|record| record.key),
        );
    }
    Ok(keys)
}

/// Removes the private keys that no request and no identity needs any more.
pub(crate) fn remove_orphaned_keys(change: &Change) -> Result<(), StoreError> {
    let needed = keys_of_identities(change)?;
    for name in change.keys(PRIVATE_KEYS)? {
        let Some(id) = name
            .strip_prefix(PRIVATE_KEYS)
            .and_then(|id| id.parse().ok())
        else {
            continue;
        };
        let requested = change.octets(&request_of(&id))?.is_some();
        if !requested && !needed.contains(&id) {
            change.remove(&name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn record(chain: &[&[u8]]) -> IdentityRecord {
        IdentityRecord {
            key: "aa".repeat(32).parse().expect("64 digits"),
            chain: chain.iter().map(|der| Der(der.to_vec())).collect(),
            origin: Origin::Imported,
            since: 0,
            confirmed: true,
        }
    }

    fn on_trial(chain: &[&[u8]]) -> IdentityRecord {
        IdentityRecord {
            confirmed: false,
            ..record(chain)
        }
    }

    #[track_caller]
    fn check(served: &[&IdentityRecord], previous: &IdentityRecord) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::make(&folder.path().join("store")).expect("made");
        for record in served {
            store
                .change(|change| put_in_service(change, record))
                .expect("kept");
        }
        let snapshot = store.snapshot().expect("reads");
        let kept = |slot: Slot| snapshot.get::<IdentityRecord>(slot.key()).expect("reads");
        assert_eq!(kept(Slot::Serving).as_ref(), served.last().copied());
        assert_eq!(kept(Slot::Previous).as_ref(), Some(previous));
    }

    #[test]
    fn what_is_on_trial_takes_the_place_of_nothing_that_was_confirmed() {
        let (first, second) = (record(&[b"first"]), on_trial(&[b"second"]));
        check(&[&first, &second, &on_trial(&[b"third"])], &first);
        check(&[&first, &second, &first], &second);
    }

    #[test]
    fn two_factory_certificates_in_a_row_leave_the_way_back() {
        let factory = |leaf| IdentityRecord {
            origin: Origin::Factory,
            ..record(&[leaf])
        };
        let own = record(&[b"own"]);
        check(
            &[
                &factory(b"first"),
                &own,
                &factory(b"second"),
                &factory(b"third"),
            ],
            &own,
        );
        check(&[&own, &factory(b"second"), &own], &factory(b"second"));
    }

    #[test]
    fn the_same_certificate_with_another_chain_is_not_its_own_predecessor() {
        let (first, second) = (record(&[b"first"]), record(&[b"second"]));
        let longer = record(&[b"second", b"intermediate"]);
        check(&[&first, &second, &longer, &longer, &second], &first);
    }
}
