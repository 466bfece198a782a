//! What a certificate request asks for.

use alloc::vec::Vec;

use const_oid::AssociatedOid as _;
use der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::{CertReq, ExtensionReq};

/// The subject alternative names in the `extensionRequest` of a request (RFC 2985 section
/// 5.4.2), as [`OurKey::names`](crate::OurKey::names) takes them. What cannot be decoded is
/// left out.
#[must_use]
pub fn requested_names(request: &CertReq) -> Vec<GeneralName> {
    let attributes = request.info.attributes.iter();
    let extensions = attributes
        .filter(|attribute| attribute.oid == ExtensionReq::OID)
        .flat_map(|attribute| attribute.values.iter())
        .filter_map(|value| value.decode_as::<ExtensionReq>().ok())
        .flat_map(|request| request.0);
    extensions
        .filter(|extension| extension.extn_id == SubjectAltName::OID)
        .filter_map(|extension| SubjectAltName::from_der(extension.extn_value.as_bytes()).ok())
        .flat_map(|names| names.0)
        .collect()
}
