//! Whoever signs.

use alloc::vec::Vec;

use der::asn1::BitString;
use rand_core::CryptoRng;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{Digest, Error, KeySpec};

/// Something that signs with a private key: a [`PrivateKey`](crate::PrivateKey) itself, or
/// whoever keeps one, such as a secure element, or a provider of TLS that signs faster.
///
/// Its signature is taken as it is: whoever gets the request or the certificate finds out
/// whether it is right.
pub trait Signer {
    /// The kind of the key.
    fn spec(&self) -> KeySpec;

    /// The public key, which is named in what is signed.
    fn public_key(&self) -> &SubjectPublicKeyInfoOwned;

    /// Signs a message with a digest that fits the key: PKCS#1 v1.5 for RSA (RFC 8017 section
    /// 8.2.1), or ECDSA, whose signature is the DER of an `Ecdsa-Sig-Value` (RFC 3279 section
    /// 2.2.3).
    ///
    /// `rng` is for blinding and nonces, for a signer that has no generator of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Signing`] when it cannot sign so.
    fn sign(
        &self,
        digest: Digest,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, Error>;
}

/// The algorithm and the signature, as they stand behind what is signed.
pub(crate) fn signed<S: Signer + ?Sized, R: CryptoRng + ?Sized>(
    signer: &S,
    digest: Digest,
    message: &[u8],
    mut rng: &mut R,
) -> Result<(AlgorithmIdentifierOwned, BitString), Error> {
    let algorithm = digest.signature_algorithm(signer.spec())?;
    let signature = signer.sign(digest, message, &mut rng)?;
    let signature = BitString::from_bytes(&signature).map_err(Error::Encoding)?;
    Ok((algorithm, signature))
}
