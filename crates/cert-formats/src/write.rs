//! Writes certificates and requests in the formats that other programs take.
//!
//! Certificates go in as octets and come out as the same octets: nothing is encoded again.

use alloc::string::String;
use alloc::vec::Vec;

use const_oid::db::rfc6268::{ID_DATA, ID_SIGNED_DATA};
use pem_rfc7468::LineEnding;

use crate::ber::append;
use crate::error::Error;
use crate::tlv::{Budget, Elements, Tag};

/// Writes certificates as X.509 PEM, in the order given (RFC 7468 section 5).
#[must_use]
pub fn certificates_to_pem(der: &[&[u8]]) -> String {
    der.iter()
        .map(|certificate| to_pem("CERTIFICATE", certificate))
        .collect()
}

/// Writes a certificate request, DER as it is, as PEM (RFC 7468 section 7).
#[must_use]
pub fn request_to_pem(der: &[u8]) -> String {
    to_pem("CERTIFICATE REQUEST", der)
}

/// Writes certificates as PKCS#7 "certs-only" in PEM (RFC 7468 section 8).
///
/// # Errors
///
/// As [`certificates_to_pkcs7_der`].
pub fn certificates_to_pkcs7_pem(der: &[&[u8]]) -> Result<String, Error> {
    Ok(to_pem("PKCS7", &certificates_to_pkcs7_der(der)?))
}

/// Writes certificates as PKCS#7 "certs-only", binary: signed data without content and without
/// signers (RFC 5652 section 5, RFC 8551 section 3.8).
///
/// PKCS#7 keeps certificates as a SET, and DER sorts a SET by its octets (X.690 section 11.6), so
/// the order given is not kept: whoever reads it finds the leaf by its key.
///
/// # Errors
///
/// [`Error::Unwritable`] when one of `der` is not exactly one SEQUENCE.
pub fn certificates_to_pkcs7_der(der: &[&[u8]]) -> Result<Vec<u8>, Error> {
    for (index, certificate) in der.iter().enumerate() {
        check_sequence(certificate).ok_or(Error::Unwritable { index })?;
    }
    let mut sorted = der.to_vec();
    sorted.sort_unstable();

    let mut signed_data = Vec::new();
    append(Tag::INTEGER, &[1], &mut signed_data);
    append(Tag::SET, &[], &mut signed_data);
    let data = element(Tag::OBJECT_IDENTIFIER, ID_DATA.as_bytes());
    append(Tag::SEQUENCE, &data, &mut signed_data);
    append(Tag::context(0), &sorted.concat(), &mut signed_data);
    append(Tag::SET, &[], &mut signed_data);

    let mut content_info = element(Tag::OBJECT_IDENTIFIER, ID_SIGNED_DATA.as_bytes());
    append(
        Tag::context(0),
        &element(Tag::SEQUENCE, &signed_data),
        &mut content_info,
    );
    Ok(element(Tag::SEQUENCE, &content_info))
}

fn element(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::new();
    append(tag, content, &mut der);
    der
}

fn check_sequence(der: &[u8]) -> Option<()> {
    let budget = Budget::new();
    let mut elements = Elements::of(der, &budget);
    let element = elements.next().ok()??;
    (element.tag == Tag::SEQUENCE && element.has_der_length && elements.rest().is_empty())
        .then_some(())
}

fn to_pem(label: &'static str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).expect("a label of PEM, and memory")
}
