//! How strict TLS is.

use std::fmt;

use cert_policy::RawCertificate;
use der::Decode as _;
use pki_core::{KeySpec, RsaBits};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::public_key::rsa_bits;

/// The RSA keys that serve at [`TlsLevel::High`] have at least so many bits.
const RSA_BITS_MIN_HIGH: u16 = 3072;

/// Which connections the unit takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TlsLevel {
    /// TLS 1.2 and 1.3, any key that TLS can sign with.
    #[default]
    Standard,
    /// TLS 1.3 only, and no RSA key below 3072 bits.
    High,
}

impl TlsLevel {
    /// The key of a factory certificate, with which every browser can connect.
    pub(crate) fn factory_key(self) -> KeySpec {
        match self {
            Self::Standard => KeySpec::default(),
            Self::High => KeySpec::Rsa(
                RsaBits::new(RSA_BITS_MIN_HIGH).expect("RSA keys have up to 4096 bits"),
            ),
        }
    }

    /// Refuses the key of `leaf` where this level wants a longer one.
    pub(crate) fn check_key(self, leaf: &[u8]) -> Result<(), Error> {
        let leaf = RawCertificate::from_der(leaf).ok();
        let bits = leaf.and_then(|leaf| rsa_bits(leaf.tbs_certificate().subject_public_key_info()));
        match (self, bits) {
            (Self::High, Some(bits)) if bits < RSA_BITS_MIN_HIGH.into() => {
                Err(Error::TlsLevel(format!(
                    "its RSA key has {bits} bits, and the TLS level \"high\" wants \
                     {RSA_BITS_MIN_HIGH} or more. Make a key of EC P-256 or RSA \
                     {RSA_BITS_MIN_HIGH}, or set the TLS level to \"standard\"."
                )))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for TlsLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::High => "high",
        })
    }
}
