//! Recognizes what an ASN.1 element is by the tags of its first fields.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6268;

use crate::tlv::{Budget, Element, Elements, Header, Tag};
use crate::what::{KeyKind, What};

const BITS: Tag = Tag::BIT_STRING;
const GENERALIZED_TIME: Tag = Tag::GENERALIZED_TIME;
const INTEGER: Tag = Tag::INTEGER;
const OCTETS: Tag = Tag::OCTET_STRING;
const OID: Tag = Tag::OBJECT_IDENTIFIER;
const SEQUENCE: Tag = Tag::SEQUENCE;
const TAGGED_0: Tag = Tag::context(0);
const UTC_TIME: Tag = Tag::UTC_TIME;

/// What an element looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Certificate,
    /// A CMS or PKCS#7 `ContentInfo`.
    ContentInfo,
    Other(What),
    Unknown,
}

impl Object {
    /// Whether it has to be looked into, whatever the label above it says.
    pub(crate) const fn must_be_read(self) -> bool {
        matches!(
            self,
            Self::Certificate | Self::ContentInfo | Self::Other(What::PrivateKey(_))
        )
    }
}

/// Says what the element at the start of `input` looks like.
///
/// It need not be complete: a private key that was cut off is still a private key.
pub(crate) fn identify(input: &[u8], budget: &Budget) -> Object {
    let header = Header::parse(input, 0)
        .ok()
        .filter(|header| header.tag == SEQUENCE);
    let Some(header) = header else {
        return Object::Unknown;
    };
    let fields = Fields::of(header.available(input), budget);
    match *fields.tags() {
        [OID, ..] => Object::ContentInfo,
        [SEQUENCE, SEQUENCE, BITS] => identify_signed(fields.first, budget),
        [SEQUENCE, BITS] => Object::Other(What::PublicKey),
        [SEQUENCE, OCTETS] if fields.first_is_encryption(budget) => private_key(KeyKind::Encrypted),
        [INTEGER, SEQUENCE, OCTETS, ..] => private_key(KeyKind::Pkcs8),
        [INTEGER, SEQUENCE, ..] if fields.second_is_content_info(budget) => {
            Object::Other(What::Pkcs12)
        }
        [INTEGER, OCTETS, ..] => private_key(KeyKind::Sec1),
        [INTEGER, INTEGER, INTEGER, INTEGER, ..] => private_key(KeyKind::Pkcs1),
        [INTEGER, INTEGER, INTEGER] => Object::Other(What::Parameters),
        [INTEGER, INTEGER] => Object::Other(What::PublicKey),
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
    match *Fields::of(to_be_signed.content, budget).tags() {
        // Version 3, then version 1, which is not written: serial, algorithm, issuer, validity.
        [TAGGED_0, INTEGER, ..] => Object::Certificate,
        [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, ..] => Object::Certificate,
        // Version 2, then version 1: algorithm, issuer, time.
        [INTEGER, SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, ..] => Object::Other(What::Crl),
        [SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, ..] => Object::Other(What::Crl),
        // Version, holder, issuer, algorithm, serial.
        [INTEGER, SEQUENCE, TAGGED_0, SEQUENCE, INTEGER] => {
            Object::Other(What::AttributeCertificate)
        }
        // Version, subject, key, attributes.
        [INTEGER, SEQUENCE, SEQUENCE, ..] => Object::Other(What::CertificateRequest),
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
            if header.tag == Tag::END_OF_CONTENTS {
                break;
            }
            *tag = header.tag.whole();
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

    /// Whether the first field is an algorithm with parameters, as encrypted PKCS#8 has it
    /// (RFC 5958 section 3, RFC 8018 appendix A), and not a list of trusted purposes.
    fn first_is_encryption(&self, budget: &Budget) -> bool {
        self.first.is_some_and(|first| {
            matches!(
                Fields::of(first.content, budget).tags(),
                [OID, SEQUENCE, ..]
            )
        })
    }

    /// Whether the second field is a `ContentInfo` as a PKCS#12 file has it (RFC 7292 section 4).
    fn second_is_content_info(&self, budget: &Budget) -> bool {
        const CONTENT_TYPES: [ObjectIdentifier; 2] = [rfc6268::ID_DATA, rfc6268::ID_SIGNED_DATA];
        let content_type = self
            .second
            .and_then(|second| second.elements(budget).next().ok().flatten())
            .filter(|element| element.tag == OID);
        content_type.is_some_and(|content_type| {
            CONTENT_TYPES
                .iter()
                .any(|oid| oid.as_bytes() == content_type.content)
        })
    }
}
