//! Finds the field at which something stops being a certificate, to say so in an error.

use alloc::format;

use der::asn1::{BitString, Int};
use der::{Decode, ErrorKind};
use x509_cert::certificate::{Raw, Version};
use x509_cert::ext::Extensions;
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::Validity;

use crate::error::Error;
use crate::limits::MAX_OID_OCTETS;
use crate::position::Position;
use crate::tlv::{Budget, Element, Tag};

/// Reads a certificate field by field (RFC 5280 section 4.1).
///
/// # Errors
///
/// [`Error::Malformed`] with the place and the name of the first field that is not as it should be.
pub(crate) fn check_fields(certificate: &Element<'_>, budget: &Budget) -> Result<(), Error> {
    const ALGORITHM: &str = "a signature algorithm (RFC 5280 section 4.1.1.2)";
    const SIGNATURE: &str = "a signature (RFC 5280 section 4.1.1.3)";
    let mut parts = certificate.elements(budget);
    let signed = parts.require(Tag::SEQUENCE, "the signed part of a certificate")?;
    check_signed_part(&signed, budget)?;
    check::<AlgorithmIdentifierOwned>(&parts.require(Tag::SEQUENCE, ALGORITHM)?, ALGORITHM)?;
    check::<BitString>(&parts.require(Tag::BIT_STRING, SIGNATURE)?, SIGNATURE)?;
    parts.finish("the signature")
}

fn check_signed_part(signed: &Element<'_>, budget: &Budget) -> Result<(), Error> {
    const VERSION: &str = "version 1, 2 or 3 (RFC 5280 section 4.1.2.1)";
    const SERIAL: &str = "a serial number (RFC 5280 section 4.1.2.2)";
    const ALGORITHM: &str = "a signature algorithm (RFC 5280 section 4.1.2.3)";
    const ISSUER: &str = "an issuer (RFC 5280 section 4.1.2.4)";
    const VALIDITY: &str = "a validity period (RFC 5280 section 4.1.2.5)";
    const SUBJECT: &str = "a subject (RFC 5280 section 4.1.2.6)";
    const KEY: &str = "a public key (RFC 5280 section 4.1.2.7)";
    const EXTENSIONS: &str = "extensions (RFC 5280 section 4.1.2.9)";
    let mut fields = signed.elements(budget);
    if let Some(version) = fields.optional(Tag::context(0))? {
        check::<Version>(
            &version.elements(budget).require(Tag::INTEGER, VERSION)?,
            VERSION,
        )?;
    }
    check::<Int>(&fields.require(Tag::INTEGER, SERIAL)?, SERIAL)?;
    check::<AlgorithmIdentifierOwned>(&fields.require(Tag::SEQUENCE, ALGORITHM)?, ALGORITHM)?;
    check::<Name>(&fields.require(Tag::SEQUENCE, ISSUER)?, ISSUER)?;
    check::<Validity<Raw>>(&fields.require(Tag::SEQUENCE, VALIDITY)?, VALIDITY)?;
    check::<Name>(&fields.require(Tag::SEQUENCE, SUBJECT)?, SUBJECT)?;
    check::<SubjectPublicKeyInfoOwned>(&fields.require(Tag::SEQUENCE, KEY)?, KEY)?;
    while let Some(field) = fields.next()? {
        if field.tag == Tag::context(3) {
            let extensions = field.elements(budget).require(Tag::SEQUENCE, EXTENSIONS)?;
            check::<Extensions>(&extensions, EXTENSIONS)?;
        }
    }
    Ok(())
}

fn check<'a, T>(element: &Element<'a>, expected: &'static str) -> Result<(), Error>
where
    T: Decode<'a, Error = der::Error>,
{
    let Err(error) = T::from_der(element.octets) else {
        return Ok(());
    };
    // Not every error of `der` has a position, and some have that of what contains the fault.
    let within = error
        .position()
        .and_then(|position| usize::try_from(position).ok())
        .unwrap_or(0);
    let found = match error.kind() {
        ErrorKind::TagUnexpected {
            expected: Some(expected),
            actual,
        } => {
            format!("one with {actual} instead of {expected}")
        }
        ErrorKind::OidMalformed
        | ErrorKind::Length {
            tag: der::Tag::ObjectIdentifier,
        } => {
            format!("an OBJECT IDENTIFIER that is malformed or longer than {MAX_OID_OCTETS} octets")
        }
        kind => format!("{kind}"),
    };
    Err(Error::malformed(
        Position::Offset(element.offset.saturating_add(within)),
        expected,
        found,
    ))
}
