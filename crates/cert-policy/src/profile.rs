//! Whether a certificate is built as [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280) says,
//! apart from what it means.

use crate::certificate::Certificate;
use crate::extensions::Slot;
use crate::finding::{Code, Finding};
use crate::key::hex;
use crate::quote::list;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use const_oid::db::DB;
use spki::ObjectIdentifier;
use x509_cert::ext::pkix::KeyUsage;

/// The longest serial number, in octets as encoded.
const SERIAL_LEN_MAX: usize = 20;

/// What place a certificate has in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Leaf,
    Intermediate,
    Root,
}

/// Judges the form of one certificate. A self-signed leaf is a [`Place::Leaf`].
pub(crate) fn findings(certificate: &Certificate<'_>, place: Place) -> Vec<Finding> {
    let leaf_only = match place {
        Place::Leaf => [
            version(certificate),
            issuer_name(certificate),
            serial(certificate),
        ],
        Place::Intermediate | Place::Root => [const { None }; 3],
    };
    let mut findings: Vec<_> = leaf_only.into_iter().flatten().collect();
    findings.extend(algorithms(certificate));
    findings.extend(extensions(certificate));
    findings.extend(strict(certificate, place));
    findings
        .into_iter()
        .map(|finding| finding.about(certificate.index))
        .collect()
}

fn version(leaf: &Certificate<'_>) -> Option<Finding> {
    let version = leaf.version();
    (!leaf.is_version_3()).then(|| {
        let message = format!(
            "The certificate is of version {version}, which has no extensions: it cannot say \
             which names it is for."
        );
        Finding::new(Code::VersionNot3, message)
            .expected("version 3")
            .came(format!("version {version}"))
    })
}

fn issuer_name(leaf: &Certificate<'_>) -> Option<Finding> {
    leaf.issuer().is_empty().then(|| {
        Finding::new(Code::IssuerEmpty, Code::IssuerEmpty.meaning().into())
            .expected("the name of the CA")
            .came("an empty name")
    })
}

fn serial(leaf: &Certificate<'_>) -> Option<Finding> {
    let octets = leaf.tbs().serial_number().as_bytes();
    let (what, came) = if octets.iter().all(|octet| *octet == 0) {
        ("zero".to_string(), "0".to_string())
    } else if octets.first().is_some_and(|first| first & 0x80 != 0) {
        (
            "negative".to_string(),
            hex(octets.get(..SERIAL_LEN_MAX).unwrap_or(octets)),
        )
    } else if octets.len() > SERIAL_LEN_MAX {
        let len = octets.len();
        (format!("{len} octets long"), format!("{len} octets"))
    } else {
        return None;
    };
    let message = format!("The serial number is {what}. Some clients refuse such certificates.");
    let finding = Finding::new(Code::SerialUnusual, message);
    Some(
        finding
            .expected("a positive number of at most 20 octets")
            .came(came),
    )
}

fn algorithms(certificate: &Certificate<'_>) -> Option<Finding> {
    let inner = certificate.tbs().signature();
    let outer = certificate.presented.certificate.signature_algorithm();
    (inner != outer).then(|| {
        let message = format!(
            "{} says that it was signed with {}, while its signature says {}.",
            certificate.called(),
            named(inner.oid),
            named(outer.oid),
        );
        Finding::new(Code::SignatureAlgorithmsDiffer, message)
            .expected(named(inner.oid))
            .came(named(outer.oid))
    })
}

fn extensions(certificate: &Certificate<'_>) -> Vec<Finding> {
    let extensions = &certificate.extensions;
    let called = certificate.called();
    let about = |code, oids: &[ObjectIdentifier], what: &str, expected: &str| {
        (!oids.is_empty()).then(|| {
            let names = list(oids.iter().copied(), named);
            let message = format!("{called} {what}: {names}.");
            Finding::new(code, message).expected(expected).came(names)
        })
    };
    let poison = extensions.has_poison.then(|| {
        let message = format!("{called} is a precertificate, made only for logging.");
        Finding::new(Code::Precertificate, message)
            .expected("the final certificate")
            .came("the poison extension")
    });
    let found = [
        about(
            Code::DuplicateExtension,
            &extensions.duplicates,
            "has an extension twice",
            "each extension once",
        ),
        about(
            Code::UnknownCriticalExtension,
            &extensions.unknown_critical,
            "has a critical extension that clients do not know or must not find critical",
            "no other critical extensions than those of RFC 5280",
        ),
        about(
            Code::ExtensionMalformed,
            &extensions.malformed,
            "has an extension that does not hold what its type says",
            "extensions as RFC 5280 defines them",
        ),
        poison,
    ];
    found.into_iter().flatten().collect()
}

/// Who verifies so strictly.
#[derive(Clone, Copy, PartialEq)]
enum Strict {
    /// OpenSSL 3 under `-x509_strict`, which Python has switched on since 3.13.
    OpenSsl,
    /// The package `cryptography` for Python, which holds a server's certificate to the rules for
    /// public CAs.
    Pyca,
}

/// What strict clients look at: each is a MUST of RFC 5280 section 4.2, or a SHOULD, that lenient
/// clients pass over.
fn strict(certificate: &Certificate<'_>, place: Place) -> Option<Finding> {
    let extensions = &certificate.extensions;
    let is_ca = certificate.claims_to_be_ca();
    let signs = extensions
        .key_usage
        .value()
        .is_some_and(KeyUsage::key_cert_sign);
    let constraints = extensions.basic_constraints.value();
    let has_path_len = constraints.is_some_and(|constraints| constraints.path_len.is_some());
    let is_issued = place != Place::Root && !certificate.is_self_issued();
    let has_authority_key = matches!(
        extensions.authority_key_id,
        Slot::Read { value: Some(_), .. } | Slot::Unreadable
    );
    let nameless = certificate.subject().is_empty();
    let has_critical_names = extensions.subject_alt_name.is_critical();
    let openssl = [
        (is_issued && !has_authority_key, "no authorityKeyIdentifier"),
        (
            is_ca && extensions.subject_key_id.is_absent(),
            "no subjectKeyIdentifier",
        ),
        (
            is_ca && !extensions.basic_constraints.is_critical(),
            "basicConstraints not critical",
        ),
        (is_ca && extensions.key_usage.is_absent(), "no keyUsage"),
        (
            has_path_len && !(is_ca && signs),
            "a path length without the right to sign certificates",
        ),
        (
            signs && !is_ca,
            "keyCertSign without basicConstraints CA:TRUE",
        ),
        (nameless && is_ca, "a CA without a subject"),
        (
            nameless && !has_critical_names,
            "an empty subject, and subjectAltName not critical",
        ),
    ];
    let pyca = [
        (
            !is_ca && !extensions.name_constraints.is_absent(),
            "nameConstraints without a CA",
        ),
        (
            place == Place::Leaf && !nameless && has_critical_names,
            "subjectAltName critical although there is a subject",
        ),
    ];
    let openssl = openssl.map(|departure| (departure, Strict::OpenSsl));
    let pyca = pyca.map(|departure| (departure, Strict::Pyca));
    let departures = openssl.into_iter().chain(pyca);
    let departures: Vec<_> = departures.filter(|((departs, _), _)| *departs).collect();
    (certificate.is_version_3() && !departures.is_empty()).then(|| {
        let who = if departures.iter().any(|(_, who)| *who == Strict::OpenSsl) {
            "Python 3.13"
        } else {
            "the Python package cryptography"
        };
        let what = list(departures, |((_, what), _)| what.into());
        let message = format!(
            "{} departs from RFC 5280: {what}. Clients that verify strictly refuse that, such \
             as {who}.",
            certificate.called()
        );
        let finding = Finding::new(Code::StrictProfile, message);
        finding
            .expected("a certificate as RFC 5280 section 4.2 says")
            .came(what)
    })
}

/// An algorithm or extension by its name, or by its numbers.
fn named(oid: ObjectIdentifier) -> String {
    DB.by_oid(&oid).map_or_else(
        || oid.to_string(),
        |name| name.trim_start_matches("id-ce-").into(),
    )
}
