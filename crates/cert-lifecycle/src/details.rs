//! Every field of a certificate, under the names that browsers give it, and the
//! files in which it is handed out.

use cert_formats::Format;
use cert_policy::{ServerName, covers};
use der::{Decode, Encode};
use serde::Serialize;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};

use crate::identity::Der;
use crate::key_id::fingerprint;
use crate::public_key::{algorithm, public_key};
use crate::records::{IdentityRecord, Slot};
use crate::store::Records;
use crate::view::{general_name, shown};
use crate::{Error, Unit};

/// Octets that are shown of a value that has no text, at most.
const OCTETS_SHOWN_MAX: usize = 1024;

/// The identity whose certificates are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// The one that serves.
    Serving,
    /// The one that served before.
    Previous,
    /// The factory one.
    Factory,
}

/// One field: a value and what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Detail {
    /// The name that Windows has for it, such as "Valid from".
    pub windows: String,
    /// The name that Firefox has for it, such as "Not Before".
    pub firefox: String,
    /// The value, bounded, on one line or several.
    pub value: String,
}

/// Every field of a certificate, in the order of RFC 5280 section 4.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateDetails {
    /// The fields that every certificate has.
    pub fields: Vec<Detail>,
    /// The extensions, in the order of the certificate.
    pub extensions: Vec<Detail>,
    /// The hashes over the whole certificate.
    pub thumbprints: Vec<Detail>,
}

impl Unit {
    /// The chain of an identity, leaf first.
    ///
    /// # Errors
    ///
    /// - [`Error::NoIdentity`] when there is no such identity.
    /// - [`Error::Store`] when the store cannot be read.
    pub fn chain(&self, which: Which) -> Result<Vec<Der>, Error> {
        let record: Option<IdentityRecord> = {
            // What serves may stand in for what should.
            let slot = match which {
                Which::Serving => self.serving_slot(),
                Which::Previous => Slot::Previous,
                Which::Factory => Slot::Factory,
            };
            self.store.snapshot()?.get(slot.key())?
        };
        let said = match which {
            Which::Serving => "serves",
            Which::Previous => "served before",
            Which::Factory => "is the factory one",
        };
        Ok(record.ok_or(Error::NoIdentity(said))?.chain)
    }

    /// Whether the certificate that serves covers `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn covers(&self, name: &ServerName) -> Result<bool, Error> {
        let chain = self.chain(Which::Serving)?;
        let leaf = chain.first().map(Der::as_bytes).unwrap_or_default();
        let leaf = CertificateInner::<Raw>::from_der(leaf);
        Ok(leaf.is_ok_and(|leaf| covers(&leaf, name).is_covered()))
    }

    /// The certificates of an identity as a file: X.509 DER holds the leaf alone, the
    /// other formats the chain.
    ///
    /// # Errors
    ///
    /// - [`Error::NoIdentity`] when there is no such identity.
    /// - [`Error::Store`] when the store cannot be read.
    pub fn export(&self, which: Which, format: Format) -> Result<Vec<u8>, Error> {
        let chain = self.chain(which)?;
        let chain: Vec<&[u8]> = chain.iter().map(Der::as_bytes).collect();
        Ok(match format {
            Format::X509Der => chain.first().map_or_else(Vec::new, |leaf| leaf.to_vec()),
            Format::Pkcs7Pem => cert_formats::certificates_to_pkcs7_pem(&chain)?.into_bytes(),
            Format::Pkcs7Der => cert_formats::certificates_to_pkcs7_der(&chain)?,
            _ => cert_formats::certificates_to_pem(&chain).into_bytes(),
        })
    }
}

impl CertificateDetails {
    /// Reads `der`, or `None` where it is no certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let key = tbs.subject_public_key_info();
        let key_octets = key.subject_public_key.raw_bytes();
        let signature = algorithm(&certificate.signature_algorithm().oid);
        let validity = tbs.validity();
        let version = match tbs.version() {
            x509_cert::Version::V1 => "V1",
            x509_cert::Version::V2 => "V2",
            x509_cert::Version::V3 => "V3",
        };
        let serial = fingerprint(tbs.serial_number().as_bytes());
        let fields = vec![
            same("Version", version),
            detail("Serial number", "Serial Number", serial),
            detail(
                "Signature algorithm",
                "Certificate Signature Algorithm",
                signature,
            ),
            same("Issuer", shown(&tbs.issuer().to_string())),
            detail("Valid from", "Not Before", validity.not_before.to_string()),
            detail("Valid to", "Not After", validity.not_after.to_string()),
            same("Subject", shown(&tbs.subject().to_string())),
            detail(
                "Public key",
                "Subject Public Key Info",
                format!("{}\n{}", public_key(key), hexadecimal(key_octets)),
            ),
            detail(
                "Signature value",
                "Certificate Signature Value",
                hexadecimal(certificate.signature().raw_bytes()),
            ),
        ];
        let extensions = tbs.extensions().map_or(&[][..], Vec::as_slice);
        Some(Self {
            fields,
            extensions: extensions.iter().map(extension).collect(),
            thumbprints: vec![
                detail(
                    "Thumbprint (SHA-256)",
                    "SHA-256 Fingerprint",
                    fingerprint(&Sha256::digest(der)),
                ),
                detail(
                    "Thumbprint (SHA-1)",
                    "SHA-1 Fingerprint",
                    fingerprint(&Sha1::digest(der)),
                ),
            ],
        })
    }
}

fn detail(windows: &str, firefox: &str, value: impl Into<String>) -> Detail {
    Detail {
        windows: windows.into(),
        firefox: firefox.into(),
        value: value.into(),
    }
}

fn same(name: &str, value: impl Into<String>) -> Detail {
    detail(name, name, value)
}

/// An extension with its value in words, or as octets where it is not known here.
fn extension(extension: &Extension) -> Detail {
    let octets = extension.extn_value.as_bytes();
    let known = known_extension(extension, octets);
    let (windows, firefox, value) = known.unwrap_or_else(|| {
        let name = algorithm(&extension.extn_id);
        (name.clone(), name, hexadecimal(octets))
    });
    let critical = if extension.critical { "Critical\n" } else { "" };
    Detail {
        windows,
        firefox,
        value: format!("{critical}{value}"),
    }
}

fn known_extension(extension: &Extension, octets: &[u8]) -> Option<(String, String, String)> {
    use const_oid::AssociatedOid;
    let (windows, firefox, value) = match extension.extn_id {
        KeyUsage::OID => (
            "Key usage",
            "Certificate Key Usage",
            key_usage(&KeyUsage::from_der(octets).ok()?),
        ),
        ExtendedKeyUsage::OID => {
            let usages = ExtendedKeyUsage::from_der(octets).ok()?.0;
            let names: Vec<String> = usages.iter().map(algorithm).collect();
            ("Enhanced key usage", "Extended Key Usage", names.join("\n"))
        }
        BasicConstraints::OID => {
            let basic = BasicConstraints::from_der(octets).ok()?;
            let subject = if basic.ca {
                "A CA"
            } else {
                "An end entity, no CA"
            };
            let path = basic.path_len_constraint.map_or_else(String::new, |path| {
                format!(", with at most {path} CA certificates below it")
            });
            (
                "Basic constraints",
                "Certificate Basic Constraints",
                format!("{subject}{path}"),
            )
        }
        SubjectAltName::OID => (
            "Subject alternative name",
            "Certificate Subject Alternative Name",
            names(&SubjectAltName::from_der(octets).ok()?.0),
        ),
        SubjectKeyIdentifier::OID => (
            "Subject key identifier",
            "Certificate Subject Key ID",
            hexadecimal(SubjectKeyIdentifier::from_der(octets).ok()?.0.as_bytes()),
        ),
        AuthorityKeyIdentifier::OID => (
            "Authority key identifier",
            "Certificate Authority Key Identifier",
            authority(&AuthorityKeyIdentifier::from_der(octets).ok()?),
        ),
        CrlDistributionPoints::OID => (
            "CRL distribution points",
            "CRL Distribution Points",
            distribution_points(&CrlDistributionPoints::from_der(octets).ok()?),
        ),
        AuthorityInfoAccessSyntax::OID => {
            let access = AuthorityInfoAccessSyntax::from_der(octets).ok()?.0;
            let lines = access.iter().map(|access| {
                let method = algorithm(&access.access_method);
                format!("{method}: {}", general_name(&access.access_location))
            });
            (
                "Authority information access",
                "Authority Information Access",
                lines.collect::<Vec<_>>().join("\n"),
            )
        }
        CertificatePolicies::OID => {
            let policies = CertificatePolicies::from_der(octets).ok()?.0;
            let names: Vec<String> = policies
                .iter()
                .map(|policy| algorithm(&policy.policy_identifier))
                .collect();
            (
                "Certificate policies",
                "Certificate Policies",
                names.join("\n"),
            )
        }
        _ => return None,
    };
    Some((windows.into(), firefox.into(), value))
}

fn key_usage(usage: &KeyUsage) -> String {
    let names: Vec<&str> = usage
        .0
        .into_iter()
        .map(|usage| match usage {
            KeyUsages::DigitalSignature => "Digital Signature",
            KeyUsages::NonRepudiation => "Non-Repudiation",
            KeyUsages::KeyEncipherment => "Key Encipherment",
            KeyUsages::DataEncipherment => "Data Encipherment",
            KeyUsages::KeyAgreement => "Key Agreement",
            KeyUsages::KeyCertSign => "Certificate Signing",
            KeyUsages::CRLSign => "CRL Signing",
            KeyUsages::EncipherOnly => "Encipher Only",
            KeyUsages::DecipherOnly => "Decipher Only",
        })
        .collect();
    names.join(", ")
}

fn names(names: &[GeneralName]) -> String {
    names
        .iter()
        .map(general_name)
        .collect::<Vec<_>>()
        .join("\n")
}

fn authority(identifier: &AuthorityKeyIdentifier) -> String {
    let key = identifier.key_identifier.as_ref();
    let mut lines: Vec<String> = key
        .map(|key| hexadecimal(key.as_bytes()))
        .into_iter()
        .collect();
    lines.extend(identifier.authority_cert_issuer.as_deref().map(names));
    let serial = identifier.authority_cert_serial_number.as_ref();
    lines.extend(serial.map(|serial| fingerprint(serial.as_bytes())));
    lines.join("\n")
}

fn distribution_points(points: &CrlDistributionPoints) -> String {
    let named = points
        .0
        .iter()
        .filter_map(|point| point.distribution_point.as_ref());
    let lines: Vec<String> = named
        .map(|name| match name {
            DistributionPointName::FullName(full) => names(full),
            DistributionPointName::NameRelativeToCRLIssuer(relative) => {
                hexadecimal(&relative.to_der().unwrap_or_default())
            }
        })
        .collect();
    lines.join("\n")
}

/// Octets in pairs of digits, bounded.
fn hexadecimal(octets: &[u8]) -> String {
    match octets.get(..OCTETS_SHOWN_MAX) {
        Some(first) if first.len() < octets.len() => {
            format!("{}… ({} octets)", fingerprint(first), octets.len())
        }
        _ => fingerprint(octets),
    }
}
