//! Checking the signature of one certificate with the key of another
//! ([RFC 5280 section 6.1.3](https://www.rfc-editor.org/rfc/rfc5280#section-6.1.3) (a)(1)).
//!
//! RSA with PKCS#1 v1.5 and PSS, ECDSA on P-256, P-384 and P-521, and Ed25519. MD5 and SHA-1
//! are checked like the others: whether they are good enough is another question, answered in
//! [`strength`](crate::strength).

use crate::SubjectPublicKeyInfoOwned;
use crate::key::{self, KeyKind};
use crate::{Presented, tlv};
use const_oid::db::{rfc5912, rfc8410};
use der::Sequence;
use md5::Md5;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::Pss;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

/// ecdsa-with-SHA1 (RFC 3279 section 2.2.3).
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// sha-1WithRSAEncryption of the OIW, which old tools of Microsoft wrote.
const SHA_1_WITH_RSA_OIW: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.29");

/// md4WithRSAEncryption (RFC 8017 appendix A.2.4 says what became of it).
const MD_4_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3");

/// What checking a signature showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    /// The key made the signature.
    Right,
    /// It did not.
    Wrong,
    /// The algorithm, the curve or the size of the key is not known here.
    Unsupported,
}

/// The digest of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    RsaPkcs1(Digest),
    RsaPss {
        digest: Digest,
        salt_len: u16,
    },
    Ecdsa(Digest),
    Ed25519,
    /// RSA with MD2 or MD4, which nobody should check.
    Broken,
    Unknown,
}

/// Runs `$body` with `$name` as the type of the digest.
macro_rules! with_digest {
    ($digest:expr, $name:ident => $body:expr) => {
        match $digest {
            Digest::Md5 => {
                type $name = Md5;
                $body
            }
            Digest::Sha1 => {
                type $name = Sha1;
                $body
            }
            Digest::Sha224 => {
                type $name = Sha224;
                $body
            }
            Digest::Sha256 => {
                type $name = Sha256;
                $body
            }
            Digest::Sha384 => {
                type $name = Sha384;
                $body
            }
            Digest::Sha512 => {
                type $name = Sha512;
                $body
            }
        }
    };
}

/// Whether `issuer` is the key that signed `certificate`.
pub(crate) fn check(certificate: &Presented<'_>, issuer: &SubjectPublicKeyInfoOwned) -> Signed {
    let signature = certificate.certificate.signature().as_bytes();
    let (Some(message), Some(signature)) = (tlv::tbs_certificate(certificate.der), signature)
    else {
        return Signed::Wrong;
    };
    let scheme = Scheme::of(certificate.certificate.signature_algorithm());
    let right = match (scheme, KeyKind::of(issuer)) {
        (Scheme::Unknown | Scheme::Broken, _) => None,
        // RFC 4055 section 1.2: a key under this identifier is for PSS alone.
        (Scheme::RsaPkcs1(_), _) if issuer.algorithm.oid == rfc5912::ID_RSASSA_PSS => Some(false),
        (Scheme::RsaPkcs1(digest), KeyKind::Rsa { .. }) => {
            rsa_pkcs1(digest, issuer, message, signature)
        }
        (Scheme::RsaPss { digest, salt_len }, KeyKind::Rsa { .. }) => {
            rsa_pss(digest, salt_len, issuer, message, signature)
        }
        (Scheme::Ecdsa(digest), KeyKind::P256 | KeyKind::P384 | KeyKind::P521) => {
            Some(ecdsa(digest, issuer, message, signature))
        }
        (Scheme::Ed25519, KeyKind::Ed25519) => Some(ed25519(issuer, message, signature)),
        (_, KeyKind::Other(_)) => None,
        _ => Some(false),
    };
    match right {
        Some(true) => Signed::Right,
        Some(false) => Signed::Wrong,
        None => Signed::Unsupported,
    }
}

impl Scheme {
    pub(crate) fn of(algorithm: &AlgorithmIdentifierOwned) -> Self {
        match algorithm.oid {
            rfc5912::MD_5_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Md5),
            rfc5912::SHA_1_WITH_RSA_ENCRYPTION | SHA_1_WITH_RSA_OIW => Self::RsaPkcs1(Digest::Sha1),
            rfc5912::SHA_224_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha224),
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha256),
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha384),
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha512),
            rfc5912::ID_RSASSA_PSS => pss(algorithm).unwrap_or(Self::Unknown),
            ECDSA_WITH_SHA_1 => Self::Ecdsa(Digest::Sha1),
            rfc5912::ECDSA_WITH_SHA_224 => Self::Ecdsa(Digest::Sha224),
            rfc5912::ECDSA_WITH_SHA_256 => Self::Ecdsa(Digest::Sha256),
            rfc5912::ECDSA_WITH_SHA_384 => Self::Ecdsa(Digest::Sha384),
            rfc5912::ECDSA_WITH_SHA_512 => Self::Ecdsa(Digest::Sha512),
            rfc8410::ID_ED_25519 => Self::Ed25519,
            rfc5912::MD_2_WITH_RSA_ENCRYPTION | MD_4_WITH_RSA => Self::Broken,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn digest(self) -> Option<Digest> {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss { digest, .. } | Self::Ecdsa(digest) => {
                Some(digest)
            }
            Self::Ed25519 | Self::Broken | Self::Unknown => None,
        }
    }
}

impl Digest {
    fn of(oid: ObjectIdentifier) -> Option<Self> {
        Some(match oid {
            rfc5912::ID_SHA_1 => Self::Sha1,
            rfc5912::ID_SHA_224 => Self::Sha224,
            rfc5912::ID_SHA_256 => Self::Sha256,
            rfc5912::ID_SHA_384 => Self::Sha384,
            rfc5912::ID_SHA_512 => Self::Sha512,
            _ => return None,
        })
    }
}

/// ```text
/// RSASSA-PSS-params  ::=  SEQUENCE  {
///     hashAlgorithm     [0] HashAlgorithm DEFAULT sha1Identifier,
///     maskGenAlgorithm  [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
///     saltLength        [2] INTEGER DEFAULT 20,
///     trailerField      [3] INTEGER DEFAULT 1  }
/// ```
///
/// [RFC 4055 section 3.1](https://www.rfc-editor.org/rfc/rfc4055#section-3.1). The type of
/// `pkcs1` ends at a salt of 255 octets, and OpenSSL 3.0 makes longer ones with long keys.
#[derive(Sequence)]
struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_len: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

/// The mask must use the same digest as the message, as RFC 8446 section 4.2.3 and everybody
/// has it. What a PSS key says of the digests it may be used with is not looked at.
fn pss(algorithm: &AlgorithmIdentifierOwned) -> Option<Scheme> {
    let parameters: PssParameters = algorithm.parameters.as_ref()?.decode_as().ok()?;
    let digest = match parameters.hash {
        Some(hash) => Digest::of(hash.oid)?,
        None => Digest::Sha1,
    };
    let mask_digest = match parameters.mask {
        Some(mask) if mask.oid == rfc5912::ID_MGF_1 => {
            let of: AlgorithmIdentifierOwned = mask.parameters?.decode_as().ok()?;
            Digest::of(of.oid)?
        }
        Some(_) => return None,
        None => Digest::Sha1,
    };
    let salt_len = parameters.salt_len.unwrap_or(20);
    let is_known = digest == mask_digest && parameters.trailer.unwrap_or(1) == 1;
    is_known.then_some(Scheme::RsaPss { digest, salt_len })
}

fn rsa_pkcs1(
    digest: Digest,
    issuer: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let key = key::rsa(issuer)?;
    Some(with_digest!(digest, D => key.pkcs1v15_verify::<D>(message, signature).is_ok()))
}

fn rsa_pss(
    digest: Digest,
    salt_len: u16,
    issuer: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let key = key::rsa(issuer)?;
    Some(with_digest!(digest, D => {
        let scheme = Pss::<D>::new_with_salt(salt_len.into());
        key.verify(scheme, &D::digest(message), signature).is_ok()
    }))
}

fn ecdsa(
    digest: Digest,
    issuer: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> bool {
    macro_rules! verify {
        ($curve:ident, $digest:expr) => {{
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(key::octets(issuer));
            let signature = $curve::ecdsa::Signature::from_der(signature);
            key.ok()
                .zip(signature.ok())
                .is_some_and(|(key, signature)| key.verify_prehash($digest, &signature).is_ok())
        }};
    }
    with_digest!(digest, D => {
        let digest = D::digest(message);
        match KeyKind::of(issuer) {
            KeyKind::P256 => verify!(p256, &digest),
            KeyKind::P384 => verify!(p384, &digest),
            KeyKind::P521 => verify!(p521, &digest),
            _ => false,
        }
    })
}

fn ed25519(issuer: &SubjectPublicKeyInfoOwned, message: &[u8], signature: &[u8]) -> bool {
    let key = key::octets(issuer)
        .try_into()
        .map(ed25519_dalek::VerifyingKey::from_bytes);
    let signature = ed25519_dalek::Signature::from_slice(signature);
    match (key, signature) {
        (Ok(Ok(key)), Ok(signature)) => key.verify_strict(message, &signature).is_ok(),
        _ => false,
    }
}
