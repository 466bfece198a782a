//! The four formats an administrator can choose from.

use core::fmt;

/// How certificates are packed in a file.
///
/// What a person selects is a hint: [`read`](crate::read) goes by the content, and tells the
/// difference as [`Note::FormatDiffers`](crate::Note::FormatDiffers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Certificates as text between `-----BEGIN CERTIFICATE-----` lines (RFC 7468 section 5).
    X509Pem,
    /// A certificate as it is, binary (RFC 5280 section 4.1).
    X509Der,
    /// PKCS#7 or CMS signed data as text (RFC 7468 sections 8 and 9).
    Pkcs7Pem,
    /// PKCS#7 or CMS signed data, binary (RFC 5652 section 5).
    Pkcs7Der,
}

impl Format {
    /// Every format, in the order in which a form lists them.
    pub const ALL: [Self; 4] = [Self::X509Pem, Self::X509Der, Self::Pkcs7Pem, Self::Pkcs7Der];

    /// The file name extension this format is usually saved with, without the full stop.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::X509Pem => "pem",
            Self::X509Der => "cer",
            Self::Pkcs7Pem | Self::Pkcs7Der => "p7b",
        }
    }

    /// The media type of this format (RFC 8555 section 9.1, RFC 2585 section 4.1, RFC 8551
    /// section 3.8).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::X509Pem => "application/pem-certificate-chain",
            Self::X509Der => "application/pkix-cert",
            Self::Pkcs7Pem | Self::Pkcs7Der => "application/pkcs7-mime; smime-type=certs-only",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X509Pem => "X.509 PEM",
            Self::X509Der => "X.509 DER",
            Self::Pkcs7Pem => "PKCS#7 PEM",
            Self::Pkcs7Der => "PKCS#7 DER",
        })
    }
}
