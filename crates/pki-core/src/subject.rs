//! The subject of a request or certificate.

use alloc::vec::Vec;

use const_oid::db::{rfc3280, rfc4519};
use x509_cert::name::Name;

use crate::{
    CommonName, CountryCode, EmailAddress, Error, LocalityName, OrganizationName,
    OrganizationalUnitName, StateName, encode,
};

/// A subject has at most this many organizational units.
pub const ORGANIZATIONAL_UNITS_MAX: usize = 16;

/// Whose unit it is and what it is called. Only the Common Name is needed.
///
/// ```
/// use pki_core::{CommonName, CountryCode, Subject};
///
/// let mut subject = Subject::new(CommonName::parse("ntp1.example.net")?);
/// subject.country = Some(CountryCode::parse("FR")?);
/// assert_eq!(subject.to_name()?.to_string(), "CN=ntp1.example.net,C=FR");
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "every field of the form, and each may be set"
)]
pub struct Subject {
    /// `countryName`.
    pub country: Option<CountryCode>,
    /// `stateOrProvinceName`.
    pub state: Option<StateName>,
    /// `localityName`.
    pub locality: Option<LocalityName>,
    /// `organizationName`.
    pub organization: Option<OrganizationName>,
    /// `organizationalUnitName`, at most [`ORGANIZATIONAL_UNITS_MAX`], the widest
    /// first.
    pub organizational_units: Vec<OrganizationalUnitName>,
    /// `commonName`: what the unit is reached as.
    pub common_name: CommonName,
    /// `emailAddress` of PKCS#9.
    pub email: Option<EmailAddress>,
}

impl Subject {
    /// A subject with a Common Name and nothing else.
    #[must_use]
    pub fn new(common_name: CommonName) -> Self {
        Self {
            country: None,
            state: None,
            locality: None,
            organization: None,
            organizational_units: Vec::new(),
            common_name,
            email: None,
        }
    }

    /// The `Name` of RFC 5280 section 4.1.2.4, in the order C, ST, L, O, OU, CN,
    /// emailAddress, with one attribute in each relative distinguished name.
    ///
    /// `countryName` is a `PrintableString` and `emailAddress` an `IA5String`, as
    /// they must be; all others are `UTF8String`, which CAs that compare them
    /// with their own expect.
    ///
    /// # Errors
    ///
    /// - [`Error::TooMany`] for more than 16 organizational units.
    /// - [`Error::Encoding`] when DER cannot carry it, which the limits of each
    ///   field make impossible.
    pub fn to_name(&self) -> Result<Name, Error> {
        let count = self.organizational_units.len();
        if count > ORGANIZATIONAL_UNITS_MAX {
            let what = "organizational units";
            return Err(Error::TooMany {
                what,
                count,
                max: ORGANIZATIONAL_UNITS_MAX,
            });
        }
        let text = encode::directory_string;
        let whose = [
            (
                rfc4519::C,
                self.country.map(|c| encode::printable_string(c.as_str())),
            ),
            (rfc4519::ST, self.state.as_ref().map(|st| text(st.as_str()))),
            (rfc4519::L, self.locality.as_ref().map(|l| text(l.as_str()))),
            (
                rfc4519::O,
                self.organization.as_ref().map(|o| text(o.as_str())),
            ),
        ];
        let units = self
            .organizational_units
            .iter()
            .map(|ou| (rfc4519::OU, Some(text(ou.as_str()))));
        let who = [
            (rfc4519::CN, Some(text(self.common_name.as_str()))),
            (
                rfc3280::EMAIL_ADDRESS,
                self.email.as_ref().map(|e| encode::ia5_string(e.as_str())),
            ),
        ];
        let attributes = whose.into_iter().chain(units).chain(who);
        encode::name(attributes.filter_map(|(oid, value)| Some((oid, value?))))
    }
}
