//! Uniform resource identifiers.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::directory_text::check_length;
use crate::dns_name::wildcard;
use crate::ip_address::parse_ip_address;
use crate::{DnsName, Error, Typed};

/// An absolute URI of RFC 3986 whose host, if it has one, is a host name or an
/// IP address, as RFC 5280 section 4.2.1.6 wants it; at most 2048 characters.
///
/// ```
/// use pki_core::Uri;
///
/// assert!(Uri::parse("https://ntp1.example.net/management").is_ok());
/// assert_eq!(
///     Uri::parse("ntp1.example.net/management").unwrap_err().to_string(),
///     "\"ntp1.example.net/management\" is not a URI: it does not begin with a scheme and a \
///      colon. Type it in full, such as \"https://ntp1.example.net/\".",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri(String);

impl Uri {
    /// Characters at most: what every browser takes in its address line.
    pub const CHARS_MAX: usize = 2048;

    /// Takes a URI, with or without white space around it.
    ///
    /// # Errors
    ///
    /// - [`Error::Empty`] when nothing was typed.
    /// - [`Error::TooLong`] for more than 2048 characters.
    /// - [`Error::UriUser`] when it names a user, perhaps with a password.
    /// - [`Error::Wildcard`] when its host has a `*`.
    /// - [`Error::Uri`] when it is not absolute, or malformed.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let text = typed.trim();
        if text.is_empty() {
            return Err(Error::Empty { field: "URI" });
        }
        check_length("URI", text, Self::CHARS_MAX)?;
        let authority = authority(text);
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err(Error::UriUser);
        }
        let fault = |fault| Error::Uri {
            typed: Typed::new(text),
            fault,
        };
        check_syntax(text).map_err(fault)?;
        if let Some(authority) = authority {
            if authority.contains('*') {
                return Err(wildcard(authority));
            }
            check_authority(authority).map_err(fault)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// The URI as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a text that was to be a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriFault {
    /// A character that a URI writes as a percent sign and two digits.
    Character(char),
    /// Nothing after the scheme.
    Empty,
    /// What stands where the host should be is none.
    Host,
    /// A percent sign without two hexadecimal digits after it.
    Percent,
    /// A port that is no number up to 65535.
    Port,
    /// No scheme, so the URI is relative.
    Relative,
}

impl fmt::Display for UriFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character(c) => {
                return write!(
                    f,
                    "it has {}. Write that character as a \"%\" and two hexadecimal digits for \
                     each of its octets in UTF-8, such as \"%20\" for a space.",
                    Typed::new(c.encode_utf8(&mut [0; 4]))
                );
            }
            Self::Empty => {
                "nothing follows its scheme. Type it in full, such as \
                 \"https://ntp1.example.net/\"."
            }
            Self::Host => {
                "after the \"//\" there is no host name and no IP address. Type it as \
                 \"https://ntp1.example.net/\" or \"https://[2001:db8::7]/\"."
            }
            Self::Percent => {
                "a \"%\" in it is not followed by two hexadecimal digits. Write the \"%\" \
                 itself as \"%25\"."
            }
            Self::Port => {
                "its port is not a number from 1 to 65535. Correct it, or leave it out with \
                 its colon."
            }
            Self::Relative => {
                "it does not begin with a scheme and a colon. Type it in full, such as \
                 \"https://ntp1.example.net/\"."
            }
        })
    }
}

/// What stands between `//` and the next `/`, `?` or `#`.
fn authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(':')?;
    rest.strip_prefix("//")?.split(['/', '?', '#']).next()
}

/// The characters of RFC 3986 section 2, the scheme of section 3.1, and
/// something after it.
fn check_syntax(text: &str) -> Result<(), UriFault> {
    let (scheme, rest) = text.split_once(':').ok_or(UriFault::Relative)?;
    let is_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(is_scheme) {
        return Err(UriFault::Relative);
    }
    if matches!(rest, "" | "//") {
        return Err(UriFault::Empty);
    }
    let is_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    if let Some(c) = text.chars().find(|c| !is_uri(*c)) {
        return Err(UriFault::Character(c));
    }
    let is_octet = |after: &str| {
        after
            .get(..2)
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if text.split('%').skip(1).all(is_octet) {
        Ok(())
    } else {
        Err(UriFault::Percent)
    }
}

/// `host [ ":" port ]` of RFC 3986 section 3.2; no user comes this far.
fn check_authority(authority: &str) -> Result<(), UriFault> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = if host.starts_with('[') {
        parse_ip_address(host).is_ok()
    } else {
        // An IPv6 address without brackets is cut at its last colon.
        !host.contains(':') && (parse_ip_address(host).is_ok() || DnsName::parse(host).is_ok())
    };
    if !is_host {
        return Err(UriFault::Host);
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        Some(_) => Err(UriFault::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken() {
        for typed in [
            "https://ntp1.example.net/",
            "https://ntp1.example.net",
            " HTTPS://10.0.0.7:8443/a?b=c#d ",
            "https://[2001:db8::7]:8443/",
            "https://[::1]",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "spiffe://example.net/ntp/1",
            "mailto:time@example.net",
            "x:%41",
        ] {
            assert_eq!(Uri::parse(typed).unwrap().as_str(), typed.trim());
        }
    }

    #[test]
    fn what_is_no_absolute_uri_is_refused_with_the_reason() {
        use UriFault::{Character, Empty, Host, Percent, Port, Relative};
        for (typed, expected) in [
            ("ntp1.example.net", Relative),
            ("/management", Relative),
            ("//ntp1/", Relative),
            ("1x:y", Relative),
            (":x", Relative),
            ("https:", Empty),
            ("https://", Empty),
            ("https://a/b c", Character(' ')),
            ("https://a/ü", Character('ü')),
            ("https://a/\0", Character('\0')),
            ("https://a/<b>", Character('<')),
            ("https://a/%4", Percent),
            ("https://a/%zz", Percent),
            ("https:///a", Host),
            ("https://:443/", Host),
            ("https://a_b/", Host),
            ("https://::1/", Host),
            ("https://0.0.0.0/", Host),
            ("https://[::1/", Host),
            ("https://a:/", Port),
            ("https://a:0/", Port),
            ("https://a:65536/", Port),
        ] {
            match Uri::parse(typed) {
                Err(Error::Uri { fault, .. }) => assert_eq!(fault, expected, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
        assert!(matches!(
            Uri::parse("https://*.example.net/"),
            Err(Error::Wildcard { .. })
        ));
        let long = alloc::format!("x:{}", "a".repeat(2047));
        assert!(matches!(
            Uri::parse(&long),
            Err(Error::TooLong { length: 2049, .. })
        ));
    }

    #[test]
    fn a_password_in_a_uri_is_not_repeated() {
        let error = Uri::parse("https://admin:canary@ntp1.example.net/").unwrap_err();
        assert_eq!(error, Error::UriUser);
        assert!(!alloc::format!("{error} {error:?}").contains("canary"));
    }
}
