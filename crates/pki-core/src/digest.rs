//! Digests, and the signature algorithms they make with a key.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;
use der::asn1::Any;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;

use crate::{Error, KeySpec, RsaBits, Typed};

/// The digest of a signature. The default is SHA-256.
///
/// It is written as "SHA-256"; small letters and a missing hyphen are read too.
///
/// ```
/// use pki_core::{Digest, KeySpec, RsaBits};
///
/// let digest: Digest = "sha512".parse()?;
/// assert_eq!(digest.to_string(), "SHA-512");
/// assert_eq!(
///     digest.check_fits(KeySpec::Rsa(RsaBits::MIN)).unwrap_err().to_string(),
///     "A signature with SHA-512 needs an RSA key of at least 746 bits; this one has 512. \
///      Choose a longer key, or SHA-256.",
/// );
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// MD5 of RFC 1321: can be forged, for clients that know nothing better.
    Md5,
    /// SHA-1 of FIPS 180-4: can be forged, for clients that know nothing better.
    Sha1,
    /// SHA-256 of FIPS 180-4.
    #[default]
    Sha256,
    /// SHA-384 of FIPS 180-4.
    Sha384,
    /// SHA-512 of FIPS 180-4.
    Sha512,
}

impl Digest {
    /// Every digest, in the order in which a form offers them: the recommended
    /// ones first.
    pub const ALL: [Self; 5] = [
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha1,
        Self::Md5,
    ];

    /// Whether signatures with it can be forged, so that clients refuse it.
    #[must_use]
    pub fn is_legacy(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    /// Checks that a key of this kind can sign with it.
    ///
    /// # Errors
    ///
    /// - [`Error::DigestForKey`] for MD5 with an EC key.
    /// - [`Error::DigestTooLong`] for SHA-384 with fewer than 618 RSA bits, and
    ///   for SHA-512 with fewer than 746.
    pub fn check_fits(self, key: KeySpec) -> Result<(), Error> {
        match key {
            KeySpec::Rsa(bits) if bits.octets() < self.emsa_octets_min() => {
                let smallest = RsaBits::of_octets(self.emsa_octets_min());
                Err(Error::DigestTooLong {
                    digest: self,
                    key: bits,
                    smallest,
                })
            }
            KeySpec::EcP256 | KeySpec::EcP384 if self == Self::Md5 => {
                Err(Error::DigestForKey { digest: self, key })
            }
            _ => Ok(()),
        }
    }

    /// The algorithm of a signature by a key of this kind.
    ///
    /// The parameters are NULL for RSA (RFC 4055 section 5) and absent for ECDSA
    /// (RFC 5758 section 3.2).
    ///
    /// # Errors
    ///
    /// Those of [`check_fits`](Self::check_fits).
    pub(crate) fn signature_algorithm(
        self,
        key: KeySpec,
    ) -> Result<AlgorithmIdentifierOwned, Error> {
        self.check_fits(key)?;
        let (oid, parameters) = match key {
            KeySpec::Rsa(_) => (self.rsa_oid(), Some(Any::null())),
            KeySpec::EcP256 | KeySpec::EcP384 => {
                let oid = self
                    .ecdsa_oid()
                    .ok_or(Error::DigestForKey { digest: self, key })?;
                (oid, None)
            }
        };
        Ok(AlgorithmIdentifierOwned { oid, parameters })
    }

    pub(crate) fn hash(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(message).to_vec(),
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn rsa_oid(self) -> ObjectIdentifier {
        match self {
            Self::Md5 => rfc5912::MD_5_WITH_RSA_ENCRYPTION,
            Self::Sha1 => rfc5912::SHA_1_WITH_RSA_ENCRYPTION,
            Self::Sha256 => rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            Self::Sha384 => rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
            Self::Sha512 => rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
        }
    }

    fn ecdsa_oid(self) -> Option<ObjectIdentifier> {
        match self {
            Self::Md5 => None,
            Self::Sha1 => Some(ECDSA_WITH_SHA_1),
            Self::Sha256 => Some(rfc5912::ECDSA_WITH_SHA_256),
            Self::Sha384 => Some(rfc5912::ECDSA_WITH_SHA_384),
            Self::Sha512 => Some(rfc5912::ECDSA_WITH_SHA_512),
        }
    }

    /// The least length of a modulus for EMSA-PKCS1-v1_5 (RFC 8017 section 9.2):
    /// the `DigestInfo` and eleven octets around it.
    fn emsa_octets_min(self) -> u16 {
        let digest_info = match self {
            Self::Md5 => 18 + 16,
            Self::Sha1 => 15 + 20,
            Self::Sha256 => 19 + 32,
            Self::Sha384 => 19 + 48,
            Self::Sha512 => 19 + 64,
        };
        digest_info + 11
    }
}

/// `ecdsa-with-SHA1` of RFC 3279 section 2.2.3, which the tables of `const-oid`
/// leave out.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Reads a name as [`Display`](fmt::Display) writes it, or in small letters,
    /// or without the hyphen.
    fn from_str(typed: &str) -> Result<Self, Error> {
        match typed.trim().to_ascii_uppercase().as_str() {
            "MD5" => Ok(Self::Md5),
            "SHA-1" | "SHA1" => Ok(Self::Sha1),
            "SHA-256" | "SHA256" => Ok(Self::Sha256),
            "SHA-384" | "SHA384" => Ok(Self::Sha384),
            "SHA-512" | "SHA512" => Ok(Self::Sha512),
            _ => Err(Error::DigestUnknown {
                typed: Typed::new(typed),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        for digest in Digest::ALL {
            let name = digest.to_string();
            assert_eq!(name.parse(), Ok(digest));
            assert_eq!(name.to_lowercase().replace('-', "").parse(), Ok(digest));
        }
        for typed in ["", "SHA", "SHA-224", "SHA3-256", "MD-5"] {
            assert!(
                matches!(typed.parse::<Digest>(), Err(Error::DigestUnknown { .. })),
                "{typed}"
            );
        }
    }

    #[test]
    fn the_smallest_key_of_a_digest_is_found() {
        let cases = [
            (Digest::Md5, 512),
            (Digest::Sha1, 512),
            (Digest::Sha256, 512),
            (Digest::Sha384, 618),
            (Digest::Sha512, 746),
        ];
        for (digest, smallest) in cases {
            for bits in (512..=4096).step_by(2) {
                let key = RsaBits::new(bits).unwrap();
                let fits = digest.check_fits(KeySpec::Rsa(key));
                let smallest = RsaBits::new(smallest).unwrap();
                if key < smallest {
                    assert_eq!(
                        fits,
                        Err(Error::DigestTooLong {
                            digest,
                            key,
                            smallest
                        })
                    );
                } else {
                    assert_eq!(fits, Ok(()), "{digest} {bits}");
                }
            }
        }
    }

    #[test]
    fn md5_does_not_fit_an_ec_key() {
        for key in [KeySpec::EcP256, KeySpec::EcP384] {
            for digest in Digest::ALL {
                assert_eq!(digest.check_fits(key).is_ok(), digest != Digest::Md5);
            }
        }
    }
}
