//! Takes the certificates out of PKCS#7 and CMS signed data (RFC 2315 section 9.1, RFC 5652
//! section 5.1).
//!
//! One reader for all versions, in DER and BER: it follows the few fields on the way to the
//! certificates and leaves the rest alone. The signature, if there is one, is not checked: what is
//! wanted are the certificates, and these have signatures of their own.

use const_oid::ObjectIdentifier;

use crate::error::Error;
use crate::position::Position;
use crate::tlv::{Budget, Element, Tag};
use crate::what::CmsType;

/// What a `ContentInfo` holds.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    SignedData(SignedData<'a>),
    Other(CmsType),
}

/// The parts of signed data that matter here.
#[derive(Debug)]
pub(crate) struct SignedData<'a> {
    /// The `certificates` field, whose elements are the certificates.
    pub(crate) certificates: Option<Element<'a>>,
    /// The `crls` field.
    pub(crate) crls: Option<Element<'a>>,
    /// Whether somebody signed something, rather than only packed certificates.
    pub(crate) is_signed: bool,
    /// Whether the elements on the way to the certificates have lengths as DER has them.
    pub(crate) is_der: bool,
}

/// Reads a `ContentInfo` as far as its certificates.
///
/// ```text
/// ContentInfo ::= SEQUENCE {
///   contentType ContentType,
///   content [0] EXPLICIT ANY DEFINED BY contentType }
/// ```
pub(crate) fn parse<'a>(element: &Element<'a>, budget: &Budget) -> Result<Content<'a>, Error> {
    let mut fields = element.elements(budget);
    let content_type = fields.require(Tag::OBJECT_IDENTIFIER, "the content type of PKCS#7")?;
    match CmsType::from_oid(oid(&content_type)?) {
        CmsType::SignedData => {}
        other => return Ok(Content::Other(other)),
    }
    let content = fields.require(Tag::context(0), "the content of PKCS#7")?;
    fields.finish("the content of PKCS#7")?;
    let mut inner = content.elements(budget);
    let signed_data = inner.require(Tag::SEQUENCE, "signed data")?;
    inner.finish("signed data")?;
    let mut signed_data = parse_signed_data(&signed_data, budget)?;
    signed_data.is_der &= element.has_der_length && content.has_der_length;
    Ok(Content::SignedData(signed_data))
}

/// ```text
/// SignedData ::= SEQUENCE {
///   version CMSVersion,
///   digestAlgorithms DigestAlgorithmIdentifiers,
///   encapContentInfo EncapsulatedContentInfo,
///   certificates [0] IMPLICIT CertificateSet OPTIONAL,
///   crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
///   signerInfos SignerInfos }
/// ```
fn parse_signed_data<'a>(element: &Element<'a>, budget: &Budget) -> Result<SignedData<'a>, Error> {
    let mut fields = element.elements(budget);
    let version = fields.require(Tag::INTEGER, "the version of signed data")?;
    let digests = fields.require(Tag::SET, "the digest algorithms of signed data")?;
    let content = fields.require(Tag::SEQUENCE, "the content of signed data")?;
    let certificates = fields.optional(Tag::context(0))?;
    let crls = fields.optional(Tag::context(1))?;
    let signers = fields.require(Tag::SET, "the signers of signed data")?;
    fields.finish("the signers of signed data")?;
    let mut inner = content.elements(budget);
    inner.require(Tag::OBJECT_IDENTIFIER, "the content type of signed data")?;
    let has_content = inner.next()?.is_some();
    let required = [*element, version, digests, content, signers];
    let is_der = required
        .iter()
        .chain(&certificates)
        .chain(&crls)
        .all(|e| e.has_der_length);
    let is_signed = has_content || !signers.content.is_empty();
    Ok(SignedData {
        certificates,
        crls,
        is_signed,
        is_der,
    })
}

fn oid(element: &Element<'_>) -> Result<ObjectIdentifier, Error> {
    ObjectIdentifier::from_bytes(element.content).map_err(|_| {
        Error::malformed(
            Position::Offset(element.offset),
            "an OBJECT IDENTIFIER",
            "octets that are none",
        )
    })
}
