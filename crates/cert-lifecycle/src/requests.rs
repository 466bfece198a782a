//! Making requests and self-signed certificates, and the requests that wait.

use std::ops::ControlFlow;

use pki_core::{CertificateParams, KeySpec, MixedRng, PrivateKey, Progress, ValidityDays};
use rand_core::CryptoRng;
use serde::Serialize;

use crate::environment::EnvironmentRng;
use crate::form::RequestOrder;
use crate::identity::{Der, Identity, Origin};
use crate::journal::{self, Action, Actor, Event};
use crate::key_id::sha256_of;
use crate::making::no_thread;
use crate::records::{
    IdentityRecord, REQUEST_LAST, REQUESTS_MAX, RequestRecord, by_age, keys_of_identities,
    put_in_service, remove_orphaned_keys, remove_requests_over_the_limit, request_of,
    requests_that_give_way,
};
use crate::store::{Records, StoreError};
use crate::trial::Preflight;
use crate::unit::NewKey;
use crate::view::{RequestView, der_of};
use crate::{Error, KeyId, Unit};

/// What the making of a key came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Made {
    /// The key that was made, and the name of its request.
    pub key: KeyId,
    /// The SHA-256 fingerprint of the self-signed certificate that now serves.
    pub serving: Option<String>,
    /// The requests that gave way, for the unit keeps [`REQUESTS_MAX`](crate::REQUESTS_MAX). Their
    /// keys are gone with them.
    pub gave_way: Vec<GaveWay>,
}

/// A request that is gone, as people knew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GaveWay {
    /// The number it had.
    pub number: u64,
    /// Its subject's Common Name.
    pub common_name: String,
}

impl GaveWay {
    fn of(request: &RequestRecord) -> Self {
        let view = RequestView::of(request, None, &[]);
        Self {
            number: request.number,
            common_name: view.map(|view| view.common_name).unwrap_or_default(),
        }
    }
}

/// Called between candidates, from another thread; `Break` cancels.
pub type OnProgress<'a> = &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

impl Unit {
    /// Makes a key and a request, and a self-signed certificate that serves at
    /// once where it was ordered. Takes as long as the key takes; see
    /// [`start_making`](Self::start_making) for a job in the background.
    ///
    /// # Errors
    ///
    /// - [`Error::Cancelled`] when `progress` breaks.
    /// - [`Error::Make`] when the digest does not fit the key.
    /// - [`Error::TlsLevel`] when the key is too short for the TLS level.
    /// - [`Error::Listener`] when the self-signed certificate cannot be served.
    /// - [`Error::Store`] when the store does not take it.
    pub fn make(
        &self,
        order: &RequestOrder,
        actor: &Actor,
        progress: OnProgress<'_>,
    ) -> Result<Made, Error> {
        let system = EnvironmentRng(&*self.environment);
        match &order.pass_phrase {
            Some(phrase) => {
                self.make_with(order, actor, progress, &mut MixedRng::new(system, phrase))
            }
            None => self.make_with(order, actor, progress, &mut { system }),
        }
    }

    fn make_with<R: CryptoRng + Send>(
        &self,
        order: &RequestOrder,
        actor: &Actor,
        progress: OnProgress<'_>,
        rng: &mut R,
    ) -> Result<Made, Error> {
        let key = self.make_key(order.key, rng, progress)?;
        let request = Der(der_of(&pki_core::certificate_request(
            &key,
            &order.request,
            rng,
        )?));
        let certificate = match order.self_signed {
            Some(days) => Some(self.self_sign(&key, order, days, rng)?),
            None => None,
        };
        self.keep_request(
            &NewKey::of(&key),
            request,
            certificate,
            order.preflight,
            actor,
        )
    }

    /// Makes the key on all cores, and on threads of their own, so that whatever the
    /// environment has them give way to is not what follows: that holds the store.
    fn make_key<R: CryptoRng + Send>(
        &self,
        spec: KeySpec,
        rng: &mut R,
        progress: OnProgress<'_>,
    ) -> Result<PrivateKey, Error> {
        let made = std::thread::scope(|scope| {
            let make = || {
                self.environment.give_way();
                PrivateKey::generate_on_all_cores(spec, rng, progress)
            };
            let thread = std::thread::Builder::new().name("make-key".into());
            let thread = thread.spawn_scoped(scope, make).map_err(no_thread)?;
            thread.join().map_err(|_| {
                no_thread(std::io::Error::other(
                    "the thread that made the key panicked",
                ))
            })
        });
        Ok(made??)
    }

    fn self_sign<R: CryptoRng>(
        &self,
        key: &PrivateKey,
        order: &RequestOrder,
        days: ValidityDays,
        rng: &mut R,
    ) -> Result<Der, Error> {
        let params = CertificateParams {
            subject: order.request.subject.clone(),
            names: order.request.names.clone(),
            san: order.request.san,
            digest: order.request.digest,
            validity: self.validity(days)?,
        };
        Ok(Der(der_of(&pki_core::self_signed(key, &params, rng)?)))
    }

    /// One transaction for the key, the request and what serves.
    fn keep_request(
        &self,
        key: &NewKey,
        request: Der,
        certificate: Option<Der>,
        preflight: Preflight,
        actor: &Actor,
    ) -> Result<Made, Error> {
        let _changing = self.lock();
        let now = self.environment.now();
        let serving = certificate.map(|leaf| IdentityRecord {
            key: key.id,
            chain: vec![leaf],
            origin: Origin::SelfSigned,
            since: now.unix_seconds,
            confirmed: self.confirms_at_once(actor),
        });
        let identity = match &serving {
            Some(record) => {
                let identity = Identity::new(key.id, key.pkcs8_der.clone(), record.chain.clone());
                self.check(&identity, preflight, actor)?;
                Some(identity)
            }
            None => None,
        };
        let fingerprint = serving.as_ref().map(|record| sha256_of(record.leaf()));
        let gone = self.store.change(|change| {
            self.put_key(change, key)?;
            let number = change
                .get::<u64>(REQUEST_LAST)?
                .unwrap_or(0)
                .saturating_add(1);
            change.put(REQUEST_LAST, &number)?;
            let record = RequestRecord {
                key: key.id,
                number,
                made_at: now.unix_seconds,
                made_by: actor.clone(),
                request,
                answered: false,
            };
            change.put(&request_of(&key.id), &record)?;
            if let Some(record) = &serving {
                put_in_service(change, record)?;
                self.put_trial(change, record)?;
            }
            let gone = remove_requests_over_the_limit(change)?;
            remove_orphaned_keys(change)?;
            for request in &gone {
                let event = Event {
                    actor,
                    action: Action::DeleteRequest,
                    outcome: format!(
                        "request {} and its key gave way to a new one: {REQUESTS_MAX} are kept",
                        request.number
                    ),
                    key: Some(request.key),
                    certificate: None,
                };
                journal::append(change, now, event)?;
            }
            let (action, outcome) = match serving {
                Some(_) => (Action::MakeSelfSigned, "a self-signed certificate serves"),
                None => (Action::MakeRequest, "a request waits for its certificate"),
            };
            let event = Event {
                actor,
                action,
                outcome: outcome.into(),
                key: Some(key.id),
                certificate: fingerprint.clone(),
            };
            journal::append(change, now, event)?;
            Ok::<_, StoreError>(gone)
        })?;
        if let (Some(identity), Some(record)) = (identity, &serving) {
            self.start_trial(record);
            self.serve(&identity)?;
        }
        Ok(Made {
            key: key.id,
            serving: fingerprint,
            gave_way: gone.iter().map(GaveWay::of).collect(),
        })
    }

    /// The requests the unit keeps, the newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn requests(&self) -> Result<Vec<RequestView>, Error> {
        let snapshot = self.store.snapshot()?;
        let serving: Option<IdentityRecord> = snapshot.get(self.serving_slot().key())?;
        let serving = serving.map(|record| record.key);
        let in_use = keys_of_identities(&snapshot)?;
        let records = by_age(&snapshot)?;
        Ok(records
            .iter()
            .rev()
            .filter_map(|record| RequestView::of(record, serving, &in_use))
            .collect())
    }

    /// The request that gives way, with its key, to the next one that is made; none while there is
    /// room for one more.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn gives_way_next(&self) -> Result<Option<RequestView>, Error> {
        let give_way = requests_that_give_way(&self.store.snapshot()?, 1)?;
        let next = give_way.first();
        Ok(next.and_then(|request| RequestView::of(request, None, &[])))
    }

    /// Deletes a request and its private key; certificates for it can then
    /// never be installed.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] when there is no such request.
    /// - [`Error::RequestInUse`] when an identity has its key.
    /// - [`Error::Store`] when the store does not take it.
    pub fn delete_request(&self, key: KeyId, actor: &Actor) -> Result<(), Error> {
        let _changing = self.lock();
        let now = self.environment.now();
        self.store.change(|change| {
            if change.octets(&request_of(&key))?.is_none() {
                return Err(Error::NotFound {
                    what: "The request with the key",
                    named: key.fingerprint(),
                });
            }
            if keys_of_identities(change)?.contains(&key) {
                return Err(Error::RequestInUse);
            }
            change.remove(&request_of(&key))?;
            remove_orphaned_keys(change)?;
            let event = Event {
                actor,
                action: Action::DeleteRequest,
                outcome: "the request and its key are gone".into(),
                key: Some(key),
                certificate: None,
            };
            Ok(journal::append(change, now, event)?)
        })
    }
}
