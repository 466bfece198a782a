//! What serves: reviewing an upload, installing it, going back.

use cert_formats::Format;
use cert_policy::ServerName;
use der::Decode;
use pki_core::{
    CertificateParams, CommonName, Digest, KeySpec, PrivateKey, RsaBits, SanExtension, Subject,
    SubjectAltName, ValidityDays,
};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::request::CertReq;

use crate::environment::EnvironmentRng;
use crate::identity::{Der, Identity, Origin};
use crate::journal::{self, Action, Actor, Event, Via};
use crate::key_id::sha256_of;
use crate::records::{IdentityRecord, Slot, by_age, put_in_service, remove_orphaned_keys};
use crate::requests::OnProgress;
use crate::review::{KnownKey, KnownKeys, Review, Way};
use crate::settings;
use crate::store::{Records, StoreError};
use crate::tls_level::TlsLevel;
use crate::trial::Preflight;
use crate::unit::{NewKey, StandIn, no_identity};
use crate::view::{CertificateView, der_of, requested_names};
use crate::{Error, Unit};

/// The RSA keys that serve at [`TlsLevel::High`] have at least so many bits.
const RSA_BITS_MIN_HIGH: u16 = 3072;

/// A factory identity just made, not yet in the store.
pub(crate) struct NewFactoryIdentity {
    pub(crate) key: NewKey,
    pub(crate) record: IdentityRecord,
}

impl Unit {
    /// Reads and judges an upload, and tries whether the listener could serve it. Nothing is
    /// changed.
    ///
    /// `selected` is what the person said the file is, `reached_as` the names
    /// and addresses the unit is reached by.
    ///
    /// # Errors
    ///
    /// - [`Error::Read`] when it holds no certificate that can be read.
    /// - [`Error::Store`] when the store cannot be read.
    pub fn review(
        &self,
        upload: &[u8],
        selected: Option<Format>,
        reached_as: Vec<ServerName>,
    ) -> Result<Review, Error> {
        let snapshot = self.store.snapshot()?;
        let mut review = self.review_in(&snapshot, upload, selected, reached_as)?;
        review.set_unservable(self.unservable(&snapshot, &review));
        Ok(review)
    }

    /// Why the listener could not serve what was reviewed, if nothing else speaks against it.
    fn unservable(&self, records: &impl Records, review: &Review) -> Option<String> {
        let key = review.key().filter(|_| !review.is_refused())?;
        let record = IdentityRecord {
            key,
            chain: review.chain_der(),
            origin: Origin::Imported,
            since: self.environment.now().unix_seconds,
            confirmed: false,
        };
        let identity = self.identity(records, &record).ok()?;
        match self.check_at(&identity, self.settings().tls) {
            Err(Error::Listener(why)) => Some(format!("It cannot be served: {why}")),
            _ => None,
        }
    }

    pub(crate) fn review_in(
        &self,
        records: &impl Records,
        upload: &[u8],
        selected: Option<Format>,
        reached_as: Vec<ServerName>,
    ) -> Result<Review, Error> {
        let bundle = cert_formats::read(upload, selected)?;
        let keys = known_keys(records)?;
        let ways = self.ways(records, &reached_as)?;
        let now = self.environment.now();
        Ok(Review::new(bundle, reached_as, ways, &keys, now))
    }

    /// Every name and address that people reach the unit by, as far as it knows: the
    /// names that were set, and its addresses, but for those that only the unit itself
    /// reaches.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn reached_by(&self) -> Result<Vec<ServerName>, Error> {
        let ways = self.ways(&self.store.snapshot()?, &[])?;
        let from_outside = |name: &ServerName| match name {
            ServerName::Ip(ip) => !ip.is_loopback() && !ip.is_unspecified(),
            _ => true,
        };
        let names = ways.into_iter().map(|(_, name)| name);
        Ok(names.filter(from_outside).collect())
    }

    /// Every name and address that people reach the unit by, each once.
    fn ways(
        &self,
        records: &impl Records,
        reached_as: &[ServerName],
    ) -> Result<Vec<(Way, ServerName)>, Error> {
        let set = settings::stored(records)?.names;
        let set = set.iter().filter_map(|name| ServerName::parse(name).ok());
        let addresses = self.environment.addresses();
        let all = reached_as.iter().cloned().map(|name| (Way::Now, name));
        let all = all.chain(set.map(|name| (Way::Set, name)));
        let all = all.chain(addresses.into_iter().map(|ip| (Way::Address, ip.into())));
        let mut ways: Vec<(Way, ServerName)> = Vec::new();
        for (way, name) in all {
            if !ways.iter().any(|(_, known)| *known == name) {
                ways.push((way, name));
            }
        }
        Ok(ways)
    }

    /// Serves what was reviewed, from the next connection on: on trial when it was
    /// installed from a browser. The identity that served becomes the previous one.
    ///
    /// # Errors
    ///
    /// - [`Error::Refused`] with every refusal, when the judge refuses it now.
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
        review.judge(&known_keys(&snapshot)?, now);
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
    /// - [`Error::NotFound`] when nothing served before.
    /// - [`Error::Listener`] when the TLS stack cannot serve it.
    /// - [`Error::Store`] when the store does not take it.
    pub fn serve_previous(&self, preflight: Preflight, actor: &Actor) -> Result<String, Error> {
        let _changing = self.lock();
        let previous: Option<IdentityRecord> = self.store.snapshot()?.get(Slot::Previous.key())?;
        let mut record = previous.ok_or_else(|| no_identity("served before"))?;
        record.since = self.environment.now().unix_seconds;
        record.confirmed |= self.confirms_at_once(actor);
        self.put_and_serve(&record, Action::Previous, preflight, actor)
    }

    /// Makes a new factory identity and serves it at once, whatever serves now.
    /// Returns the certificate's SHA-256 fingerprint. Takes as long as its key takes.
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

    /// Proves that `identity` could serve at the TLS level that is set, unless somebody
    /// at a console forces it: they do not need it to get in.
    pub(crate) fn check(
        &self,
        identity: &Identity,
        preflight: Preflight,
        actor: &Actor,
    ) -> Result<(), Error> {
        if preflight == Preflight::Forced && !matches!(actor.via, Via::Web(_)) {
            return Ok(());
        }
        self.check_at(identity, self.settings().tls)
    }

    /// Proves that `identity` could serve at this level.
    pub(crate) fn check_at(&self, identity: &Identity, level: TlsLevel) -> Result<(), Error> {
        if let Some(leaf) = identity.chain().first() {
            check_level(leaf.as_bytes(), level)?;
        }
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

    /// A key of RSA 2048, or as many bits as the TLS level wants, and a certificate
    /// for the factory host name and the unit's addresses at this moment.
    pub(crate) fn make_factory_identity(
        &self,
        digest: Digest,
        progress: OnProgress<'_>,
    ) -> Result<NewFactoryIdentity, Error> {
        let mut rng = EnvironmentRng(&*self.environment);
        let spec = match self.settings().tls {
            TlsLevel::Standard => KeySpec::default(),
            TlsLevel::High => KeySpec::Rsa(RsaBits::new(RSA_BITS_MIN_HIGH)?),
        };
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

/// Refuses the key of `leaf` where `level` wants a longer one.
pub(crate) fn check_level(leaf: &[u8], level: TlsLevel) -> Result<(), Error> {
    let view = CertificateView::of(leaf);
    let bits = view.as_ref().and_then(|view| {
        let bits = view.public_key.strip_prefix("RSA ")?;
        bits.parse::<u16>().ok()
    });
    match (level, bits) {
        (TlsLevel::High, Some(bits)) if bits < RSA_BITS_MIN_HIGH => Err(Error::Listener(format!(
            "its RSA key has {bits} bits, and the TLS level \"high\" wants {RSA_BITS_MIN_HIGH} or \
             more. Make a key of EC P-256 or RSA {RSA_BITS_MIN_HIGH}, or set the TLS level to \
             \"standard\"."
        ))),
        _ => Ok(()),
    }
}

fn served<'a>(action: Action, actor: &'a Actor, record: &IdentityRecord) -> Event<'a> {
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

/// Every key of the unit with what was asked for it, the newest request first.
fn known_keys(records: &impl Records) -> Result<KnownKeys, StoreError> {
    let mut known: Vec<KnownKey> = Vec::new();
    for record in by_age(records)?.iter().rev() {
        if let Ok(request) = CertReq::from_der(record.request.as_bytes()) {
            known.push(KnownKey {
                id: record.key,
                names: requested_names(&request),
                public_key: request.info.public_key,
                subject: Some(request.info.subject),
            });
        }
    }
    for slot in Slot::ALL {
        let Some(record) = records.get::<IdentityRecord>(slot.key())? else {
            continue;
        };
        if known.iter().any(|key| key.id == record.key) {
            continue;
        }
        if let Ok(leaf) = CertificateInner::<Raw>::from_der(record.leaf()) {
            known.push(KnownKey {
                id: record.key,
                public_key: leaf.tbs_certificate().subject_public_key_info().clone(),
                subject: None,
                names: Vec::new(),
            });
        }
    }
    Ok(KnownKeys(known))
}
