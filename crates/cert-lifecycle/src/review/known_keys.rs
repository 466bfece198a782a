//! The keys that an upload may be for.

use cert_policy::{RawCertificate, requested_names};
use der::Decode as _;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::request::CertReq;

use crate::KeyId;
use crate::records::{IdentityRecord, Slot, by_age};
use crate::store::{Records, StoreError};

/// A key of the unit and what was asked for it.
pub(crate) struct KnownKey {
    pub(crate) id: KeyId,
    pub(crate) public_key: SubjectPublicKeyInfoOwned,
    /// The subject of its request; `None` for a key that was never in one.
    pub(crate) subject: Option<Name>,
    pub(crate) names: Vec<GeneralName>,
}

/// Every key of the unit, pending or installed.
pub(crate) struct KnownKeys(pub(crate) Vec<KnownKey>);

impl KnownKeys {
    /// The keys in these records, that of the newest request first.
    pub(crate) fn read(records: &impl Records) -> Result<Self, StoreError> {
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
            if let Ok(leaf) = RawCertificate::from_der(record.leaf()) {
                known.push(KnownKey {
                    id: record.key,
                    public_key: leaf.tbs_certificate().subject_public_key_info().clone(),
                    subject: None,
                    names: Vec::new(),
                });
            }
        }
        Ok(Self(known))
    }
}
