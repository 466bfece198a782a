//! Tells from its octets what an upload is.

use crate::armour;
use crate::error::Error;
use crate::label;
use crate::text;
use crate::tlv::Tag;
use crate::what::{KeyKind, What};

/// The ways in which certificates can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Octets, beginning with an ASN.1 SEQUENCE.
    Binary,
    /// Text with `-----BEGIN` lines.
    Armoured,
    /// Text without them.
    Base64,
}

/// Says how the upload is written.
///
/// # Errors
///
/// - [`Error::Empty`] when there is nothing but white space.
/// - [`Error::NotACertificate`] when the first octets are those of something else.
/// - [`Error::NotRecognized`] when they are those of nothing known.
pub(crate) fn writing(upload: &[u8]) -> Result<Writing, Error> {
    if upload.trim_ascii().is_empty() {
        Err(Error::Empty)
    } else if is_binary_sequence(upload) {
        Ok(Writing::Binary)
    } else if let Some(what) = find_start(MAGIC, |magic| upload.starts_with(magic)) {
        // Before the armour: an archive may hold it uncompressed.
        Err(Error::NotACertificate(what))
    } else if armour::has_boundary(upload) {
        Ok(Writing::Armoured)
    } else if let Some(what) = find_start(FIRST_WORDS, |words| begins_with_words(upload, words)) {
        // After the armour: a page may show it.
        Err(Error::NotACertificate(what))
    } else if armour::has_damaged_boundary(upload) {
        Ok(Writing::Armoured)
    } else if is_text(upload) {
        Ok(Writing::Base64)
    } else {
        Err(Error::NotRecognized)
    }
}

/// The kind of private key that the words in the upload announce, wherever they stand.
///
/// This looks at words and not at structure on purpose: a key must be found even where the file
/// around it is damaged, is binary, or holds something else in the first place.
pub(crate) fn private_key(upload: &[u8]) -> Option<KeyKind> {
    for (words, kind) in KEY_WORDS {
        if text::find_ignoring_case(upload, words).is_some() {
            return Some(*kind);
        }
    }
    let mut at = 0_usize;
    while let Some(found) = text::find_ignoring_case(upload.get(at..).unwrap_or_default(), BEGIN) {
        let (before, begin) = upload.split_at_checked(at + found)?;
        if let Some(kind) = label::private_key(before, begin.get(BEGIN.len()..)?) {
            return Some(kind);
        }
        at += found + BEGIN.len();
    }
    None
}

const BEGIN: &[u8] = b"BEGIN ";

/// Words that only text forms of private keys have: `openssl pkey -text`, `PuTTY`.
const KEY_WORDS: &[(&[u8], KeyKind)] = &[
    (b"Private-Key: (", KeyKind::Other),
    (b"PuTTY-User-Key-File-", KeyKind::Putty),
];

/// The first octets of files that administrators upload by mistake.
const MAGIC: &[(&[u8], What)] = &[
    (b"PK\x03\x04", What::Zip),
    (b"\x1f\x8b", What::Gzip),
    (b"\xfe\xed\xfe\xed", What::JavaKeyStore),
    (b"\xce\xce\xce\xce", What::JavaKeyStore),
    (b"\0\0\0\0CERT", What::MicrosoftStore),
    (b"%PDF-", What::Pdf),
];

/// The first words, in any case, of text files that administrators upload by mistake.
const FIRST_WORDS: &[(&[u8], What)] = &[
    (b"<!doctype html", What::HtmlPage),
    (b"<html", What::HtmlPage),
    (b"<head", What::HtmlPage),
    (b"ssh-", What::OpenSshPublicKey),
    (b"ecdsa-sha2-", What::OpenSshPublicKey),
    (b"sk-ssh-", What::OpenSshPublicKey),
    (b"sk-ecdsa-", What::OpenSshPublicKey),
    (b"---- BEGIN SSH2 PUBLIC KEY", What::OpenSshPublicKey),
    // As OpenSSL and NSS, GnuTLS, Windows, and Java print them.
    (b"Certificate:", What::PrintedCertificate),
    (b"X.509 Certificate Information:", What::PrintedCertificate),
    (b"X509 Certificate:", What::PrintedCertificate),
    (b"Owner: ", What::PrintedCertificate),
];

fn find_start(starts: &[(&[u8], What)], is_start: impl Fn(&[u8]) -> bool) -> Option<What> {
    starts
        .iter()
        .find(|(start, _)| is_start(start))
        .map(|&(_, what)| what)
}

fn begins_with_words(upload: &[u8], words: &[u8]) -> bool {
    text::starts_with_words(upload.trim_ascii_start(), words)
}

/// Whether the upload begins as BER and DER begin.
///
/// The identifier of a SEQUENCE is also the character `0`. What follows decides: a length above
/// 127 is no ASCII, and a short element has octets that no text has.
fn is_binary_sequence(upload: &[u8]) -> bool {
    match upload {
        [first, length, ..] if *first == Tag::SEQUENCE.octet() => {
            matches!(length, 0x80..=0x84) || !is_text(upload)
        }
        _ => false,
    }
}

/// Whether there are no control characters in it but those that text files have.
fn is_text(upload: &[u8]) -> bool {
    upload
        .iter()
        .all(|octet| matches!(octet, b'\t'..=b'\r' | 0x1a | 0x20..=0x7e | 0x80..))
}
