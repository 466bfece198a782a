//! What the labels of PEM blocks say.

use crate::text::{self, is_line_end};
use crate::what::{KeyKind, What};

/// The longest label that is read, in octets. The longest in use has 26.
pub(crate) const LEN_MAX: usize = 64;

/// What a block holds by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// The label of certificates (RFC 7468 section 5.1).
    Certificate,
    /// Labels that OpenSSL once wrote or still reads for certificates.
    OldCertificate,
    /// OpenSSL's certificate with trust settings after it.
    TrustedCertificate,
    /// The labels of PKCS#7 and CMS (RFC 7468 sections 8 and 9).
    Pkcs7,
    /// Another label of PKCS#7.
    OldPkcs7,
    /// Something that is not a certificate.
    Other(What),
}

impl Label {
    pub(crate) fn parse(label: &str) -> Self {
        match label {
            "CERTIFICATE" => Self::Certificate,
            "X509 CERTIFICATE" => Self::OldCertificate,
            "TRUSTED CERTIFICATE" => Self::TrustedCertificate,
            "PKCS7" | "CMS" => Self::Pkcs7,
            "PKCS #7 SIGNED DATA" => Self::OldPkcs7,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                Self::Other(What::CertificateRequest)
            }
            "X509 CRL" | "CRL" => Self::Other(What::Crl),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::Other(What::PublicKey),
            "ATTRIBUTE CERTIFICATE" => Self::Other(What::AttributeCertificate),
            "PKCS12" => Self::Other(What::Pkcs12),
            "SSH2 PUBLIC KEY" => Self::Other(What::OpenSshPublicKey),
            _ if label.ends_with("PARAMETERS") => Self::Other(What::Parameters),
            _ if label.starts_with("PGP ") => Self::Other(What::OpenPgp),
            _ => Self::Other(What::UnknownBlock),
        }
    }
}

/// Whether the text begins with a label of certificates, however it is written.
pub(crate) fn is_of_certificates(text: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 5] = [
        b"CERTIFICATE",
        b"X509 CERT",
        b"TRUSTED CERT",
        b"PKCS",
        b"CMS",
    ];
    BEGINNINGS
        .iter()
        .any(|words| text::starts_with_words(text, words))
}

/// The kind of private key that a label announces, given the text before and after `BEGIN `.
///
/// The boundary may be damaged, but "begin with a private key" in a sentence is none: there are
/// hyphens or dashes before it, or all is in capitals.
pub(crate) fn private_key(before: &[u8], after: &[u8]) -> Option<KeyKind> {
    const WORDS: &[u8] = b"PRIVATE KEY";
    let near = after.get(..LEN_MAX).unwrap_or(after);
    let line = near.split(|&octet| is_line_end(octet)).next()?;
    let algorithm = line.get(..text::find_ignoring_case(line, WORDS)?)?;
    let label = line.get(..algorithm.len() + WORDS.len())?;
    let is_marked = match before.trim_ascii_end() {
        [.., b'-', b'-'] => true,
        [.., last] => !last.is_ascii(),
        [] => false,
    };
    if !is_marked && label.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    Some(match algorithm.trim_ascii() {
        b"" => KeyKind::Pkcs8,
        b"RSA" | b"DSA" => KeyKind::Pkcs1,
        b"EC" => KeyKind::Sec1,
        b"ENCRYPTED" => KeyKind::Encrypted,
        b"OPENSSH" => KeyKind::OpenSsh,
        _ => KeyKind::Other,
    })
}
