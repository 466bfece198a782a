//! A certificate, and the very octets it came as.

use alloc::vec::Vec;

use der::Decode as _;
use x509_cert::certificate::{CertificateInner, Raw};

use crate::ber;
use crate::diagnose;
use crate::error::Error;
use crate::position::Position;
use crate::tlv::{Budget, Element};

/// An X.509 certificate as `x509-cert` reads it without a profile.
///
/// Without a profile because a serial number that is negative or longer than 20 octets is for a
/// judge to speak about: a reader that refused it could only say "damaged".
pub type RawCertificate = CertificateInner<Raw>;

/// A certificate that was read: its fields, and the octets that its signature covers.
///
/// The two are kept side by side because encoding the fields again need not give the same octets:
/// a certificate is signed as it was written, well or badly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadCertificate {
    der: Vec<u8>,
    certificate: RawCertificate,
}

impl ReadCertificate {
    /// The octets of the certificate as they were in the upload.
    ///
    /// The one exception is a certificate that was not DER, told by
    /// [`Note::CertificateReencoded`](crate::Note::CertificateReencoded).
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The fields of the certificate.
    #[must_use]
    pub const fn certificate(&self) -> &RawCertificate {
        &self.certificate
    }

    /// Both, to own.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, RawCertificate) {
        (self.der, self.certificate)
    }
}

/// Reads the certificate that `element` is, and says whether it had to be re-encoded because it was
/// not DER.
///
/// # Errors
///
/// - [`Error::Malformed`] with the offset at which it stops being a certificate.
/// - What [`ber::to_der`] refuses.
pub(crate) fn parse(
    element: &Element<'_>,
    budget: &Budget,
) -> Result<(ReadCertificate, bool), Error> {
    let is_der = ber::is_der(element, budget);
    let der = if is_der {
        element.octets.to_vec()
    } else {
        ber::to_der(element, budget)?
    };
    match RawCertificate::from_der(&der) {
        Ok(certificate) => Ok((ReadCertificate { der, certificate }, !is_der)),
        Err(error) => Err(explain(error, element, is_der, budget)),
    }
}

fn explain(error: der::Error, element: &Element<'_>, is_der: bool, budget: &Budget) -> Error {
    // The fields of BER are not where they are in the DER that was made of them.
    let found = if is_der {
        diagnose::check_fields(element, budget).err()
    } else {
        None
    };
    found.unwrap_or_else(|| {
        Error::malformed(
            Position::Offset(element.offset),
            "a certificate (RFC 5280 section 4.1)",
            alloc::format!("{}", error.kind()),
        )
    })
}
