//! Whether keys and digests are strong enough for those who will look at them.

use crate::certificate::Certificate;
use crate::finding::{Code, Finding};
use crate::key::KeyKind;
use crate::signature::{Digest, Scheme};
use alloc::format;
use alloc::string::ToString;

/// The shortest RSA key that is not called short, in bits: the shortest a public CA signs, and
/// Apple's systems take (<https://support.apple.com/en-us/103769>).
const RSA_BITS_MIN: usize = 2_048;

/// The shortest RSA key that Chromium 156 and Firefox 153 take from a CA the user trusts.
const RSA_BITS_MIN_BROWSERS: usize = 1_024;

/// Judges the key of the leaf: of a kind TLS has a use for, and long enough. The unit's owner
/// may have chosen a short one on purpose, so that only warns.
pub(crate) fn leaf_key(leaf: &Certificate<'_>) -> Option<Finding> {
    let kind = KeyKind::of(leaf.key());
    let (code, message) = match kind {
        KeyKind::Rsa { bits } if bits < RSA_BITS_MIN_BROWSERS => (
            Code::KeyShort,
            format!(
                "The RSA key has {bits} bits. Chrome and Firefox refuse keys below 1024, Apple's \
                 systems keys below 2048."
            ),
        ),
        KeyKind::Rsa { bits } if bits < RSA_BITS_MIN => (
            Code::KeyShort,
            format!(
                "The RSA key has {bits} bits. Apple's systems refuse keys below 2048, and no \
                 public CA signs them; Chrome and Firefox take them so far."
            ),
        ),
        KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::P384 => return None,
        KeyKind::P521 => (
            Code::KeyUncommon,
            format!("The key is {kind}, which Chrome cannot use."),
        ),
        KeyKind::Ed25519 => (
            Code::KeyUncommon,
            format!("The key is {kind}, which neither Chrome nor Firefox can use."),
        ),
        KeyKind::Other(_) => (
            Code::KeyUnusable,
            format!("The key is {kind}, which TLS cannot use."),
        ),
    };
    let finding = Finding::new(code, message)
        .about(leaf.index)
        .came(kind.to_string());
    Some(finding.expected("RSA with at least 2048 bits, EC P-256 or EC P-384"))
}

/// Judges the key of an issuer. Nobody at the unit chose it, so a short one is refused.
pub(crate) fn issuer_key(issuer: &Certificate<'_>) -> Option<Finding> {
    let KeyKind::Rsa { bits } = KeyKind::of(issuer.key()) else {
        return None;
    };
    let called = issuer.called();
    let message = format!(
        "The key of {called} has {bits} bits. Whoever breaks it can forge certificates, and \
         Apple's systems refuse what it signs."
    );
    (bits < RSA_BITS_MIN).then(|| {
        Finding::new(Code::IssuerKeyWeak, message)
            .about(issuer.index)
            .expected("RSA with at least 2048 bits")
            .came(format!("RSA {bits}"))
    })
}

/// Judges the digest a CA signed `certificate` with.
pub(crate) fn ca_signature(certificate: &Certificate<'_>) -> Option<Finding> {
    let (code, came) = legacy_digest(certificate)?;
    let called = certificate.called();
    let message = match code {
        Code::SignatureMd5 => {
            format!("The CA signed {called} with {came}. Such a signature can be forged.")
        }
        _ => format!("The CA signed {called} with {came}. Current browsers refuse that."),
    };
    let finding = Finding::new(code, message).about(certificate.index);
    Some(finding.expected("SHA-256, SHA-384 or SHA-512").came(came))
}

/// Judges the digest of a self-signed leaf. Nobody relies on that signature, since whoever
/// trusts the certificate compared its fingerprint: a legacy digest only warns. Chromium 156 and
/// Firefox 153 do not look at it once the certificate itself is trusted.
pub(crate) fn self_signature(leaf: &Certificate<'_>) -> Option<Finding> {
    let (_, came) = legacy_digest(leaf)?;
    let message = format!(
        "The self-signature was made with {came}. Apple's systems refuse that; Chrome and Firefox \
         take it once the certificate itself is trusted."
    );
    let finding = Finding::new(Code::SelfSignedLegacyDigest, message).about(leaf.index);
    Some(finding.expected("SHA-256, SHA-384 or SHA-512").came(came))
}

fn legacy_digest(certificate: &Certificate<'_>) -> Option<(Code, &'static str)> {
    let scheme = Scheme::of(certificate.presented.certificate.signature_algorithm());
    match scheme.digest() {
        Some(Digest::Md5) => Some((Code::SignatureMd5, "MD5")),
        Some(Digest::Sha1) => Some((Code::SignatureSha1, "SHA-1")),
        Some(_) => None,
        None if scheme == Scheme::Broken => Some((Code::SignatureMd5, "MD2 or MD4")),
        None => None,
    }
}
