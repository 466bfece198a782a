//! IP addresses as people type them.

use core::fmt;
use core::net::IpAddr;

use crate::{Error, Typed};

/// Takes the address of one machine, IPv4 or IPv6, with or without white space
/// or brackets around it.
///
/// # Errors
///
/// - [`Error::Empty`] when nothing was typed.
/// - [`Error::IpAddress`] when it is no address, or not that of one machine.
pub(crate) fn parse_ip_address(typed: &str) -> Result<IpAddr, Error> {
    let text = typed.trim();
    if text.is_empty() {
        return Err(Error::Empty {
            field: "IP address",
        });
    }
    let fault = match without_brackets(text).parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => IpAddressFault::Unspecified,
        Ok(address) if address.is_multicast() => IpAddressFault::Multicast,
        Ok(address) => return Ok(address),
        Err(_) if text.contains('/') => IpAddressFault::Network,
        Err(_) if text.contains('%') => IpAddressFault::Zone,
        Err(_) => IpAddressFault::Syntax,
    };
    Err(Error::IpAddress {
        typed: Typed::new(text),
        fault,
    })
}

/// Whether a text is an IP address, perhaps not one to be taken, rather than a
/// host name.
pub(crate) fn looks_like_ip_address(text: &str) -> bool {
    let colons = text.matches(':').count();
    without_brackets(text).parse::<IpAddr>().is_ok() || (colons > 1 && !text.contains('/'))
}

/// Brackets belong to the address line of a browser, around IPv6 only.
fn without_brackets(text: &str) -> &str {
    text.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|inner| inner.contains(':'))
        .unwrap_or(text)
}

/// What is wrong with a text that was to be an IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IpAddressFault {
    /// An address that many machines listen to.
    Multicast,
    /// A network, or the address of a page.
    Network,
    /// No address at all.
    Syntax,
    /// The address that stands for none or for all.
    Unspecified,
    /// An interface after a percent sign.
    Zone,
}

impl fmt::Display for IpAddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Multicast => {
                "it is a multicast address, which many machines share. Type the unit's own \
                 address."
            }
            Self::Network => "it has a \"/\". Type the address alone, such as \"10.0.0.7\".",
            Self::Syntax => {
                "an IPv4 address is four numbers from 0 to 255 with dots between them, such \
                 as \"10.0.0.7\"; an IPv6 address looks like \"2001:db8::7\"."
            }
            Self::Unspecified => {
                "it stands for no address in particular. Type the unit's own address."
            }
            Self::Zone => {
                "it names an interface of one machine after the \"%\". Leave out the \"%\" \
                 and what follows it."
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken() {
        for (typed, canonical) in [
            ("10.0.0.7", "10.0.0.7"),
            (" 192.0.2.255 ", "192.0.2.255"),
            ("2001:DB8:0:0::7", "2001:db8::7"),
            ("[::1]", "::1"),
            ("fe80::1", "fe80::1"),
            ("::ffff:10.0.0.7", "::ffff:10.0.0.7"),
        ] {
            assert_eq!(
                parse_ip_address(typed)
                    .map(|ip| alloc::format!("{ip}"))
                    .as_deref(),
                Ok(canonical)
            );
        }
    }

    #[test]
    fn what_is_no_address_of_one_machine_is_refused_with_the_reason() {
        use IpAddressFault::{Multicast, Network, Syntax, Unspecified, Zone};
        for (typed, expected) in [
            ("10.0.0", Syntax),
            ("10.0.0.256", Syntax),
            ("010.0.0.1", Syntax),
            ("[10.0.0.7]", Syntax),
            ("10.0.0.7:443", Syntax),
            ("ntp1", Syntax),
            ("[::1", Syntax),
            ("10.0.0.0/24", Network),
            ("https://10.0.0.7/", Network),
            ("fe80::1%eth0", Zone),
            ("0.0.0.0", Unspecified),
            ("::", Unspecified),
            ("224.0.1.1", Multicast),
            ("ff02::101", Multicast),
        ] {
            match parse_ip_address(typed) {
                Err(Error::IpAddress { fault, .. }) => assert_eq!(fault, expected, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
        assert_eq!(
            parse_ip_address(""),
            Err(Error::Empty {
                field: "IP address"
            })
        );
    }
}
