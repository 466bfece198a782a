//! The Common Name of a unit.

use alloc::string::{String, ToString};
use core::fmt;
use core::net::IpAddr;

use crate::directory_text::check_length;
use crate::ip_address::{looks_like_ip_address, parse_ip_address};
use crate::{DnsName, Error};

/// What a unit is reached as: a host name or an IP address, at most 64
/// characters (RFC 5280 appendix A, `ub-common-name`).
///
/// Browsers look for names among the subject alternative names only, so the
/// Common Name is always added to them.
///
/// ```
/// use pki_core::CommonName;
///
/// assert_eq!(CommonName::parse("ntp1.example.net")?.as_str(), "ntp1.example.net");
/// assert_eq!(CommonName::parse("[2001:DB8::7]")?.as_str(), "2001:db8::7");
/// assert!(CommonName::parse("Time Server 1").is_err());
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonName {
    text: String,
    host: Host,
}

/// What a Common Name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Dns(DnsName),
    Ip(IpAddr),
}

impl CommonName {
    /// Characters at most.
    pub const CHARS_MAX: usize = 64;
    pub(crate) const FIELD: &'static str = "Common Name";

    /// Takes a host name or an IP address.
    ///
    /// # Errors
    ///
    /// - [`Error::Empty`] when nothing was typed.
    /// - [`Error::IpAddress`] when it looks like an IP address and is not that
    ///   of one machine.
    /// - [`Error::Wildcard`] or [`Error::DnsName`] when it is no host name.
    /// - [`Error::TooLong`] for more than 64 characters.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(Error::Empty { field: Self::FIELD });
        }
        let (text, host) = if looks_like_ip_address(typed) {
            let address = parse_ip_address(typed)?;
            (address.to_string(), Host::Ip(address))
        } else {
            let name = DnsName::parse(typed)?;
            (name.to_string(), Host::Dns(name))
        };
        check_length(Self::FIELD, &text, Self::CHARS_MAX)?;
        Ok(Self { text, host })
    }

    /// The host name as it was typed, or the address in its canonical form
    /// (RFC 5952 for IPv6).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }
}

impl fmt::Display for CommonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DnsNameFault, IpAddressFault};

    #[test]
    fn it_is_a_host_name_or_an_address() {
        assert!(matches!(
            CommonName::parse("Spectracom").unwrap().host(),
            Host::Dns(_)
        ));
        for typed in ["10.0.0.7", "::1", "[::1]"] {
            assert!(
                matches!(CommonName::parse(typed).unwrap().host(), Host::Ip(_)),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_looks_like_an_address_is_judged_as_one() {
        for (typed, expected) in [
            ("0.0.0.0", IpAddressFault::Unspecified),
            ("fe80::1%eth0", IpAddressFault::Zone),
            ("2001:db8::g", IpAddressFault::Syntax),
        ] {
            match CommonName::parse(typed) {
                Err(Error::IpAddress { fault, .. }) => assert_eq!(fault, expected, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
        for (typed, expected) in [
            ("10.0.0", DnsNameFault::Numeric),
            ("ntp1:8443", DnsNameFault::Port),
            ("https://ntp1/", DnsNameFault::Url),
        ] {
            match CommonName::parse(typed) {
                Err(Error::DnsName { fault, .. }) => assert_eq!(fault, expected, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
    }

    #[test]
    fn it_has_at_most_64_characters() {
        let fits = alloc::format!("{}.example.net", "a".repeat(52));
        assert_eq!(CommonName::parse(&fits).unwrap().as_str(), fits);
        let long = alloc::format!("a{fits}");
        assert_eq!(
            CommonName::parse(&long).unwrap_err().to_string(),
            "The Common Name has 65 characters; at most 64 fit. Put a shorter one here, and a longer \
             host name among the Subject Alternative Names."
        );
    }
}
