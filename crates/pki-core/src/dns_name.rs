//! DNS host names.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::ip_address::looks_like_ip_address;
use crate::{Error, Typed};

/// The name of one host in the preferred name syntax of RFC 1034 section 3.5,
/// as RFC 5280 section 4.2.1.6 wants it: labels of letters, digits and hyphens,
/// 1 to 63 octets each and at most 253 together.
///
/// Capital letters stay as they were typed, but do not make a name a different
/// one: `==` overlooks them.
///
/// ```
/// use pki_core::DnsName;
///
/// assert!(DnsName::parse("ntp1.example.net").is_ok());
/// assert_eq!(
///     DnsName::parse("*.example.net").unwrap_err().to_string(),
///     "\"*.example.net\" is a wildcard. This unit's key must be its own, so name the unit \
///      itself, such as \"ntp1.example.net\".",
/// );
/// ```
#[derive(Debug, Clone)]
pub struct DnsName(String);

impl DnsName {
    /// Octets of a name without the root's dot: 255 on the wire (RFC 1035
    /// section 2.3.4) less the length octets of its first label and of the root.
    const OCTETS_MAX: usize = 253;
    const LABEL_OCTETS_MAX: usize = 63;

    /// Takes a host name, with or without white space around it.
    ///
    /// # Errors
    ///
    /// - [`Error::Empty`] when nothing was typed.
    /// - [`Error::Wildcard`] when it has a `*`.
    /// - [`Error::DnsName`] when it is not in the preferred name syntax, or
    ///   could be taken for an IP address.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let text = typed.trim();
        if text.is_empty() {
            return Err(Error::Empty { field: "host name" });
        }
        if text.contains('*') {
            return Err(wildcard(text));
        }
        match DnsNameFault::find(text) {
            None => Ok(Self(text.to_owned())),
            Some(fault) => Err(Error::DnsName {
                typed: Typed::new(text),
                fault,
            }),
        }
    }

    /// The name as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for DnsName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for DnsName {}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a text that was to be a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DnsNameFault {
    /// A character that no host name has.
    Character(char),
    /// A dot at the beginning, or two in a row.
    EmptyLabel,
    /// A dot at the end.
    FinalDot,
    /// A label that begins or ends with a hyphen.
    Hyphen,
    /// A character outside ASCII.
    International,
    /// An IP address.
    IpAddress,
    /// A label of more than 63 characters.
    LongLabel,
    /// More than 253 characters.
    LongName,
    /// A last label of digits only, as if it were an IP address.
    Numeric,
    /// A port, or something else after a colon.
    Port,
    /// The address of a page.
    Url,
}

impl DnsNameFault {
    fn find(text: &str) -> Option<Self> {
        if text.contains('/') {
            return Some(Self::Url);
        }
        if looks_like_ip_address(text) {
            return Some(Self::IpAddress);
        }
        if let Some(fault) = text.chars().find_map(Self::of_character) {
            return Some(fault);
        }
        if text.ends_with('.') && text.len() > 1 {
            return Some(Self::FinalDot);
        }
        if let Some(fault) = text.split('.').find_map(Self::of_label) {
            return Some(fault);
        }
        if text.len() > DnsName::OCTETS_MAX {
            return Some(Self::LongName);
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        last.bytes()
            .all(|b| b.is_ascii_digit())
            .then_some(Self::Numeric)
    }

    fn of_character(c: char) -> Option<Self> {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => None,
            ':' => Some(Self::Port),
            c if c.is_ascii() => Some(Self::Character(c)),
            _ => Some(Self::International),
        }
    }

    fn of_label(label: &str) -> Option<Self> {
        if label.is_empty() {
            Some(Self::EmptyLabel)
        } else if label.starts_with('-') || label.ends_with('-') {
            Some(Self::Hyphen)
        } else if label.len() > DnsName::LABEL_OCTETS_MAX {
            Some(Self::LongLabel)
        } else {
            None
        }
    }
}

impl fmt::Display for DnsNameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(' ') => f.write_str(
                "it has a space. Use letters, digits, hyphens and dots, such as \
                 \"ntp1.example.net\".",
            ),
            Self::Character(c) => write!(
                f,
                "it has {}. Use letters, digits, hyphens and dots, such as \"ntp1.example.net\".",
                Typed::new(c.encode_utf8(&mut [0; 4]))
            ),
            Self::EmptyLabel => f.write_str(
                "nothing stands before one of its dots. Remove that dot, or add what is missing.",
            ),
            Self::FinalDot => f.write_str("it ends with a dot. Remove that dot."),
            Self::Hyphen => f.write_str(
                "a part of it begins or ends with a hyphen. Hyphens stand between letters or \
                 digits only.",
            ),
            Self::International => f.write_str(
                "certificates carry ASCII letters only. Type its A-label form, which begins with \
                 \"xn--\", such as \"xn--zrich-kva.example\" for \"zürich.example\".",
            ),
            Self::IpAddress => f.write_str("it is an IP address. Choose the type \"IP\" for it."),
            Self::LongLabel => write!(
                f,
                "between two dots there are at most {} characters. Shorten it.",
                DnsName::LABEL_OCTETS_MAX
            ),
            Self::LongName => write!(
                f,
                "it has more than {} characters. Shorten it.",
                DnsName::OCTETS_MAX
            ),
            Self::Numeric => f.write_str(
                "it ends with a number, like an IP address, but is none. An IPv4 address is four \
                 numbers from 0 to 255, such as \"10.0.0.7\".",
            ),
            Self::Port => f.write_str("it has a colon. Leave out the colon and what follows it."),
            Self::Url => f.write_str(
                "it has a \"/\". Type only what stands between \"//\" and the next \"/\".",
            ),
        }
    }
}

/// Refuses a name with a `*`, and shows what a name of one unit would be.
pub(crate) fn wildcard(text: &str) -> Error {
    let example = text
        .strip_prefix("*.")
        .filter(|domain| !domain.contains('*') && DnsNameFault::find(domain).is_none())
        .map_or_else(
            || "ntp1.example.net".into(),
            |domain| format!("ntp1.{domain}"),
        );
    Error::Wildcard {
        typed: Typed::new(text),
        example,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: Option<DnsNameFault>) {
        let fault = match DnsName::parse(typed) {
            Ok(name) => {
                assert_eq!(name.as_str(), typed.trim());
                None
            }
            Err(Error::DnsName { fault, .. }) => Some(fault),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(fault, expected, "{typed:?}");
    }

    #[test]
    fn host_names_are_taken() {
        let longest_label = "a".repeat(63);
        let longest_name = [
            &*longest_label,
            &longest_label,
            &longest_label,
            &"a".repeat(61),
        ]
        .join(".");
        assert_eq!(longest_name.len(), 253);
        for typed in [
            "a",
            "Spectracom",
            "ntp1.example.net",
            " ntp1 ",
            "3com.com",
            "a--b.c",
            "7.arpa",
            "xn--zrich-kva.example",
            "1-2.3d",
            &longest_label,
            &longest_name,
        ] {
            check(typed, None);
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused_with_the_reason() {
        use DnsNameFault::{
            Character, EmptyLabel, FinalDot, Hyphen, International, IpAddress, LongLabel, LongName,
            Numeric, Port, Url,
        };
        let label = "a".repeat(63);
        for (typed, fault) in [
            ("unit_7", Character('_')),
            ("unit 7", Character(' ')),
            ("a\0b", Character('\0')),
            ("a@b", Character('@')),
            (".", EmptyLabel),
            (".a", EmptyLabel),
            ("a..b", EmptyLabel),
            ("a.b.", FinalDot),
            ("-a", Hyphen),
            ("a-.b", Hyphen),
            ("zürich.example", International),
            ("ａ", International),
            ("10.0.0.7", IpAddress),
            ("2001:db8::7", IpAddress),
            ("[::1]", IpAddress),
            (&*"a".repeat(64), LongLabel),
            (
                &*[&*label, &label, &label, &"a".repeat(62)].join("."),
                LongName,
            ),
            ("10.0.0", Numeric),
            ("10.0.0.256", Numeric),
            ("a.7", Numeric),
            ("7", Numeric),
            ("ntp1:8443", Port),
            ("https://ntp1/", Url),
            ("10.0.0.0/24", Url),
        ] {
            check(typed, Some(fault));
        }
        assert_eq!(
            DnsName::parse(" "),
            Err(Error::Empty { field: "host name" })
        );
    }

    #[test]
    fn a_wildcard_is_refused_with_a_name_to_use() {
        for (typed, shown) in [
            ("*.example.net", "ntp1.example.net"),
            ("*", "ntp1.example.net"),
            ("*.*.org", "ntp1.example.net"),
            ("ntp*.example.org", "ntp1.example.net"),
            ("*.zürich.example", "ntp1.example.net"),
            ("*.local", "ntp1.local"),
        ] {
            match DnsName::parse(typed) {
                Err(Error::Wildcard { example, .. }) => assert_eq!(example, shown),
                other => panic!("{typed}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_message_says_what_came_and_what_to_do() {
        assert_eq!(
            DnsName::parse("unit_7").unwrap_err().to_string(),
            "\"unit_7\" is not a host name: it has \"_\". Use letters, digits, hyphens and dots, \
             such as \"ntp1.example.net\"."
        );
    }

    #[test]
    fn capital_letters_do_not_make_another_name() {
        assert_eq!(
            DnsName::parse("NTP1.example.net"),
            DnsName::parse("ntp1.Example.net")
        );
    }
}
