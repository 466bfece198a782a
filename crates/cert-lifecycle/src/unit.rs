//! The unit: its store, its keys and the listener, behind one set of operations.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use cert_policy::Now;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::factory::Factory;
use crate::folder::Folder;
use crate::identity::{Identity, Listener, Origin};
use crate::journal::{self, Entry};
use crate::making::Job;
use crate::reached::Reached;
use crate::records::{IdentityRecord, REQUESTS, Slot, private_key_of};
use crate::settings::Settings;
use crate::stand_in::StandIn;
use crate::store::{Change, Records, Store, StoreError};
use crate::subkeys::Subkeys;
use crate::trial::{Running, Trial};
use crate::view::CertificateView;
use crate::{Alarm, Error, KeyId};

/// How a unit is set up.
pub struct UnitConfig {
    /// The folder of the store and the unit's secret; made when it is missing.
    pub state_dir: PathBuf,
    /// What the maker decided.
    pub factory: Factory,
    /// The password of `admin` at the first start; a random one without it.
    pub admin_password: Option<Zeroizing<String>>,
}

/// What opening a unit came to.
pub struct Opened {
    /// The unit, whose listener has been told what to serve.
    pub unit: Arc<Unit>,
    /// The random password for `admin`, at the first start only. It has to be
    /// changed at the first sign-in.
    pub first_password: Option<Zeroizing<String>>,
    /// What this start has set aside, and why.
    pub set_aside: Option<SetAside>,
}

/// A store, or a secret of the unit, that was of no use: it was moved, or left
/// where it is, never overwritten, and the unit began anew.
///
/// The store keeps it as the record `meta/set-aside`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Where the files are now.
    pub files: Vec<PathBuf>,
    /// What was wrong, as a sentence without a full stop.
    pub why: String,
    /// When, in seconds since 1970-01-01 UTC.
    pub at: u64,
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self
            .files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        write!(f, "kept as {}: {}", files.join(" and "), self.why)
    }
}

/// One appliance: everything an administrator can do with its certificates.
///
/// Every operation takes who asks for it and writes it to the journal, and
/// every change is one transaction. Operations may be called from any thread.
pub struct Unit {
    /// Held as long as the unit is.
    pub(crate) _folder: Arc<Folder>,
    pub(crate) store: Store,
    pub(crate) subkeys: Subkeys,
    pub(crate) factory: Factory,
    pub(crate) environment: Arc<dyn Environment>,
    pub(crate) listener: Arc<dyn Listener>,
    pub(crate) job: Job,
    /// As they are in the store.
    pub(crate) settings: RwLock<Arc<Settings>>,
    /// The trial that runs.
    pub(crate) trial: Mutex<Option<Running>>,
    /// What serves in place of the identity that the store says serves.
    pub(crate) stands_in: Mutex<Option<StandIn>>,
    /// What the store said of names when it was last asked.
    pub(crate) reached: Mutex<Option<Arc<Reached>>>,
    /// Held while a factory certificate is made.
    pub(crate) resetting: Mutex<()>,
    /// Held from the first read of a change until the listener has been told,
    /// so that store and listener cannot disagree.
    pub(crate) changing: Mutex<()>,
}

/// What serves now and what else there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The product's name.
    pub model: String,
    /// The unit's serial number.
    pub serial_number: String,
    /// The identity that serves.
    pub serving: IdentityView,
    /// The identity that served before, if there is one.
    pub previous: Option<IdentityView>,
    /// How many requests the unit keeps.
    pub requests: usize,
    /// The trial that runs.
    pub trial: Option<Trial>,
    /// The alarms that are raised, the gravest first.
    pub alarms: Vec<Alarm>,
    /// The fingerprint of the unit's host key, as SSH clients show it.
    pub host_key: String,
    /// Seconds since 1970-01-01 UTC.
    pub now: u64,
    /// Whether the clock is known to be right.
    pub clock_trusted: bool,
}

/// An identity as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct IdentityView {
    /// Where its certificate came from.
    pub origin: Origin,
    /// Since when it serves or served, in seconds since 1970-01-01 UTC.
    pub since: u64,
    /// The leaf certificate.
    pub certificate: CertificateView,
    /// How many certificates are sent with the leaf.
    pub intermediates: usize,
    /// The chain as PEM, leaf first.
    pub pem: String,
}

impl IdentityView {
    pub(crate) fn of(record: &IdentityRecord) -> Option<Self> {
        let chain: Vec<&[u8]> = record.chain.iter().map(crate::Der::as_bytes).collect();
        Some(Self {
            origin: record.origin,
            since: record.since,
            certificate: CertificateView::of(record.leaf())?,
            intermediates: record.chain.len().saturating_sub(1),
            pem: cert_formats::certificates_to_pem(&chain),
        })
    }
}

impl Unit {
    /// What serves now and what else there is.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn status(&self) -> Result<Status, Error> {
        let snapshot = self.store.snapshot()?;
        let view = |slot: Slot| -> Result<Option<IdentityView>, Error> {
            let record: Option<IdentityRecord> = snapshot.get(slot.key())?;
            Ok(record.as_ref().and_then(IdentityView::of))
        };
        let now = self.environment.now();
        Ok(Status {
            model: self.factory.model.clone(),
            serial_number: self.factory.serial_number.clone(),
            serving: view(self.serving_slot())?.ok_or(Error::NoIdentity("serves"))?,
            previous: view(Slot::Previous)?,
            requests: snapshot.keys(REQUESTS)?.len(),
            trial: self.trial_view(&snapshot)?,
            alarms: self.alarms_in(&snapshot)?,
            host_key: self.host_key_fingerprint()?,
            now: now.unix_seconds,
            clock_trusted: now.trusted,
        })
    }

    /// The newest entries of the journal, newest first, at most `entries_max`.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn journal(&self, entries_max: usize) -> Result<Vec<Entry>, Error> {
        Ok(journal::newest(&self.store.snapshot()?, entries_max)?)
    }

    /// Does what is due: ends a trial over which nobody signed in, writes alarms that
    /// were raised or have ended to the journal. To be called about once a second.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it; it is tried again at the next
    /// call.
    pub fn tick(&self) -> Result<(), Error> {
        self.tick_trial()?;
        self.note_time(self.environment.now())?;
        self.tick_alarms()
    }

    /// The time as the unit knows it.
    #[must_use]
    pub fn now(&self) -> Now {
        self.environment.now()
    }

    /// Whether nothing can be changed until the unit starts anew, for its store could be
    /// opened for reading only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.store.is_read_only()
    }

    /// Where the identity is that really serves.
    pub(crate) fn serving_slot(&self) -> Slot {
        self.stand_in()
            .map_or(Slot::Serving, |stand_in| stand_in.slot)
    }

    pub(crate) fn stand_in(&self) -> Option<StandIn> {
        let stand_in = self.stands_in.lock();
        stand_in.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn keep_stand_in(&self, stand_in: Option<StandIn>) {
        *self
            .stands_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = stand_in;
        // It knows what serves, and the store has not changed.
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and unseals the key of `record`, ready to serve.
    pub(crate) fn identity(
        &self,
        records: &impl Records,
        record: &IdentityRecord,
    ) -> Result<Identity, Error> {
        let sealed = records.octets(&private_key_of(&record.key))?;
        let key = sealed.and_then(|sealed| self.subkeys.sealer.open(&record.key, &sealed));
        let key = key.ok_or_else(|| Error::NotFound {
            what: "The private key",
            named: record.key.fingerprint(),
        })?;
        Ok(Identity::new(record.key, key, record.chain.clone()))
    }

    /// Puts a private key into the store, sealed.
    pub(crate) fn put_key(&self, change: &Change, key: &NewKey) -> Result<(), StoreError> {
        let sealer = &self.subkeys.sealer;
        let sealed = sealer.seal(&key.id, &key.pkcs8_der, &*self.environment);
        change.put_octets(&private_key_of(&key.id), &sealed)
    }
}

/// A key just made, not yet in the store.
pub(crate) struct NewKey {
    pub(crate) id: KeyId,
    pub(crate) pkcs8_der: Zeroizing<Vec<u8>>,
}

impl NewKey {
    pub(crate) fn of(key: &pki_core::PrivateKey) -> Self {
        Self {
            id: KeyId::of(key.public_key()),
            pkcs8_der: key.to_pkcs8_der(),
        }
    }
}
