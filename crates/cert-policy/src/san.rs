//! The subject alternative names of a certificate, entry by entry
//! ([RFC 5280 section 4.2.1.6](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6)).
//!
//! They are read one at a time where they stand, so that one unreadable entry does not hide the
//! others, and so that ten thousand of them take no memory.

use crate::quote::quote;
use crate::tlv::{self, Tlv, Tlvs};
use crate::{dn, key};
use alloc::format;
use alloc::string::{String, ToString};
use core::net::IpAddr;
use der::{Decode, Encode, Tag};
use spki::ObjectIdentifier;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

/// The names, of which there is at least one, or none where there is no such extension.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SubjectAltNames<'a>(Tlvs<'a>);

impl<'a> SubjectAltNames<'a> {
    /// Reads the value of the extension; `None` where it is no list of names, or an empty one.
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let names = tlv::sequence(value)?;
        { names }.next().is_some().then_some(Self(names))
    }

    pub(crate) fn entries(self) -> impl Iterator<Item = SanEntry<'a>> + Clone {
        self.0.map(SanEntry::of)
    }

    /// Whether a name of a request is among them.
    pub(crate) fn has(self, name: &GeneralName) -> bool {
        self.entries().any(|entry| entry.is(name))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.entries().next().is_none()
    }

    pub(crate) fn dns(self) -> impl Iterator<Item = &'a str> + Clone {
        self.entries().filter_map(SanEntry::dns)
    }
}

/// One name, as it stands in the certificate.
///
/// ```text
/// GeneralName ::= CHOICE {
///      otherName                       [0]     OtherName,
///      rfc822Name                      [1]     IA5String,
///      dNSName                         [2]     IA5String,
///      x400Address                     [3]     ORAddress,
///      directoryName                   [4]     Name,
///      ediPartyName                    [5]     EDIPartyName,
///      uniformResourceIdentifier       [6]     IA5String,
///      iPAddress                       [7]     OCTET STRING,
///      registeredID                    [8]     OBJECT IDENTIFIER }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SanEntry<'a> {
    Email(&'a str),
    Dns(&'a str),
    /// The DER of the name, which may turn out to be none.
    Directory(&'a [u8]),
    Uri(&'a str),
    Ip(&'a [u8]),
    /// A kind of name no browser looks at, with its tag.
    Other(&'a [u8]),
    /// The octets of an entry that is no GeneralName, such as a DNS name that is not ASCII.
    Unreadable(&'a [u8]),
}

impl<'a> SanEntry<'a> {
    pub(crate) fn of(entry: Tlv<'a>) -> Self {
        let value = entry.value;
        let text = || {
            let text = core::str::from_utf8(value).ok();
            text.filter(|text| text.is_ascii())
        };
        let read = match entry.whole.first() {
            Some(0x81) => text().map(Self::Email),
            Some(0x82) => text().map(Self::Dns),
            Some(0xA4) => Some(Self::Directory(value)),
            Some(0x86) => text().map(Self::Uri),
            Some(0x87) => Some(Self::Ip(value)),
            Some(0xA0 | 0xA3 | 0xA5 | 0x88) => Some(Self::Other(entry.whole)),
            _ => None,
        };
        read.unwrap_or(Self::Unreadable(value))
    }

    pub(crate) fn dns(self) -> Option<&'a str> {
        match self {
            Self::Dns(name) => Some(name),
            _ => None,
        }
    }

    /// The address in an iPAddress entry: 4 octets for IPv4 and 16 for IPv6, in network order.
    pub(crate) fn ip(self) -> Option<IpAddr> {
        let Self::Ip(octets) = self else {
            return None;
        };
        <[u8; 4]>::try_from(octets)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
            .ok()
    }

    pub(crate) fn directory(self) -> Option<Name> {
        match self {
            Self::Directory(der) => Name::from_der(der).ok(),
            _ => None,
        }
    }

    /// The text of the kinds of names that are text.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Email(text) | Self::Dns(text) | Self::Uri(text) => Some(text),
            _ => None,
        }
    }

    /// What is wrong with the entry, if it makes the whole extension unusable.
    pub(crate) fn defect(self) -> Option<&'static str> {
        match self {
            Self::Email(text) | Self::Dns(text) | Self::Uri(text) => match text {
                "" => Some("is empty"),
                text if text.contains('\0') => Some("contains NUL"),
                _ => None,
            },
            Self::Directory(_) if self.directory().is_none() => Some("cannot be read"),
            Self::Ip(octets) if self.ip().is_none() => Some(match octets.len() {
                8 | 32 => "is an address with a mask, which only name constraints have",
                _ => "is an address that has neither 4 nor 16 octets",
            }),
            Self::Unreadable(_) => Some("cannot be read"),
            Self::Directory(_) | Self::Ip(_) | Self::Other(_) => None,
        }
    }

    /// The entry as an administrator would write it, between quotes.
    pub(crate) fn quoted(self) -> String {
        match self {
            Self::Email(text) | Self::Dns(text) | Self::Uri(text) => quote(text),
            Self::Directory(der) => match self.directory() {
                Some(name) => dn::quoted(&name),
                None => quote(&lossy(der)),
            },
            Self::Ip(octets) => match self.ip() {
                Some(address) => quote(&address.to_string()),
                None => quote(&key::hex(octets.get(..40).unwrap_or(octets))),
            },
            Self::Other(whole) => quote(&other(whole)),
            Self::Unreadable(octets) => quote(&lossy(octets)),
        }
    }

    /// Whether it is the same name as one of a request; host names without regard to case.
    pub(crate) fn is(self, name: &GeneralName) -> bool {
        match (self, name) {
            (Self::Dns(one), GeneralName::DnsName(other)) => {
                one.eq_ignore_ascii_case(other.as_str())
            }
            (Self::Email(one), GeneralName::Rfc822Name(other))
            | (Self::Uri(one), GeneralName::UniformResourceIdentifier(other)) => {
                one == other.as_str()
            }
            (Self::Ip(one), GeneralName::IpAddress(other)) => one == other.as_bytes(),
            (Self::Directory(_), GeneralName::DirectoryName(other)) => {
                self.directory().is_some_and(|one| dn::same(&one, other))
            }
            (Self::Other(one), other) => other.to_der().is_ok_and(|other| one == other),
            _ => false,
        }
    }
}

/// As [`SanEntry::quoted`], for a name of a request.
pub(crate) fn quoted(name: &GeneralName) -> String {
    let der = name.to_der().unwrap_or_default();
    let entry = tlv::split_first(&der).map(|(entry, _)| SanEntry::of(entry));
    entry.map(SanEntry::quoted).unwrap_or_default()
}

/// A name of a kind that is not looked into, by what can be said of it.
fn other(whole: &[u8]) -> String {
    let value = tlv::split_first(whole).map(|(entry, _)| (entry.whole.first(), entry.value));
    let oid = |octets| ObjectIdentifier::from_bytes(octets).ok();
    let said = match value {
        Some((Some(0xA0), value)) => tlv::split_first(value)
            .filter(|(first, _)| first.tag == Tag::ObjectIdentifier)
            .and_then(|(first, _)| oid(first.value))
            .map(|oid| format!("otherName {oid}")),
        Some((Some(0x88), value)) => oid(value).map(|oid| oid.to_string()),
        _ => None,
    };
    said.unwrap_or_else(|| "a name of another kind".into())
}

/// The first octets as text; what is quoted is cut there anyway.
fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets.get(..1_000).unwrap_or(octets)).into_owned()
}
