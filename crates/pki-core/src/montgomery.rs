//! Modular exponentiation: the one piece of arithmetic on which the search for
//! primes spends its time.
//!
//! Numbers have a fixed width of `N` words, the least significant first, and what is
//! multiplied is in Montgomery form: `a` stands for `a · R⁻¹ mod n`, where
//! `R = 2^(N · WORD_BITS)`. Between steps a number is only known to be below `R`, not
//! below `n`; [`Montgomery::reduced`] makes it the one that is.
//!
//! The sequence of instructions and of memory accesses depends on the width alone, not
//! on the modulus, the base or the exponent.

use core::hint::black_box;

use zeroize::{Zeroize, Zeroizing};

use crate::words::{
    WORD_BITS, Word, add, bit_width, bits_at, bits_of, double, multiply_add, negated_inverse,
    set_bit, subtract,
};

// Which is faster depends on what the processor adds up in one instruction.
#[cfg(target_pointer_width = "64")]
mod columns;
#[cfg(any(test, not(target_pointer_width = "64")))]
mod rows;

#[cfg(target_pointer_width = "64")]
use columns::Product;
#[cfg(not(target_pointer_width = "64"))]
use rows::Product;

/// Bits of the exponent that are worked through at a time.
const WINDOW_BITS: u32 = 5;
const WINDOW_SIZE: usize = 1 << WINDOW_BITS;

/// Bits of a digit in base `WORD_BITS`, which is a shift within a word.
const DIGIT_BITS: u32 = WORD_BITS.ilog2();
/// Such digits at most, for numbers of 2048 bits, and one more.
const DIGITS_MAX: usize = 2048 / 5 + 2;

/// The arithmetic modulo one odd number.
pub(crate) struct Montgomery<const N: usize> {
    modulus: [Word; N],
    /// `−n⁻¹ mod 2^WORD_BITS`
    negated_inverse: Word,
    /// 1 in Montgomery form: `R mod n`.
    one: [Word; N],
    product: Product<N>,
}

impl<const N: usize> Montgomery<N> {
    /// The modulus is odd and above 1.
    pub(crate) fn new(modulus: &[Word; N]) -> Self {
        debug_assert!(
            modulus[0] & 1 == 1,
            "Montgomery reduction needs an odd modulus"
        );
        let negated_inverse = negated_inverse(modulus[0]);
        let mut new = Self {
            modulus: *modulus,
            negated_inverse,
            one: [0; N],
            product: Product::new(modulus, negated_inverse),
        };
        new.one = new.r_modulo_n();
        new
    }

    pub(crate) fn modulus(&self) -> &[Word; N] {
        &self.modulus
    }

    /// 1 in Montgomery form.
    pub(crate) fn one(&self) -> &[Word; N] {
        &self.one
    }

    /// `R mod n`, by doubling the 1 until it is `R`.
    fn r_modulo_n(&self) -> [Word; N] {
        // 2^(bits − 1) is below the modulus, whose highest bit that is.
        let mut power = [0; N];
        let highest = bit_width(&self.modulus) - 1;
        set_bit(&mut power, highest);
        for _ in highest..bits_of::<N>() {
            let carry = double(&mut power);
            self.subtract_if_not_below(&mut power, carry);
        }
        power
    }

    /// `a ← a · b`
    pub(crate) fn multiply(&mut self, a: &mut [Word; N], b: &[Word; N]) {
        let carry = self.product.multiply(a, b);
        // (R² + R · n) / R is below R + n, so that once is enough.
        self.subtract_if(a, carry);
    }

    /// `a ← a²`
    pub(crate) fn square(&mut self, a: &mut [Word; N]) {
        let carry = self.product.square(a);
        self.subtract_if(a, carry);
    }

    /// `a ← a · word · 2^−WORD_BITS`, the word as it is and not in Montgomery form.
    fn multiply_word(&self, a: &mut [Word; N], word: Word) {
        let mut top = 0;
        for digit in a.iter_mut() {
            (*digit, top) = multiply_add(*digit, word, 0, top);
        }
        let factor = a[0].wrapping_mul(self.negated_inverse);
        let (_, mut carry) = multiply_add(factor, self.modulus[0], a[0], 0);
        for index in 1..N {
            (a[index - 1], carry) = multiply_add(factor, self.modulus[index], a[index], carry);
        }
        (a[N - 1], carry) = add(top, carry);
        self.subtract_if(a, carry);
    }

    /// Subtracts the modulus where `condition` is 1 and not 0.
    fn subtract_if(&self, a: &mut [Word; N], condition: Word) {
        let mask = condition.wrapping_neg();
        let mut borrow = 0;
        for (digit, subtrahend) in a.iter_mut().zip(&self.modulus) {
            (*digit, borrow) = subtract(*digit, subtrahend & mask, borrow);
        }
    }

    /// Subtracts the modulus where `carry · R + a` is not below it.
    fn subtract_if_not_below(&self, a: &mut [Word; N], carry: Word) {
        let mut borrow = 0;
        for (digit, subtrahend) in a.iter().zip(&self.modulus) {
            (_, borrow) = subtract(*digit, *subtrahend, borrow);
        }
        self.subtract_if(a, carry | (borrow ^ 1));
    }

    /// The number below the modulus that is congruent to `a`.
    pub(crate) fn reduced(&self, a: &[Word; N]) -> Zeroizing<[Word; N]> {
        let mut a = Zeroizing::new(*a);
        // A modulus above R / 4 fits into `a`, below R, at most 3 times. Below a smaller one
        // each step ends below (2n · 2n) / R + n, which is at most 2n.
        for _ in 0..3 {
            self.subtract_if_not_below(&mut a, 0);
        }
        a
    }

    /// `2^exponent`, in Montgomery form.
    ///
    /// A multiplication by a power of two takes two rows instead of `2 · N`, but divides
    /// by `2^WORD_BITS` as well. Here that does no harm: what is lost is a power of two
    /// too, so it is added to the exponent beforehand, at each window of it.
    pub(crate) fn power_of_two(&mut self, exponent: &[Word; N]) -> Zeroizing<[Word; N]> {
        let mut digits = Zeroizing::new([0; DIGITS_MAX]);
        let digits = recode(exponent, &mut digits);
        // The digit 1 that recoding puts before the highest.
        let mut result = Zeroizing::new(self.one);
        let carry = double(&mut result);
        self.subtract_if_not_below(&mut result, carry);
        for digit in digits.iter().rev() {
            for _ in 0..DIGIT_BITS {
                self.square(&mut result);
            }
            self.multiply_word(&mut result, 1 << digit);
        }
        result
    }

    /// `base^exponent`, both in and out in Montgomery form.
    pub(crate) fn power(&mut self, base: &[Word; N], exponent: &[Word; N]) -> Zeroizing<[Word; N]> {
        let mut powers = Zeroizing::new([[0; N]; WINDOW_SIZE]);
        powers[0] = self.one;
        for index in 1..WINDOW_SIZE {
            let mut power = powers[index - 1];
            self.multiply(&mut power, base);
            powers[index] = power;
        }
        let mut result = Zeroizing::new(self.one);
        let mut factor = Zeroizing::new([0; N]);
        let windows = (bits_of::<N>()).div_ceil(WINDOW_BITS);
        for window in (0..windows).rev() {
            for _ in 0..WINDOW_BITS {
                self.square(&mut result);
            }
            let wanted = bits_at(exponent, window * WINDOW_BITS, WINDOW_BITS);
            select(&powers, wanted, &mut factor);
            self.multiply(&mut result, &factor);
        }
        result
    }
}

impl<const N: usize> Drop for Montgomery<N> {
    fn drop(&mut self) {
        self.modulus.zeroize();
        self.negated_inverse.zeroize();
        self.one.zeroize();
    }
}

/// The digits of `exponent + Σ WORD_BITS^i` in base `WORD_BITS`, the lowest first, where
/// `i` goes from 1 to their number: with `WORD_BITS` taken from each of them, they are
/// the exponent again. The highest, which is always 1, is left out.
fn recode<'a, const N: usize>(exponent: &[Word; N], digits: &'a mut [u8; DIGITS_MAX]) -> &'a [u8] {
    // One more than the exponent has, so that nothing is carried into the highest.
    let count = bits_of::<N>().div_ceil(DIGIT_BITS) + 1;
    let mut carry = 0;
    for (at, digit) in (0..count).zip(digits.iter_mut()) {
        let sum = bits_at(exponent, at * DIGIT_BITS, DIGIT_BITS) + carry;
        carry = (sum >> DIGIT_BITS) + 1;
        *digit = u8::try_from(sum & (Word::from(WORD_BITS) - 1)).expect("a digit is below 64");
    }
    &digits[..usize::try_from(count).expect("digits fit into their array")]
}

/// Copies the power that is wanted, and reads all of them.
fn select<const N: usize>(powers: &[[Word; N]; WINDOW_SIZE], wanted: Word, out: &mut [Word; N]) {
    out.fill(0);
    for (index, power) in (0..).zip(powers) {
        let difference: Word = index ^ wanted;
        let differs = (difference | difference.wrapping_neg()) >> (WORD_BITS - 1);
        // The compiler is not to make a branch of it.
        let mask = black_box(differs.wrapping_sub(1));
        for (out, digit) in out.iter_mut().zip(power) {
            *out |= digit & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, Odd, Resize as _};
    use rand_core::Rng;

    use super::*;
    use crate::tests::rng;
    use crate::words::place;

    /// The number as the library of big integers has it.
    fn boxed<const N: usize>(a: &[Word; N]) -> BoxedUint {
        let octets: alloc::vec::Vec<u8> = a.iter().flat_map(|word| word.to_le_bytes()).collect();
        BoxedUint::from_le_slice(&octets, bits_of::<N>()).unwrap()
    }

    fn random<const N: usize>(rng: &mut impl Rng, bits: u32) -> [Word; N] {
        let mut number = [0; N];
        for digit in &mut number {
            let mut octets = [0; size_of::<Word>()];
            rng.fill_bytes(&mut octets);
            *digit = Word::from_le_bytes(octets);
        }
        for bit in bits..bits_of::<N>() {
            let (word, shift) = place(bit);
            number[word] &= !(1 << shift);
        }
        set_bit(&mut number, bits - 1);
        number
    }

    /// Holds both powers against those of `crypto-bigint`.
    fn check_width<const N: usize>(lengths: impl Iterator<Item = u32>) {
        let mut rng = rng(9);
        for bits in lengths.filter(|bits| *bits > 2) {
            let mut modulus: [Word; N] = random(&mut rng, bits);
            modulus[0] |= 1;
            let base: [Word; N] = random(&mut rng, bits - 1);
            for exponent in [random(&mut rng, bits), [0; N], [Word::MAX; N]] {
                let params = BoxedMontyParams::new(Odd::new(boxed(&modulus)).unwrap());
                let raised = |base: BoxedUint| {
                    BoxedMontyForm::new(base, &params)
                        .pow(&boxed(&exponent))
                        .as_montgomery()
                        .clone()
                };
                let mut field = Montgomery::new(&modulus);
                // Both libraries take R to be as wide as the words are.
                let two = field.power_of_two(&exponent);
                let expected = raised(BoxedUint::from(2_u8).resize(bits_of::<N>()));
                assert_eq!(boxed(&field.reduced(&two)), expected, "2, {bits}");

                let form = BoxedMontyForm::new(boxed(&base), &params);
                let mut in_form = [0; N];
                for (word, digit) in in_form.iter_mut().zip(form.as_montgomery().as_words()) {
                    *word = *digit;
                }
                let power = field.power(&in_form, &exponent);
                assert_eq!(
                    boxed(&field.reduced(&power)),
                    raised(boxed(&base)),
                    "{bits}"
                );
            }
        }
    }

    #[test]
    fn powers_are_those_of_another_library_at_every_width() {
        // Around the quarters of R, where what is reduced changes.
        check_width::<4>(2..=4 * WORD_BITS);
        check_width::<6>(5 * WORD_BITS..=6 * WORD_BITS);
        check_width::<16>((15 * WORD_BITS..=16 * WORD_BITS).step_by(7));
        check_width::<16>(16 * WORD_BITS - 3..=16 * WORD_BITS);
        check_width::<32>(
            [1025, 2048]
                .into_iter()
                .filter(|bits| *bits <= 32 * WORD_BITS),
        );
    }

    #[test]
    fn rows_add_up_to_what_another_library_has() {
        let mut rng = rng(12);
        let whole = 8 * WORD_BITS;
        for bits in (3..=whole).chain([whole; 64]) {
            let mut modulus: [Word; 8] = random(&mut rng, bits);
            modulus[0] |= 1;
            let below = random(&mut rng, bits - 1);
            // Factors need not be below the modulus.
            let beyond = if bits == whole { [Word::MAX; 8] } else { below };
            let factors = [below, beyond];
            for [a, b] in [[0, 0], [0, 1], [1, 1]].map(|pair| pair.map(|at| factors[at])) {
                let field = Montgomery::new(&modulus);
                let mut rows = rows::Product::new(&modulus, field.negated_inverse);
                let [mut product, mut square] = [a; 2];
                let carry = rows.multiply(&mut product, &b);
                field.subtract_if(&mut product, carry);
                let params = BoxedMontyParams::new(Odd::new(boxed(&modulus)).unwrap());
                // Factors in Montgomery form, which the library wants below the modulus.
                let [a, b] = [a, b].map(|factor| {
                    BoxedMontyForm::from_montgomery(boxed(&field.reduced(&factor)), &params)
                });
                let expected = a.mul(&b);
                assert_eq!(
                    boxed(&field.reduced(&product)),
                    *expected.as_montgomery(),
                    "{bits}"
                );
                let carry = rows.square(&mut square);
                field.subtract_if(&mut square, carry);
                assert_eq!(
                    boxed(&field.reduced(&square)),
                    *a.square().as_montgomery(),
                    "{bits}"
                );
            }
        }
    }

    #[test]
    fn a_modulus_of_ones_is_no_exception() {
        // The largest and the smallest moduli of their width, the largest base.
        for lowest in [Word::MAX, 1, 3] {
            let modulus = [lowest, Word::MAX, Word::MAX, Word::MAX];
            let mut field = Montgomery::new(&modulus);
            let mut square = [Word::MAX; 4];
            let mut product = square;
            field.square(&mut square);
            field.multiply(&mut product, &[Word::MAX; 4]);
            assert_eq!(*field.reduced(&square), *field.reduced(&product));
        }
    }

    #[test]
    fn a_square_is_the_product_with_itself() {
        let mut rng = rng(11);
        for bits in 2..=512 {
            let mut modulus: [Word; 8] = random(&mut rng, bits.min(8 * WORD_BITS));
            modulus[0] |= 1;
            let mut field = Montgomery::new(&modulus);
            let mut square: [Word; 8] = *field.reduced(&random(&mut rng, bits.min(8 * WORD_BITS)));
            let factor = square;
            let mut product = square;
            field.square(&mut square);
            field.multiply(&mut product, &factor);
            assert_eq!(*field.reduced(&square), *field.reduced(&product), "{bits}");
        }
    }
}
