//! Whether a number is prime: the test of Miller and Rabin (FIPS 186-5 B.3.1).
//!
//! # How sure it is
//!
//! A prime passes every round. A composite number passes one with a base that was drawn
//! at random with a probability of at most 1/4 (Rabin, "Probabilistic algorithm for
//! testing primality", 1980), and all but very few of them with a far smaller one. For
//! a number that was itself drawn at random, Damgård, Landrock and Pomerance ("Average
//! case error estimates for the strong probable prime test", Math. Comp. 61, 1993) bound
//! the probability `p(k, t)` that what is odd, has `k` bits and passed `t` rounds is
//! composite; FIPS 186-5 computes its table B.1 with that bound, in its appendix C.1.
//!
//! Here the numbers are not drawn one by one. They are those of an interval whose start
//! is drawn, until one passes, so:
//!
//! - An interval has at most 8 times as many odd numbers as there are between two primes
//!   on average. Each of them is, by itself, as likely to be any number as if it had been
//!   drawn; so the probability that one of them is composite and passes is at most the
//!   sum over them, 8 · p(k, t).
//! - The start has its two highest bits set, which half of the numbers of k bits have: at
//!   most a factor of 2.
//! - An interval without a prime, one in 3000, is followed by another: less than 1.001.
//!
//! So [`rounds`] holds p(k, t) at or below 2^−132, and the probability that what is
//! taken for a prime is none below 2^−128, at every length. Rounds are never fewer than
//! those of table B.1 for RSA, which asks for no Lucas test beside them. What comes
//! before them – no small factor, a round with base 2 – rejects further numbers, and is
//! not counted.
//!
//! # What shows in its time
//!
//! How often 2 divides `n − 1`, and after how many squarings a base gets to −1: for a
//! prime a bit or two, which is known to any guesser. The powers themselves take the
//! same time for each number of the same length.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::Error;
use crate::montgomery::Montgomery;
use crate::words::{WORD_BITS, Word, bit_width, subtract};

/// An odd number above 2 that is asked.
pub(crate) struct Candidate<const N: usize> {
    field: Montgomery<N>,
    /// −1 in Montgomery form.
    minus_one: Zeroizing<[Word; N]>,
    /// `n − 1` without its factors of 2,
    odd_part: Zeroizing<[Word; N]>,
    /// and how many there were.
    twos: u32,
}

impl<const N: usize> Candidate<N> {
    pub(crate) fn new(number: &[Word; N]) -> Self {
        let field = Montgomery::new(number);
        let mut minus_one = Zeroizing::new(*number);
        let mut borrow = 0;
        for (digit, one) in minus_one.iter_mut().zip(field.one()) {
            (*digit, borrow) = subtract(*digit, *one, borrow);
        }
        let mut odd_part = Zeroizing::new(*number);
        odd_part[0] -= 1;
        let mut twos = 0;
        while odd_part[0] & 1 == 0 {
            halve(&mut odd_part);
            twos += 1;
        }
        Self {
            field,
            minus_one,
            odd_part,
            twos,
        }
    }

    /// A round with base 2, which costs less than one with another base, and which next
    /// to no composite number passes.
    pub(crate) fn passes_base_2(&mut self) -> bool {
        let power = self.field.power_of_two(&self.odd_part);
        self.leads_to_minus_one(power)
    }

    /// A round with this base in Montgomery form, which is neither 0, 1 nor −1.
    pub(crate) fn passes(&mut self, base: &[Word; N]) -> bool {
        let power = self.field.power(base, &self.odd_part);
        self.leads_to_minus_one(power)
    }

    /// Whether the power of the odd part is 1, or a square after it is −1.
    fn leads_to_minus_one(&mut self, mut power: Zeroizing<[Word; N]>) -> bool {
        for squarings in 0..self.twos {
            let reduced = self.field.reduced(&power);
            if *reduced == *self.minus_one {
                return true;
            }
            if *reduced == *self.field.one() {
                return squarings == 0;
            }
            self.field.square(&mut power);
        }
        false
    }

    /// A base for a round, each with the same probability.
    ///
    /// In Montgomery form each number stands for one other, so what is drawn is taken
    /// for that form.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`] when the generator gives nothing that can be used.
    pub(crate) fn random_base(
        &self,
        rng: &mut dyn CryptoRng,
    ) -> Result<Zeroizing<[Word; N]>, Error> {
        let bits = bit_width(self.field.modulus());
        // More than half of what is drawn is below the number.
        for _ in 0..256 {
            let base = random(rng, bits);
            let trivial = [&[0; N], self.field.one(), &*self.minus_one];
            if is_below(&base, self.field.modulus()) && !trivial.contains(&&*base) {
                return Ok(base);
            }
        }
        Err(Error::Randomness)
    }
}

/// A number of at most this many bits, each with the same probability.
pub(crate) fn random<const N: usize>(rng: &mut dyn CryptoRng, bits: u32) -> Zeroizing<[Word; N]> {
    let mut number = Zeroizing::new([0; N]);
    let mut left = bits;
    for digit in number.iter_mut() {
        let here = left.min(WORD_BITS);
        left -= here;
        if here > 0 {
            let mut octets = Zeroizing::new([0; size_of::<Word>()]);
            rng.fill_bytes(&mut *octets);
            *digit = Word::from_le_bytes(*octets) >> (WORD_BITS - here);
        }
    }
    number
}

fn is_below<const N: usize>(a: &[Word; N], b: &[Word; N]) -> bool {
    let mut borrow = 0;
    for (a, b) in a.iter().zip(b) {
        (_, borrow) = subtract(*a, *b, borrow);
    }
    borrow == 1
}

fn halve<const N: usize>(a: &mut [Word; N]) {
    let mut carry = 0;
    for digit in a.iter_mut().rev() {
        let out = *digit << (WORD_BITS - 1);
        *digit = *digit >> 1 | carry;
        carry = out;
    }
}

/// Rounds with random bases for a number that was found in a random interval.
pub(crate) fn rounds(bits: u32) -> u8 {
    let row = ROUNDS.iter().rev().find(|(from, _)| *from <= bits);
    row.map_or(WORST_CASE_ROUNDS, |(_, rounds)| *rounds)
}

/// For a number of which nothing is known, 4^−64 is 2^−128.
const WORST_CASE_ROUNDS: u8 = 64;

/// From how many bits on, how many rounds.
const ROUNDS: [(u32, u8); 26] = [
    (256, 29),
    (259, 28),
    (265, 27),
    (272, 26),
    (278, 25),
    (286, 24),
    (295, 23),
    (306, 22),
    (318, 21),
    (331, 20),
    (344, 19),
    (359, 18),
    (376, 17),
    (395, 16),
    (417, 15),
    (442, 14),
    (471, 13),
    (505, 12),
    (545, 11),
    (594, 10),
    (654, 9),
    (729, 8),
    (826, 7),
    (957, 6),
    (1141, 5),
    (1536, 4),
];

#[cfg(test)]
mod tests {
    extern crate std;

    use core::f64::consts::{LN_2, PI};

    use super::*;
    use crate::tests::rng;

    /// The logarithm to base 2 of the bound of FIPS 186-5 C.1, after Damgård, Landrock
    /// and Pomerance, at the best of the `M` that it may be taken with.
    fn bound_log2(bits: u32, rounds: u8) -> f64 {
        let (k, t) = (f64::from(bits), f64::from(rounds));
        let largest = (2.0 * (k - 1.0).sqrt() - 1.0).floor();
        let mut best = 0.0_f64;
        let mut sum = 0.0;
        let mut m = 3.0;
        while m <= largest {
            let mut j = 2.0;
            while j <= m {
                sum += (m - (m - 1.0) * t - j - (k - 1.0) / j).exp2();
                j += 1.0;
            }
            let whole = (-m * t).exp2() + 8.0 * (PI * PI - 6.0) / 3.0 * sum;
            best = best.min((2.00743 * LN_2 * k * whole).log2() - 2.0);
            m += 1.0;
        }
        best
    }

    #[test]
    fn the_rounds_are_as_many_as_the_bound_asks_for_and_no_more() {
        // Each row at its first length, with the length before it.
        for (first, rounds_from) in ROUNDS {
            assert!(bound_log2(first, rounds_from) <= -132.0, "{first}");
            // Up to 1535 bits, table B.1 asks for 5, which the bound does not.
            if rounds_from > 4 && first > 256 {
                assert!(bound_log2(first - 1, rounds_from) > -132.0, "{first}");
            }
            let before = if first == 256 { 64 } else { rounds_from + 1 };
            assert_eq!([first, first - 1].map(rounds), [rounds_from, before]);
        }
        // The rows of FIPS 186-5 table B.1 for moduli of 2048, 3072 and 4096 bits: 5 rounds
        // bring a prime below 2^−112, 4 below 2^−128, and 4 below 2^−144.
        for (bits, rounds_min, log2) in [(1024, 5, -112.0), (1536, 4, -128.0), (2048, 4, -144.0)] {
            assert!(bound_log2(bits, rounds_min) <= log2, "{bits}");
            assert!(rounds(bits) >= rounds_min, "{bits}");
        }
        assert_eq!([0, 255].map(rounds), [64; 2]);
    }

    /// `a · b`, which has to fit.
    fn product(a: &[Word; WIDTH], b: &[Word; WIDTH]) -> [Word; WIDTH] {
        let mut out = [0; WIDTH];
        for (row, digit) in a.iter().enumerate() {
            let mut carry = 0;
            for (column, other) in b.iter().enumerate() {
                match out.get_mut(row + column) {
                    Some(sum) => {
                        (*sum, carry) = crate::words::multiply_add(*digit, *other, *sum, carry);
                    }
                    None => assert!(*digit == 0 || (*other == 0 && carry == 0)),
                }
            }
        }
        out
    }

    fn number(decimal: &str) -> [Word; WIDTH] {
        let mut number = [0; WIDTH];
        for figure in decimal.bytes() {
            let mut carry = Word::from(figure - b'0');
            for digit in &mut number {
                (*digit, carry) = crate::words::multiply_add(*digit, 10, carry, 0);
            }
            assert_eq!(carry, 0, "{decimal}");
        }
        number
    }

    /// Wide enough for the longest of the numbers below.
    const WIDTH: usize = crate::words::words_in(1536);

    /// What a search asks of a number, and how many of 40 rounds it passes.
    fn passes(number: &[Word; WIDTH]) -> (bool, u32) {
        let mut rng = rng(5);
        let mut candidate = Candidate::new(number);
        let mut passed = 0;
        for _ in 0..40 {
            let base = candidate.random_base(&mut rng).unwrap();
            passed += u32::from(candidate.passes(&base));
        }
        (candidate.passes_base_2(), passed)
    }

    #[test]
    fn primes_pass_every_round() {
        for prime in [
            // Small ones, of each remainder by 8, and with many factors of 2 in p − 1.
            "11",
            "13",
            "17",
            "23",
            "257",
            "65537",
            "2147483647",
            "18446744069414584321",
            // 2^127 − 1, 2^255 − 19, and the primes of P-256 and of P-384.
            "170141183460469231731687303715884105727",
            "57896044618658097711785492504343953926634992332820282019728792003956564819949",
            "115792089210356248762697446949407573530086143415290314195533631308867097853951",
            "39402006196394479212279040100143613805079739270465446667948293404245721771496870329047266088258938001861606973112319",
        ] {
            assert_eq!(passes(&number(prime)), (true, 40), "{prime}");
        }
    }

    #[test]
    fn carmichael_numbers_are_refused() {
        // Fermat's test takes each of them for a prime, with every base that has no factor
        // in common with it.
        for composite in [
            "561",
            "1105",
            "1729",
            "2465",
            "2821",
            "6601",
            "8911",
            "10585",
            "41041",
            "825265",
            "321197185",
            "5394826801",
            "232250619601",
            "9746347772161",
            "1436697831295441",
            "60977817398996785",
            "7156857700403137441",
            "1791562810662585767521",
        ] {
            let (_, rounds) = passes(&number(composite));
            assert!(rounds < 15, "{composite}: {rounds} of 40");
        }
        // Those of Chernick: (6k + 1)(12k + 1)(18k + 1), where all three are primes.
        for k in ["1", "6", "35", "45", "51", "55", "56"] {
            let k = number(k);
            let factor = |multiple| {
                let mut factor = product(&k, &number(multiple));
                factor[0] += 1;
                factor
            };
            let composite = product(&product(&factor("6"), &factor("12")), &factor("18"));
            let (_, rounds) = passes(&composite);
            assert!(rounds < 15, "{k:?}: {rounds} of 40");
        }
    }

    #[test]
    fn strong_pseudoprimes_to_the_first_bases_are_refused_by_random_ones() {
        // The smallest that pass with 2; 2 and 3; and so on, to the first 13 primes
        // (OEIS A014233).
        for composite in [
            "2047",
            "1373653",
            "25326001",
            "3215031751",
            "2152302898747",
            "3474749660383",
            "341550071728321",
            "3825123056546413051",
            "318665857834031151167461",
            "3317044064679887385961981",
        ] {
            let (base_2, rounds) = passes(&number(composite));
            assert!(base_2, "{composite} is a pseudoprime to base 2");
            assert!(rounds < 20, "{composite}: {rounds} of 40");
        }
    }

    #[test]
    fn arnaults_number_is_refused() {
        // Arnault, "Constructing Carmichael numbers which are strong pseudoprimes to several
        // bases" (1995): 397 figures, and a strong pseudoprime to each base below 307.
        let p = number(
            "29674495668685510550154174642905332730771991799853043350995075531276838753171770199594238596428121188033664754218345562493168782883",
        );
        assert_eq!(passes(&p), (true, 40), "its first factor is a prime");
        let mut before = p;
        before[0] -= 1;
        let factor = |multiple| {
            let mut factor = product(&before, &number(multiple));
            factor[0] += 1;
            factor
        };
        let composite = product(&product(&p, &factor("313")), &factor("353"));
        let (base_2, rounds) = passes(&composite);
        assert!(base_2, "it is a pseudoprime to base 2");
        assert!(rounds < 20, "{rounds} of 40");
    }

    #[test]
    fn squares_and_products_of_primes_are_refused() {
        // 1093 and 3511 are the primes whose squares are pseudoprimes to base 2.
        for (composite, passes_base_2) in [
            ("1194649", true),
            ("12327121", true),
            ("9", false),
            ("15", false),
            ("4294049777", false),
        ] {
            let (base_2, rounds) = passes(&number(composite));
            assert_eq!(base_2, passes_base_2, "{composite}");
            assert!(rounds < 20, "{composite}: {rounds} of 40");
        }
        let p = number(
            "39402006196394479212279040100143613805079739270465446667948293404245721771496870329047266088258938001861606973112319",
        );
        let q = number(
            "115792089210356248762697446949407573530086143415290314195533631308867097853951",
        );
        assert_eq!(passes(&product(&p, &q)), (false, 0));
        assert_eq!(passes(&product(&p, &p)), (false, 0));
    }

    #[test]
    fn bases_are_drawn_from_everything_but_what_always_passes() {
        let mut rng = rng(1);
        let candidate = Candidate::new(&number("11"));
        let mut seen = [0; 11];
        for _ in 0..800 {
            let base = candidate.random_base(&mut rng).unwrap();
            let (low, rest) = base.split_first().unwrap();
            assert!(rest.iter().all(|digit| *digit == 0));
            seen[usize::try_from(*low).unwrap()] += 1;
        }
        // 8 of them, 100 times each, within five standard deviations.
        let drawn = seen
            .iter()
            .filter(|times| (50..150).contains(*times))
            .count();
        assert_eq!((drawn, seen[0]), (8, 0), "{seen:?}");
        assert_eq!(seen.iter().filter(|times| **times == 0).count(), 3);
    }

    #[test]
    fn a_random_number_has_as_many_bits_as_are_asked_for_at_most() {
        let mut rng = rng(2);
        for bits in [1, WORD_BITS - 1, WORD_BITS, WORD_BITS + 1, 4 * WORD_BITS] {
            let mut seen: [Word; 4] = [0; 4];
            for _ in 0..200 {
                for (seen, digit) in seen.iter_mut().zip(&*random::<4>(&mut rng, bits)) {
                    *seen |= digit;
                }
            }
            let ones: u32 = seen.iter().map(|digit| digit.count_ones()).sum();
            assert_eq!((bit_width(&seen), ones), (bits, bits));
        }
    }
}
