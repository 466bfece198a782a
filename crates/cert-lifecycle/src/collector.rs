//! Where syslog messages are sent.

use std::fmt;
use std::str::FromStr;

use cert_policy::ServerName;
use serde::{Deserialize, Serialize};

use pki_core::Typed;

/// Where syslog collectors listen: RFC 5426 section 3.3 and RFC 6587 section 3.
const UDP_PORT: u16 = 514;
const TCP_PORT: u16 = 601;

/// Where a syslog collector listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collector {
    /// How messages are carried.
    pub transport: Transport,
    /// A host name or address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// How syslog messages are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Transport {
    /// RFC 6587, with octet counting.
    Tcp,
    /// RFC 5426.
    Udp,
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        if self.host.contains(':') {
            write!(f, "{transport}:[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{transport}:{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Collector {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let (transport, place) = match typed.split_once(':') {
            Some(("udp", place)) => (Transport::Udp, place),
            Some(("tcp", place)) => (Transport::Tcp, place),
            _ => {
                return Err(format!(
                    "{} names no collector. Begin with udp: or tcp:, such as udp:10.0.0.9, or \
                     type off.",
                    Typed::new(typed)
                ));
            }
        };
        if place.is_empty() {
            return Err(format!(
                "The collector's host is missing. Type it after \"{typed}\", such as {typed}10.0.0.9, \
                 or type off."
            ));
        }
        let (host, port) = parted(place);
        let standard = match transport {
            Transport::Tcp => TCP_PORT,
            Transport::Udp => UDP_PORT,
        };
        let port = port.map_or(Ok(standard), |port| {
            let number = port.parse().ok().filter(|port| *port != 0);
            number.ok_or_else(|| {
                let port = Typed::new(port);
                format!("{port} is no port. Type a number from 1 to 65535.")
            })
        })?;
        let host = ServerName::parse(host)
            .map_err(|error| format!("{} is no collector's host: {error}.", Typed::new(host)))?;
        Ok(Self {
            transport,
            host: host.to_string(),
            port,
        })
    }
}

/// Parts `host:port`, where an IPv6 address that has a port stands in brackets.
fn parted(place: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        match rest.strip_prefix(':') {
            Some(port) => return (host, Some(port)),
            None if rest.is_empty() => return (host, None),
            None => {}
        }
    }
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (place, None),
    }
}
