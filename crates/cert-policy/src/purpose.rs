//! What the keys may be used for: basicConstraints, keyUsage, extendedKeyUsage and what else an
//! issuer demands of those who use a certificate.

use crate::certificate::Certificate;
use crate::extensions::ExtendedKeyUsage;
use crate::finding::{Code, Finding};
use crate::quote::list;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use const_oid::db::rfc5280;
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

/// Judges what the leaf is for: a server and nothing above it.
pub(crate) fn leaf(leaf: &Certificate<'_>) -> Vec<Finding> {
    [
        ca_flag(leaf),
        digital_signature(leaf),
        server_auth(leaf),
        must_staple(leaf),
    ]
    .into_iter()
    .flatten()
    .map(|finding| finding.about(leaf.index))
    .collect()
}

/// Judges whether `issuer` may sign certificates, and for servers.
///
/// A root of version 1 has no extensions to say it is a CA with. It is known by being trusted,
/// it is not sent, and private CAs made with `openssl x509 -signkey` have one; so it passes.
/// The extended key usages of a root are for whoever trusts it to heed.
pub(crate) fn issuer(issuer: &Certificate<'_>, is_root: bool) -> Vec<Finding> {
    let called = issuer.called();
    let mut findings = Vec::new();
    if !issuer.claims_to_be_ca() && (issuer.is_version_3() || !is_root) {
        let message = format!("{called} signed a certificate, but is not the certificate of a CA.");
        let finding = Finding::new(Code::IssuerNotCa, message);
        findings.push(
            finding
                .expected("basicConstraints CA:TRUE")
                .came(ca_text(issuer)),
        );
    } else if let Some(usage) = without(issuer, KeyUsage::key_cert_sign) {
        let message = format!("{called} signed a certificate, but its key may not sign any.");
        let finding = Finding::new(Code::IssuerNotCa, message);
        findings.push(finding.expected("keyUsage keyCertSign").came(usage));
    }
    let usages = issuer
        .extensions
        .extended_key_usage
        .value()
        .filter(|_| !is_root);
    if let Some(usages) = usages.filter(|usages| !is_for_servers(**usages, Any::Counts)) {
        let message = format!("{called} may not issue certificates for servers.");
        let finding = Finding::new(Code::IssuerNotForServers, message);
        findings.push(
            finding
                .expected("extendedKeyUsage serverAuth")
                .came(usages_text(*usages)),
        );
    }
    findings
        .into_iter()
        .map(|finding| finding.about(issuer.index))
        .collect()
}

fn ca_flag(leaf: &Certificate<'_>) -> Option<Finding> {
    let called = leaf.called();
    leaf.claims_to_be_ca().then(|| {
        let message = format!(
            "{called} has a key of this unit, but is a CA certificate: with it the unit could \
             sign certificates for anybody."
        );
        Finding::new(Code::LeafIsCa, message)
            .expected("basicConstraints CA:FALSE")
            .came("basicConstraints CA:TRUE")
    })
}

fn digital_signature(leaf: &Certificate<'_>) -> Option<Finding> {
    let came = without(leaf, KeyUsage::digital_signature)?;
    let message = "The key may not be used for digital signatures, which is what a server does \
                   in every TLS handshake of today.";
    let finding = Finding::new(Code::DigitalSignatureMissing, message.into());
    Some(finding.expected("keyUsage digitalSignature").came(came))
}

fn server_auth(leaf: &Certificate<'_>) -> Option<Finding> {
    let slot = &leaf.extensions.extended_key_usage;
    if slot.is_absent() && leaf.is_version_3() {
        let message = "The certificate does not say that it is for servers (there is no \
                       extendedKeyUsage). Most clients accept that; Apple's do not.";
        let finding = Finding::new(Code::ExtendedKeyUsageAbsent, message.into());
        return Some(finding.expected("extendedKeyUsage serverAuth").came("none"));
    }
    // anyExtendedKeyUsage is not enough: browsers and webpki want serverAuth by name.
    let usages = slot
        .value()
        .filter(|usages| !is_for_servers(**usages, Any::DoesNotCount))?;
    let came = usages_text(*usages);
    let message = format!("The certificate is for other uses than a TLS server: {came}.");
    let finding = Finding::new(Code::ServerAuthMissing, message);
    Some(finding.expected("extendedKeyUsage serverAuth").came(came))
}

fn must_staple(leaf: &Certificate<'_>) -> Option<Finding> {
    leaf.extensions.must_staple.then(|| {
        Finding::new(Code::MustStaple, Code::MustStaple.meaning().into())
            .expected("no TLS feature extension")
            .came("status_request")
    })
}

/// The usages of a certificate that has keyUsage without the one asked for.
fn without(certificate: &Certificate<'_>, usage: fn(&KeyUsage) -> bool) -> Option<String> {
    let usages = certificate.extensions.key_usage.value()?;
    (!usage(usages)).then(|| {
        if usages.0.is_empty() {
            "no key usage at all".into()
        } else {
            list(usages.0, |usage| usage_name(usage).into())
        }
    })
}

/// As RFC 5280 section 4.2.1.3 and OpenSSL's configuration write it.
fn usage_name(usage: KeyUsages) -> &'static str {
    match usage {
        KeyUsages::DigitalSignature => "digitalSignature",
        KeyUsages::NonRepudiation => "nonRepudiation",
        KeyUsages::KeyEncipherment => "keyEncipherment",
        KeyUsages::DataEncipherment => "dataEncipherment",
        KeyUsages::KeyAgreement => "keyAgreement",
        KeyUsages::KeyCertSign => "keyCertSign",
        KeyUsages::CRLSign => "cRLSign",
        KeyUsages::EncipherOnly => "encipherOnly",
        KeyUsages::DecipherOnly => "decipherOnly",
    }
}

/// Whether anyExtendedKeyUsage counts as serverAuth.
#[derive(Clone, Copy, PartialEq)]
enum Any {
    Counts,
    DoesNotCount,
}

fn is_for_servers(usages: ExtendedKeyUsage<'_>, any: Any) -> bool {
    usages.usages().any(|usage| {
        usage == rfc5280::ID_KP_SERVER_AUTH
            || (any == Any::Counts && usage == rfc5280::ANY_EXTENDED_KEY_USAGE)
    })
}

fn usages_text(usages: ExtendedKeyUsage<'_>) -> String {
    list(usages.usages(), |oid| match oid {
        rfc5280::ANY_EXTENDED_KEY_USAGE => "anyExtendedKeyUsage".into(),
        rfc5280::ID_KP_SERVER_AUTH => "serverAuth".into(),
        rfc5280::ID_KP_CLIENT_AUTH => "clientAuth".into(),
        rfc5280::ID_KP_CODE_SIGNING => "codeSigning".into(),
        rfc5280::ID_KP_EMAIL_PROTECTION => "emailProtection".into(),
        rfc5280::ID_KP_TIME_STAMPING => "timeStamping".into(),
        rfc5280::ID_KP_OCSP_SIGNING => "OCSPSigning".into(),
        other => other.to_string(),
    })
}

fn ca_text(issuer: &Certificate<'_>) -> String {
    let constraints = &issuer.extensions.basic_constraints;
    if constraints.is_absent() {
        let version = issuer.version();
        return format!("a certificate of version {version} without basicConstraints");
    }
    "basicConstraints CA:FALSE".into()
}
