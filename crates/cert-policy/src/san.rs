//! The subject alternative names of a certificate, entry by entry
//! ([RFC 5280 section 4.2.1.6](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6)).
//!
//! They are read one at a time, so that one unreadable entry does not hide the others.

use crate::{dn, tlv};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use der::Decode;
use x509_cert::ext::pkix::name::GeneralName;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SanEntry {
    Name(GeneralName),
    /// The octets of an entry that is no GeneralName, such as a DNS name that is not ASCII.
    Unreadable(Vec<u8>),
    /// A kind of name no browser looks at, of a form `x509-cert` does not know, such as an
    /// x400Address or a registered identifier below 2.40.
    Unknown,
}

impl SanEntry {
    pub(crate) fn dns(&self) -> Option<&str> {
        match self {
            Self::Name(GeneralName::DnsName(name)) => Some(name.as_str()),
            _ => None,
        }
    }

    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(GeneralName::IpAddress(octets)) => ip_address(octets.as_bytes()),
            _ => None,
        }
    }

    /// What is wrong with the entry, if it makes the whole extension unusable.
    pub(crate) fn defect(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(_) => Some("cannot be read"),
            Self::Unknown => None,
            Self::Name(GeneralName::IpAddress(octets)) => {
                self.ip()
                    .is_none()
                    .then_some(match octets.as_bytes().len() {
                        8 | 32 => "is an address with a mask, which only name constraints have",
                        _ => "is an address that has neither 4 nor 16 octets",
                    })
            }
            Self::Name(name) => match text(name) {
                Some("") => Some("is empty"),
                Some(text) if text.contains('\0') => Some("contains NUL"),
                _ => None,
            },
        }
    }
}

/// Reads the value of the extension; `None` where it is no list of names, or an empty one.
pub(crate) fn read(value: &[u8]) -> Option<Vec<SanEntry>> {
    let entries = tlv::sequence(value)?;
    let read = entries
        .iter()
        .map(|entry| match GeneralName::from_der(entry.whole) {
            Ok(name) => SanEntry::Name(name),
            // otherName, x400Address, ediPartyName, registeredID
            Err(_) if matches!(entry.tag.number().value(), 0 | 3 | 5 | 8) => SanEntry::Unknown,
            Err(_) => SanEntry::Unreadable(entry.value.to_owned()),
        });
    (!entries.is_empty()).then(|| read.collect())
}

/// The address in an iPAddress entry: 4 octets for IPv4 and 16 for IPv6, in network order.
pub(crate) fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// The text of the kinds of names that are text.
pub(crate) fn text(name: &GeneralName) -> Option<&str> {
    match name {
        GeneralName::DnsName(text)
        | GeneralName::Rfc822Name(text)
        | GeneralName::UniformResourceIdentifier(text) => Some(text.as_str()),
        _ => None,
    }
}

/// The entry as an administrator would write it; not quoted.
pub(crate) fn show(entry: &SanEntry) -> String {
    match entry {
        SanEntry::Name(name) => show_name(name),
        SanEntry::Unreadable(octets) => String::from_utf8_lossy(octets).into_owned(),
        SanEntry::Unknown => "a name of another kind".into(),
    }
}

pub(crate) fn show_name(name: &GeneralName) -> String {
    match name {
        GeneralName::IpAddress(octets) => match ip_address(octets.as_bytes()) {
            Some(address) => address.to_string(),
            None => format!("{:02x?}", octets.as_bytes()),
        },
        GeneralName::DirectoryName(name) => dn::show(name),
        GeneralName::RegisteredId(oid) => oid.to_string(),
        GeneralName::OtherName(name) => format!("otherName {}", name.type_id),
        GeneralName::EdiPartyName(_) => "ediPartyName".into(),
        _ => text(name).unwrap_or_default().into(),
    }
}
