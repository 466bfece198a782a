//! Public keys: of what kind, how strong, and whether two are the same.

use crate::SubjectPublicKeyInfoOwned;
use alloc::format;
use alloc::string::String;
use const_oid::db::{rfc5912, rfc8410};
use core::fmt::{self, Write};
use der::{Decode, Encode};
use rsa::BoxedUint;
use rsa::pkcs1::RsaPublicKeyRef;
use sha2::{Digest, Sha256};
use spki::ObjectIdentifier;

/// The longest RSA modulus whose signatures are checked, in bits. The longest in use by a CA is
/// 8192; the work grows with the square of the length.
pub(crate) const RSA_BITS_MAX: usize = 16_384;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa {
        bits: usize,
    },
    P256,
    P384,
    P521,
    Ed25519,
    /// Any other, and those that say they are one of the above and cannot be read.
    Other(ObjectIdentifier),
}

impl KeyKind {
    pub(crate) fn of(key: &SubjectPublicKeyInfoOwned) -> Self {
        let oid = key.algorithm.oid;
        let known = match oid {
            rfc5912::RSA_ENCRYPTION | rfc5912::ID_RSASSA_PSS => {
                rsa_parts(key).map(|(n, _)| Self::Rsa { bits: bit_len(n) })
            }
            rfc5912::ID_EC_PUBLIC_KEY => return curve(key),
            rfc8410::ID_ED_25519 => Some(Self::Ed25519),
            _ => None,
        };
        known.unwrap_or(Self::Other(oid))
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("EC P-256"),
            Self::P384 => f.write_str("EC P-384"),
            Self::P521 => f.write_str("EC P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(rfc5912::ID_DSA) => f.write_str("DSA"),
            Self::Other(oid) => write!(f, "a key of kind {oid}"),
        }
    }
}

/// The SHA-256 of a public key: of the DER of its SubjectPublicKeyInfo, as `openssl pkey -pubin
/// -outform DER | sha256sum` prints it and as RFC 7469 pins it.
#[must_use]
pub fn public_key_sha256(key: &SubjectPublicKeyInfoOwned) -> [u8; 32] {
    // Encoding fails only above 4 GiB, which has not been decoded.
    Sha256::digest(key.to_der().unwrap_or_default()).into()
}

/// The fingerprint as `3F:9A:…`, all 32 octets.
pub(crate) fn fingerprint(key: &SubjectPublicKeyInfoOwned) -> String {
    hex(&public_key_sha256(key))
}

/// `3F:9A:04`.
pub(crate) fn hex(octets: &[u8]) -> String {
    let mut text = String::new();
    for (position, octet) in octets.iter().enumerate() {
        let colon = if position == 0 { "" } else { ":" };
        write!(text, "{colon}{octet:02X}").expect("writing to a String");
    }
    text
}

/// Whether two keys are the same. The NULL that RFC 3279 section 2.3.1 wants beside an RSA key
/// may be missing on one side: some CAs write the key anew, and it stays the same key.
pub(crate) fn same(one: &SubjectPublicKeyInfoOwned, other: &SubjectPublicKeyInfoOwned) -> bool {
    let is_rsa = one.algorithm.oid == rfc5912::RSA_ENCRYPTION;
    one.algorithm.oid == other.algorithm.oid
        && one.subject_public_key == other.subject_public_key
        && (is_rsa || one.algorithm.parameters == other.algorithm.parameters)
}

/// The key for checking signatures with; `None` where it is no RSA key, not a sound one, or
/// larger than [`RSA_BITS_MAX`].
pub(crate) fn rsa(key: &SubjectPublicKeyInfoOwned) -> Option<rsa::PublicKey> {
    let (n, e) = rsa_parts(key)?;
    if bit_len(n) > RSA_BITS_MAX || bit_len(e) > bit_len(n) {
        return None;
    }
    let uint = BoxedUint::from_be_slice_vartime;
    rsa::PublicKey::new_with_size_limits(uint(n), uint(e), 1..=RSA_BITS_MAX).ok()
}

/// The point of an elliptic-curve key, or the octets of an Ed25519 key.
pub(crate) fn octets(key: &SubjectPublicKeyInfoOwned) -> &[u8] {
    key.subject_public_key.as_bytes().unwrap_or_default()
}

/// What kind of key it is and its first octets, for a sentence: `3F:9A:04:C1…`.
pub(crate) fn short_fingerprint(key: &SubjectPublicKeyInfoOwned) -> String {
    let digest = public_key_sha256(key);
    format!("{}…", hex(digest.get(..4).unwrap_or_default()))
}

/// Modulus and public exponent, without leading zeros.
fn rsa_parts(key: &SubjectPublicKeyInfoOwned) -> Option<(&[u8], &[u8])> {
    let parts = RsaPublicKeyRef::from_der(key.subject_public_key.as_bytes()?).ok()?;
    Some((parts.modulus.as_bytes(), parts.public_exponent.as_bytes()))
}

fn bit_len(octets: &[u8]) -> usize {
    let leading_zeros: u32 = octets.first().map_or(0, |first| first.leading_zeros());
    (octets.len() * 8).saturating_sub(usize::try_from(leading_zeros).unwrap_or(0))
}

fn curve(key: &SubjectPublicKeyInfoOwned) -> KeyKind {
    let parameters = key.algorithm.parameters.as_ref();
    match parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok()) {
        Some(rfc5912::SECP_256_R_1) => KeyKind::P256,
        Some(rfc5912::SECP_384_R_1) => KeyKind::P384,
        Some(rfc5912::SECP_521_R_1) => KeyKind::P521,
        Some(curve) => KeyKind::Other(curve),
        None => KeyKind::Other(rfc5912::ID_EC_PUBLIC_KEY),
    }
}
