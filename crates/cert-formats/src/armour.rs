//! Cuts text into PEM blocks (RFC 7468) and the text between them.
//!
//! Boundaries are found wherever they stand, because web forms and mail programs join lines. What
//! is nearly a boundary is an error with its line: passing it over as text would lose a
//! certificate.

use crate::error::Error;
use crate::position::Position;
use crate::text::{self, is_line_end, is_space};
use crate::what::{KeyKind, What};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const HYPHENS: &[u8] = b"-----";

/// The longest label that is read, in octets. The longest in use has 26.
const LABEL_LEN_MAX: usize = 64;

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'t> {
    Block(Block<'t>),
    /// What stands outside the blocks.
    Text {
        octets: &'t [u8],
        line: usize,
    },
}

/// What stands between a `-----BEGIN` and its `-----END`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'t> {
    pub(crate) label: &'t str,
    /// The line of the `-----BEGIN`.
    pub(crate) line: usize,
    pub(crate) body: &'t [u8],
    /// Whether both boundaries have lines of their own.
    pub(crate) has_own_lines: bool,
}

/// The pieces of a text, front to back. Together they are the whole text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Pieces<'t> {
    pub(crate) const fn of(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The next piece, or nothing at the end of the text.
    ///
    /// # Errors
    ///
    /// - [`Error::Truncated`] with the line of a block that does not end.
    /// - [`Error::Malformed`] with the line of a boundary that is not written as one.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'t>>, Error> {
        let rest = self.rest();
        match text::find(rest, BEGIN) {
            Some(0) => self.block().map(Some),
            None if rest.is_empty() => Ok(None),
            found => self.between(found.unwrap_or(rest.len())).map(Some),
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over `len` octets and gives them.
    fn take(&mut self, len: usize) -> &'t [u8] {
        let taken = self.rest().get(..len).unwrap_or_default();
        self.at = self.at.saturating_add(len);
        self.line = self.line.saturating_add(text::count_line_ends(taken));
        taken
    }

    fn between(&mut self, len: usize) -> Result<Piece<'t>, Error> {
        let line = self.line;
        let octets = self.take(len);
        match damaged_boundary(octets) {
            None => Ok(Piece::Text { octets, line }),
            Some(at) => {
                let before = octets.get(..at).unwrap_or_default();
                let line = line.saturating_add(text::count_line_ends(before));
                Err(Error::malformed(
                    Position::Line(line),
                    "a line such as -----BEGIN CERTIFICATE----- with its END, each with five \
                     hyphens on both sides",
                    "something like it",
                ))
            }
        }
    }

    fn block(&mut self) -> Result<Piece<'t>, Error> {
        let (begin, line) = (self.at, self.line);
        let mut has_own_lines = self.is_line_start();
        self.take(BEGIN.len());
        let label = self.label()?;
        has_own_lines &= self.is_line_end();
        let body_len = text::find(self.rest(), HYPHENS).ok_or(Error::Truncated {
            position: Position::Line(line),
            missing: None,
        })?;
        let body = self.take(body_len);
        has_own_lines &= self.is_line_start();
        self.end(label)?;
        has_own_lines &= self.is_line_end();
        debug_assert!(self.at > begin, "every piece takes us further");
        Ok(Piece::Block(Block {
            label,
            line,
            body,
            has_own_lines,
        }))
    }

    /// The label and the hyphens after it.
    fn label(&mut self) -> Result<&'t str, Error> {
        let rest = self.rest();
        let near = rest.get(..LABEL_LEN_MAX + HYPHENS.len()).unwrap_or(rest);
        let label = text::find(near, HYPHENS)
            .and_then(|len| near.get(..len))
            .filter(|label| label.iter().all(|octet| matches!(octet, 0x20..=0x7e)))
            .and_then(|label| core::str::from_utf8(label).ok())
            .ok_or_else(|| {
                Error::malformed(
                    Position::Line(self.line),
                    "a label and five hyphens after -----BEGIN, as in -----BEGIN CERTIFICATE-----",
                    "something else",
                )
            })?;
        self.take(label.len() + HYPHENS.len());
        Ok(label)
    }

    /// The `-----END` with the label of the `-----BEGIN` (RFC 7468 section 2).
    fn end(&mut self, label: &str) -> Result<(), Error> {
        let has_end = self
            .rest()
            .strip_prefix(END)
            .and_then(|rest| rest.strip_prefix(label.as_bytes()))
            .is_some_and(|rest| rest.starts_with(HYPHENS));
        if !has_end {
            return Err(Error::malformed(
                Position::Line(self.line),
                alloc::format!("-----END {label}-----"),
                "hyphens that belong to another line",
            ));
        }
        self.take(END.len() + label.len() + HYPHENS.len());
        Ok(())
    }

    /// Whether there are only spaces between here and the start of the line.
    fn is_line_start(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        before
            .iter()
            .rev()
            .find(|&&octet| !is_space(octet))
            .is_none_or(|&octet| is_line_end(octet))
    }

    /// Whether there are only spaces between here and the end of the line.
    fn is_line_end(&self) -> bool {
        self.rest()
            .iter()
            .find(|&&octet| !is_space(octet))
            .is_none_or(|&octet| is_line_end(octet))
    }
}

/// Whether there is a `-----BEGIN` anywhere.
pub(crate) fn has_boundary(text: &[u8]) -> bool {
    text::find(text, BEGIN).is_some()
}

/// Whether there is something that was meant as a boundary.
pub(crate) fn has_damaged_boundary(text: &[u8]) -> bool {
    damaged_boundary(text).is_some()
}

/// Where something stands that was meant as a boundary: a hyphen or a dash, and `BEGIN` or `END`.
fn damaged_boundary(text: &[u8]) -> Option<usize> {
    const MEANT: [&[u8]; 6] = [
        b"-BEGIN ",
        b"-END ",
        b"- BEGIN ",
        b"- END ",
        b"BEGIN CERTIFICATE",
        b"END CERTIFICATE",
    ];
    MEANT
        .iter()
        .filter_map(|meant| text::find_ignoring_case(text, meant))
        .min()
}

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
            "X509 CRL" => Self::Other(What::Crl),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::Other(What::PublicKey),
            "ATTRIBUTE CERTIFICATE" => Self::Other(What::AttributeCertificate),
            "PKCS12" => Self::Other(What::Pkcs12),
            "SSH2 PUBLIC KEY" => Self::Other(What::OpenSshPublicKey),
            _ if label.ends_with("PARAMETERS") => Self::Other(What::Parameters),
            _ if label.starts_with("PGP ") => Self::Other(What::OpenPgp),
            _ => Self::Other(What::UnknownBlock),
        }
    }

    /// Whether the block claims to hold certificates.
    pub(crate) const fn is_certificates(self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

/// The kind of private key that a label names, given the text after `BEGIN `.
pub(crate) fn private_key_label(text: &[u8]) -> Option<KeyKind> {
    let near = text.get(..LABEL_LEN_MAX).unwrap_or(text);
    let line = near.split(|&octet| is_line_end(octet)).next()?;
    let key = text::find_ignoring_case(line, b"PRIVATE KEY")?;
    let before = line.get(..key)?.trim_ascii();
    Some(match before {
        b"" => KeyKind::Pkcs8,
        b"RSA" | b"DSA" => KeyKind::Pkcs1,
        b"EC" => KeyKind::Sec1,
        b"ENCRYPTED" => KeyKind::Encrypted,
        b"OPENSSH" => KeyKind::OpenSsh,
        _ => KeyKind::Other,
    })
}
