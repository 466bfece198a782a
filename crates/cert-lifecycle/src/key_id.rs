//! Fingerprints, and the name of a key: the SHA-256 of its SubjectPublicKeyInfo.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoOwned;

/// The SHA-256 of a SubjectPublicKeyInfo in DER, under which the unit keeps a
/// private key and everything that belongs to it.
///
/// Two certificates, or a request and a certificate, belong to the same key
/// exactly when their key ids are equal. Shown and stored as 64 hexadecimal
/// digits.
///
/// # Examples
///
/// ```
/// use cert_lifecycle::KeyId;
///
/// let text = "3f9a".repeat(16);
/// let id: KeyId = text.parse()?;
/// assert_eq!(id.to_string(), text);
/// assert_eq!(id.fingerprint().get(..11), Some("3F:9A:3F:9A"));
/// assert!("3f9a".parse::<KeyId>().is_err());
/// # Ok::<(), cert_lifecycle::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The id of this public key.
    #[must_use]
    pub fn of(public_key: &SubjectPublicKeyInfoOwned) -> Self {
        Self(cert_policy::public_key_sha256(public_key))
    }

    /// The 32 octets of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id as people compare it: upper-case pairs with colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl std::str::FromStr for KeyId {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || crate::Error::NotFound {
            what: "The key",
            named: text.chars().take(80).collect(),
        };
        if text.len() != 64 || !text.is_ascii() {
            return Err(refused());
        }
        let mut id = [0; 32];
        for (octet, pair) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| refused())?;
            *octet = u8::from_str_radix(pair, 16).map_err(|_| refused())?;
        }
        Ok(Self(id))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| serde::de::Error::custom("a key id is 64 hexadecimal digits"))
    }
}

/// Upper-case hexadecimal pairs with colons, as browsers show fingerprints.
#[must_use]
pub fn fingerprint(octets: &[u8]) -> String {
    let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(":")
}

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The SHA-256 fingerprint of DER octets.
pub(crate) fn sha256_of(der: &[u8]) -> String {
    fingerprint(&Sha256::digest(der))
}
