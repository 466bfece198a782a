//! The making of an RSA key.
//!
//! What comes in is a length, randomness and a listener; what goes out is a key, as
//! FIPS 186-5 A.1.3 makes one from two probable primes:
//!
//! - `p` and `q` are odd, of half the length, and above √2 · 2^(k−1);
//! - `p − 1` and `q − 1` have no factor in common with 65537;
//! - `p` and `q` are more than 2^(k−100) apart;
//! - `d`, the inverse of 65537 modulo lcm(p − 1, q − 1), is above 2^k.
//!
//! In one thing it goes another way: A.1.3 draws each candidate afresh. Here the start of
//! an interval is drawn, and its first number that passes is taken, which finds a prime
//! with far fewer divisions and tests. Primes after a long gap are a little more likely
//! than others; Brandt and Damgård ("On generation of probable primes by incremental
//! search", 1992) show that this costs next to nothing of their entropy, and
//! [`primality`](crate::primality) what it costs in certainty.
//!
//! [`search`] says what there is to do, [`race`] has all cores do it.
//!
//! # What shows in its time
//!
//! How many candidates were rejected, and which small primes divide them: as they are not
//! independent of the prime that follows them, this says a little about it, but not what
//! would help to find it. Whoever watches the memory accesses of the sieve from within the
//! unit learns the remainders of the interval's start by small primes, and could find the
//! prime; there, the key could be read as well.

use core::ops::ControlFlow;

use crypto_bigint::BoxedUint;
use rand_core::CryptoRng;
use rsa::traits::PrivateKeyParts;
use zeroize::Zeroizing;

use crate::words::{Word, bits_of, words_in};
use crate::{Error, Progress, RsaBits};

#[cfg(feature = "std")]
mod race;
mod search;

use search::Search;

/// The public exponent. It is prime, so that "no factor in common" is "not a
/// multiple".
const PUBLIC_EXPONENT: u32 = 65_537;

type OnProgress<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Calls a function with the smallest of the widths, in words, that this many bits fit
/// into. Each width is compiled for itself, and each costs some kilobytes.
macro_rules! at_width {
    ($bits:expr, $function:ident($($argument:expr),*)) => {
        match $bits {
            ..=256 => $function::<{ words_in(256) }>($($argument),*),
            ..=512 => $function::<{ words_in(512) }>($($argument),*),
            ..=1024 => $function::<{ words_in(1024) }>($($argument),*),
            ..=1536 => $function::<{ words_in(1536) }>($($argument),*),
            _ => $function::<{ words_in(2048) }>($($argument),*),
        }
    };
}

/// Makes an RSA key whose modulus has exactly this length, with the public
/// exponent 65537, on this thread.
///
/// The generator is called through a table, which costs nothing beside the arithmetic, so
/// that this is compiled once, here, with this crate's optimisation, and not for each kind
/// of generator in the crate that brings it.
pub(crate) fn generate(
    bits: RsaBits,
    rng: &mut dyn CryptoRng,
    progress: OnProgress<'_>,
) -> Result<rsa::PrivateKey, Error> {
    at_width!(bits.bits() / 2, generate_here(bits, rng, progress))
}

/// The same on as many threads as there are cores.
#[cfg(feature = "std")]
pub(crate) fn generate_on_all_cores(
    bits: RsaBits,
    rng: &mut (dyn CryptoRng + Send),
    progress: OnProgress<'_>,
) -> Result<rsa::PrivateKey, Error> {
    at_width!(bits.bits() / 2, generate_in_race(bits, rng, progress))
}

fn generate_here<const N: usize>(
    bits: RsaBits,
    rng: &mut dyn CryptoRng,
    progress: OnProgress<'_>,
) -> Result<rsa::PrivateKey, Error> {
    let mut search = Search::<N>::new(bits);
    loop {
        while !search.is_complete() {
            let task = search.next_task(rng)?;
            let task = task.expect("nothing is in the hands of others, so there is a task");
            let outcome = task.run();
            search.settle(outcome);
            if progress(search.progress()).is_break() {
                return Err(Error::Cancelled);
            }
        }
        if let Some(key) = key_of(bits, search.primes())? {
            return Ok(key);
        }
    }
}

#[cfg(feature = "std")]
fn generate_in_race<const N: usize>(
    bits: RsaBits,
    rng: &mut (dyn CryptoRng + Send),
    progress: OnProgress<'_>,
) -> Result<rsa::PrivateKey, Error> {
    let mut search = Search::<N>::new(bits);
    loop {
        race::run(&mut search, rng, progress)?;
        if let Some(key) = key_of(bits, search.primes())? {
            return Ok(key);
        }
    }
}

/// The key of two primes; none where its private exponent is too small, which next to
/// never happens.
fn key_of<const N: usize>(
    bits: RsaBits,
    [one, other]: [Zeroizing<[Word; N]>; 2],
) -> Result<Option<rsa::PrivateKey>, Error> {
    let (one, other) = (boxed(&one), boxed(&other));
    // Some readers of PKCS#1 expect the larger prime first.
    let (p, q) = if one > other {
        (one, other)
    } else {
        (other, one)
    };
    // It refuses what is no pair of primes, which these are not.
    let key = rsa::PrivateKey::from_p_q(p, q, PUBLIC_EXPONENT.into());
    let key = key.map_err(|_| Error::Randomness)?;
    let large_enough = key.d().bit_width() > u32::from(bits.bits() / 2);
    Ok(large_enough.then_some(key))
}

fn boxed<const N: usize>(number: &[Word; N]) -> BoxedUint {
    let mut octets = Zeroizing::new(alloc::vec::Vec::with_capacity(size_of_val(number)));
    for word in number {
        octets.extend_from_slice(&word.to_le_bytes());
    }
    BoxedUint::from_le_slice(&octets, bits_of::<N>()).expect("it is as long as it says")
}
