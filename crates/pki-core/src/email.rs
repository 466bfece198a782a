//! Email addresses.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::directory_text::check_length;
use crate::{DnsName, Error, Typed};

/// An email address: a `Mailbox` of RFC 5321 section 4.1.2 in ASCII, with a host
/// name after the `@`, at most 255 characters (RFC 5280 appendix A,
/// `ub-emailaddress-length`).
///
/// ```
/// use pki_core::EmailAddress;
///
/// assert!(EmailAddress::parse("time@example.net").is_ok());
/// assert_eq!(
///     EmailAddress::parse("time").unwrap_err().to_string(),
///     r#""time" is not an email address: it has no "@". Type it as "name@example.net"."#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Characters at most.
    pub const CHARS_MAX: usize = 255;
    /// Octets before the `@` at most (RFC 5321 section 4.5.3.1.1).
    const LOCAL_OCTETS_MAX: usize = 64;

    /// Takes an email address, with or without white space around it.
    ///
    /// # Errors
    ///
    /// - [`Error::Empty`] when nothing was typed.
    /// - [`Error::TooLong`] for more than 255 characters.
    /// - [`Error::Email`] when it is no email address, or has a part in quotation
    ///   marks or outside ASCII.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let text = typed.trim();
        if text.is_empty() {
            return Err(Error::Empty {
                field: "Email Address",
            });
        }
        check_length("Email Address", text, Self::CHARS_MAX)?;
        match EmailFault::find(text) {
            None => Ok(Self(text.to_owned())),
            Some(fault) => Err(Error::Email {
                typed: Typed::new(text),
                fault,
            }),
        }
    }

    /// The address as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a text that was to be an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmailFault {
    /// What follows the `@` is no host name.
    Domain,
    /// A character outside ASCII.
    International,
    /// What precedes the `@` is not what RFC 5321 calls a dot-string.
    Local,
    /// There is no `@`.
    NoAt,
}

impl EmailFault {
    fn find(text: &str) -> Option<Self> {
        if !text.is_ascii() {
            return Some(Self::International);
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return Some(Self::NoAt);
        };
        if local.len() > EmailAddress::LOCAL_OCTETS_MAX || !local.split('.').all(is_atom) {
            Some(Self::Local)
        } else if DnsName::parse(domain).is_err() || domain.trim() != domain {
            Some(Self::Domain)
        } else {
            None
        }
    }
}

/// `Atom` of RFC 5321 section 4.1.2, whose characters are in RFC 5322 section
/// 3.2.3.
fn is_atom(text: &str) -> bool {
    let is_atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    !text.is_empty() && text.bytes().all(is_atext)
}

impl fmt::Display for EmailFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => {
                "what follows the \"@\" is not a host name. Type it as \"name@example.net\"."
            }
            Self::International => {
                "certificates carry ASCII letters only. Type an address without accents or \
                 other scripts."
            }
            Self::Local => {
                "before the \"@\" there are 1 to 64 letters, digits and signs, without spaces \
                 and without a dot at either end. Type it as \"name@example.net\"."
            }
            Self::NoAt => "it has no \"@\". Type it as \"name@example.net\".",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_addresses_are_taken() {
        let longest_local = alloc::format!("{}@a", "a".repeat(64));
        for typed in [
            "a@b",
            " time@example.net ",
            "first.last+tag@sub.example.net",
            "a/b=c@x.y",
            &longest_local,
        ] {
            assert_eq!(EmailAddress::parse(typed).unwrap().as_str(), typed.trim());
        }
    }

    #[test]
    fn what_is_no_email_address_is_refused_with_the_reason() {
        use EmailFault::{Domain, International, Local, NoAt};
        let long_local = alloc::format!("{}@a", "a".repeat(65));
        for (typed, expected) in [
            ("time", NoAt),
            ("@example.net", Local),
            ("a b@example.net", Local),
            (".a@example.net", Local),
            ("a..b@example.net", Local),
            ("a@b@example.net", Local),
            ("\"a b\"@example.net", Local),
            ("a\0@example.net", Local),
            ("Time <time@example.net>", Local),
            (&*long_local, Local),
            ("a@", Domain),
            ("a@ b", Domain),
            ("a@\tb", Domain),
            ("a@\r\nb", Domain),
            ("a@*.example.net", Domain),
            ("a@10.0.0.7", Domain),
            ("a@-b", Domain),
            ("zeit@zürich.example", International),
        ] {
            match EmailAddress::parse(typed) {
                Err(Error::Email { fault, .. }) => assert_eq!(fault, expected, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
        let long = alloc::format!("a@{}a", "a.".repeat(127));
        assert!(matches!(
            EmailAddress::parse(&long),
            Err(Error::TooLong { length: 257, .. })
        ));
    }
}
