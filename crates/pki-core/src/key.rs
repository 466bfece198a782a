//! Private keys.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow;

use const_oid::db::rfc5912;
use der::Decode;
use md5::Md5;
use p256::elliptic_curve::Generate;
use pkcs8::{EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use rsa::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use signature::hazmat::RandomizedPrehashSigner;
use spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use crate::{Digest, Error, KeySpec, RsaBits, Signer, rsa_generate};

/// A private key of a unit.
///
/// It cannot be cloned, does not show itself in `Debug`, and its numbers are
/// wiped from memory when it is dropped.
pub struct PrivateKey {
    spec: KeySpec,
    public_key: SubjectPublicKeyInfoOwned,
    secret: Secret,
}

/// How far the making of a key is; by default, at its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The part of the expected work that is done, from 0 to 1, never falling.
    ///
    /// Each prime is one half. Within it, the part is the candidates tested, over those
    /// that it takes on average, and the rounds in which the one that was found is
    /// tested further. Luck decides: a prime may come with the first candidate, or keep
    /// the part where it is for a while.
    pub fraction: f32,
    /// Candidates for a prime tested so far, which are those without a small factor; 0
    /// for an EC key, which needs none.
    pub candidates: u16,
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// `progress` is told how far it is, first before anything is done, then
    /// after each test of a candidate for an RSA prime; it can end the work by
    /// [`ControlFlow::Break`].
    ///
    /// ```
    /// use pki_core::{KeySpec, PrivateKey, RsaBits};
    /// use std::ops::ControlFlow;
    ///
    /// let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    /// let spec = KeySpec::Rsa(RsaBits::new(1024)?);
    /// let mut steps = 0;
    /// let key = PrivateKey::generate(spec, &mut rng, &mut |_| {
    ///     steps += 1;
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(key.spec(), spec);
    /// assert!(steps > 2);
    ///
    /// let cancelled = PrivateKey::generate(spec, &mut rng, &mut |_| ControlFlow::Break(()));
    /// assert_eq!(cancelled.unwrap_err(), pki_core::Error::Cancelled);
    /// # Ok::<(), pki_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::Cancelled`] when `progress` ended it.
    /// - [`Error::Encoding`] when the public key cannot be encoded, which its
    ///   length makes impossible.
    pub fn generate<R: CryptoRng + ?Sized>(
        spec: KeySpec,
        rng: &mut R,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        begin(progress)?;
        match spec {
            // What `rng` points to may have no size; a reference to it has.
            KeySpec::Rsa(bits) => Self::new(Secret::Rsa(Box::new(rsa_generate::generate(
                bits,
                &mut &mut *rng,
                progress,
            )?))),
            KeySpec::EcP256 | KeySpec::EcP384 => Self::generate_ec(spec, rng),
        }
    }

    /// Makes a new key as [`generate`](Self::generate) does, on all cores.
    ///
    /// The work of an RSA key is shared among as many threads as there are cores; about
    /// a tenth of it is done for nothing. The further threads are those of the standard
    /// library, end before this returns, and have the priority of the one that calls.
    /// Which key comes of which random octets depends on which thread is faster.
    ///
    /// # Errors
    ///
    /// Those of [`generate`](Self::generate).
    #[cfg(feature = "std")]
    pub fn generate_on_all_cores<R: CryptoRng + Send + ?Sized>(
        spec: KeySpec,
        rng: &mut R,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        begin(progress)?;
        match spec {
            KeySpec::Rsa(bits) => Self::new(Secret::Rsa(Box::new(
                rsa_generate::generate_on_all_cores(bits, &mut &mut *rng, progress)?,
            ))),
            KeySpec::EcP256 | KeySpec::EcP384 => Self::generate_ec(spec, rng),
        }
    }

    fn generate_ec<R: CryptoRng + ?Sized>(spec: KeySpec, rng: &mut R) -> Result<Self, Error> {
        Self::new(match spec {
            KeySpec::EcP384 => Secret::EcP384(p384::SecretKey::generate_from_rng(rng)),
            _ => Secret::EcP256(p256::SecretKey::generate_from_rng(rng)),
        })
    }

    /// Reads a key as [`to_pkcs8_der`](Self::to_pkcs8_der) writes it.
    ///
    /// # Errors
    ///
    /// - [`Error::KeyMalformed`] when the octets are no `PrivateKeyInfo` (RFC
    ///   5958), or the numbers in it contradict each other.
    /// - [`Error::KeyUnsupported`] for another algorithm or curve.
    /// - [`Error::RsaBits`] or [`Error::RsaBitsOdd`] for an RSA length that is not
    ///   made here.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| Error::KeyMalformed)?;
        let curve = info.algorithm.parameters_oid().ok();
        let malformed = |_: pkcs8::Error| Error::KeyMalformed;
        Self::new(match (info.algorithm.oid, curve) {
            (rfc5912::RSA_ENCRYPTION, _) => {
                Secret::Rsa(Box::new(info.try_into().map_err(malformed)?))
            }
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1)) => {
                Secret::EcP256(info.try_into().map_err(malformed)?)
            }
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1)) => {
                Secret::EcP384(info.try_into().map_err(malformed)?)
            }
            _ => return Err(Error::KeyUnsupported),
        })
    }

    /// The key as a `PrivateKeyInfo` of PKCS#8 (RFC 5958) in DER, which OpenSSL
    /// and rustls read. It is the whole secret, in a buffer that wipes itself.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "there is no key that cannot be encoded"
    )]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let document = match &self.secret {
            Secret::Rsa(key) => key.to_pkcs8_der(),
            Secret::EcP256(key) => key.to_pkcs8_der(),
            Secret::EcP384(key) => key.to_pkcs8_der(),
        };
        document
            .expect("a key that was generated or read can be encoded")
            .to_bytes()
    }

    /// What kind of key it is.
    #[must_use]
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        &self.public_key
    }

    fn new(secret: Secret) -> Result<Self, Error> {
        let (spec, public_key) = match &secret {
            Secret::Rsa(key) => {
                let bits = u16::try_from(key.n().bit_width()).unwrap_or(u16::MAX);
                let public_key = key.as_public_key().to_public_key_der();
                (KeySpec::Rsa(RsaBits::new(bits)?), public_key)
            }
            Secret::EcP256(key) => (KeySpec::EcP256, key.public_key().to_public_key_der()),
            Secret::EcP384(key) => (KeySpec::EcP384, key.public_key().to_public_key_der()),
        };
        let public_key = public_key.map_err(|_| Error::KeyMalformed)?;
        let public_key = public_key.decode_msg().map_err(Error::Encoding)?;
        Ok(Self {
            spec,
            public_key,
            secret,
        })
    }
}

impl Signer for PrivateKey {
    fn spec(&self) -> KeySpec {
        self.spec
    }

    fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        &self.public_key
    }

    /// The random octets blind the private operation of RSA, whose signature does not
    /// depend on them, and go into the nonce of ECDSA beside what RFC 6979 derives it from.
    fn sign(
        &self,
        digest: Digest,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        let hash = digest.hash(message);
        match &self.secret {
            Secret::Rsa(key) => {
                let signature = key.sign_with_rng(rng, padding(digest), &hash);
                signature.map_err(|_| Error::Signing)
            }
            Secret::EcP256(key) => {
                let signer = p256::ecdsa::SigningKey::from(key);
                let signature: Result<p256::ecdsa::DerSignature, _> =
                    signer.sign_prehash_with_rng(rng, &hash);
                Ok(signature.map_err(|_| Error::Signing)?.as_bytes().to_vec())
            }
            Secret::EcP384(key) => {
                let signer = p384::ecdsa::SigningKey::from(key);
                let signature: Result<p384::ecdsa::DerSignature, _> =
                    signer.sign_prehash_with_rng(rng, &hash);
                Ok(signature.map_err(|_| Error::Signing)?.as_bytes().to_vec())
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, [secret elided])", self.spec)
    }
}

/// The numbers themselves, in types that wipe them when dropped.
enum Secret {
    Rsa(Box<rsa::PrivateKey>),
    EcP256(p256::SecretKey),
    EcP384(p384::SecretKey),
}

/// Tells that nothing is done yet, which is the first moment to cancel.
fn begin(progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<(), Error> {
    let nothing = Progress {
        fraction: 0.0,
        candidates: 0,
    };
    match progress(nothing) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}

/// RSASSA-PKCS1-v1_5 of RFC 8017 section 8.2.
fn padding(digest: Digest) -> Pkcs1v15Sign {
    match digest {
        Digest::Md5 => Pkcs1v15Sign::new::<Md5>(),
        Digest::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
        Digest::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        Digest::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        Digest::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    }
}
