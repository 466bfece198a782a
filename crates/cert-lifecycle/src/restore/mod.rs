//! Making a backup, and restoring one: first what would change, then the change.
//!
//! A backup of this unit, which its own key signed, brings everything back. Of any
//! other only settings can be taken, for the private keys in it do not open here;
//! and since nobody vouches for who made it, each of them is shown first, and
//! neither requests, certificates nor entries of the journal are taken.

mod plan;
mod planner;

use serde::Serialize;

use crate::backup::{self, Backup, BackupError, BackupOrigin};
use crate::journal::{self, Action, Actor, Event};
use crate::key_id::{fingerprint, hexadecimal, sha256_of};
use crate::records::{
    IdentityRecord, REQUEST_LAST, Slot, private_key_of, put_in_service, remove_orphaned_keys,
    request_of,
};
use crate::settings::{self, Settings};
use crate::store::{Change, Records, Snapshot, StoreError};
use crate::{Error, Identity, Unit};
pub use plan::{LeftBehind, RestorePlan, SettingChange};
use planner::{Work, plan};

/// Who signed a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Signer {
    /// This unit, for certain.
    ThisUnit,
    /// Another unit, or somebody who says so. Whose the key is has to be compared
    /// with what that unit shows.
    Another,
}

/// A backup, read and compared with what the unit has; nothing has been changed yet.
///
/// [`Unit::restore`] restores it, and compares again then, for the unit may have
/// changed by that time.
pub struct BackupReview {
    backup: Backup,
    signer: Signer,
    plan: RestorePlan,
}

impl BackupReview {
    /// Where it comes from, as it says itself.
    #[must_use]
    pub fn origin(&self) -> &BackupOrigin {
        &self.backup.made
    }

    /// Who signed it.
    #[must_use]
    pub fn signer(&self) -> Signer {
        self.signer
    }

    /// The key that signed it, to be compared with [`Unit::backup_key`] of the unit
    /// it is said to come from.
    #[must_use]
    pub fn key(&self) -> String {
        fingerprint(self.backup.signer.as_bytes())
    }

    /// The SHA-256 of the file, in hexadecimal, which names it.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.backup.sha256
    }

    /// What restoring it would change, and what cannot come along.
    #[must_use]
    pub fn plan(&self) -> &RestorePlan {
        &self.plan
    }
}

impl Unit {
    /// Everything the unit keeps but its account, as one file. `software` is what
    /// makes it, such as "Countersign 1.0".
    ///
    /// # Errors
    ///
    /// - [`BackupError::TooMuch`] when the unit keeps more than a backup holds.
    /// - [`Error::Store`] when the store cannot be read, or does not take the entry
    ///   in the journal.
    pub fn backup(&self, software: &str, actor: &Actor) -> Result<Vec<u8>, Error> {
        let _changing = self.lock();
        let now = self.environment.now();
        let made = BackupOrigin {
            at: now.unix_seconds,
            clock_trusted: now.trusted,
            model: self.factory.model.clone(),
            serial_number: self.factory.serial_number.clone(),
            software: software.into(),
        };
        let file = backup::write(&self.store.snapshot()?, made, &self.subkeys.backups)?;
        self.store.change(|change| {
            let event = Event::of(
                actor,
                Action::Backup,
                format!("its SHA-256 is {}", sha256_of(&file)),
            );
            journal::append(change, now, event)
        })?;
        Ok(file)
    }

    /// The public key that signs this unit's backups, to be compared with what
    /// another unit says of one.
    #[must_use]
    pub fn backup_key(&self) -> String {
        fingerprint(self.subkeys.backups.verifying_key().as_bytes())
    }

    /// Reads a backup, as the file or as text, and compares it with what the unit
    /// has. Nothing is changed.
    ///
    /// # Errors
    ///
    /// - [`Error::Backup`] when it is none, not whole, altered, or of a later
    ///   version.
    /// - [`Error::Store`] when the store cannot be read.
    pub fn review_backup(&self, octets: &[u8]) -> Result<BackupReview, Error> {
        let backup = backup::read(octets)?;
        let signer = if backup.signer == self.subkeys.backups.verifying_key() {
            Signer::ThisUnit
        } else {
            Signer::Another
        };
        let (_, plan) = plan(self, &self.store.snapshot()?, &backup, signer)?;
        Ok(BackupReview {
            backup,
            signer,
            plan,
        })
    }

    /// Restores what was reviewed, and returns what was changed. Nothing of the unit
    /// is lost but what the plan names: requests and the journal grow, the account
    /// stays, and what served becomes the previous identity.
    ///
    /// # Errors
    ///
    /// - [`BackupError::Outdated`] when something else would change than was
    ///   reviewed; the review then says what.
    /// - [`BackupError::NothingToRestore`] when nothing would change.
    /// - [`Error::Store`] when the store does not take it.
    pub fn restore(&self, review: &mut BackupReview, actor: &Actor) -> Result<RestorePlan, Error> {
        let _changing = self.lock();
        let snapshot = self.store.snapshot()?;
        let (mut work, plan) = plan(self, &snapshot, &review.backup, review.signer)?;
        if plan != review.plan {
            review.plan = plan;
            return Err(BackupError::Outdated.into());
        }
        if plan.is_empty() {
            return Err(BackupError::NothingToRestore.into());
        }
        let now = self.environment.now();
        if let Some(serving) = &mut work.serving {
            serving.since = now.unix_seconds;
            serving.confirmed = self.confirms_at_once(actor);
        }
        let told = self.to_tell_the_listener(&snapshot, &work, &review.backup)?;
        let outcome = said(review, &plan);
        self.store.change(|change| {
            put(change, &work)?;
            if let Some(serving) = &work.serving {
                self.put_trial(change, serving)?;
            }
            let event = Event {
                actor,
                action: Action::Restore,
                outcome,
                key: work.serving.as_ref().map(|record| record.key),
                certificate: plan.serving.as_ref().map(|serving| serving.sha256.clone()),
            };
            journal::append(change, now, event)
        })?;
        if let Some(serving) = &work.serving {
            self.start_trial(serving);
        }
        self.keep_settings(work.settings);
        if let Some(identity) = told {
            self.serve(&identity)?;
        }
        Ok(plan)
    }

    /// What the listener has to serve anew: another identity, or the same at another
    /// TLS level.
    fn to_tell_the_listener(
        &self,
        snapshot: &Snapshot,
        work: &Work,
        backup: &Backup,
    ) -> Result<Option<Identity>, Error> {
        if let Some(record) = &work.serving {
            let key = planner::open(self, snapshot, backup, &record.key)?;
            return Ok(key.map(|key| Identity::new(record.key, key, record.chain.clone())));
        }
        if work.settings.tls == self.settings().tls {
            return Ok(None);
        }
        let serving: Option<IdentityRecord> = snapshot.get(self.serving_slot().key())?;
        let serving = serving.ok_or(Error::NoIdentity("serves"))?;
        self.identity(snapshot, &serving).map(Some)
    }
}

/// The restore, for the journal.
fn said(review: &BackupReview, plan: &RestorePlan) -> String {
    let whose = match review.signer {
        Signer::ThisUnit => "this unit's backup".to_owned(),
        Signer::Another => format!(
            "a backup of another unit, said to be {}, signed by {}",
            review.backup.made.serial_number,
            hexadecimal(review.backup.signer.as_bytes())
        ),
    };
    let sha256 = &review.backup.sha256;
    format!("{} from {whose}, SHA-256 {sha256}", plan.in_few_words())
}

fn put(change: &Change, work: &Work) -> Result<(), StoreError> {
    for (id, sealed) in &work.keys {
        change.put_octets(&private_key_of(id), sealed)?;
    }
    for request in &work.requests {
        change.put(&request_of(&request.key), request)?;
    }
    let last = work.requests.iter().map(|request| request.number).max();
    if last > change.get(REQUEST_LAST)? {
        change.put(REQUEST_LAST, &last)?;
    }
    if let Some(record) = &work.factory {
        change.put(Slot::Factory.key(), record)?;
    }
    if let Some(record) = &work.previous {
        change.put(Slot::Previous.key(), record)?;
    }
    if let Some(record) = &work.serving {
        put_in_service(change, record)?;
    }
    put_settings(change, &work.settings)?;
    journal::put_earlier(change, &work.journal)?;
    remove_orphaned_keys(change)
}

fn put_settings(change: &Change, settings: &Settings) -> Result<(), StoreError> {
    if settings::stored(change)? == *settings {
        return Ok(());
    }
    change.put(settings::RECORD, settings)
}
