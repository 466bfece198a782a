//! Self-signed certificates.

use alloc::vec::Vec;

use const_oid::db::rfc5280;
use der::asn1::{BitString, OctetString};
use der::flagset::FlagSet;
use der::{Decode, Encode, Sequence};
use rand_core::CryptoRng;
use sha1::{Digest as _, Sha1};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::certificate::{Certificate, Version};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time;

use crate::encode::{Criticality, extension};
use crate::names::subject_alt_name_extension;
use crate::signer::signed;
use crate::{Digest, Error, KeySpec, SanExtension, Signer, Subject, SubjectAltName, Validity};

/// What a self-signed certificate says, beside the key it is made for.
#[derive(Debug, Clone)]
#[expect(
    clippy::exhaustive_structs,
    reason = "every field of the form, and each may be set"
)]
pub struct CertificateParams {
    /// Whose unit it is and what it is called.
    pub subject: Subject,
    /// Names beside the Common Name, at most [`NAMES_MAX`](crate::NAMES_MAX).
    pub names: Vec<SubjectAltName>,
    /// Whether the certificate carries the names; the default is that it does.
    pub san: SanExtension,
    /// The digest of the signature, SHA-256 by default.
    pub digest: Digest,
    /// From when to when it is valid.
    pub validity: Validity,
}

impl CertificateParams {
    /// What a certificate says by default: a subject, and its Common Name as the
    /// only name.
    #[must_use]
    pub fn new(subject: Subject, validity: Validity) -> Self {
        Self {
            subject,
            names: Vec::new(),
            san: SanExtension::default(),
            digest: Digest::default(),
            validity,
        }
    }
}

/// Makes a certificate (RFC 5280) for a key, signed by that key.
///
/// It is of version 3, for a TLS server and not a CA, since that is what browsers
/// take once a person has accepted it:
///
/// | extension | critical | value |
/// |---|---|---|
/// | `basicConstraints` | yes | not a CA |
/// | `keyUsage` | yes | `digitalSignature`, and `keyEncipherment` with RSA |
/// | `extKeyUsage` | no | `serverAuth` |
/// | `subjectKeyIdentifier` | no | SHA-1 of the public key (section 4.2.1.2) |
/// | `subjectAltName` | no | the Common Name and then the names, each once |
///
/// Its serial number has 158 random bits and 20 octets.
///
/// ```
/// use pki_core::{
///     CertificateParams, CommonName, KeySpec, PrivateKey, Subject, Validity, ValidityDays,
///     self_signed,
/// };
/// use std::ops::ControlFlow;
///
/// let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
/// let key = PrivateKey::generate(KeySpec::EcP256, &mut rng, &mut |_| ControlFlow::Continue(()))?;
/// let subject = Subject::new(CommonName::parse("ntp1.example.net")?);
/// let validity = Validity::days(1_767_225_600, ValidityDays::new(365)?)?;
/// let certificate = self_signed(&key, &CertificateParams::new(subject, validity), &mut rng)?;
/// let tbs = certificate.tbs_certificate();
/// assert_eq!(tbs.issuer(), tbs.subject());
/// # Ok::<(), pki_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::DigestForKey`] or [`Error::DigestTooLong`] when the key cannot sign
///   with the digest.
/// - [`Error::TooMany`] for more than 64 names or 16 organizational units.
/// - [`Error::Signing`] when the signature came out wrong.
/// - [`Error::Encoding`] when DER cannot carry it, which the limits of each field
///   make impossible.
pub fn self_signed<S: Signer + ?Sized, R: CryptoRng + ?Sized>(
    key: &S,
    params: &CertificateParams,
    rng: &mut R,
) -> Result<Certificate, Error> {
    let subject = params.subject.to_name()?;
    let to_be_signed = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number(rng)?,
        signature: params.digest.signature_algorithm(key.spec())?,
        issuer: subject.clone(),
        validity: params.validity.to_x509(),
        subject,
        subject_public_key_info: key.public_key().clone(),
        extensions: extensions(key, params)?,
    };
    let message = to_be_signed.to_der().map_err(Error::Encoding)?;
    let (signature_algorithm, signature) = signed(key, params.digest, &message, rng)?;
    let signed = SignedCertificate {
        to_be_signed,
        signature_algorithm,
        signature,
    };
    let der = signed.to_der().map_err(Error::Encoding)?;
    Certificate::from_der(&der).map_err(Error::Encoding)
}

/// ```text
/// Certificate ::= SEQUENCE {
///     tbsCertificate      TBSCertificate,
///     signatureAlgorithm  AlgorithmIdentifier,
///     signatureValue      BIT STRING }
/// ```
///
/// RFC 5280 section 4.1. The type of the same name in `x509-cert` can be read and
/// written but not put together.
#[derive(Sequence)]
struct SignedCertificate {
    to_be_signed: TbsCertificate,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// ```text
/// TBSCertificate ::= SEQUENCE {
///     version         [0] EXPLICIT Version DEFAULT v1,
///     serialNumber        CertificateSerialNumber,
///     signature           AlgorithmIdentifier,
///     issuer              Name,
///     validity            Validity,
///     subject             Name,
///     subjectPublicKeyInfo SubjectPublicKeyInfo,
///     extensions      [3] EXPLICIT Extensions OPTIONAL }
/// ```
///
/// RFC 5280 section 4.1, without the unique identifiers that conforming CAs must
/// not make.
#[derive(Sequence)]
struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: Version,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: time::Validity,
    subject: Name,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Extensions,
}

/// A positive number of 20 octets, the most that RFC 5280 section 4.1.2.2 allows.
fn serial_number<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<SerialNumber, Error> {
    let mut octets = [0; 20];
    rng.fill_bytes(&mut octets);
    // The highest bit is the sign. The next is set so that there are no leading
    // zeros, which DER would take away.
    let [first, ..] = &mut octets;
    *first = *first & 0x7f | 0x40;
    SerialNumber::new(&octets).map_err(Error::Encoding)
}

fn extensions<S: Signer + ?Sized>(
    key: &S,
    params: &CertificateParams,
) -> Result<Extensions, Error> {
    use Criticality::{Critical, NonCritical};
    let usages = match key.spec() {
        KeySpec::Rsa(_) => KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment,
        KeySpec::EcP256 | KeySpec::EcP384 => FlagSet::from(KeyUsages::DigitalSignature),
    };
    let common_name = &params.subject.common_name;
    let mut extensions = Vec::from([
        extension(
            Critical,
            &BasicConstraints {
                ca: false,
                path_len_constraint: None,
            },
        )?,
        extension(Critical, &KeyUsage(usages))?,
        extension(
            NonCritical,
            &ExtendedKeyUsage(Vec::from([rfc5280::ID_KP_SERVER_AUTH])),
        )?,
        extension(NonCritical, &subject_key_identifier(key)?)?,
    ]);
    extensions.extend(subject_alt_name_extension(
        params.san,
        common_name,
        &params.names,
    )?);
    Ok(extensions)
}

/// The first method of RFC 5280 section 4.2.1.2. It is a name for the key, not a
/// proof of anything, so SHA-1 does no harm.
fn subject_key_identifier<S: Signer + ?Sized>(key: &S) -> Result<SubjectKeyIdentifier, Error> {
    let hash = Sha1::digest(key.public_key().subject_public_key.raw_bytes());
    OctetString::new(hash.as_slice())
        .map(SubjectKeyIdentifier)
        .map_err(Error::Encoding)
}
