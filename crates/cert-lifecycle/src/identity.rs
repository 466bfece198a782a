//! A private key, its leaf certificate and its chain: what the listener serves.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::KeyId;
use crate::key_id::sha256_of;
use crate::tls_level::TlsLevel;

/// The octets of one certificate in DER; stored as base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Der(pub Vec<u8>);

impl Der {
    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Der({} octets)", self.0.len())
    }
}

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64ct::{Base64, Encoding};
        serializer.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64ct::{Base64, Encoding};
        let text = String::deserialize(deserializer)?;
        Base64::decode_vec(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// Where an identity's certificate came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// The unit made it at its first start or on `defcert`.
    Factory,
    /// An administrator brought it from a CA.
    Imported,
    /// An administrator had the unit make it.
    SelfSigned,
}

/// An identity ready to serve: a private key, its leaf certificate and the
/// chain, ordered leaf first and without the root.
///
/// It is not `Clone`, its key is wiped from memory on drop, and its `Debug`
/// shows no octet of it.
pub struct Identity {
    key_pkcs8_der: Zeroizing<Vec<u8>>,
    key: KeyId,
    chain: Vec<Der>,
}

impl Identity {
    pub(crate) fn new(key: KeyId, key_pkcs8_der: Zeroizing<Vec<u8>>, chain: Vec<Der>) -> Self {
        Self {
            key_pkcs8_der,
            key,
            chain,
        }
    }

    /// The private key as a PKCS#8 PrivateKeyInfo in DER, for a TLS stack to load.
    #[must_use]
    pub fn key_pkcs8_der(&self) -> &[u8] {
        &self.key_pkcs8_der
    }

    /// The id of the key.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The SHA-256 fingerprint of the leaf certificate.
    #[must_use]
    pub fn certificate_sha256(&self) -> String {
        sha256_of(self.chain.first().map_or(&[], Der::as_bytes))
    }

    /// The certificates in DER, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Der] {
        &self.chain
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("key", &self.key)
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

/// What serves HTTPS: told by an operation which identity to serve.
pub trait Listener: Send + Sync {
    /// Proves that `identity` could serve at this level, before anything is stored.
    ///
    /// # Errors
    ///
    /// The reason in a sentence, when the TLS stack cannot serve it.
    fn check(&self, identity: &Identity, level: TlsLevel) -> Result<(), String>;

    /// Serves `identity` at this level from the next connection on. It passed
    /// [`check`](Self::check), now or before the last restart, unless it was forced.
    ///
    /// # Errors
    ///
    /// The reason in a sentence; what served before goes on serving.
    fn serve(&self, identity: &Identity, level: TlsLevel) -> Result<(), String>;
}
