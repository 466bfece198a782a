//! Which names a certificate covers, by [RFC 9525](https://www.rfc-editor.org/rfc/rfc9525).

use crate::RawCertificate;
use crate::extensions::Extensions;
use crate::san::{SanEntry, SubjectAltNames};
use alloc::string::{String, ToString};
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

/// The longest host name, in octets, without the final dot (RFC 1035 section 2.3.4).
const DNS_NAME_LEN_MAX: usize = 253;

/// The longest label of a host name, in octets.
const DNS_LABEL_LEN_MAX: usize = 63;

/// A name or address somebody reaches a server by: the *reference identifier* of RFC 9525.
///
/// ```
/// use cert_policy::{ServerName, ServerNameError};
///
/// let name = ServerName::parse("NTP1.example.net.")?;
/// assert_eq!(name.to_string(), "ntp1.example.net");
/// assert_eq!(ServerName::parse("[::1]")?, ServerName::parse("::1")?);
/// assert_eq!(ServerName::parse("*.example.net"), Err(ServerNameError::Wildcard));
/// # Ok::<(), ServerNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerName {
    /// A host name.
    Dns(DnsName),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

/// A host name in lower case, without a final dot; international names in their `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsName(String);

/// Why a text is no [`ServerName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerNameError {
    /// The text is empty.
    #[error("expected a host name or an IP address, got nothing")]
    Empty,
    /// The text contains characters a host name does not have.
    #[error(
        "expected letters, digits, hyphens and dots, or an IP address; write international names \
         in their xn-- form"
    )]
    Malformed,
    /// The name, or the part between two dots, is too long.
    #[error("expected at most 253 characters in all and 63 between two dots")]
    TooLong,
    /// The text is a pattern, not a name.
    #[error("expected the name of one host, got a wildcard")]
    Wildcard,
}

impl ServerName {
    /// Reads a host name, an IPv4 address, or an IPv6 address with or without brackets.
    ///
    /// Case and one final dot do not matter. Underscores are taken, since hosts are named with
    /// them although RFC 1123 has none.
    ///
    /// # Errors
    ///
    /// - [`ServerNameError::Empty`]: nothing, or only a dot.
    /// - [`ServerNameError::Wildcard`]: there is a `*`.
    /// - [`ServerNameError::TooLong`]: above 253 characters, or 63 between two dots.
    /// - [`ServerNameError::Malformed`]: anything but letters, digits, `-`, `_` and dots, a part
    ///   that is empty or has a hyphen at its end, or a last part that is a number although the
    ///   whole is no IPv4 address, such as `10.0.0.256`.
    pub fn parse(text: &str) -> Result<Self, ServerNameError> {
        let bracketed = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = bracketed {
            let address = address
                .parse::<Ipv6Addr>()
                .map_err(|_| ServerNameError::Malformed)?;
            return Ok(Self::Ip(address.into()));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        check_host_name(name)?;
        Ok(Self::Dns(DnsName(name.to_ascii_lowercase())))
    }
}

impl FromStr for ServerName {
    type Err = ServerNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name.as_str()),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

impl DnsName {
    /// The name, such as `ntp1.example.net`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a certificate covers a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coverage {
    /// It does, by this subject alternative name, as it is written in the certificate.
    Covered {
        /// The entry, such as `ntp1.example.net`, `*.example.net` or `10.0.0.7`. It comes from
        /// the certificate, but being a match it holds only characters of host names.
        by: String,
    },
    /// It does not.
    NotCovered,
}

impl Coverage {
    /// Whether the name is covered.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        matches!(self, Self::Covered { .. })
    }
}

/// Whether `certificate` covers `name`, by the rules of
/// [RFC 9525 section 6](https://www.rfc-editor.org/rfc/rfc9525#section-6), and as browsers have it
/// where that leaves a choice:
///
/// - Only the subject alternative names count, never the Common Name (section 2). RFC 6125 still
///   allowed it as a last resort.
/// - A host name is compared label by label, without regard to the case of ASCII letters, and
///   international names in their `xn--` form (section 6.3). A final dot of `name` does not
///   matter; an entry with one matches nothing, as in OpenSSL and webpki.
/// - `*` stands for exactly one label, and only as the whole first label (section 6.3; RFC 6125
///   still allowed `ntp*.example.net`). As in NSS and webpki, at least two labels follow it:
///   `*.example.net` covers `ntp1.example.net`, but neither `example.net` nor `a.b.example.net`;
///   `ntp*.example.net`, `xn--*.example.net` and `*.net` cover nothing. (That
///   [`judge`](crate::judge()) refuses every wildcard is another matter.)
/// - An address is compared with the addresses octet by octet (section 6.4), never with DNS names,
///   and an IPv4 address is not its IPv4-mapped IPv6 address.
///
/// ```
/// use cert_policy::{Coverage, RawCertificate, ServerName, covers};
/// use der::Decode;
///
/// # let der = include_bytes!("../tests/data/ntp1.der");
/// let certificate = RawCertificate::from_der(der)?;
/// let name = ServerName::parse("NTP1.example.net")?;
/// assert_eq!(
///     covers(&certificate, &name),
///     Coverage::Covered { by: "ntp1.example.net".into() },
/// );
/// assert!(!covers(&certificate, &ServerName::parse("ntp2.example.net")?).is_covered());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn covers(certificate: &RawCertificate, name: &ServerName) -> Coverage {
    let extensions = certificate.tbs_certificate().extensions();
    let extensions = Extensions::read(extensions.map_or(&[], |extensions| extensions.as_slice()));
    let names = extensions.subject_alt_name.value();
    covering(names.copied().unwrap_or_default(), name)
}

/// As [`covers`], for names that have been read already.
pub(crate) fn covering(names: SubjectAltNames<'_>, name: &ServerName) -> Coverage {
    let by = names.entries().find_map(|entry| match (entry, name) {
        (SanEntry::Dns(entry), ServerName::Dns(name)) => {
            dns_matches(entry, name).then(|| entry.to_string())
        }
        (SanEntry::Ip(_), ServerName::Ip(address)) => {
            (entry.ip() == Some(*address)).then(|| address.to_string())
        }
        _ => None,
    });
    by.map_or(Coverage::NotCovered, |by| Coverage::Covered { by })
}

fn dns_matches(presented: &str, name: &DnsName) -> bool {
    match presented.strip_prefix("*.") {
        None => check_host_name(presented).is_ok() && presented.eq_ignore_ascii_case(&name.0),
        Some(parent) => name.0.split_once('.').is_some_and(|(_, rest)| {
            parent.contains('.')
                && check_host_name(parent).is_ok()
                && parent.eq_ignore_ascii_case(rest)
        }),
    }
}

/// Whether `text` is a host name as clients compare it: no final dot, no wildcard, ASCII.
pub(crate) fn check_host_name(text: &str) -> Result<(), ServerNameError> {
    if text.is_empty() {
        return Err(ServerNameError::Empty);
    }
    if text.contains('*') {
        return Err(ServerNameError::Wildcard);
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(is_letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number = text
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if !text.split('.').all(is_label) || last_is_number {
        return Err(ServerNameError::Malformed);
    }
    if text.len() > DNS_NAME_LEN_MAX || text.split('.').any(|label| label.len() > DNS_LABEL_LEN_MAX)
    {
        return Err(ServerNameError::TooLong);
    }
    Ok(())
}

/// Whether `text` is an IP address, or what somebody wrote for one: also with brackets, a mask
/// or a port.
pub(crate) fn looks_like_ip(text: &str) -> bool {
    let text = text.split_once('/').map_or(text, |(address, _)| address);
    text.parse::<core::net::SocketAddr>().is_ok()
        || text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// A host name or address among text that may be anything, as a Common Name is.
pub(crate) fn host_in(text: &str) -> Option<ServerName> {
    let name = ServerName::parse(text).ok()?;
    (text.contains(['.', ':'])).then_some(name)
}

impl From<IpAddr> for ServerName {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names, quoted, as they stand in a sentence.
pub(crate) fn quoted(name: &ServerName) -> String {
    crate::quote::quote(&name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use der::asn1::{Any, OctetString};
    use der::{Decode, Encode, Tag, TagNumber};
    use x509_cert::ext::Extension;

    /// The content of an implicitly tagged DNS name or address.
    enum Entry {
        Dns(&'static str),
        Ip(&'static [u8]),
    }
    use Entry::{Dns, Ip};

    #[test]
    fn names_are_covered_as_rfc_9525_says() {
        for (entry, name, expected) in [
            (Dns("ntp1.example.net"), "ntp1.example.net", true),
            (Dns("NTP1.Example.NET"), "ntp1.example.net", true),
            (Dns("ntp1.example.net"), "NTP1.EXAMPLE.net", true),
            (Dns("ntp1.example.net"), "ntp1.example.net.", true),
            (Dns("ntp1.example.net."), "ntp1.example.net", false),
            (Dns("ntp1.example.net"), "ntp2.example.net", false),
            (Dns("example.net"), "ntp1.example.net", false),
            (Dns("ntp1.example.net"), "example.net", false),
            (Dns(".example.net"), "ntp1.example.net", false),
            (Dns("ntp1"), "ntp1", true),
            (Dns("ntp_1.example.net"), "ntp_1.example.net", true),
            (
                Dns("xn--zrich-kva.example.net"),
                "XN--ZRICH-KVA.example.net",
                true,
            ),
            (
                Dns("ntp1.example.net\0.example.org"),
                "ntp1.example.net",
                false,
            ),
            (Dns("ntp1.example.net "), "ntp1.example.net", false),
            (Dns(""), "ntp1.example.net", false),
            // Wildcards: the whole first label, exactly one label, two more after it.
            (Dns("*.example.net"), "ntp1.example.net", true),
            (Dns("*.EXAMPLE.net"), "ntp1.example.net", true),
            (Dns("*.example.net"), "xn--zrich-kva.example.net", true),
            (Dns("*.example.net"), "example.net", false),
            (Dns("*.example.net"), "a.b.example.net", false),
            (Dns("*.example.net"), "ntp1.example.org", false),
            (Dns("*.net"), "example.net", false),
            (Dns("*"), "ntp1", false),
            (Dns("*."), "ntp1", false),
            (Dns("ntp*.example.net"), "ntp1.example.net", false),
            (Dns("*1.example.net"), "ntp1.example.net", false),
            (Dns("xn--*.example.net"), "xn--zrich-kva.example.net", false),
            (Dns("ntp1.*.net"), "ntp1.example.net", false),
            (Dns("*.*.net"), "ntp1.example.net", false),
            // Addresses: octet by octet, and never as text.
            (Ip(&[10, 0, 0, 7]), "10.0.0.7", true),
            (Ip(&[10, 0, 0, 7]), "10.0.0.8", false),
            (
                Ip(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                "::1",
                true,
            ),
            (
                Ip(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                "[0:0::1]",
                true,
            ),
            (
                Ip(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 7]),
                "10.0.0.7",
                false,
            ),
            (Ip(&[10, 0, 0, 7]), "::ffff:10.0.0.7", false),
            (Ip(&[10, 0, 0, 7, 255, 255, 255, 255]), "10.0.0.7", false),
            (Ip(&[10, 0, 0]), "10.0.0.7", false),
            (Dns("10.0.0.7"), "10.0.0.7", false),
            (Dns("*.0.0.7"), "10.0.0.7", false),
            (Ip(b"ntp1"), "ntp1", false),
        ] {
            let (tag, content) = match entry {
                Dns(text) => (2, text.as_bytes()),
                Ip(octets) => (7, octets),
            };
            let covered = covers(
                &certificate(tag, content),
                &ServerName::parse(name).unwrap(),
            );
            assert_eq!(covered.is_covered(), expected, "{content:02x?} and {name}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        let long_label = "a".repeat(64);
        let long_name = "abcdefg.".repeat(32);
        for (text, error) in [
            ("", ServerNameError::Empty),
            (".", ServerNameError::Empty),
            ("*.example.net", ServerNameError::Wildcard),
            ("ntp1..example.net", ServerNameError::Malformed),
            ("ntp1.example.net..", ServerNameError::Malformed),
            ("-ntp1.example.net", ServerNameError::Malformed),
            ("ntp1-.example.net", ServerNameError::Malformed),
            ("ntp1 .example.net", ServerNameError::Malformed),
            ("zürich.example.net", ServerNameError::Malformed),
            ("https://ntp1.example.net", ServerNameError::Malformed),
            ("ntp1.example.net:443", ServerNameError::Malformed),
            ("10.0.0.256", ServerNameError::Malformed),
            ("10.0.7", ServerNameError::Malformed),
            ("[10.0.0.7]", ServerNameError::Malformed),
            ("[::1", ServerNameError::Malformed),
            ("fe80::1%eth0", ServerNameError::Malformed),
            (&long_label, ServerNameError::TooLong),
            (&long_name, ServerNameError::TooLong),
        ] {
            assert_eq!(ServerName::parse(text), Err(error), "{text:?}");
        }
        assert!(ServerName::parse(&"a".repeat(63)).is_ok());
    }

    /// A certificate with one alternative name and nothing else of interest.
    fn certificate(tag: u32, content: &[u8]) -> RawCertificate {
        let value = |tag: Tag, content: &[u8]| Any::new(tag, content).unwrap();
        let implicit = |number, constructed, content: &[u8]| {
            value(
                Tag::ContextSpecific {
                    number: TagNumber(number),
                    constructed,
                },
                content,
            )
        };
        let list = |values: &[Any]| {
            let content: Vec<u8> = values
                .iter()
                .flat_map(|any| any.to_der().unwrap())
                .collect();
            value(Tag::Sequence, &content)
        };
        let names = list(&[implicit(tag, false, content)]).to_der().unwrap();
        let extension = Extension {
            extn_id: const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME,
            critical: false,
            extn_value: OctetString::new(names).unwrap(),
        };
        let algorithm = list(&[value(Tag::ObjectIdentifier, &[0x2B, 0x65, 0x70])]);
        let time = value(Tag::UtcTime, b"261101000000Z");
        let bits = |len: usize| value(Tag::BitString, &alloc::vec![0; len]);
        let extensions = alloc::vec![extension].to_der().unwrap();
        let tbs = list(&[
            implicit(0, true, &[0x02, 0x01, 0x02]),
            value(Tag::Integer, &[1]),
            algorithm.clone(),
            list(&[]),
            list(&[time.clone(), time]),
            list(&[]),
            list(&[algorithm.clone(), bits(33)]),
            implicit(3, true, &extensions),
        ]);
        let certificate = list(&[tbs, algorithm, bits(65)]).to_der().unwrap();
        RawCertificate::from_der(&certificate).unwrap()
    }
}
