//! Directory names among the subject alternative names.

use alloc::string::String;
use core::fmt::{self, Write};

use const_oid::db::rfc4519;
use x509_cert::name::Name;

use crate::directory_text::{directory_text, parse_text};
use crate::dns_name::wildcard;
use crate::{CountryCode, Error, OrganizationName, OrganizationalUnitName, Typed, encode};
use alloc::borrow::ToOwned;

/// A directory name (`dirName`): a country, an organization, an organizational
/// unit and a common name, of which at least one is there.
///
/// It is written as "C=FR, O=Example, CN=ntp1", with a backslash before a comma
/// or backslash within a field, and [`SubjectAltName::parse`] reads it so.
///
/// [`SubjectAltName::parse`]: crate::SubjectAltName::parse
///
/// ```
/// use pki_core::DirectoryName;
///
/// let name = DirectoryName::parse("fr", "Example, Ltd", "", "ntp1")?;
/// assert_eq!(name.to_string(), r"C=FR, O=Example\, Ltd, CN=ntp1");
/// assert!(DirectoryName::parse("", "", "", "").is_err());
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryName {
    country: Option<CountryCode>,
    organization: Option<OrganizationName>,
    organizational_unit: Option<OrganizationalUnitName>,
    common_name: Option<DirectoryCommonName>,
}

impl DirectoryName {
    /// Takes the four fields as they were typed; an empty one is left out.
    ///
    /// # Errors
    ///
    /// - [`Error::DirectoryNameEmpty`] when all four are empty.
    /// - That of the first field that cannot be taken.
    pub fn parse(
        country: &str,
        organization: &str,
        organizational_unit: &str,
        common_name: &str,
    ) -> Result<Self, Error> {
        let name = Self {
            country: optional(country, CountryCode::parse)?,
            organization: optional(organization, OrganizationName::parse)?,
            organizational_unit: optional(organizational_unit, OrganizationalUnitName::parse)?,
            common_name: optional(common_name, DirectoryCommonName::parse_one_unit)?,
        };
        if name.fields().next().is_none() {
            return Err(Error::DirectoryNameEmpty);
        }
        Ok(name)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub(crate) fn parse_list(typed: &str) -> Result<Self, Error> {
        let syntax = || Error::DirectoryNameSyntax {
            typed: Typed::new(typed),
        };
        let mut fields: [Option<String>; 4] = Default::default();
        for part in split_at_commas(typed) {
            let (key, value) = part.split_once('=').ok_or_else(syntax)?;
            let [country, organization, unit, common_name] = &mut fields;
            let field = match key.trim().to_ascii_uppercase().as_str() {
                "C" => country,
                "O" => organization,
                "OU" => unit,
                "CN" => common_name,
                _ => return Err(syntax()),
            };
            if field.replace(value.into()).is_some() {
                return Err(syntax());
            }
        }
        let [country, organization, unit, common_name] = fields.map(Option::unwrap_or_default);
        Self::parse(&country, &organization, &unit, &common_name)
    }

    /// The country, if there is one.
    #[must_use]
    pub fn country(&self) -> Option<CountryCode> {
        self.country
    }

    /// The organization, if there is one.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationName> {
        self.organization.as_ref()
    }

    /// The organizational unit, if there is one.
    #[must_use]
    pub fn organizational_unit(&self) -> Option<&OrganizationalUnitName> {
        self.organizational_unit.as_ref()
    }

    /// The common name, if there is one.
    #[must_use]
    pub fn common_name(&self) -> Option<&DirectoryCommonName> {
        self.common_name.as_ref()
    }

    pub(crate) fn to_name(&self) -> Result<Name, Error> {
        let country = self
            .country
            .map(|country| encode::printable_string(country.as_str()));
        let text = encode::directory_string;
        let attributes = [
            (rfc4519::C, country),
            (
                rfc4519::O,
                self.organization.as_ref().map(|o| text(o.as_str())),
            ),
            (
                rfc4519::OU,
                self.organizational_unit
                    .as_ref()
                    .map(|ou| text(ou.as_str())),
            ),
            (
                rfc4519::CN,
                self.common_name.as_ref().map(|cn| text(cn.as_str())),
            ),
        ];
        encode::name(
            attributes
                .into_iter()
                .filter_map(|(oid, value)| Some((oid, value?))),
        )
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("C", self.country.as_ref().map(CountryCode::as_str)),
            (
                "O",
                self.organization.as_ref().map(OrganizationName::as_str),
            ),
            (
                "OU",
                self.organizational_unit
                    .as_ref()
                    .map(OrganizationalUnitName::as_str),
            ),
            (
                "CN",
                self.common_name.as_ref().map(DirectoryCommonName::as_str),
            ),
        ];
        fields
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
    }
}

impl fmt::Display for DirectoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.fields().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{key}=")?;
            for c in value.chars() {
                if matches!(c, ',' | '\\') {
                    f.write_char('\\')?;
                }
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

directory_text! {
    /// The common name in a directory name, at most 64 characters (RFC 5280
    /// appendix A, `ub-common-name`): not only a host's name, but any text.
    DirectoryCommonName, "Common Name of the directory name", 64
}

impl DirectoryCommonName {
    /// Clients that compare common names would take a wildcard here for one.
    fn parse_one_unit(typed: &str) -> Result<Self, Error> {
        match typed.trim() {
            text if text.starts_with("*.") => Err(wildcard(text)),
            text => Self::parse(text),
        }
    }
}

fn optional<T>(typed: &str, parse: impl Fn(&str) -> Result<T, Error>) -> Result<Option<T>, Error> {
    if typed.trim().is_empty() {
        Ok(None)
    } else {
        parse(typed).map(Some)
    }
}

/// Splits at each comma that has no backslash before it, and takes the
/// backslashes away.
fn split_at_commas(text: &str) -> impl Iterator<Item = String> {
    let mut chars = text.chars().peekable();
    core::iter::from_fn(move || {
        chars.peek()?;
        let mut part = String::new();
        while let Some(c) = chars.next() {
            match c {
                ',' => break,
                '\\' => part.extend(chars.next()),
                c => part.push(c),
            }
        }
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_directory_name_is_read_as_it_is_written() {
        for written in [
            "C=FR, O=Example, OU=Time, CN=ntp1",
            "CN=unit 7 = best",
            r"O=Example\, Ltd",
            r"OU=back\\slash, CN=\,\,",
        ] {
            assert_eq!(
                DirectoryName::parse_list(written).unwrap().to_string(),
                written
            );
        }
        let spaced = DirectoryName::parse_list(" cn = ntp1,c=fr ").unwrap();
        assert_eq!(spaced.to_string(), "C=FR, CN=ntp1");
    }

    #[test]
    fn what_is_no_directory_name_is_refused() {
        for typed in ["ntp1", "X=1", "C=FR, C=DE", "C=FR,,O=a", "=", "\\"] {
            let refused = DirectoryName::parse_list(typed);
            assert!(
                matches!(refused, Err(Error::DirectoryNameSyntax { .. })),
                "{typed}: {refused:?}"
            );
        }
        for typed in ["", "C=", "C= , O="] {
            assert_eq!(
                DirectoryName::parse_list(typed),
                Err(Error::DirectoryNameEmpty),
                "{typed}"
            );
        }
        assert!(matches!(
            DirectoryName::parse("", "", "", "*.a.b"),
            Err(Error::Wildcard { .. })
        ));
        assert!(matches!(
            DirectoryName::parse("XX", "", "", ""),
            Err(Error::CountryCode { .. })
        ));
        let long = "a".repeat(65);
        assert!(matches!(
            DirectoryName::parse("", &long, "", ""),
            Err(Error::TooLong { .. })
        ));
        assert!(matches!(
            DirectoryName::parse("", "", "a\nb", ""),
            Err(Error::HiddenCharacter { position: 2, .. })
        ));
    }
}
