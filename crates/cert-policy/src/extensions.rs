//! The extensions the judge looks at, decoded once for each certificate
//! ([RFC 5280 section 4.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.2)); lists stay where
//! they are.

use crate::constraints::NameConstraints;
use crate::san::SubjectAltNames;
use crate::tlv::{self, Tlvs};
use alloc::vec::Vec;
use const_oid::db::rfc5280;
use der::asn1::{BitStringRef, OctetStringRef};
use der::flagset::FlagSet;
use der::{Decode, DecodeOwned, Sequence, Tag, TagNumber};
use spki::ObjectIdentifier;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::name::Name;

/// The poison of a precertificate
/// ([RFC 6962 section 3.1](https://www.rfc-editor.org/rfc/rfc6962#section-3.1)).
pub(crate) const CT_POISON: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.3");

/// The TLS feature extension
/// ([RFC 7633 section 4](https://www.rfc-editor.org/rfc/rfc7633#section-4)).
const TLS_FEATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.24");

/// The receipts of the logs of Certificate Transparency
/// ([RFC 6962 section 3.3](https://www.rfc-editor.org/rfc/rfc6962#section-3.3)).
const SIGNED_CERTIFICATE_TIMESTAMPS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

/// Above all policies of the CA/Browser Forum for TLS server certificates (BR 7.1.6.1).
const CAB_FORUM_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.140.1");

/// The extensions RFC 5280 lets a CA mark critical and that clients know.
const MAY_BE_CRITICAL: &[ObjectIdentifier] = &[
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
];

/// What became of an extension.
#[derive(Debug)]
pub(crate) enum Slot<T> {
    Absent,
    Unreadable,
    Read { critical: bool, value: T },
}

impl<T> Slot<T> {
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Read { value, .. } => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(crate) fn is_critical(&self) -> bool {
        matches!(self, Self::Read { critical: true, .. })
    }
}

/// ```text
/// BasicConstraints ::= SEQUENCE {
///      cA                      BOOLEAN DEFAULT FALSE,
///      pathLenConstraint       INTEGER (0..MAX) OPTIONAL }
/// ```
///
/// The type of `x509-cert` ends at a path length of 255.
#[derive(Clone, Copy, Debug, Sequence)]
pub(crate) struct BasicConstraints {
    #[asn1(default = "Default::default")]
    pub(crate) ca: bool,
    pub(crate) path_len: Option<u32>,
}

/// ```text
/// ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId
/// KeyPurposeId ::= OBJECT IDENTIFIER
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtendedKeyUsage<'a>(Tlvs<'a>);

impl<'a> ExtendedKeyUsage<'a> {
    fn read(value: &'a [u8]) -> Option<Self> {
        let mut usages = tlv::sequence(value)?;
        let read = Self(usages);
        let is_usage = |usage: tlv::Tlv<'_>| {
            usage.tag == Tag::ObjectIdentifier && ObjectIdentifier::from_bytes(usage.value).is_ok()
        };
        (read.usages().next().is_some() && usages.all(is_usage)).then_some(read)
    }

    pub(crate) fn usages(self) -> impl Iterator<Item = ObjectIdentifier> {
        self.0
            .filter_map(|usage| ObjectIdentifier::from_bytes(usage.value).ok())
    }
}

/// The extensions of one certificate. Where one is there twice, the first is taken.
#[derive(Debug)]
pub(crate) struct Extensions<'a> {
    pub(crate) basic_constraints: Slot<BasicConstraints>,
    pub(crate) key_usage: Slot<KeyUsage>,
    pub(crate) extended_key_usage: Slot<ExtendedKeyUsage<'a>>,
    pub(crate) subject_alt_name: Slot<SubjectAltNames<'a>>,
    pub(crate) name_constraints: Slot<NameConstraints<'a>>,
    /// The key identifier in it.
    pub(crate) authority_key_id: Slot<Option<&'a [u8]>>,
    pub(crate) subject_key_id: Slot<&'a [u8]>,
    /// Those that are there more than once, each once.
    pub(crate) duplicates: Vec<ObjectIdentifier>,
    /// Critical ones that a client does not know or must not find critical, without the poison.
    pub(crate) unknown_critical: Vec<ObjectIdentifier>,
    /// Those RFC 5280 defines whose value is something else.
    pub(crate) malformed: Vec<ObjectIdentifier>,
    pub(crate) has_poison: bool,
    pub(crate) must_staple: bool,
    /// It was logged as browsers want it of public CAs, or refers to their common rules. The
    /// absence of both says nothing for certain.
    pub(crate) is_public: bool,
    /// It says where the certificate of its issuer is.
    pub(crate) tells_issuer: bool,
}

impl<'a> Extensions<'a> {
    pub(crate) fn read(extensions: &'a [Extension]) -> Self {
        let find = |oid| extensions.iter().find(|extension| extension.extn_id == oid);
        let mut read = Self {
            basic_constraints: slot(find(rfc5280::ID_CE_BASIC_CONSTRAINTS), decode),
            key_usage: slot(find(rfc5280::ID_CE_KEY_USAGE), key_usage),
            extended_key_usage: slot(find(rfc5280::ID_CE_EXT_KEY_USAGE), ExtendedKeyUsage::read),
            subject_alt_name: slot(find(rfc5280::ID_CE_SUBJECT_ALT_NAME), SubjectAltNames::read),
            name_constraints: slot(find(rfc5280::ID_CE_NAME_CONSTRAINTS), NameConstraints::read),
            authority_key_id: slot(find(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER), authority_key),
            subject_key_id: slot(find(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER), |value| {
                <&OctetStringRef>::from_der(value)
                    .ok()
                    .map(OctetStringRef::as_bytes)
            }),
            duplicates: duplicates(extensions),
            unknown_critical: unknown_critical(extensions),
            malformed: Vec::new(),
            has_poison: find(CT_POISON).is_some(),
            must_staple: find(TLS_FEATURE).is_some_and(demands_stapling),
            is_public: find(SIGNED_CERTIFICATE_TIMESTAMPS).is_some()
                || find(rfc5280::ID_CE_CERTIFICATE_POLICIES).is_some_and(is_of_cab_forum),
            tells_issuer: find(rfc5280::ID_PE_AUTHORITY_INFO_ACCESS).is_some_and(tells_issuer),
        };
        read.malformed = read.malformed(extensions);
        read
    }

    /// The subject alternative names are left out: they have findings of their own.
    fn malformed(&self, extensions: &[Extension]) -> Vec<ObjectIdentifier> {
        let unreadable = |oid| match oid {
            rfc5280::ID_CE_BASIC_CONSTRAINTS => is_unreadable(&self.basic_constraints),
            rfc5280::ID_CE_KEY_USAGE => is_unreadable(&self.key_usage),
            rfc5280::ID_CE_EXT_KEY_USAGE => is_unreadable(&self.extended_key_usage),
            rfc5280::ID_CE_NAME_CONSTRAINTS => is_unreadable(&self.name_constraints),
            rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER => is_unreadable(&self.authority_key_id),
            rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER => is_unreadable(&self.subject_key_id),
            _ => false,
        };
        extensions
            .iter()
            .filter(|extension| {
                unreadable(extension.extn_id)
                    || (is_list(extension.extn_id)
                        && tlv::sequence(extension.extn_value.as_bytes())
                            .is_none_or(|mut values| values.next().is_none()))
            })
            .map(|extension| extension.extn_id)
            .collect()
    }
}

fn slot<'a, T>(
    extension: Option<&'a Extension>,
    read: impl FnOnce(&'a [u8]) -> Option<T>,
) -> Slot<T> {
    let Some(extension) = extension else {
        return Slot::Absent;
    };
    match read(extension.extn_value.as_bytes()) {
        Some(value) => Slot::Read {
            critical: extension.critical,
            value,
        },
        None => Slot::Unreadable,
    }
}

fn is_unreadable<T>(slot: &Slot<T>) -> bool {
    matches!(slot, Slot::Unreadable)
}

fn decode<T: DecodeOwned>(value: &[u8]) -> Option<T> {
    T::from_der(value).ok()
}

/// ```text
/// KeyUsage ::= BIT STRING { digitalSignature (0), … decipherOnly (8) }
/// ```
///
/// The type of `x509-cert` wants it without trailing zeros, as DER does. Some CAs leave them, and
/// no client minds.
fn key_usage(value: &[u8]) -> Option<KeyUsage> {
    let bits = BitStringRef::from_der(value).ok()?;
    let bits = bits.bits().enumerate().filter(|(_, is_set)| *is_set);
    let flags = bits.fold(0, |flags, (position, _)| {
        flags
            | 1u16
                .checked_shl(u32::try_from(position).unwrap_or(u32::MAX))
                .unwrap_or(0)
    });
    Some(KeyUsage(FlagSet::new_truncated(flags)))
}

/// ```text
/// AuthorityKeyIdentifier ::= SEQUENCE {
///    keyIdentifier             [0] KeyIdentifier           OPTIONAL, … }
/// ```
fn authority_key(value: &[u8]) -> Option<Option<&[u8]>> {
    let mut fields = tlv::sequence(value)?;
    let key_id = fields.find(|field| field.tag.number() == TagNumber(0));
    Some(key_id.map(|field| field.value))
}

/// ```text
/// AuthorityKeyIdentifier ::= SEQUENCE { …
///    authorityCertIssuer       [1] GeneralNames            OPTIONAL, … }
/// ```
///
/// The issuer's issuer, where it is one directory name.
pub(crate) fn issuer_of_issuer(extensions: &[Extension]) -> Option<Name> {
    let is_it =
        |extension: &&Extension| extension.extn_id == rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER;
    let value = extensions.iter().find(is_it)?.extn_value.as_bytes();
    let mut fields = tlv::sequence(value)?;
    let names = fields.find(|field| field.tag.number() == TagNumber(1))?;
    let mut names = tlv::all(names.value)?;
    let name = names.find(|name| name.tag.number() == TagNumber(4))?;
    Name::from_der(name.value).ok()
}

/// ```text
/// certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation
/// PolicyInformation ::= SEQUENCE { policyIdentifier CertPolicyId, … }
/// ```
fn is_of_cab_forum(extension: &Extension) -> bool {
    firsts(extension).any(|oid| {
        let mut arcs = oid.arcs();
        CAB_FORUM_POLICIES
            .arcs()
            .all(|arc| arcs.next() == Some(arc))
    })
}

/// ```text
/// AuthorityInfoAccessSyntax ::= SEQUENCE SIZE (1..MAX) OF AccessDescription
/// AccessDescription ::= SEQUENCE { accessMethod OBJECT IDENTIFIER, … }
/// ```
fn tells_issuer(extension: &Extension) -> bool {
    firsts(extension).any(|method| method == rfc5280::ID_AD_CA_ISSUERS)
}

/// Of a list of SEQUENCEs that begin with an object identifier, these.
fn firsts(extension: &Extension) -> impl Iterator<Item = ObjectIdentifier> {
    let members = tlv::sequence(extension.extn_value.as_bytes());
    let first = |member: tlv::Tlv<'_>| {
        let first = tlv::sequence(member.whole)?.next()?;
        ObjectIdentifier::from_der(first.whole).ok()
    };
    members.into_iter().flatten().filter_map(first)
}

/// The extensions that are a SEQUENCE of at least one thing and that the judge reads no further.
fn is_list(oid: ObjectIdentifier) -> bool {
    matches!(
        oid,
        rfc5280::ID_PE_AUTHORITY_INFO_ACCESS
            | rfc5280::ID_CE_CERTIFICATE_POLICIES
            | rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS
    )
}

fn duplicates(extensions: &[Extension]) -> Vec<ObjectIdentifier> {
    let mut oids: Vec<_> = extensions
        .iter()
        .map(|extension| extension.extn_id)
        .collect();
    oids.sort_unstable();
    oids.chunk_by(PartialEq::eq)
        .filter(|same| same.len() > 1)
        .filter_map(|same| same.first().copied())
        .collect()
}

fn unknown_critical(extensions: &[Extension]) -> Vec<ObjectIdentifier> {
    extensions
        .iter()
        .filter(|extension| extension.critical && extension.extn_id != CT_POISON)
        .map(|extension| extension.extn_id)
        .filter(|oid| !MAY_BE_CRITICAL.contains(oid))
        .collect()
}

/// `Features ::= SEQUENCE OF INTEGER`, of which 5 is `status_request`.
fn demands_stapling(extension: &Extension) -> bool {
    decode::<Vec<u64>>(extension.extn_value.as_bytes())
        .is_some_and(|features| features.contains(&5))
}
