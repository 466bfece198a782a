//! The form as it is proposed to somebody who signs in.
//!
//! Whoever makes a request has mostly made one before, so the newest request fills the
//! form. What a request does not hold keeps its default, and two things never come
//! back: the secrets, and a digest that can be forged, which is to be chosen anew
//! each time. Without a request the form is for the name under which the page was
//! reached and for the unit's addresses.

use cert_policy::{ServerName, requested_names};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc2985, rfc3280, rfc4519};
use der::Decode;
use der::asn1::{Any, Ia5StringRef};
use pki_core::{Digest, NAMES_MAX, SubjectAltNameKind};
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};
use x509_cert::name::Name;
use x509_cert::request::CertReq;

use crate::public_key::{algorithm, public_key};
use crate::records::by_age;
use crate::view::address;
use crate::{DirectoryRow, Error, NameRow, RequestForm, Unit};

impl Unit {
    /// The form as it is proposed: as the newest request was, or for `reached_as` and
    /// the unit's addresses where there is none. It holds no secret.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn proposed_form(&self, reached_as: &str) -> Result<RequestForm, Error> {
        let newest = by_age(&self.store.snapshot()?)?.pop();
        let newest = newest.and_then(|record| CertReq::from_der(record.request.as_bytes()).ok());
        Ok(newest.map_or_else(|| self.first_form(reached_as), |request| form_of(&request)))
    }

    fn first_form(&self, reached_as: &str) -> RequestForm {
        let common_name = ServerName::parse(reached_as).ok();
        let addresses = self.environment.addresses().into_iter();
        let others = addresses.filter(|ip| {
            let is_common_name = common_name == Some(ServerName::from(*ip));
            !is_common_name && !ip.is_loopback() && !ip.is_unspecified()
        });
        RequestForm {
            common_name: reached_as.into(),
            names: others
                .take(NAMES_MAX)
                .map(|ip| row(SubjectAltNameKind::Ip, ip.to_string()))
                .collect(),
            ..RequestForm::default()
        }
    }
}

fn form_of(request: &CertReq) -> RequestForm {
    let subject = &request.info.subject;
    let first = |oid| texts(subject, oid).next().unwrap_or_default();
    let common_name = first(rfc4519::COMMON_NAME);
    let names = requested_names(request);
    // It is added to the names by itself.
    let names = names.iter().filter_map(row_of);
    let names = names.filter(|row| row.value != common_name).collect();
    let mut form = RequestForm {
        country: first(rfc4519::COUNTRY_NAME),
        state: first(rfc4519::ST),
        locality: first(rfc4519::LOCALITY_NAME),
        organization: first(rfc4519::ORGANIZATION_NAME),
        organizational_units: texts(subject, rfc4519::ORGANIZATIONAL_UNIT_NAME).collect(),
        email: first(rfc3280::EMAIL_ADDRESS),
        optional_organization: unstructured_name(request).unwrap_or_default(),
        common_name,
        names,
        ..RequestForm::default()
    };
    let key = public_key(&request.info.public_key);
    match key.strip_prefix("RSA ") {
        Some(bits) => form.key_bits = bits.into(),
        None => form.key_type = key,
    }
    if let Some(digest) = digest(request) {
        form.signature_algorithm = digest.to_string();
    }
    form
}

/// The values of one attribute of a name, in their order.
fn texts(name: &Name, oid: ObjectIdentifier) -> impl Iterator<Item = String> {
    let attributes = name.iter().filter(move |attribute| attribute.oid == oid);
    attributes.filter_map(|attribute| text(&attribute.value))
}

/// A text as it was typed, whichever string type it is in.
pub(crate) fn text(value: &Any) -> Option<String> {
    if let Ok(text) = value.decode_as::<DirectoryString>() {
        return Some(text.value().into());
    }
    let text = value.decode_as::<Ia5StringRef<'_>>().ok()?;
    Some(text.as_str().into())
}

/// The PKCS#9 unstructuredName (RFC 2985 section 5.3.1).
pub(crate) fn unstructured_name(request: &CertReq) -> Option<String> {
    let mut attributes = request.info.attributes.iter();
    let found =
        attributes.find(|attribute| attribute.oid == rfc2985::PKCS_9_AT_UNSTRUCTURED_NAME)?;
    text(found.values.iter().next()?)
}

/// The digest of the request's signature, unless it can be forged.
fn digest(request: &CertReq) -> Option<Digest> {
    let bare = |text: &str| text.to_lowercase().replace('-', "");
    let named = bare(&algorithm(&request.algorithm.oid));
    let mut known = Digest::ALL.into_iter().filter(|digest| !digest.is_legacy());
    known.find(|digest| named.contains(&bare(&digest.to_string())))
}

fn row(kind: SubjectAltNameKind, value: String) -> NameRow {
    NameRow {
        value,
        ..NameRow::new(kind)
    }
}

fn row_of(name: &GeneralName) -> Option<NameRow> {
    use SubjectAltNameKind as Kind;
    Some(match name {
        GeneralName::DnsName(dns) => row(Kind::Dns, dns.as_str().into()),
        GeneralName::IpAddress(octets) => row(Kind::Ip, address(octets.as_bytes())),
        GeneralName::Rfc822Name(email) => row(Kind::Email, email.as_str().into()),
        GeneralName::UniformResourceIdentifier(uri) => row(Kind::Uri, uri.as_str().into()),
        GeneralName::RegisteredId(oid) => row(Kind::RegisteredId, oid.to_string()),
        GeneralName::DirectoryName(name) => {
            let first = |oid| texts(name, oid).next().unwrap_or_default();
            let directory = DirectoryRow {
                country: first(rfc4519::COUNTRY_NAME),
                organization: first(rfc4519::ORGANIZATION_NAME),
                organizational_unit: first(rfc4519::ORGANIZATIONAL_UNIT_NAME),
                common_name: first(rfc4519::COMMON_NAME),
            };
            NameRow {
                directory,
                ..NameRow::new(Kind::Directory)
            }
        }
        _ => return None,
    })
}
