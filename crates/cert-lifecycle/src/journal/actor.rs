//! Who did it, and by which way.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::view::shown;

/// The person, or the unit itself, that an operation is done for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The account's name, or "unit".
    pub who: String,
    /// The way it came.
    pub via: Via,
}

impl Actor {
    /// The unit itself, acting without being asked.
    #[must_use]
    pub fn unit() -> Self {
        Self {
            who: "unit".into(),
            via: Via::Unit,
        }
    }
}

/// The way an operation came to the unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Via {
    /// A shell on the unit itself.
    Console,
    /// The serial line, where the person is at the unit.
    Serial,
    /// SSH, from this address.
    Ssh(IpAddr),
    /// Telnet, from this address.
    Telnet(IpAddr),
    /// The unit acted by itself.
    Unit,
    /// A browser at this address.
    Web(IpAddr),
    /// A way that another version of this software wrote and this one does not know.
    #[serde(untagged)]
    Other(OtherWay),
}

/// A way that this version does not know, kept and shown as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherWay(serde_json::Value);

impl fmt::Display for OtherWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            serde_json::Value::String(word) => f.write_str(&shown(word)),
            other => f.write_str(&shown(&other.to_string())),
        }
    }
}

impl Via {
    /// The word for it, such as `web`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Serial => "serial",
            Self::Ssh(_) => "ssh",
            Self::Telnet(_) => "telnet",
            Self::Unit => "unit",
            Self::Web(_) => "web",
            Self::Other(_) => "unknown",
        }
    }

    /// The address it came from, where it came over a network.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Ssh(address) | Self::Telnet(address) | Self::Web(address) => Some(*address),
            _ => None,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Console => f.write_str("console"),
            Self::Serial => f.write_str("serial console"),
            Self::Ssh(address) => write!(f, "SSH, from {address}"),
            Self::Telnet(address) => write!(f, "telnet, from {address}"),
            Self::Unit => f.write_str("unit"),
            Self::Web(address) => write!(f, "web, from {address}"),
            Self::Other(way) => way.fmt(f),
        }
    }
}
