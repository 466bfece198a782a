//! Which numbers of an interval have no small factor.
//!
//! A test for primality costs some hundred thousand multiplications, so a number is first
//! asked for its small factors. An interval is asked as a whole: the remainder of its
//! first number by a small prime tells at once which of all its numbers that prime divides.
//!
//! Time and memory accesses depend on the interval, which is secret as long as a prime
//! in it is: see [`rsa_generate`](crate::rsa_generate).

use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::words::{Word, bits_of, multiply_add, negated_inverse};

/// The odd primes up to a limit, in groups whose products fit into a word, so that a
/// long number is divided by a group at a time.
pub(crate) struct SmallPrimes<const N: usize> {
    groups: Vec<Group>,
    primes: Vec<u32>,
}

struct Group {
    product: Word,
    /// `−product⁻¹ mod 2^WORD_BITS`
    negated_inverse: Word,
    /// `2^(N · WORD_BITS − 1)`, in Montgomery form: it undoes the division by
    /// `2^(N · WORD_BITS)`, and halves.
    half: Word,
    /// How many of the primes it is the product of.
    count: usize,
}

impl<const N: usize> SmallPrimes<N> {
    /// Those above 2 and below the limit, which is 2^24 at most.
    pub(crate) fn below(limit: u32) -> Self {
        let primes = odd_primes_below(limit);
        let mut groups = Vec::new();
        let mut rest = primes.as_slice();
        while !rest.is_empty() {
            let group = Group::first_of(rest, bits_of::<N>() - 1);
            rest = &rest[group.count..];
            groups.push(group);
        }
        Self { groups, primes }
    }

    /// Marks which of the numbers `start`, `start + 2`, `start + 4`, … are not
    /// divisible by any of the primes, for an odd `start` above all of them.
    pub(crate) fn sieve(&self, start: &[Word; N], length: usize) -> Zeroizing<Vec<bool>> {
        let mut coprime = Zeroizing::new(vec![true; length]);
        let mut rest = self.primes.as_slice();
        for group in &self.groups {
            let half_start = group.half_of(start);
            let (primes, others) = rest.split_at(group.count);
            rest = others;
            for prime in primes {
                // start + 2i is divisible where i = −start / 2 modulo the prime.
                let remainder = remainder(half_start, *prime);
                let first = if remainder == 0 { 0 } else { prime - remainder };
                let first = usize::try_from(first).expect("a prime is below 2^24");
                let step = usize::try_from(*prime).expect("a prime is below 2^24");
                for multiple in coprime.iter_mut().skip(first).step_by(step) {
                    *multiple = false;
                }
            }
        }
        coprime
    }
}

impl Group {
    /// As many of the primes, at least one, as have a product below half of what a word
    /// holds, so that twice the product fits too.
    fn first_of(primes: &[u32], exponent: u32) -> Self {
        let mut product: Word = 1;
        let mut count = 0;
        for prime in primes {
            match product.checked_mul((*prime).into()) {
                Some(larger) if larger <= Word::MAX / 2 => product = larger,
                _ => break,
            }
            count += 1;
        }
        let mut group = Self {
            product,
            negated_inverse: negated_inverse(product),
            half: 0,
            count,
        };
        // 1 in Montgomery form, squared for each bit of the exponent, and doubled for
        // each that is 1.
        let mut power = product.wrapping_neg() % product;
        for bit in (0..u32::BITS - exponent.leading_zeros()).rev() {
            power = group.multiply(power, power);
            if exponent >> bit & 1 == 1 {
                power = group.reduce_once(2 * power);
            }
        }
        group.half = power;
        group
    }

    /// Half of the number, modulo the product.
    fn half_of<const N: usize>(&self, number: &[Word; N]) -> Word {
        // With each word, from the lowest, what there is so far is divided by
        // 2^WORD_BITS; it never gets above the product.
        let mut divided: Word = 0;
        for digit in number {
            let factor = divided
                .wrapping_add(*digit)
                .wrapping_mul(self.negated_inverse);
            (_, divided) = multiply_add(factor, self.product, divided, *digit);
        }
        self.multiply(divided, self.half)
    }

    /// `a · b · 2^−WORD_BITS` modulo the product, which neither of them is above.
    fn multiply(&self, a: Word, b: Word) -> Word {
        let (low, high) = multiply_add(a, b, 0, 0);
        let factor = low.wrapping_mul(self.negated_inverse);
        let (_, carry) = multiply_add(factor, self.product, low, 0);
        self.reduce_once(high + carry)
    }

    fn reduce_once(&self, a: Word) -> Word {
        if a >= self.product {
            a - self.product
        } else {
            a
        }
    }
}

/// The odd primes below a limit, by the sieve of Eratosthenes.
fn odd_primes_below(limit: u32) -> Vec<u32> {
    let mut primes = Vec::new();
    let mut composite = vec![false; usize::try_from(limit / 2).expect("a limit is below 2^24")];
    for index in 1..composite.len() {
        if composite[index] {
            continue;
        }
        let prime = 2 * index + 1;
        for multiple in composite.iter_mut().skip(prime * prime / 2).step_by(prime) {
            *multiple = true;
        }
        primes.push(u32::try_from(prime).expect("a prime is below 2^24"));
    }
    primes
}

#[expect(clippy::as_conversions, reason = "a remainder by 32 bits has no more")]
fn remainder(number: Word, prime: u32) -> u32 {
    (number % Word::from(prime)) as u32
}

#[cfg(test)]
mod tests {
    use crypto_bigint::{BoxedUint, NonZero, Resize as _};
    use rand_core::Rng as _;

    use super::*;
    use crate::tests::rng;
    use crate::words::WORD_BITS;

    #[test]
    fn the_small_primes_are_those_that_are_known() {
        assert_eq!(
            odd_primes_below(60),
            [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59]
        );
        // π(10^6) = 78498, and 2 is not odd.
        let primes = odd_primes_below(1_000_000);
        assert_eq!((primes.len(), primes.last()), (78_497, Some(&999_983)));
    }

    #[test]
    fn the_groups_take_every_prime_once_and_none_twice() {
        for limit in [4, 100, 1 << 12, 1 << 20] {
            let small = SmallPrimes::<4>::below(limit);
            let mut rest = small.primes.as_slice();
            for group in &small.groups {
                let (primes, others) = rest.split_at(group.count);
                let product = primes.iter().map(|prime| Word::from(*prime)).product();
                assert_eq!(group.product, product);
                rest = others;
            }
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn what_is_left_has_no_small_factor_and_what_is_gone_has_one() {
        let small = SmallPrimes::<5>::below(2000);
        let mut rng = rng(3);
        for round in 0..4 {
            let mut start: [Word; 5] = [Word::MAX; 5];
            if round > 0 {
                for digit in &mut start {
                    let mut octets = [0; size_of::<Word>()];
                    rng.fill_bytes(&mut octets);
                    *digit = Word::from_le_bytes(octets) >> (round - 1);
                }
            }
            start[0] |= 1;
            let coprime = small.sieve(&start, 700);
            let octets: Vec<u8> = start.iter().flat_map(|word| word.to_le_bytes()).collect();
            // One word more, for what is beyond the last number of this width.
            let number = BoxedUint::from_le_slice(&octets, 5 * WORD_BITS).unwrap();
            let mut number = number.resize(6 * WORD_BITS);
            for (index, coprime) in coprime.iter().enumerate() {
                let divisible = small.primes.iter().any(|prime| {
                    let prime = NonZero::new(BoxedUint::from(*prime)).unwrap();
                    bool::from(number.rem(&prime).is_zero())
                });
                assert_eq!(*coprime, !divisible, "{round}: {index}");
                number = number.wrapping_add(BoxedUint::from(2_u8));
            }
        }
    }
}
