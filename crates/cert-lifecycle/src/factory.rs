//! What the maker of a unit decides: names and the factory certificate.

use serde::{Deserialize, Serialize};

/// The facts about a unit that its maker supplies, usually from `factory.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Factory {
    /// The host name of a unit as it leaves the factory, which is the factory
    /// certificate's Common Name. 1 to 64 characters, a DNS host name; default
    /// `Spectracom`.
    pub host_name: String,
    /// The name of the product, default `SecureSync`.
    pub model: String,
    /// The unit's serial number, default `unknown`.
    pub serial_number: String,
    /// How long a factory certificate is valid: 1 to 36 500 days, default 3 650,
    /// because a unit may wait on a shelf for years.
    pub certificate_days: u16,
}

impl Default for Factory {
    fn default() -> Self {
        Self {
            host_name: "Spectracom".into(),
            model: "SecureSync".into(),
            serial_number: "unknown".into(),
            certificate_days: 3650,
        }
    }
}
