//! Public keys and algorithms as people read them.

use const_oid::ObjectIdentifier;
use const_oid::db::DB;
use const_oid::db::rfc5912::{
    SECP_256_R_1 as NIST_P256, SECP_384_R_1 as NIST_P384, SECP_521_R_1 as NIST_P521,
};
use der::asn1::UintRef;
use der::{Decode as _, Sequence};
use spki::SubjectPublicKeyInfoOwned;

/// `RSAPublicKey` of RFC 8017 appendix A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// How many bits an RSA key has; `None` for any other.
pub(crate) fn rsa_bits(public_key: &SubjectPublicKeyInfoOwned) -> Option<u32> {
    let rsa = RsaPublicKey::from_der(public_key.subject_public_key.raw_bytes()).ok()?;
    let modulus = rsa.modulus.as_bytes();
    let unused = modulus.first().map_or(0, |octet| octet.leading_zeros());
    let bits = u32::try_from(modulus.len() * 8).unwrap_or(u32::MAX);
    Some(bits.saturating_sub(unused))
}

pub(crate) fn public_key(public_key: &SubjectPublicKeyInfoOwned) -> String {
    if let Some(bits) = rsa_bits(public_key) {
        return format!("RSA {bits}");
    }
    let parameters = public_key.algorithm.parameters.as_ref();
    match parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok()) {
        Some(NIST_P256) => "EC P-256".into(),
        Some(NIST_P384) => "EC P-384".into(),
        Some(NIST_P521) => "EC P-521".into(),
        Some(curve) => format!("EC {}", algorithm(&curve)),
        None => algorithm(&public_key.algorithm.oid),
    }
}

pub(crate) fn algorithm(oid: &ObjectIdentifier) -> String {
    DB.by_oid(oid)
        .map_or_else(|| oid.to_string(), ToOwned::to_owned)
}
