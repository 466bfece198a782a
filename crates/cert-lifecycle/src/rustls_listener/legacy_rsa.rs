//! Signing in TLS with RSA keys that every provider refuses for their size.

use std::fmt;
use std::sync::Arc;

use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{PrivateKey, PublicKey, pkcs1v15, pss};
use rustls::crypto::{GetRandomFailed, SecureRandom};
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use sha2::{Sha256, Sha384, Sha512};
use spki::SubjectPublicKeyInfoOwned;
use spki::der::referenced::OwnedToRef;

/// In the order of preference. PSS (RFC 8017 section 9.1.1) needs twice the
/// hash and two octets more; a short key leaves out what it cannot hold.
const SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// An RSA key, from 512 bits on, that signs with the `rsa` crate.
pub(super) struct LegacyRsaKey {
    key: Arc<PrivateKey>,
    random: &'static dyn SecureRandom,
}

impl LegacyRsaKey {
    /// `None` when `der` is no RSA private key in PKCS#8.
    pub(super) fn from_pkcs8_der(der: &[u8], random: &'static dyn SecureRandom) -> Option<Self> {
        let key = Arc::new(PrivateKey::from_pkcs8_der(der).ok()?);
        Some(Self { key, random })
    }

    /// The octets that the encoded message may take (RFC 8017 sections 8.1.1
    /// and 8.2.1).
    fn holds(&self, scheme: SignatureScheme) -> bool {
        let modulus_octets = self.key.size();
        let pss_bits = self.key.n().bit_width().saturating_sub(1);
        let pss_octets = usize::try_from(pss_bits.div_ceil(8)).unwrap_or(0);
        match scheme {
            SignatureScheme::RSA_PSS_SHA256 => pss_octets >= 2 * 32 + 2,
            SignatureScheme::RSA_PSS_SHA384 => pss_octets >= 2 * 48 + 2,
            SignatureScheme::RSA_PSS_SHA512 => pss_octets >= 2 * 64 + 2,
            SignatureScheme::RSA_PKCS1_SHA256 => modulus_octets >= 19 + 32 + 11,
            SignatureScheme::RSA_PKCS1_SHA384 => modulus_octets >= 19 + 48 + 11,
            SignatureScheme::RSA_PKCS1_SHA512 => modulus_octets >= 19 + 64 + 11,
            _ => false,
        }
    }
}

impl fmt::Debug for LegacyRsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyRsaKey([secret key elided])")
    }
}

impl SigningKey for LegacyRsaKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = SCHEMES
            .into_iter()
            .find(|scheme| offered.contains(scheme) && self.holds(*scheme))?;
        Some(Box::new(LegacyRsaSigner {
            key: Arc::clone(&self.key),
            random: self.random,
            scheme,
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

struct LegacyRsaSigner {
    key: Arc<PrivateKey>,
    random: &'static dyn SecureRandom,
    scheme: SignatureScheme,
}

impl fmt::Debug for LegacyRsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyRsaSigner({:?}, [secret key elided])", self.scheme)
    }
}

impl LegacyRsaSigner {
    /// Blinded with randomness, against measuring the private key.
    fn blinded<S: SignatureEncoding>(
        &self,
        key: &impl RandomizedSigner<S>,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let signature = key.try_sign_with_rng(&mut ProviderRng(self.random), message);
        let signature = signature.map_err(|error| Error::General(error.to_string()))?;
        Ok(signature.to_vec())
    }
}

/// The provider's randomness as the generator that `rsa` takes.
struct ProviderRng(&'static dyn SecureRandom);

/// What [`TryRng`] asks of an error.
#[derive(Debug)]
struct RandomFailed;

impl fmt::Display for RandomFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider's random generator failed")
    }
}

impl std::error::Error for RandomFailed {}

impl From<GetRandomFailed> for RandomFailed {
    fn from(_: GetRandomFailed) -> Self {
        Self
    }
}

impl TryRng for ProviderRng {
    type Error = RandomFailed;

    fn try_next_u32(&mut self) -> Result<u32, RandomFailed> {
        let mut octets = [0; 4];
        self.0.fill(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, RandomFailed> {
        let mut octets = [0; 8];
        self.0.fill(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), RandomFailed> {
        Ok(self.0.fill(octets)?)
    }
}

impl TryCryptoRng for ProviderRng {}

impl Signer for LegacyRsaSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let key = (*self.key).clone();
        match self.scheme {
            SignatureScheme::RSA_PSS_SHA256 => {
                self.blinded(&pss::SigningKey::<Sha256>::new(key), message)
            }
            SignatureScheme::RSA_PSS_SHA384 => {
                self.blinded(&pss::SigningKey::<Sha384>::new(key), message)
            }
            SignatureScheme::RSA_PSS_SHA512 => {
                self.blinded(&pss::SigningKey::<Sha512>::new(key), message)
            }
            SignatureScheme::RSA_PKCS1_SHA256 => {
                self.blinded(&pkcs1v15::SigningKey::<Sha256>::new(key), message)
            }
            SignatureScheme::RSA_PKCS1_SHA384 => {
                self.blinded(&pkcs1v15::SigningKey::<Sha384>::new(key), message)
            }
            SignatureScheme::RSA_PKCS1_SHA512 => {
                self.blinded(&pkcs1v15::SigningKey::<Sha512>::new(key), message)
            }
            other => Err(Error::General(format!(
                "{other:?} was never offered by this key"
            ))),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// Whether `signature` is one of `key`, an RSA key of any size.
pub(super) fn verify(
    key: &SubjectPublicKeyInfoOwned,
    scheme: SignatureScheme,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Ok(key) = PublicKey::try_from(key.owned_to_ref()) else {
        return false;
    };
    match scheme {
        SignatureScheme::RSA_PSS_SHA256 => {
            fits(&pss::VerifyingKey::<Sha256>::new(key), message, signature)
        }
        SignatureScheme::RSA_PSS_SHA384 => {
            fits(&pss::VerifyingKey::<Sha384>::new(key), message, signature)
        }
        SignatureScheme::RSA_PSS_SHA512 => {
            fits(&pss::VerifyingKey::<Sha512>::new(key), message, signature)
        }
        SignatureScheme::RSA_PKCS1_SHA256 => fits(
            &pkcs1v15::VerifyingKey::<Sha256>::new(key),
            message,
            signature,
        ),
        SignatureScheme::RSA_PKCS1_SHA384 => fits(
            &pkcs1v15::VerifyingKey::<Sha384>::new(key),
            message,
            signature,
        ),
        SignatureScheme::RSA_PKCS1_SHA512 => fits(
            &pkcs1v15::VerifyingKey::<Sha512>::new(key),
            message,
            signature,
        ),
        _ => false,
    }
}

fn fits<S>(key: &impl Verifier<S>, message: &[u8], signature: &[u8]) -> bool
where
    S: for<'a> TryFrom<&'a [u8]>,
{
    S::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Only the time that a signature takes depends on what it is blinded with.
    #[derive(Debug)]
    struct Counting(AtomicU64);

    static RANDOM: Counting = Counting(AtomicU64::new(1));

    impl SecureRandom for Counting {
        fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
            for octet in octets {
                let round = self.0.fetch_add(1, Ordering::Relaxed);
                *octet = round.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()[5];
            }
            Ok(())
        }
    }

    /// A key of this many bits, made by OpenSSL.
    fn key(bits: &str) -> LegacyRsaKey {
        let folder = tempfile::tempdir().expect("a folder");
        let pem = folder.path().join("key.pem");
        let openssl = |arguments: &str| {
            let made = Command::new("openssl")
                .args(arguments.split(' '))
                .arg(&pem)
                .output();
            made.expect("openssl is installed").stdout
        };
        openssl(&format!(
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out"
        ));
        let der = openssl("pkcs8 -topk8 -nocrypt -outform DER -in");
        LegacyRsaKey::from_pkcs8_der(&der, &RANDOM).expect("an RSA key")
    }

    #[test]
    fn a_512_bit_key_signs_nothing_that_tls_1_3_offers() {
        let key = key("512");
        let offered = [
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ];
        assert!(key.choose_scheme(&offered).is_none());
        let tls12 = key
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
            .expect("fits");
        assert_eq!(tls12.sign(b"message").expect("signed").len(), 64);
    }

    #[test]
    fn every_scheme_that_a_key_holds_can_sign() {
        for bits in [
            "512", "520", "528", "530", "624", "752", "784", "1024", "1040", "1042",
        ] {
            let key = key(bits);
            let held: Vec<_> = SCHEMES
                .into_iter()
                .filter(|scheme| key.holds(*scheme))
                .collect();
            for scheme in SCHEMES {
                let signer = LegacyRsaSigner {
                    key: Arc::clone(&key.key),
                    random: &RANDOM,
                    scheme,
                };
                assert_eq!(
                    signer.sign(b"message").is_ok(),
                    held.contains(&scheme),
                    "{bits} bits, {scheme:?}"
                );
            }
        }
    }

    #[test]
    fn debug_shows_no_octet_of_the_key() {
        assert_eq!(
            format!("{:?}", key("1024")),
            "LegacyRsaKey([secret key elided])"
        );
    }
}
