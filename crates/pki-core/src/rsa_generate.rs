//! The making of an RSA key.
//!
//! Everything about how the primes are found is in this file; what comes in is
//! a length, randomness and a listener, and what goes out is a key.

use core::num::NonZeroU32;
use core::ops::ControlFlow;

use crypto_bigint::{BoxedUint, Limb, NonZero};
use crypto_primes::Flavor;
use crypto_primes::fips::{self, FipsOptions};
use crypto_primes::hazmat::{SetBits, random_odd_integer};
use rand_core::CryptoRng;
use rsa::traits::PrivateKeyParts;
use zeroize::Zeroizing;

use crate::{Error, Progress, RsaBits};

/// Makes an RSA key whose modulus has exactly this length, with the public
/// exponent 65537, as FIPS 186-5 A.1.3 makes one from two probable primes:
///
/// - `p` and `q` are odd, of half the length, and above √2 · 2^(k−1);
/// - `p − 1` and `q − 1` have no factor in common with 65537;
/// - `p` and `q` are more than 2^(k−100) apart;
/// - `d`, the inverse of 65537 modulo lcm(p − 1, q − 1), is above 2^k.
///
/// Each candidate is drawn afresh, so those that were rejected say nothing about
/// the primes that were found.
pub(crate) fn generate<R: CryptoRng + ?Sized>(
    bits: RsaBits,
    rng: &mut R,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<rsa::PrivateKey, Error> {
    let mut search = Search::new(bits, progress);
    loop {
        let first = search.prime(rng, Half::First)?;
        let second = loop {
            let second = search.prime(rng, Half::Second)?;
            if search.are_far_apart(&first, &second) {
                break second;
            }
        };
        // Some readers of PKCS#1 expect the larger prime first.
        let (p, q) = if *first > *second {
            (first, second)
        } else {
            (second, first)
        };
        let key = rsa::PrivateKey::from_p_q((*p).clone(), (*q).clone(), PUBLIC_EXPONENT.into());
        // It refuses what is no pair of primes, which these are not.
        let key = key.map_err(|_| Error::Randomness)?;
        if key.d().bit_width() > u32::from(search.prime_bits) {
            return Ok(key);
        }
    }
}

/// The public exponent. It is prime, so that "no factor in common" is "not a
/// multiple".
const PUBLIC_EXPONENT: u32 = 65_537;

/// The probability that a composite number passes the test is below 2^−128.
const COMPOSITE_ERROR_LOG2: u32 = 128;

/// Which of the two primes is looked for.
#[derive(Clone, Copy)]
enum Half {
    First,
    Second,
}

/// The search for the primes of one key.
struct Search<'a> {
    /// `k`, half the length of the modulus.
    prime_bits: u16,
    test: FipsOptions,
    /// Candidates tried so far, for both primes.
    candidates: u16,
    /// Candidates after which chance no longer explains that both primes were
    /// not found.
    candidates_max: u16,
    fraction: f32,
    progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl<'a> Search<'a> {
    fn new(bits: RsaBits, progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>) -> Self {
        let prime_bits = bits.bits() / 2;
        Self {
            prime_bits,
            test: primality_test(prime_bits),
            candidates: 0,
            // FIPS 186-5 A.1.3 allows 5 times the length for the first prime and
            // 10 times for the second; it takes a third of the length on average.
            candidates_max: bits.bits().saturating_mul(15),
            fraction: 0.0,
            progress,
        }
    }

    fn prime<R: CryptoRng + ?Sized>(
        &mut self,
        rng: &mut R,
        half: Half,
    ) -> Result<Zeroizing<BoxedUint>, Error> {
        let bits = NonZeroU32::new(self.prime_bits.into()).expect("a prime has 256 bits or more");
        let mut tried = 0;
        loop {
            // With its two highest bits set a prime is at least 3/2 · 2^(k−1), which
            // is above √2 · 2^(k−1), so the modulus has exactly 2k bits.
            let candidate = random_odd_integer::<BoxedUint, R>(rng, bits, SetBits::TwoMsb);
            let candidate = candidate.expect("a boxed integer is as long as it needs to be");
            let candidate = Zeroizing::new(candidate.get());
            let found = is_coprime_to_exponent(&candidate)
                && fips::is_prime(rng, Flavor::Any, &*candidate, self.test);
            tried += 1;
            self.report(tried, half)?;
            if found {
                return Ok(candidate);
            }
        }
    }

    fn report(&mut self, tried: u16, half: Half) -> Result<(), Error> {
        self.candidates += 1;
        if self.candidates > self.candidates_max {
            return Err(Error::Randomness);
        }
        // One in k · ln 2 numbers of k bits is prime, and only odd ones are tried.
        let expected = f32::from(self.prime_bits) * core::f32::consts::LN_2 / 2.0;
        let part = (f32::from(tried) / expected).min(1.0) / 2.0;
        let fraction = match half {
            Half::First => part,
            Half::Second => 0.5 + part,
        };
        self.fraction = self.fraction.max(fraction);
        match (self.progress)(Progress {
            fraction: self.fraction,
            candidates: self.candidates,
        }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Cancelled),
        }
    }

    /// More than 2^(k−100), and stricter than that by one bit.
    fn are_far_apart(&self, one: &BoxedUint, other: &BoxedUint) -> bool {
        let (larger, smaller) = if one > other {
            (one, other)
        } else {
            (other, one)
        };
        let distance = Zeroizing::new(larger.wrapping_sub(smaller));
        distance.bit_width() > u32::from(self.prime_bits) - 99
    }
}

/// Trial division, and then as many rounds of the Miller-Rabin test with random
/// bases (FIPS 186-5 B.3.1) as it takes to reach the probability.
fn primality_test(prime_bits: u16) -> FipsOptions {
    FipsOptions::with_error_bound(prime_bits.into(), COMPOSITE_ERROR_LOG2)
        .expect("27 rounds are enough for 256 bits, and fewer for more")
        .with_trial_division_test()
}

/// Whether `p − 1` and the public exponent have no factor in common.
fn is_coprime_to_exponent(p: &BoxedUint) -> bool {
    let exponent = NonZero::new(Limb::from(PUBLIC_EXPONENT)).expect("65537 is not zero");
    p.rem_limb(exponent) != Limb::ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_primality_test_from_the_shortest_to_the_longest() {
        for bits in (RsaBits::MIN.bits()..=RsaBits::MAX.bits()).step_by(128) {
            let _ = primality_test(bits / 2);
        }
    }

    #[test]
    fn primes_that_are_close_are_not_taken() {
        let mut go_on = |_| ControlFlow::Continue(());
        let search = Search::new(RsaBits::MIN, &mut go_on);
        let one = BoxedUint::one_with_precision(256);
        let p = one.shl_vartime(255).unwrap();
        for (distance_bits, far) in [(1, false), (156, false), (157, true), (200, true)] {
            let q = p.wrapping_add(one.shl_vartime(distance_bits).unwrap());
            assert_eq!(search.are_far_apart(&p, &q), far, "{distance_bits}");
            assert_eq!(search.are_far_apart(&q, &p), far, "{distance_bits}");
        }
        assert!(!search.are_far_apart(&p, &p));
    }

    #[test]
    fn a_prime_that_shares_a_factor_with_the_exponent_is_not_taken() {
        for (p, taken) in [
            (65_537_u64 * 6 + 1, false),
            (65_537 + 1, false),
            (65_537, true),
            (7, true),
        ] {
            assert_eq!(is_coprime_to_exponent(&BoxedUint::from(p)), taken, "{p}");
        }
    }
}
