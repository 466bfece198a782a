//! How strict TLS is.

use std::fmt;

use serde::{Deserialize, Serialize};

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

impl fmt::Display for TlsLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::High => "high",
        })
    }
}
