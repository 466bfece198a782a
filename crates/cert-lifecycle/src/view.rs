//! Certificates and requests as people read them.

use cert_policy::{RawCertificate, requested_names};
use der::{Decode, Encode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::request::CertReq;

use crate::field::Field;
use crate::key_id::{KeyId, fingerprint};
use crate::proposal;
use crate::public_key::{algorithm, public_key};
use crate::records::RequestRecord;

/// A text from a certificate is shown up to this many characters.
const SHOWN_CHARS_MAX: usize = 400;

/// The fields of a certificate that people compare.
///
/// Texts that came with the certificate are bounded, and their control
/// characters are made visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateView {
    /// The subject, as RFC 4514 writes it.
    pub subject: String,
    /// The subject's Common Name, or the whole subject where it has none.
    pub common_name: String,
    /// The issuer, as RFC 4514 writes it.
    pub issuer: String,
    /// Whether subject and issuer are the same name.
    pub self_issued: bool,
    /// Whether basicConstraints say that it is a CA's.
    pub ca: bool,
    /// The serial number as hexadecimal pairs with colons.
    pub serial: String,
    /// The first second it is valid, in seconds since 1970-01-01 UTC.
    pub not_before: u64,
    /// The last second it is valid, in seconds since 1970-01-01 UTC.
    pub not_after: u64,
    /// The kind and size of its key, such as "RSA 2048" or "EC P-256".
    pub public_key: String,
    /// The signature algorithm's name, such as "sha256WithRSAEncryption".
    pub signature_algorithm: String,
    /// The entries of the subject alternative name, such as "DNS: ntp1".
    pub names: Vec<String>,
    /// The id of its key.
    pub key: KeyId,
    /// The SHA-256 fingerprint of the certificate.
    pub sha256: String,
}

impl CertificateView {
    /// Reads `der`, or `None` where it is no certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let certificate = RawCertificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let ca =
            matches!(tbs.get_extension::<BasicConstraints>(), Ok(Some((_, basic))) if basic.ca);
        let names = match tbs.get_extension::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0.iter().map(general_name).collect(),
            _ => Vec::new(),
        };
        Some(Self {
            subject: shown(&tbs.subject().to_string()),
            common_name: common_name(tbs.subject()),
            issuer: shown(&tbs.issuer().to_string()),
            self_issued: tbs.subject() == tbs.issuer(),
            ca,
            serial: fingerprint(tbs.serial_number().as_bytes()),
            not_before: tbs.validity().not_before.to_unix_duration().as_secs(),
            not_after: tbs.validity().not_after.to_unix_duration().as_secs(),
            public_key: public_key(tbs.subject_public_key_info()),
            signature_algorithm: algorithm(&certificate.signature_algorithm().oid),
            names,
            key: KeyId::of(tbs.subject_public_key_info()),
            sha256: fingerprint(&Sha256::digest(der)),
        })
    }
}

/// The fields of a request that people compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequestView {
    /// The id of its key, under which the unit keeps it.
    pub key: KeyId,
    /// Counted from 1 by the unit, and kept when others are deleted. After a backup was
    /// restored into a new store, two may have the same.
    pub number: u64,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub made_at: u64,
    /// Who made it.
    pub made_by: String,
    /// The subject, as RFC 4514 writes it.
    pub subject: String,
    /// The subject's Common Name.
    pub common_name: String,
    /// What was filled in, by the labels of the form: the subject's attributes in their order, the
    /// optional organization name, and of the challenge password only that there is one.
    pub fields: Vec<(String, String)>,
    /// The names asked for, such as "DNS: ntp1".
    pub names: Vec<String>,
    /// The kind and size of its key.
    pub public_key: String,
    /// The signature algorithm's name.
    pub signature_algorithm: String,
    /// The SHA-256 fingerprint of the request.
    pub sha256: String,
    /// The request as PEM, to be sent to a CA.
    pub pem: String,
    /// Whether the identity that serves has its key.
    pub serving: bool,
    /// Whether some identity has its key, so that it cannot be deleted.
    pub in_use: bool,
    /// Whether a certificate for it was installed, as far as is known.
    pub answered: bool,
}

impl RequestView {
    /// `in_use` has the keys that identities need.
    pub(crate) fn of(
        record: &RequestRecord,
        serving: Option<KeyId>,
        in_use: &[KeyId],
    ) -> Option<Self> {
        let der = record.request.as_bytes();
        let request = CertReq::from_der(der).ok()?;
        let names = requested_names(&request);
        Some(Self {
            key: record.key,
            number: record.number,
            made_at: record.made_at,
            made_by: record.made_by.who.clone(),
            subject: shown(&request.info.subject.to_string()),
            common_name: common_name(&request.info.subject),
            fields: fields(&request),
            names: names.iter().map(general_name).collect(),
            public_key: public_key(&request.info.public_key),
            signature_algorithm: algorithm(&request.algorithm.oid),
            sha256: fingerprint(&Sha256::digest(der)),
            pem: cert_formats::request_to_pem(der),
            serving: serving == Some(record.key),
            in_use: in_use.contains(&record.key),
            answered: record.answered,
        })
    }
}

/// What a request says, under the labels of the form.
fn fields(request: &CertReq) -> Vec<(String, String)> {
    use const_oid::db::{rfc2985, rfc4519};
    let attributes = request.info.subject.iter();
    let of_subject = attributes.map(|attribute| {
        let label = match attribute.oid {
            // Without the hints that the form has for whoever types.
            rfc4519::COMMON_NAME => "Common Name",
            rfc4519::COUNTRY_NAME => "Country",
            rfc4519::ST => Field::State.label(),
            rfc4519::LOCALITY_NAME => Field::Locality.label(),
            rfc4519::ORGANIZATION_NAME => Field::Organization.label(),
            rfc4519::ORGANIZATIONAL_UNIT_NAME => Field::OrganizationalUnit.label(),
            const_oid::db::rfc3280::EMAIL_ADDRESS => Field::Email.label(),
            other => return (algorithm(&other), value_of(attribute)),
        };
        (label.into(), value_of(attribute))
    });
    let mut fields: Vec<_> = of_subject.collect();
    if let Some(name) = proposal::unstructured_name(request) {
        fields.push((Field::OptionalOrganization.label().into(), shown(&name)));
    }
    let mut others = request.info.attributes.iter();
    if others.any(|attribute| attribute.oid == rfc2985::PKCS_9_AT_CHALLENGE_PASSWORD) {
        fields.push((Field::ChallengePassword.label().into(), "(set)".into()));
    }
    fields
}

/// The value as it was typed; what is no text, as RFC 4514 writes it.
fn value_of(attribute: &AttributeTypeAndValue) -> String {
    let typed = proposal::text(&attribute.value);
    shown(&typed.unwrap_or_else(|| {
        let written = attribute.to_string();
        written
            .split_once('=')
            .map_or("", |(_, value)| value)
            .into()
    }))
}

/// The text, bounded, with control and direction-changing characters visible.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARS_MAX) {
        let hidden = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if hidden {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

fn common_name(name: &Name) -> String {
    match name.common_name() {
        Ok(Some(common_name)) => shown(&common_name.value()),
        _ if name.is_empty() => "(no subject)".into(),
        _ => shown(&name.to_string()),
    }
}

pub(crate) fn general_name(name: &x509_cert::ext::pkix::name::GeneralName) -> String {
    use x509_cert::ext::pkix::name::GeneralName;
    let text = match name {
        GeneralName::DnsName(dns) => format!("DNS: {}", dns.as_str()),
        GeneralName::IpAddress(octets) => format!("IP: {}", address(octets.as_bytes())),
        GeneralName::Rfc822Name(email) => format!("email: {}", email.as_str()),
        GeneralName::UniformResourceIdentifier(uri) => format!("URI: {}", uri.as_str()),
        GeneralName::RegisteredId(oid) => format!("RID: {oid}"),
        GeneralName::DirectoryName(name) => format!("dirName: {name}"),
        GeneralName::OtherName(other) => format!("other name of type {}", other.type_id),
        _ => "a name of another type".into(),
    };
    shown(&text)
}

pub(crate) fn address(octets: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return std::net::Ipv4Addr::from(v4).to_string();
    }
    if let Ok(v6) = <[u8; 16]>::try_from(octets) {
        return std::net::Ipv6Addr::from(v6).to_string();
    }
    format!("{} octets, which are no address", octets.len())
}

/// The DER of anything that encodes; empty when it cannot be encoded, which
/// a value that was decoded or built never is.
pub(crate) fn der_of(value: &impl Encode) -> Vec<u8> {
    value.to_der().unwrap_or_default()
}
