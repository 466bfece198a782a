//! What serves: an upload that was reviewed, or again what served before.

use crate::identity::{Identity, Origin};
use crate::journal::{self, Action, Actor, Event, Via};
use crate::key_id::sha256_of;
use crate::records::{IdentityRecord, Slot, note_answer, put_in_service, remove_orphaned_keys};
use crate::review::{KnownKeys, Review};
use crate::stand_in::StandIn;
use crate::store::Records;
use crate::tls_level::TlsLevel;
use crate::trial::Preflight;
use crate::{Error, Unit};

impl Unit {
    /// Serves what was reviewed, from the next connection on: on trial when it was
    /// installed from a browser. The identity that served becomes the previous one, unless it
    /// was still on trial itself: then it is gone, and the previous one stays.
    ///
    /// # Errors
    ///
    /// - [`Error::Refused`] with every refusal, when the judge refuses it now.
    /// - [`Error::TlsLevel`] when the key is too short for the TLS level.
    /// - [`Error::Listener`] when the TLS stack cannot serve it.
    /// - [`Error::Store`] when the store does not take it.
    pub fn install(
        &self,
        review: &mut Review,
        preflight: Preflight,
        actor: &Actor,
    ) -> Result<String, Error> {
        let _changing = self.lock();
        let now = self.environment.now();
        let snapshot = self.store.snapshot()?;
        review.judge(&KnownKeys::read(&snapshot)?, now);
        let (false, Some(key)) = (review.is_refused(), review.key()) else {
            return Err(Error::Refused(review.refusals()));
        };
        let record = IdentityRecord {
            key,
            chain: review.chain_der(),
            origin: Origin::Imported,
            since: now.unix_seconds,
            confirmed: self.confirms_at_once(actor),
        };
        self.put_and_serve(&record, Action::Install, preflight, actor)
    }

    /// Serves the previous identity again; what served becomes the previous one. Where
    /// people have signed in over it before, it needs no trial.
    ///
    /// # Errors
    ///
    /// - [`Error::NoIdentity`] when nothing served before.
    /// - [`Error::TlsLevel`] when the key is too short for the TLS level.
    /// - [`Error::Listener`] when the TLS stack cannot serve it.
    /// - [`Error::Store`] when the store does not take it.
    pub fn serve_previous(&self, preflight: Preflight, actor: &Actor) -> Result<String, Error> {
        let _changing = self.lock();
        let previous: Option<IdentityRecord> = self.store.snapshot()?.get(Slot::Previous.key())?;
        let mut record = previous.ok_or(Error::NoIdentity("served before"))?;
        record.since = self.environment.now().unix_seconds;
        record.confirmed |= self.confirms_at_once(actor);
        self.put_and_serve(&record, Action::Previous, preflight, actor)
    }

    fn put_and_serve(
        &self,
        record: &IdentityRecord,
        action: Action,
        preflight: Preflight,
        actor: &Actor,
    ) -> Result<String, Error> {
        let identity = self.identity(&self.store.snapshot()?, record)?;
        self.check(&identity, preflight, actor)?;
        self.store.change(|change| {
            put_in_service(change, record)?;
            if record.origin == Origin::Imported {
                note_answer(change, &record.key)?;
            }
            self.put_trial(change, record)?;
            remove_orphaned_keys(change)?;
            journal::append(
                change,
                self.environment.now(),
                served(action, actor, record),
            )
        })?;
        self.start_trial(record);
        self.serve(&identity)?;
        Ok(sha256_of(record.leaf()))
    }

    /// Proves that `identity` could serve at the TLS level that is set. Somebody at a console
    /// can do without the handshake, for they do not need it to get in; what the level asks of
    /// keys holds for them too, for they can set the level.
    pub(crate) fn check(
        &self,
        identity: &Identity,
        preflight: Preflight,
        actor: &Actor,
    ) -> Result<(), Error> {
        let level = self.settings().tls;
        if preflight == Preflight::Forced && !matches!(actor.via, Via::Web(_)) {
            return check_key(identity, level);
        }
        self.check_at(identity, level)
    }

    /// Proves that `identity` could serve at this level.
    pub(crate) fn check_at(&self, identity: &Identity, level: TlsLevel) -> Result<(), Error> {
        check_key(identity, level)?;
        self.listener
            .check(identity, level)
            .map_err(Error::Listener)
    }

    /// Has the listener serve `identity` at the TLS level that is set.
    pub(crate) fn serve(&self, identity: &Identity) -> Result<(), Error> {
        self.serve_for(identity, None)
    }

    /// The same, perhaps in place of the identity that the store says serves.
    pub(crate) fn serve_for(
        &self,
        identity: &Identity,
        stand_in: Option<StandIn>,
    ) -> Result<(), Error> {
        let level = self.settings().tls;
        let served = self.listener.serve(identity, level);
        served.map_err(Error::Listener)?;
        self.keep_stand_in(stand_in);
        Ok(())
    }
}

fn check_key(identity: &Identity, level: TlsLevel) -> Result<(), Error> {
    let leaf = identity.chain().first();
    leaf.map_or(Ok(()), |leaf| level.check_key(leaf.as_bytes()))
}

/// The entry of the journal for an identity that serves from now on.
pub(crate) fn served<'a>(action: Action, actor: &'a Actor, record: &IdentityRecord) -> Event<'a> {
    Event {
        actor,
        action,
        outcome: if record.confirmed {
            "it serves from the next connection on"
        } else {
            "it serves on trial from the next connection on"
        }
        .into(),
        key: Some(record.key),
        certificate: Some(sha256_of(record.leaf())),
    }
}
