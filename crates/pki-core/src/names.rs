//! Subject alternative names.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use const_oid::ObjectIdentifier;
use der::asn1::Ia5String;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix;
use x509_cert::ext::pkix::name::GeneralName;

use crate::common_name::Host;
use crate::encode::{self, Criticality};
use crate::ip_address::parse_ip_address;
use crate::{CommonName, DirectoryName, DnsName, EmailAddress, Error, Typed, Uri};

/// A request or certificate has at most this many names beside its Common Name.
pub const NAMES_MAX: usize = 64;

/// One of the names and addresses that a certificate covers (RFC 5280 section
/// 4.2.1.6).
///
/// It is written as "DNS:ntp1.example.net", "IP:10.0.0.7" and so on.
///
/// ```
/// use pki_core::{SubjectAltName, SubjectAltNameKind};
///
/// let name = SubjectAltName::parse(SubjectAltNameKind::Ip, "2001:DB8::7")?;
/// assert_eq!(name.to_string(), "IP:2001:db8::7");
/// assert!(SubjectAltName::parse(SubjectAltNameKind::Dns, "*.example.net").is_err());
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectAltName {
    /// A host name, `dNSName`.
    Dns(DnsName),
    /// An IPv4 or IPv6 address, `iPAddress`.
    Ip(IpAddr),
    /// An email address, `rfc822Name`.
    Email(EmailAddress),
    /// A URI, `uniformResourceIdentifier`.
    Uri(Uri),
    /// An object identifier, `registeredID`.
    RegisteredId(ObjectIdentifier),
    /// A directory name, `directoryName`.
    Directory(DirectoryName),
}

impl SubjectAltName {
    /// Takes a name of this kind as it was typed.
    ///
    /// A directory name is typed as "C=FR, O=Example, OU=Time, CN=ntp1", each
    /// field at most once.
    ///
    /// # Errors
    ///
    /// That of the kind's own `parse`; [`Error::RegisteredId`] for what is no
    /// object identifier.
    pub fn parse(kind: SubjectAltNameKind, typed: &str) -> Result<Self, Error> {
        match kind {
            SubjectAltNameKind::Dns => DnsName::parse(typed).map(Self::Dns),
            SubjectAltNameKind::Ip => parse_ip_address(typed).map(Self::Ip),
            SubjectAltNameKind::Email => EmailAddress::parse(typed).map(Self::Email),
            SubjectAltNameKind::Uri => Uri::parse(typed).map(Self::Uri),
            SubjectAltNameKind::RegisteredId => match typed.trim().parse() {
                Ok(oid) => Ok(Self::RegisteredId(oid)),
                Err(_) => Err(Error::RegisteredId {
                    typed: Typed::new(typed.trim()),
                }),
            },
            SubjectAltNameKind::Directory => DirectoryName::parse_list(typed).map(Self::Directory),
        }
    }

    /// The Common Name as the alternative name that browsers look for.
    #[must_use]
    pub fn from_common_name(common_name: &CommonName) -> Self {
        match common_name.host() {
            Host::Dns(name) => Self::Dns(name.clone()),
            Host::Ip(address) => Self::Ip(*address),
        }
    }

    /// What kind of name it is.
    #[must_use]
    pub fn kind(&self) -> SubjectAltNameKind {
        match self {
            Self::Dns(_) => SubjectAltNameKind::Dns,
            Self::Ip(_) => SubjectAltNameKind::Ip,
            Self::Email(_) => SubjectAltNameKind::Email,
            Self::Uri(_) => SubjectAltNameKind::Uri,
            Self::RegisteredId(_) => SubjectAltNameKind::RegisteredId,
            Self::Directory(_) => SubjectAltNameKind::Directory,
        }
    }

    /// The name without its kind, as [`parse`](Self::parse) takes it.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Dns(name) => name.to_string(),
            Self::Ip(address) => address.to_string(),
            Self::Email(address) => address.to_string(),
            Self::Uri(uri) => uri.to_string(),
            Self::RegisteredId(oid) => oid.to_string(),
            Self::Directory(name) => name.to_string(),
        }
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.value())
    }
}

impl TryFrom<&SubjectAltName> for GeneralName {
    type Error = Error;

    /// # Errors
    ///
    /// [`Error::Encoding`] when DER cannot carry it, which the limits of each
    /// kind of name make impossible.
    fn try_from(name: &SubjectAltName) -> Result<Self, Error> {
        let ia5 = |text: &str| Ia5String::new(text).map_err(Error::Encoding);
        Ok(match name {
            SubjectAltName::Dns(name) => Self::DnsName(ia5(name.as_str())?),
            SubjectAltName::Ip(address) => Self::from(*address),
            SubjectAltName::Email(address) => Self::Rfc822Name(ia5(address.as_str())?),
            SubjectAltName::Uri(uri) => Self::UniformResourceIdentifier(ia5(uri.as_str())?),
            SubjectAltName::RegisteredId(oid) => Self::RegisteredId(*oid),
            SubjectAltName::Directory(name) => Self::DirectoryName(name.to_name()?),
        })
    }
}

/// The kinds of subject alternative name. They are written and read as the form
/// names them: "DNS", "IP", "email", "URI", "RID", "dirName".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectAltNameKind {
    /// "DNS": a host name.
    Dns,
    /// "IP": an IPv4 or IPv6 address.
    Ip,
    /// "email": an email address.
    Email,
    /// "URI": a uniform resource identifier.
    Uri,
    /// "RID": a registered object identifier.
    RegisteredId,
    /// "dirName": a directory name.
    Directory,
}

impl SubjectAltNameKind {
    /// Every kind, in the order in which a form offers them.
    pub const ALL: [Self; 6] = [
        Self::Dns,
        Self::Ip,
        Self::Email,
        Self::Uri,
        Self::RegisteredId,
        Self::Directory,
    ];
}

impl fmt::Display for SubjectAltNameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "DNS",
            Self::Ip => "IP",
            Self::Email => "email",
            Self::Uri => "URI",
            Self::RegisteredId => "RID",
            Self::Directory => "dirName",
        })
    }
}

impl FromStr for SubjectAltNameKind {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes, in capital or small letters.
    fn from_str(typed: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_string().eq_ignore_ascii_case(typed.trim()))
            .ok_or_else(|| Error::NameKindUnknown {
                typed: Typed::new(typed),
            })
    }
}

/// Whether a request or certificate carries the subject alternative names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it stands for a box that is ticked or not"
)]
pub enum SanExtension {
    /// The Common Name and all further names.
    #[default]
    Include,
    /// None, for a CA that cannot take them. Browsers refuse a certificate
    /// without them.
    Omit,
}

/// The extension with the Common Name and then the further names, each once; or
/// none when it is to be left out.
pub(crate) fn subject_alt_name_extension(
    san: SanExtension,
    common_name: &CommonName,
    names: &[SubjectAltName],
) -> Result<Option<Extension>, Error> {
    if names.len() > NAMES_MAX {
        return Err(Error::TooMany {
            what: "names",
            count: names.len(),
            max: NAMES_MAX,
        });
    }
    if san == SanExtension::Omit {
        return Ok(None);
    }
    let first = SubjectAltName::from_common_name(common_name);
    let mut unique: Vec<&SubjectAltName> = Vec::new();
    for name in core::iter::once(&first).chain(names) {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    let names = unique
        .into_iter()
        .map(GeneralName::try_from)
        .collect::<Result<_, _>>()?;
    // The subject is never empty, so the extension is not critical (RFC 5280
    // section 4.2.1.6).
    encode::extension(Criticality::NonCritical, &pkix::SubjectAltName(names)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        use SubjectAltNameKind::{Directory, Dns, Email, Ip, RegisteredId, Uri};
        for (kind, value) in [
            (Dns, "ntp1.example.net"),
            (Ip, "10.0.0.7"),
            (Ip, "2001:db8::7"),
            (Email, "time@example.net"),
            (Uri, "https://ntp1.example.net/"),
            (RegisteredId, "1.3.6.1.4.1.18837"),
            (Directory, r"C=FR, O=Example\, Ltd, OU=Time, CN=ntp1"),
        ] {
            let name = SubjectAltName::parse(kind, value).unwrap();
            assert_eq!((name.kind(), name.value().as_str()), (kind, value));
            assert_eq!(name.to_string(), alloc::format!("{kind}:{value}"));
        }
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in SubjectAltNameKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(kind.to_string().to_lowercase().parse(), Ok(kind));
        }
        let unknown = "otherName".parse::<SubjectAltNameKind>();
        assert!(matches!(unknown, Err(Error::NameKindUnknown { .. })));
    }

    #[test]
    fn what_is_no_object_identifier_is_refused() {
        let too_long = alloc::format!("1.3{}", ".4294967295".repeat(16));
        for typed in [
            "",
            "1",
            "3.1",
            "1.40",
            "1..2",
            "1.2.",
            ".1.2",
            "1.2.a",
            "1.2.-3",
            "1.2.4294967296",
            &too_long,
        ] {
            let refused = SubjectAltName::parse(SubjectAltNameKind::RegisteredId, typed);
            assert!(
                matches!(refused, Err(Error::RegisteredId { .. })),
                "{typed}: {refused:?}"
            );
        }
    }

    #[test]
    fn every_name_comes_once_and_the_common_name_first() {
        let common_name = CommonName::parse("ntp1.example.net").unwrap();
        let names = [
            "time.example.net",
            "NTP1.example.net",
            "time.EXAMPLE.net",
            "a",
        ]
        .map(|name| SubjectAltName::parse(SubjectAltNameKind::Dns, name).unwrap());
        let extension = subject_alt_name_extension(SanExtension::Include, &common_name, &names)
            .unwrap()
            .unwrap();
        let found =
            <pkix::SubjectAltName as der::Decode>::from_der(extension.extn_value.as_bytes());
        let found: Vec<_> = found
            .unwrap()
            .0
            .into_iter()
            .map(|name| match name {
                GeneralName::DnsName(name) => name.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, ["ntp1.example.net", "time.example.net", "a"]);
    }

    #[test]
    fn there_are_at_most_64_further_names() {
        let common_name = CommonName::parse("ntp1").unwrap();
        let name = SubjectAltName::from_common_name(&common_name);
        for (count, fits) in [(64, true), (65, false)] {
            let names = alloc::vec![name.clone(); count];
            for san in [SanExtension::Include, SanExtension::Omit] {
                let extension = subject_alt_name_extension(san, &common_name, &names);
                assert_eq!(extension.is_ok(), fits);
            }
        }
    }
}
