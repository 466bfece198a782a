//! The parts of names, attributes and extensions, encoded.

use alloc::vec::Vec;

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::asn1::{Any, Ia5StringRef, OctetString, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Encode, EncodeValue, Tagged};
use x509_cert::attr::{Attribute, AttributeTypeAndValue};
use x509_cert::ext::Extension;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

use crate::Error;

/// A `DirectoryString` of a name: always a `UTF8String`, one of the two that RFC
/// 5280 section 4.1.2.4 leaves to choose from.
///
/// `PrintableString`, the other one, would do for most texts. But where a CA's
/// policy is that the request's organization is its own, OpenSSL compares the
/// types as well, and writes a CA's own name as `UTF8String`.
pub(crate) fn directory_string(text: &str) -> Result<Any, Error> {
    any(&Utf8StringRef::new(text).map_err(Error::Encoding)?)
}

/// A `PrintableString` when the characters allow it, else a `UTF8String`: what
/// RFC 2985 section 5.4.1 recommends for a challenge password.
pub(crate) fn printable_or_utf8_string(text: &str) -> Result<Any, Error> {
    match PrintableStringRef::new(text) {
        Ok(printable) => any(&printable),
        Err(_) => directory_string(text),
    }
}

/// A `PKCS9String` (RFC 2985 section 5.2.2): `IA5String` when it is ASCII, else
/// `UTF8String`.
pub(crate) fn pkcs9_string(text: &str) -> Result<Any, Error> {
    if text.is_ascii() {
        ia5_string(text)
    } else {
        directory_string(text)
    }
}

pub(crate) fn ia5_string(text: &str) -> Result<Any, Error> {
    any(&Ia5StringRef::new(text).map_err(Error::Encoding)?)
}

pub(crate) fn printable_string(text: &str) -> Result<Any, Error> {
    any(&PrintableStringRef::new(text).map_err(Error::Encoding)?)
}

/// A `Name` with one attribute in each of its relative distinguished names.
pub(crate) fn name(
    attributes: impl IntoIterator<Item = (ObjectIdentifier, Result<Any, Error>)>,
) -> Result<Name, Error> {
    let rdns = attributes.into_iter().map(|(oid, value)| {
        let attribute = AttributeTypeAndValue { oid, value: value? };
        SetOfVec::try_from([attribute])
            .map(RelativeDistinguishedName::from)
            .map_err(Error::Encoding)
    });
    let rdns: Vec<_> = rdns.collect::<Result<_, Error>>()?;
    Ok(Name::hazmat_from_rdn_sequence(RdnSequence::from(rdns)))
}

/// An attribute with one value.
pub(crate) fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, Error> {
    let values = SetOfVec::try_from([value]).map_err(Error::Encoding)?;
    Ok(Attribute { oid, values })
}

/// Whether a client that does not know an extension must refuse the certificate
/// (RFC 5280 section 4.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Criticality {
    Critical,
    NonCritical,
}

pub(crate) fn extension<T: AssociatedOid + Encode>(
    criticality: Criticality,
    value: &T,
) -> Result<Extension, Error> {
    let der = value.to_der().map_err(Error::Encoding)?;
    Ok(Extension {
        extn_id: T::OID,
        critical: criticality == Criticality::Critical,
        extn_value: OctetString::new(der).map_err(Error::Encoding)?,
    })
}

pub(crate) fn any<T: Tagged + EncodeValue>(value: &T) -> Result<Any, Error> {
    Any::encode_from(value).map_err(Error::Encoding)
}

#[cfg(test)]
mod tests {
    use der::Tag;

    use super::*;

    #[test]
    fn the_string_type_follows_from_the_characters() {
        for (text, password, pkcs9) in [
            (
                "Example Ltd (Time), 1/2 + 'a' = b? c-d: e.",
                Tag::PrintableString,
                Tag::Ia5String,
            ),
            ("R&D", Tag::Utf8String, Tag::Ia5String),
            ("a@b_c*", Tag::Utf8String, Tag::Ia5String),
            ("Zürich", Tag::Utf8String, Tag::Utf8String),
            ("東京", Tag::Utf8String, Tag::Utf8String),
        ] {
            assert_eq!(
                directory_string(text).unwrap().tag(),
                Tag::Utf8String,
                "{text}"
            );
            assert_eq!(
                printable_or_utf8_string(text).unwrap().tag(),
                password,
                "{text}"
            );
            assert_eq!(pkcs9_string(text).unwrap().tag(), pkcs9, "{text}");
        }
    }
}
