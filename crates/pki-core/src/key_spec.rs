//! The kinds of key that are made.

use core::fmt;
use core::str::FromStr;

use crate::{Error, Typed};

/// The length of an RSA modulus: an even number of bits from 512 to 4096.
///
/// Odd lengths are refused because FIPS 186-5 (A.1.1) makes the modulus from
/// two primes of equal length, and two primes of `k` bits, both at least
/// √2 · 2^(k−1), have a product of exactly 2k bits.
///
/// Below 2048 bits a key is for old clients only; it is not for this crate to
/// say so.
///
/// ```
/// use pki_core::RsaBits;
///
/// assert_eq!(RsaBits::new(2048)?.bits(), 2048);
/// assert_eq!(
///     RsaBits::new(1023).unwrap_err().to_string(),
///     "An RSA key of 1023 bits cannot be made: FIPS 186-5 makes the key from two primes of \
///      equal length, so its length is even. Choose 1022 or 1024.",
/// );
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RsaBits(u16);

impl RsaBits {
    /// The shortest, 512 bits.
    pub const MIN: Self = Self(512);
    /// The longest, 4096 bits.
    pub const MAX: Self = Self(4096);

    /// A length in bits.
    ///
    /// # Errors
    ///
    /// - [`Error::RsaBits`] below 512 or above 4096.
    /// - [`Error::RsaBitsOdd`] for an odd number between them.
    pub const fn new(bits: u16) -> Result<Self, Error> {
        if bits < Self::MIN.0 || bits > Self::MAX.0 {
            Err(Error::RsaBits { bits })
        } else if !bits.is_multiple_of(2) {
            Err(Error::RsaBitsOdd { bits })
        } else {
            Ok(Self(bits))
        }
    }

    /// The length in bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The length of the modulus, and so of a signature, in octets.
    pub(crate) fn octets(self) -> u16 {
        self.0.div_ceil(8)
    }

    /// The shortest length whose modulus takes this many octets.
    pub(crate) fn of_octets(octets: u16) -> Self {
        Self((octets * 8 - 6).clamp(Self::MIN.0, Self::MAX.0))
    }
}

impl Default for RsaBits {
    /// 2048 bits.
    fn default() -> Self {
        Self(2048)
    }
}

impl fmt::Display for RsaBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A kind of key. The default is RSA with 2048 bits, which every client takes.
///
/// It is written and read as "RSA 2048", "EC P-256" or "EC P-384".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySpec {
    /// RSA with a modulus of this length and the public exponent 65537.
    Rsa(RsaBits),
    /// Elliptic curve P-256 of FIPS 186-5 and SP 800-186 (`secp256r1`).
    EcP256,
    /// Elliptic curve P-384 of FIPS 186-5 and SP 800-186 (`secp384r1`).
    EcP384,
}

impl Default for KeySpec {
    fn default() -> Self {
        Self::Rsa(RsaBits::default())
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::EcP256 => f.write_str("EC P-256"),
            Self::EcP384 => f.write_str("EC P-384"),
        }
    }
}

impl FromStr for KeySpec {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(typed: &str) -> Result<Self, Error> {
        match typed {
            "EC P-256" => Ok(Self::EcP256),
            "EC P-384" => Ok(Self::EcP384),
            _ => match typed.strip_prefix("RSA ").map(str::parse) {
                Some(Ok(bits)) => RsaBits::new(bits).map(Self::Rsa),
                _ => Err(Error::KeySpecUnknown {
                    typed: Typed::new(typed),
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_even_length_from_512_to_4096_is_taken_and_nothing_else() {
        for bits in 0..=u16::MAX {
            let taken = (512..=4096).contains(&bits) && bits % 2 == 0;
            assert_eq!(RsaBits::new(bits).is_ok(), taken, "{bits}");
        }
    }

    #[test]
    fn the_shortest_length_of_a_number_of_octets_has_that_many() {
        for octets in 64..=512 {
            let bits = RsaBits::of_octets(octets);
            assert_eq!(bits.octets(), octets);
            if bits > RsaBits::MIN {
                assert_eq!(RsaBits(bits.0 - 2).octets(), octets - 1);
            }
        }
    }

    #[test]
    fn a_kind_of_key_is_read_as_it_is_written() {
        let specs = [
            KeySpec::default(),
            KeySpec::Rsa(RsaBits::MIN),
            KeySpec::EcP256,
            KeySpec::EcP384,
        ];
        for spec in specs {
            assert_eq!(spec.to_string().parse(), Ok(spec));
        }
        for typed in [
            "",
            "RSA",
            "RSA 2048 ",
            "RSA two",
            "rsa 2048",
            "EC P-521",
            "RSA 99999",
        ] {
            assert!(
                matches!(typed.parse::<KeySpec>(), Err(Error::KeySpecUnknown { .. })),
                "{typed}"
            );
        }
        assert_eq!(
            "RSA 511".parse::<KeySpec>(),
            Err(Error::RsaBits { bits: 511 })
        );
    }
}
