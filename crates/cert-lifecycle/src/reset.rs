//! The factory certificate: made at the first start, and anew by `defcert`.

use std::sync::{MutexGuard, TryLockError};
use std::time::Duration;

use pki_core::{
    CertificateParams, CommonName, Digest, PrivateKey, Progress, SanExtension, Subject,
    SubjectAltName, ValidityDays,
};

use crate::environment::EnvironmentRng;
use crate::identity::{Der, Identity, Origin};
use crate::journal::{self, Action, Actor};
use crate::key_id::sha256_of;
use crate::records::{IdentityRecord, Slot, put_in_service, remove_orphaned_keys};
use crate::requests::OnProgress;
use crate::serving::served;
use crate::trial::Preflight;
use crate::unit::NewKey;
use crate::view::der_of;
use crate::{Error, Unit};

/// Whoever waits for the turn of another looks again after so long.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A factory identity just made, not yet in the store.
pub(crate) struct NewFactoryIdentity {
    pub(crate) key: NewKey,
    pub(crate) record: IdentityRecord,
}

impl Unit {
    /// Makes a new factory identity and serves it at once, whatever serves now.
    /// Returns the certificate's SHA-256 fingerprint. Takes as long as its key takes, and those
    /// of others that were asked for before.
    ///
    /// # Errors
    ///
    /// - [`Error::Cancelled`] when `progress` breaks.
    /// - [`Error::Make`] when `digest` cannot sign with an RSA key of 2048 bits.
    /// - [`Error::Listener`] when the TLS stack cannot serve it.
    /// - [`Error::Store`] when the store does not take it.
    pub fn reset_to_factory(
        &self,
        digest: Digest,
        actor: &Actor,
        progress: OnProgress<'_>,
    ) -> Result<String, Error> {
        let _turn = self.turn_to_reset(progress)?;
        let mut new = self.make_factory_identity(digest, progress)?;
        let _changing = self.lock();
        let now = self.environment.now();
        new.record.confirmed = self.confirms_at_once(actor);
        let identity = Identity::new(
            new.key.id,
            new.key.pkcs8_der.clone(),
            new.record.chain.clone(),
        );
        self.check(&identity, Preflight::Required, actor)?;
        let fingerprint = sha256_of(new.record.leaf());
        self.store.change(|change| {
            self.put_key(change, &new.key)?;
            change.put(Slot::Factory.key(), &new.record)?;
            put_in_service(change, &new.record)?;
            self.put_trial(change, &new.record)?;
            remove_orphaned_keys(change)?;
            let event = served(Action::Reset, actor, &new.record);
            journal::append(change, now, event)
        })?;
        self.start_trial(&new.record);
        self.serve(&identity)?;
        Ok(fingerprint)
    }

    /// Waits until nobody else makes a factory identity: there is no end to how often one can be
    /// asked for, and each takes every processor.
    fn turn_to_reset(&self, progress: OnProgress<'_>) -> Result<MutexGuard<'_, ()>, Error> {
        loop {
            match self.resetting.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if progress(Progress::default()).is_break() => {
                    return Err(Error::Cancelled);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }

    /// A key of RSA 2048, or as many bits as the TLS level wants, and a certificate
    /// for the factory host name and the unit's addresses at this moment.
    pub(crate) fn make_factory_identity(
        &self,
        digest: Digest,
        progress: OnProgress<'_>,
    ) -> Result<NewFactoryIdentity, Error> {
        let mut rng = EnvironmentRng(&*self.environment);
        let spec = self.settings().tls.factory_key();
        // It gives way to nobody: without it, nobody is served.
        let key = PrivateKey::generate_on_all_cores(spec, &mut rng, progress)?;
        let now = self.environment.now();
        let params = CertificateParams {
            subject: Subject::new(CommonName::parse(&self.factory.host_name)?),
            names: self
                .environment
                .addresses()
                .into_iter()
                .map(SubjectAltName::Ip)
                .collect(),
            san: SanExtension::Include,
            digest,
            validity: self.validity(ValidityDays::new(self.factory.certificate_days)?)?,
        };
        let certificate = pki_core::self_signed(&key, &params, &mut rng)?;
        let key = NewKey::of(&key);
        let record = IdentityRecord {
            key: key.id,
            chain: vec![Der(der_of(&certificate))],
            origin: Origin::Factory,
            since: now.unix_seconds,
            confirmed: true,
        };
        Ok(NewFactoryIdentity { key, record })
    }
}
