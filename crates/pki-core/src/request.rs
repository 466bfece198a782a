//! Certificate requests, PKCS#10.

use alloc::vec::Vec;

use const_oid::db::rfc2985;
use der::Encode;
use der::asn1::SetOfVec;
use rand_core::CryptoRng;
use x509_cert::request::{CertReq, CertReqInfo, Version};

use crate::names::subject_alt_name_extension;
use crate::signer::signed;
use crate::{
    ChallengePassword, Digest, Error, SanExtension, Signer, Subject, SubjectAltName,
    UnstructuredName, encode,
};

/// What a certificate request says, beside the key it is made for.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "every field of the form, and each may be set"
)]
pub struct RequestParams {
    /// Whose unit it is and what it is called.
    pub subject: Subject,
    /// Names beside the Common Name, at most [`NAMES_MAX`](crate::NAMES_MAX).
    pub names: Vec<SubjectAltName>,
    /// Whether the names go into the request; the default is that they do.
    pub san: SanExtension,
    /// The digest of the request's own signature, SHA-256 by default. It does
    /// not bind the CA.
    pub digest: Digest,
    /// A password for the CA, if it asks for one.
    pub challenge_password: Option<ChallengePassword>,
    /// The form's "Optional Organization Name".
    pub unstructured_name: Option<UnstructuredName>,
}

impl RequestParams {
    /// What a request says by default: a subject, and its Common Name as the
    /// only name.
    #[must_use]
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            names: Vec::new(),
            san: SanExtension::default(),
            digest: Digest::default(),
            challenge_password: None,
            unstructured_name: None,
        }
    }
}

/// Makes a certificate request (RFC 2986) for a key, signed by that key.
///
/// Names are asked for in an `extensionRequest` (RFC 2985 section 5.4.2), the
/// Common Name first and each name once.
///
/// ```
/// use pki_core::{CommonName, KeySpec, PrivateKey, RequestParams, Subject, certificate_request};
/// use std::ops::ControlFlow;
///
/// let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
/// let key = PrivateKey::generate(KeySpec::EcP256, &mut rng, &mut |_| ControlFlow::Continue(()))?;
/// let params = RequestParams::new(Subject::new(CommonName::parse("ntp1.example.net")?));
/// let request = certificate_request(&key, &params, &mut rng)?;
/// assert_eq!(request.info.public_key, *key.public_key());
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
pub fn certificate_request<S: Signer + ?Sized, R: CryptoRng + ?Sized>(
    key: &S,
    params: &RequestParams,
    rng: &mut R,
) -> Result<CertReq, Error> {
    let info = CertReqInfo {
        version: Version::V1,
        subject: params.subject.to_name()?,
        public_key: key.public_key().clone(),
        attributes: attributes(params)?,
    };
    let message = info.to_der().map_err(Error::Encoding)?;
    let (algorithm, signature) = signed(key, params.digest, &message, rng)?;
    Ok(CertReq {
        info,
        algorithm,
        signature,
    })
}

fn attributes(params: &RequestParams) -> Result<x509_cert::attr::Attributes, Error> {
    let common_name = &params.subject.common_name;
    let san = subject_alt_name_extension(params.san, common_name, &params.names)?;
    let mut attributes = Vec::new();
    if let Some(extension) = san {
        let value = encode::any(&Vec::from([extension]))?;
        attributes.push(encode::attribute(
            rfc2985::PKCS_9_AT_EXTENSION_REQUEST,
            value,
        )?);
    }
    if let Some(password) = &params.challenge_password {
        attributes.push(password.to_attribute()?);
    }
    if let Some(name) = &params.unstructured_name {
        let value = encode::pkcs9_string(name.as_str())?;
        attributes.push(encode::attribute(
            rfc2985::PKCS_9_AT_UNSTRUCTURED_NAME,
            value,
        )?);
    }
    // This sorts them, as DER wants a SET OF.
    SetOfVec::try_from(attributes).map_err(Error::Encoding)
}
