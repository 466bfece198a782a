//! Recognizes what an ASN.1 element is by the tags of its first fields.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6268;

use crate::tlv::{Budget, Element, Elements, Header, Tag};
use crate::what::{KeyKind, What};

/// What an element looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Certificate,
    /// A CMS or PKCS#7 `ContentInfo`.
    ContentInfo,
    Other(What),
    Unknown,
}

/// Says what the element at the start of `input` looks like.
///
/// It need not be complete: a private key that was cut off is still a private key.
pub(crate) fn identify(input: &[u8], budget: &Budget) -> Object {
    let Ok(header) = Header::parse(input, 0) else {
        return Object::Unknown;
    };
    if header.tag != Tag::SEQUENCE {
        return Object::Unknown;
    }
    let fields = Fields::of(header.available(input), budget);
    let first = fields.first;
    match *fields.tags() {
        [Tag::OBJECT_IDENTIFIER, ..] => Object::ContentInfo,
        [Tag::SEQUENCE, Tag::SEQUENCE, Tag::BIT_STRING] => identify_signed(first, budget),
        // Cut off within the part that is signed: the rest may be missing.
        [Tag::SEQUENCE] => identify_signed(first, budget),
        [Tag::SEQUENCE, Tag::BIT_STRING] => Object::Other(What::PublicKey),
        [Tag::SEQUENCE, Tag::OCTET_STRING] => private_key(KeyKind::Encrypted),
        [Tag::INTEGER, Tag::SEQUENCE, Tag::OCTET_STRING, ..] => private_key(KeyKind::Pkcs8),
        [Tag::INTEGER, Tag::OCTET_STRING, ..] => private_key(KeyKind::Sec1),
        [Tag::INTEGER, Tag::INTEGER, Tag::INTEGER, Tag::INTEGER, ..] => private_key(KeyKind::Pkcs1),
        [Tag::INTEGER, Tag::INTEGER] => Object::Other(What::PublicKey),
        [Tag::INTEGER, Tag::SEQUENCE, ..] if fields.second_is_content_info(budget) => {
            Object::Other(What::Pkcs12)
        }
        [Tag::ENUMERATED, ..] => Object::Other(What::OcspResponse),
        _ => Object::Unknown,
    }
}

const fn private_key(kind: KeyKind) -> Object {
    Object::Other(What::PrivateKey(kind))
}

/// Tells the things apart that are a SEQUENCE to be signed, an algorithm and a signature.
fn identify_signed(to_be_signed: Option<Element<'_>>, budget: &Budget) -> Object {
    let Some(to_be_signed) = to_be_signed else {
        return Object::Unknown;
    };
    let fields = Fields::of(to_be_signed.content, budget);
    match *fields.tags() {
        [first, Tag::INTEGER, ..] if first == Tag::context(0) => Object::Certificate,
        [
            Tag::INTEGER,
            Tag::SEQUENCE,
            Tag::SEQUENCE,
            Tag::SEQUENCE,
            ..,
        ] => Object::Certificate,
        [
            Tag::INTEGER,
            Tag::SEQUENCE,
            Tag::SEQUENCE,
            Tag::UTC_TIME | Tag::GENERALIZED_TIME,
            ..,
        ]
        | [
            Tag::SEQUENCE,
            Tag::SEQUENCE,
            Tag::UTC_TIME | Tag::GENERALIZED_TIME,
            ..,
        ] => Object::Other(What::Crl),
        [
            Tag::INTEGER,
            Tag::SEQUENCE,
            issuer,
            Tag::SEQUENCE,
            Tag::INTEGER,
            ..,
        ] if issuer == Tag::context(0) => Object::Other(What::AttributeCertificate),
        [Tag::INTEGER, Tag::SEQUENCE, Tag::SEQUENCE, ..] => Object::Other(What::CertificateRequest),
        _ => Object::Unknown,
    }
}

/// How many fields tell everything apart that is told apart here.
const FIELDS_MAX: usize = 5;

/// The tags of the first fields of a SEQUENCE.
struct Fields<'a> {
    tags: [Tag; FIELDS_MAX],
    len: usize,
    first: Option<Element<'a>>,
    second: Option<Element<'a>>,
}

impl<'a> Fields<'a> {
    fn of(content: &'a [u8], budget: &Budget) -> Self {
        let mut fields = Self {
            tags: [Tag::END_OF_CONTENTS; FIELDS_MAX],
            len: 0,
            first: None,
            second: None,
        };
        let mut elements = Elements::of(content, budget);
        for tag in &mut fields.tags {
            let Ok(header) = Header::parse(elements.rest(), 0) else {
                break;
            };
            *tag = header.tag;
            fields.len += 1;
            let Ok(Some(element)) = elements.next() else {
                break;
            };
            if fields.first.is_none() {
                fields.first = Some(element);
            } else if fields.second.is_none() {
                fields.second = Some(element);
            }
        }
        fields
    }

    fn tags(&self) -> &[Tag] {
        self.tags.get(..self.len).unwrap_or_default()
    }

    /// Whether the second field is a `ContentInfo` as a PKCS#12 file has it (RFC 7292 section 4).
    fn second_is_content_info(&self, budget: &Budget) -> bool {
        const CONTENT_TYPES: [ObjectIdentifier; 2] = [rfc6268::ID_DATA, rfc6268::ID_SIGNED_DATA];
        let content_type = self
            .second
            .and_then(|second| second.elements(budget).next().ok().flatten())
            .filter(|element| element.tag == Tag::OBJECT_IDENTIFIER);
        content_type.is_some_and(|content_type| {
            CONTENT_TYPES
                .iter()
                .any(|oid| oid.as_bytes() == content_type.content)
        })
    }
}
