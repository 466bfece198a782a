//! The search for the two primes of a key, as tasks that do not depend on each other.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::PUBLIC_EXPONENT;
use crate::primality::{self, Candidate};
use crate::sieve::SmallPrimes;
use crate::words::{Word, add, bit_width, set_bit, subtract};
use crate::{Error, Progress, RsaBits};

/// Odd numbers of an interval, over those that there are between two primes on average.
const PRIMES_PER_INTERVAL: u16 = 8;

/// Intervals after which chance no longer explains that there is no key: it takes 2, and
/// one in 3000 holds no prime.
const INTERVALS_MAX: u8 = 40;

/// What a round with a random base takes, over the round with base 2 of a candidate.
const ROUND_COST: f32 = 1.4;

/// The search for the primes of one key.
pub(super) struct Search<const N: usize> {
    /// `k`, half the length of the modulus.
    prime_bits: u16,
    small_primes: Arc<SmallPrimes<N>>,
    halves: [Half<N>; 2],
    intervals: u8,
    /// Tested so far, for both primes.
    candidates: u16,
    fraction: f32,
}

/// The search for one of the primes.
struct Half<const N: usize> {
    interval: Option<Interval<N>>,
    /// Tests that it takes on average, as the sieve left them.
    tests: f32,
    /// Whether somebody has an interval in hand.
    sieving: bool,
    tested: u16,
    found: Option<Found<N>>,
}

/// Odd numbers one after the other, and which of them are worth a test.
struct Interval<const N: usize> {
    start: Zeroizing<[Word; N]>,
    coprime: Zeroizing<Vec<bool>>,
    next: usize,
}

/// What passed the first test.
struct Found<const N: usize> {
    number: Zeroizing<[Word; N]>,
    rounds_given: u8,
    rounds_passed: u8,
}

/// Something to be done, by whoever has time.
pub(super) struct Task<const N: usize> {
    half: usize,
    number: Zeroizing<[Word; N]>,
    what: What<N>,
}

enum What<const N: usize> {
    /// To sieve the interval that starts with the number.
    Sieve {
        small_primes: Arc<SmallPrimes<N>>,
        length: usize,
    },
    /// To test the number as a candidate.
    Test,
    /// To put it through a round with this base.
    Round(Zeroizing<[Word; N]>),
}

/// What came of a task.
pub(super) struct Outcome<const N: usize> {
    half: usize,
    number: Zeroizing<[Word; N]>,
    result: Answer,
}

enum Answer {
    Sieved(Zeroizing<Vec<bool>>),
    Tested { passed: bool },
    Round { passed: bool },
}

impl<const N: usize> Task<N> {
    pub(super) fn run(self) -> Outcome<N> {
        let result = match self.what {
            What::Sieve {
                small_primes,
                length,
            } => Answer::Sieved(small_primes.sieve(&self.number, length)),
            What::Test => Answer::Tested {
                passed: Candidate::new(&self.number).passes_base_2(),
            },
            What::Round(base) => Answer::Round {
                passed: Candidate::new(&self.number).passes(&base),
            },
        };
        Outcome {
            half: self.half,
            number: self.number,
            result,
        }
    }
}

impl<const N: usize> Search<N> {
    pub(super) fn new(bits: RsaBits) -> Self {
        let prime_bits = bits.bits() / 2;
        Self {
            prime_bits,
            small_primes: Arc::new(SmallPrimes::below(sieve_limit(prime_bits))),
            halves: [Half::new(), Half::new()],
            intervals: 0,
            candidates: 0,
            fraction: 0.0,
        }
    }

    /// The next thing to be done; none while all of it is in somebody's hands.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`] when the generator is broken.
    pub(super) fn next_task(&mut self, rng: &mut dyn CryptoRng) -> Result<Option<Task<N>>, Error> {
        for half in 0..self.halves.len() {
            if let Some((number, what)) = self.next_of(half, rng)? {
                return Ok(Some(Task { half, number, what }));
            }
        }
        Ok(None)
    }

    #[expect(clippy::type_complexity, reason = "the two parts of a task")]
    fn next_of(
        &mut self,
        half: usize,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<(Zeroizing<[Word; N]>, What<N>)>, Error> {
        let rounds = primality::rounds(self.prime_bits.into());
        let half = &mut self.halves[half];
        if let Some(found) = &mut half.found {
            if found.rounds_given == rounds {
                return Ok(None);
            }
            let base = Candidate::new(&found.number).random_base(rng)?;
            found.rounds_given += 1;
            return Ok(Some((found.number.clone(), What::Round(base))));
        }
        if let Some(number) = half.next_candidate(self.prime_bits) {
            return Ok(Some((number, What::Test)));
        }
        if half.sieving {
            return Ok(None);
        }
        half.sieving = true;
        self.intervals += 1;
        if self.intervals > INTERVALS_MAX {
            return Err(Error::Randomness);
        }
        let sieve = What::Sieve {
            small_primes: Arc::clone(&self.small_primes),
            length: interval_length(self.prime_bits),
        };
        Ok(Some((random_start(rng, self.prime_bits), sieve)))
    }

    /// Takes note of what came of a task.
    pub(super) fn settle(&mut self, outcome: Outcome<N>) {
        let Outcome {
            half,
            number,
            result,
        } = outcome;
        let half = &mut self.halves[half];
        match result {
            Answer::Sieved(coprime) => {
                half.sieving = false;
                let left = coprime.iter().filter(|coprime| **coprime).count();
                let left = u16::try_from(left).unwrap_or(u16::MAX);
                half.tests = f32::from(left) / f32::from(PRIMES_PER_INTERVAL);
                half.interval = Some(Interval {
                    start: number,
                    coprime,
                    next: 0,
                });
            }
            Answer::Tested { passed } => {
                self.candidates = self.candidates.saturating_add(1);
                half.tested = half.tested.saturating_add(1);
                // The first that is found wins; another was a moment late.
                if passed && half.found.is_none() {
                    half.found = Some(Found {
                        number,
                        rounds_given: 0,
                        rounds_passed: 0,
                    });
                }
            }
            Answer::Round { passed } => match &mut half.found {
                Some(found) if found.number == number && passed => found.rounds_passed += 1,
                Some(found) if found.number == number => half.found = None,
                // Of a number that another round has refused.
                _ => (),
            },
        }
        let close = match self.found() {
            Some([p, q]) => !are_far_apart(p, q, self.prime_bits),
            None => false,
        };
        if close {
            self.halves[1] = Half::new();
        }
        self.note_progress();
    }

    /// Whether both primes are there.
    pub(super) fn is_complete(&self) -> bool {
        self.found().is_some()
    }

    fn found(&self) -> Option<[&[Word; N]; 2]> {
        let rounds = primality::rounds(self.prime_bits.into());
        let [p, q] = self.halves.each_ref().map(|half| {
            let found = half.found.as_ref()?;
            (found.rounds_passed == rounds).then_some(&*found.number)
        });
        Some([p?, q?])
    }

    /// The primes of a complete search, which then starts anew.
    pub(super) fn primes(&mut self) -> [Zeroizing<[Word; N]>; 2] {
        let halves = core::mem::replace(&mut self.halves, [Half::new(), Half::new()]);
        halves.map(|half| half.found.expect("the search is complete").number)
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            fraction: self.fraction,
            candidates: self.candidates,
        }
    }

    fn note_progress(&mut self) {
        let rounds = primality::rounds(self.prime_bits.into());
        let parts = self.halves.each_ref().map(|half| half.part(rounds));
        let fraction = f32::midpoint(parts[0], parts[1]);
        self.fraction = self.fraction.max(fraction.min(1.0));
    }
}

impl<const N: usize> Half<N> {
    fn new() -> Self {
        Self {
            interval: None,
            tests: 0.0,
            sieving: false,
            tested: 0,
            found: None,
        }
    }

    fn next_candidate(&mut self, prime_bits: u16) -> Option<Zeroizing<[Word; N]>> {
        self.interval.as_mut()?.next_candidate(prime_bits)
    }

    /// How much of the work that is expected is done.
    fn part(&self, rounds: u8) -> f32 {
        let all_rounds = ROUND_COST * f32::from(rounds);
        let done = match &self.found {
            Some(found) => self.tests + ROUND_COST * f32::from(found.rounds_passed),
            None => self.tests.min(self.tested.into()),
        };
        done / (self.tests + all_rounds)
    }
}

impl<const N: usize> Interval<N> {
    /// The next number that is worth a test, and none after the last.
    fn next_candidate(&mut self, prime_bits: u16) -> Option<Zeroizing<[Word; N]>> {
        loop {
            let rest = self.coprime.get(self.next..)?;
            let index = self.next + rest.iter().position(|coprime| *coprime)?;
            self.next = index + 1;
            let number = plus_twice(&self.start, index)?;
            if bit_width(&number) > prime_bits.into() {
                return None;
            }
            if is_coprime_to_exponent(&number) {
                return Some(number);
            }
        }
    }
}

/// `number + 2 · count`; none where that is too wide.
fn plus_twice<const N: usize>(number: &[Word; N], count: usize) -> Option<Zeroizing<[Word; N]>> {
    let mut sum = Zeroizing::new(*number);
    let mut carry = Word::try_from(2 * count).ok()?;
    for digit in sum.iter_mut() {
        (*digit, carry) = add(*digit, carry);
    }
    (carry == 0).then_some(sum)
}

/// An odd number with its two highest bits set: so each prime is at least
/// 3/2 · 2^(k−1), which is above √2 · 2^(k−1), and the modulus has exactly 2k bits.
fn random_start<const N: usize>(rng: &mut dyn CryptoRng, prime_bits: u16) -> Zeroizing<[Word; N]> {
    let bits = u32::from(prime_bits);
    let mut start = primality::random(rng, bits);
    set_bit(&mut start, bits - 1);
    set_bit(&mut start, bits - 2);
    set_bit(&mut start, 0);
    start
}

/// The numbers that hold [`PRIMES_PER_INTERVAL`] primes on average: one in k · ln 2 of
/// k bits is prime, and only odd ones are taken.
fn interval_length(prime_bits: u16) -> usize {
    // ln 2 / 2 is 0.34657…, and is rounded down.
    usize::from(prime_bits) * usize::from(PRIMES_PER_INTERVAL) * 346 / 1000
}

/// Up to where small primes cost less than the tests that they spare: a test takes eight
/// times as long for twice the length.
fn sieve_limit(prime_bits: u16) -> u32 {
    match prime_bits {
        ..=256 => 1 << 12,
        257..=512 => 1 << 15,
        513..=1024 => 1 << 18,
        _ => 1 << 20,
    }
}

/// Whether `p − 1` and the public exponent have no factor in common.
fn is_coprime_to_exponent<const N: usize>(p: &[Word; N]) -> bool {
    let octets = p.iter().rev().flat_map(|word| word.to_be_bytes());
    let remainder = octets.fold(0, |so_far, octet| {
        (so_far * 256 + u32::from(octet)) % PUBLIC_EXPONENT
    });
    remainder != 1
}

/// More than 2^(k−100), and stricter than that by one bit.
fn are_far_apart<const N: usize>(one: &[Word; N], other: &[Word; N], prime_bits: u16) -> bool {
    let difference = |a: &[Word; N], b: &[Word; N]| {
        let mut difference = Zeroizing::new([0; N]);
        let mut borrow = 0;
        for ((out, a), b) in difference.iter_mut().zip(a).zip(b) {
            (*out, borrow) = subtract(*a, *b, borrow);
        }
        (borrow == 0).then_some(difference)
    };
    let distance = difference(one, other).or_else(|| difference(other, one));
    distance.is_some_and(|distance| bit_width(&distance) > u32::from(prime_bits) - 99)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::rng;
    use crate::words::{WORD_BITS, bits_of, words_in};

    const N: usize = words_in(256);

    fn search() -> Search<N> {
        Search::new(RsaBits::MIN)
    }

    /// Has everything done, by one who does it in order, until both primes are there.
    fn complete(search: &mut Search<N>, rng: &mut dyn CryptoRng) {
        while !search.is_complete() {
            let task = search.next_task(rng).unwrap().unwrap();
            search.settle(task.run());
        }
    }

    fn is_round(task: &Task<N>) -> bool {
        matches!(task.what, What::Round(_))
    }

    #[test]
    fn both_primes_are_long_enough_and_pass_further_rounds() {
        for seed in 0..20 {
            let mut rng = rng(seed);
            let mut search = search();
            complete(&mut search, &mut rng);
            for prime in search.primes() {
                // At least 3/2 · 2^255.
                assert_eq!(prime[N - 1] >> (WORD_BITS - 2), 3, "{seed}");
                let mut candidate = Candidate::new(&prime);
                let base = candidate.random_base(&mut rng).unwrap();
                assert!(candidate.passes(&base), "{seed}");
                assert!(is_coprime_to_exponent(&prime), "{seed}");
            }
        }
    }

    #[test]
    fn several_workers_are_handed_different_tasks_until_there_are_none() {
        let mut rng = rng(1);
        let mut search = search();
        let sieves = [(); 2].map(|()| search.next_task(&mut rng).unwrap().unwrap());
        assert_ne!(sieves[0].half, sieves[1].half);
        assert!(search.next_task(&mut rng).unwrap().is_none());
        for sieve in sieves {
            search.settle(sieve.run());
        }
        let mut seen = Vec::new();
        for _ in 0..50 {
            let task = search.next_task(&mut rng).unwrap().unwrap();
            assert!(matches!(task.what, What::Test | What::Sieve { .. }));
            assert!(!seen.contains(&*task.number), "a candidate came twice");
            seen.push(*task.number);
        }
    }

    #[test]
    fn a_number_that_a_round_refuses_is_not_taken() {
        let mut rng = rng(2);
        let mut search = search();
        // To the first number that is found, and all of its rounds in hand.
        let mut rounds = Vec::new();
        while rounds.len() < primality::rounds(256).into() {
            let task = search.next_task(&mut rng).unwrap().unwrap();
            if is_round(&task) {
                rounds.push(task);
            } else {
                assert!(rounds.is_empty() || task.half == 1);
                search.settle(task.run());
            }
        }
        let refused = rounds[0].number.clone();
        for (index, round) in rounds.into_iter().enumerate() {
            // The last but one: what comes after it is of a number that is out.
            let passed = index != 27;
            search.settle(Outcome {
                half: round.half,
                number: round.number,
                result: Answer::Round { passed },
            });
        }
        complete(&mut search, &mut rng);
        assert!(search.primes().iter().all(|prime| *prime != refused));
    }

    #[test]
    fn a_number_is_not_found_without_all_of_its_rounds() {
        let mut rng = rng(3);
        let mut search = search();
        let mut passed = 0;
        while !search.is_complete() {
            let task = search.next_task(&mut rng).unwrap().unwrap();
            passed += u8::from(is_round(&task));
            search.settle(task.run());
        }
        assert_eq!(passed, 2 * primality::rounds(256));
    }

    #[test]
    fn the_second_to_find_one_is_too_late() {
        let mut rng = rng(4);
        let mut search = search();
        let sieve = search.next_task(&mut rng).unwrap().unwrap();
        search.settle(sieve.run());
        let [first, second] = [(); 2].map(|()| search.next_task(&mut rng).unwrap().unwrap());
        let numbers = [first.number.clone(), second.number.clone()];
        for task in [second, first] {
            search.settle(Outcome {
                half: task.half,
                number: task.number,
                result: Answer::Tested { passed: true },
            });
        }
        let task = search.next_task(&mut rng).unwrap().unwrap();
        assert!(is_round(&task) && task.number == numbers[1]);
        assert_eq!(search.progress().candidates, 2);
    }

    #[test]
    fn an_interval_ends_at_the_length_of_a_prime() {
        for prime_bits in [4 * 64 - 3, 4 * 64] {
            // The highest odd number and two before it.
            let mut start = Zeroizing::new([Word::MAX; N]);
            start[N - 1] >>= bits_of::<N>() - u32::from(prime_bits);
            start[0] -= 4;
            let mut interval = Interval {
                start,
                coprime: Zeroizing::new(alloc::vec![true; 10]),
                next: 0,
            };
            let mut numbers = 0;
            while let Some(number) = interval.next_candidate(prime_bits) {
                assert_eq!(bit_width(&number), prime_bits.into());
                numbers += 1;
            }
            assert_eq!(numbers, 3);
        }
    }

    #[test]
    fn primes_that_are_close_are_not_taken() {
        let power = |bit| {
            let mut number: [Word; N] = [0; N];
            set_bit(&mut number, bit);
            number
        };
        let p = power(255);
        for (distance_bits, far) in [(1, false), (156, false), (157, true), (200, true)] {
            let mut q = p;
            set_bit(&mut q, distance_bits);
            assert_eq!(are_far_apart(&p, &q, 256), far, "{distance_bits}");
            assert_eq!(are_far_apart(&q, &p, 256), far, "{distance_bits}");
        }
        assert!(!are_far_apart(&p, &p, 256));
    }

    #[test]
    fn a_prime_that_shares_a_factor_with_the_exponent_is_not_taken() {
        for (p, taken) in [
            (65_537 * 6 + 1, false),
            (65_537 + 1, false),
            (65_537, true),
            (7, true),
        ] {
            let mut number: [Word; N] = [0; N];
            number[0] = p;
            assert_eq!(is_coprime_to_exponent(&number), taken, "{p}");
            // 2^32 is 1 modulo 65537.
            number[0] = 0;
            number[words_in(64)] = p;
            assert_eq!(is_coprime_to_exponent(&number), taken, "{p} · 2^64");
        }
    }

    #[test]
    fn the_intervals_are_no_longer_than_the_bound_allows() {
        for prime_bits in 256..=2048_u16 {
            let length = interval_length(prime_bits);
            let between = f64::from(prime_bits) * core::f64::consts::LN_2 / 2.0;
            let most = 8.0 * between;
            let length = f64::from(u32::try_from(length).unwrap());
            assert!(
                length <= most && length > most - 2.0 - most / 500.0,
                "{prime_bits}"
            );
        }
    }
}
