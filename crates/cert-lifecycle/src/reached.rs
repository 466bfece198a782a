//! Under which names people reach the unit, and what browsers are told of them.
//!
//! # Which names the unit answers to
//!
//! A page of another site can have its own name resolve to the unit's address (DNS
//! rebinding) and then reads and sends as if it were a page of the unit. A browser
//! says which name it asks for, so the unit answers only to names it knows: those
//! in its certificates and requests, those an administrator has set, and the one
//! it left the factory with. An address cannot be made to resolve to another one,
//! so the unit answers to every address, and there is always a way in.
//!
//! # When browsers are told to insist
//!
//! `Strict-Transport-Security` (RFC 6797) takes the way past the browser's warning
//! from people. On a unit whose certificate can be replaced by `defcert`, or end,
//! that would lock them out. So it is off until an administrator sets it, and then
//! said only where all of [`Conditions`] hold: for a name, never an address; of a
//! certificate from a CA; and neither while that one is on trial, nor when it ends
//! before browsers forget. They forget after [`STRICT_TRANSPORT_SECONDS`], and until
//! then the unit's address is the way in.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use cert_policy::{Now, RawCertificate, ServerName, covers, requested_names};
use der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::request::CertReq;

use crate::identity::Origin;
use crate::records::{IdentityRecord, Slot, by_age};
use crate::settings;
use crate::store::{Records, Snapshot};
use crate::{Error, Unit};

/// So long browsers remember to insist: a day, for that is how long a `defcert`
/// can bar the way in by name.
const STRICT_TRANSPORT_SECONDS: u32 = 24 * 60 * 60;

/// What the store says of names. It is computed once after each change.
pub(crate) struct Reached {
    /// The version of the store that it was read from.
    version: u64,
    names: HashSet<ServerName>,
    /// The identity that serves, where an administrator has switched it on that browsers
    /// are told to insist.
    strict: Option<Serving>,
}

/// The identity that serves, and its leaf certificate.
struct Serving {
    record: IdentityRecord,
    certificate: RawCertificate,
}

impl Unit {
    /// Whether the unit answers a browser that asks for `name`: every address,
    /// `localhost`, the names in the certificates of its identities and in its
    /// requests, the names that were set, and the factory host name.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read; never for an address.
    pub fn answers_to(&self, name: &ServerName) -> Result<bool, Error> {
        match name {
            ServerName::Ip(_) => Ok(true),
            ServerName::Dns(dns) if dns.as_str() == "localhost" => Ok(true),
            name => Ok(self.reached()?.names.contains(name)),
        }
    }

    /// For how many seconds a browser that asked for `name` is to insist on HTTPS
    /// without a way past a warning (RFC 6797 section 6.1.1). `None`: it is not told.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read; never for an address.
    pub fn strict_transport_seconds(&self, name: &ServerName) -> Result<Option<u32>, Error> {
        // RFC 6797 section 8.1.1: an address is no HSTS host.
        if matches!(name, ServerName::Ip(_)) {
            return Ok(None);
        }
        let reached = self.reached()?;
        let Some(serving) = reached.strict.as_ref() else {
            return Ok(None);
        };
        let conditions = Conditions::of(serving, name, self.environment.now());
        Ok(conditions.hold().then_some(STRICT_TRANSPORT_SECONDS))
    }

    /// Whether [`answers_to`](Self::answers_to) and
    /// [`strict_transport_seconds`](Self::strict_transport_seconds) answer from memory now,
    /// so that who asks need not be ready to wait for the store. They read it after a
    /// change, once.
    #[must_use]
    pub fn knows_names(&self) -> bool {
        self.known_reached(self.store.version()).is_some()
    }

    fn known_reached(&self, version: u64) -> Option<Arc<Reached>> {
        let kept = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|kept| kept.version == version)
            .map(Arc::clone)
    }

    fn reached(&self) -> Result<Arc<Reached>, Error> {
        let version = self.store.version();
        if let Some(reached) = self.known_reached(version) {
            return Ok(reached);
        }
        let reached = Arc::new(self.read_reached(version)?);
        let mut kept = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Arc::clone(&reached));
        Ok(reached)
    }

    fn read_reached(&self, version: u64) -> Result<Reached, Error> {
        let snapshot = self.store.snapshot()?;
        let settings = settings::stored(&snapshot)?;
        let mut texts = settings.names;
        texts.push(self.factory.host_name.clone());
        for record in by_age(&snapshot)? {
            if let Ok(request) = CertReq::from_der(record.request.as_bytes()) {
                add(
                    &mut texts,
                    &request.info.subject,
                    &requested_names(&request),
                );
            }
        }
        for slot in Slot::ALL {
            if let Some((_, certificate)) = leaf(&snapshot, slot)? {
                let tbs = certificate.tbs_certificate();
                let names = match tbs.get_extension::<SubjectAltName>() {
                    Ok(Some((_, names))) => names.0,
                    _ => Vec::new(),
                };
                add(&mut texts, tbs.subject(), &names);
            }
        }
        let names = texts.iter().filter_map(|text| ServerName::parse(text).ok());
        let serving = match settings.hsts {
            true => leaf(&snapshot, self.serving_slot())?,
            false => None,
        };
        Ok(Reached {
            version,
            names: names.collect(),
            strict: serving.map(|(record, certificate)| Serving {
                record,
                certificate,
            }),
        })
    }
}

/// The identity in `slot`, and its leaf certificate.
fn leaf(
    snapshot: &Snapshot,
    slot: Slot,
) -> Result<Option<(IdentityRecord, RawCertificate)>, Error> {
    let record: Option<IdentityRecord> = snapshot.get(slot.key())?;
    Ok(record.and_then(|record| {
        let certificate = RawCertificate::from_der(record.leaf()).ok()?;
        Some((record, certificate))
    }))
}

/// Adds the host names among `names` and the subject's Common Name, which in an
/// old certificate is the only name there is.
fn add(texts: &mut Vec<String>, subject: &Name, names: &[GeneralName]) {
    if let Ok(Some(common_name)) = subject.common_name() {
        texts.push(common_name.value().into());
    }
    for name in names {
        if let GeneralName::DnsName(dns) = name {
            texts.push(dns.as_str().into());
        }
    }
}

/// What has to hold, once it is switched on, before browsers are told to insist on HTTPS
/// for a name.
#[derive(Debug, Clone, Copy)]
struct Conditions {
    /// The certificate was brought from a CA.
    imported: bool,
    /// The certificate names itself as its issuer, so no CA made it.
    self_issued: bool,
    /// The certificate is not on trial, after which another may serve.
    confirmed: bool,
    /// The certificate covers the name.
    covers_name: bool,
    /// How long the certificate is still valid; `None` when nobody knows the time.
    seconds_left: Option<u64>,
}

impl Conditions {
    fn of(serving: &Serving, name: &ServerName, now: Now) -> Self {
        let tbs = serving.certificate.tbs_certificate();
        let end = tbs.validity().not_after.to_unix_duration().as_secs();
        Self {
            imported: serving.record.origin == Origin::Imported,
            self_issued: tbs.subject() == tbs.issuer(),
            confirmed: serving.record.confirmed,
            covers_name: covers(&serving.certificate, name).is_covered(),
            seconds_left: now.trusted.then(|| end.saturating_sub(now.unix_seconds)),
        }
    }

    fn hold(self) -> bool {
        // Where browsers still insist when it ends, nobody gets past the warning.
        let outlasts = |left| left > u64::from(STRICT_TRANSPORT_SECONDS);
        self.imported
            && !self.self_issued
            && self.confirmed
            && self.covers_name
            && self.seconds_left.is_some_and(outlasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_to_insist_only_where_all_conditions_hold() {
        let all = Conditions {
            imported: true,
            self_issued: false,
            confirmed: true,
            covers_name: true,
            seconds_left: Some(86_401),
        };
        assert!(all.hold());
        for (why, conditions) in [
            (
                "a factory certificate",
                Conditions {
                    imported: false,
                    ..all
                },
            ),
            (
                "imported, but self-signed",
                Conditions {
                    self_issued: true,
                    ..all
                },
            ),
            (
                "on trial",
                Conditions {
                    confirmed: false,
                    ..all
                },
            ),
            (
                "another name",
                Conditions {
                    covers_name: false,
                    ..all
                },
            ),
            (
                "over within a day",
                Conditions {
                    seconds_left: Some(86_400),
                    ..all
                },
            ),
            (
                "over",
                Conditions {
                    seconds_left: Some(0),
                    ..all
                },
            ),
            (
                "no time",
                Conditions {
                    seconds_left: None,
                    ..all
                },
            ),
        ] {
            assert!(!conditions.hold(), "{why}");
        }
    }
}
