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

/// What the processor multiplies in one instruction.
#[cfg(target_pointer_width = "64")]
pub(crate) type Word = u64;
#[cfg(target_pointer_width = "64")]
type Wide = u128;
#[cfg(not(target_pointer_width = "64"))]
pub(crate) type Word = u32;
#[cfg(not(target_pointer_width = "64"))]
type Wide = u64;

pub(crate) const WORD_BITS: u32 = Word::BITS;

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
    /// Where products are built, so that they need not be wiped after each step.
    product: [[Word; N]; 2],
}

impl<const N: usize> Montgomery<N> {
    /// The modulus is odd and above 1.
    pub(crate) fn new(modulus: &[Word; N]) -> Self {
        debug_assert!(
            modulus[0] & 1 == 1,
            "Montgomery reduction needs an odd modulus"
        );
        let mut new = Self {
            modulus: *modulus,
            negated_inverse: negated_inverse(modulus[0]),
            one: [0; N],
            product: [[0; N]; 2],
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
        let product = self.product.as_flattened_mut();
        product.fill(0);
        for (row, digit) in a.iter().enumerate() {
            let mut carry = 0;
            for (sum, other) in product[row..row + N].iter_mut().zip(b) {
                (*sum, carry) = multiply_add(*digit, *other, *sum, carry);
            }
            product[row + N] = carry;
        }
        self.reduce(a);
    }

    /// `a ← a²`, for little more than half the work of the product.
    pub(crate) fn square(&mut self, a: &mut [Word; N]) {
        let product = self.product.as_flattened_mut();
        product.fill(0);
        // Each product of two different words once,
        for row in 0..N {
            let mut carry = 0;
            for column in row + 1..N {
                (product[row + column], carry) =
                    multiply_add(a[row], a[column], product[row + column], carry);
            }
            product[row + N] = carry;
        }
        // then all of them doubled, and the squares added.
        let mut shifted_out = 0;
        let mut carry = 0;
        for (pair, digit) in product.chunks_exact_mut(2).zip(a.iter()) {
            let low_doubled = pair[0] << 1 | shifted_out;
            let high_doubled = pair[1] << 1 | pair[0] >> (WORD_BITS - 1);
            shifted_out = pair[1] >> (WORD_BITS - 1);
            let square;
            (pair[0], square) = multiply_add(*digit, *digit, low_doubled, carry);
            (pair[1], carry) = add(high_doubled, square, 0);
        }
        self.reduce(a);
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
        (a[N - 1], carry) = add(top, carry, 0);
        self.subtract_if(a, carry);
    }

    /// `out ← product · R⁻¹`
    fn reduce(&mut self, out: &mut [Word; N]) {
        let product = self.product.as_flattened_mut();
        let mut overflow = 0;
        for row in 0..N {
            let factor = product[row].wrapping_mul(self.negated_inverse);
            let mut carry = 0;
            for (sum, digit) in product[row..row + N].iter_mut().zip(&self.modulus) {
                (*sum, carry) = multiply_add(factor, *digit, *sum, carry);
            }
            (product[row + N], overflow) = add(product[row + N], carry, overflow);
        }
        out.copy_from_slice(&product[N..]);
        // (R² + R · n) / R is below R + n, so that once is enough.
        self.subtract_if(out, overflow);
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
        self.product.zeroize();
    }
}

/// `−n⁻¹` modulo the size of a word, for an odd `n`.
pub(crate) fn negated_inverse(n: Word) -> Word {
    const TWO: Word = 2;
    // Newton's iteration: an odd number is its own inverse modulo 8, and each step
    // doubles the bits that are right.
    let mut inverse = n;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(TWO.wrapping_sub(n.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg()
}

/// `a · b + c + d`, the low word first: it always fits into two.
#[inline(always)]
pub(crate) fn multiply_add(a: Word, b: Word, c: Word, d: Word) -> (Word, Word) {
    split(Wide::from(a) * Wide::from(b) + Wide::from(c) + Wide::from(d))
}

/// `a + b + carry`, and the carry out.
#[inline(always)]
pub(crate) fn add(a: Word, b: Word, carry: Word) -> (Word, Word) {
    split(Wide::from(a) + Wide::from(b) + Wide::from(carry))
}

/// `a − b − borrow`, and the borrow out: 0 or 1.
#[inline(always)]
pub(crate) fn subtract(a: Word, b: Word, borrow: Word) -> (Word, Word) {
    let (low, high) = split(
        Wide::from(a)
            .wrapping_sub(Wide::from(b))
            .wrapping_sub(Wide::from(borrow)),
    );
    (low, high & 1)
}

#[inline(always)]
#[expect(clippy::as_conversions, reason = "the low half is what is meant")]
fn split(wide: Wide) -> (Word, Word) {
    (wide as Word, (wide >> WORD_BITS) as Word)
}

/// `a ← 2a`, and the bit that is shifted out.
fn double<const N: usize>(a: &mut [Word; N]) -> Word {
    let mut carry = 0;
    for digit in a {
        let out = *digit >> (WORD_BITS - 1);
        *digit = *digit << 1 | carry;
        carry = out;
    }
    carry
}

/// Bits of a number of this width.
pub(crate) fn bits_of<const N: usize>() -> u32 {
    u32::try_from(N).expect("a width is a few words") * WORD_BITS
}

/// Bits up to the highest that is 1.
pub(crate) fn bit_width<const N: usize>(a: &[Word; N]) -> u32 {
    let zeros = a.iter().rev().take_while(|digit| **digit == 0).count();
    match N.checked_sub(zeros + 1) {
        Some(highest) => {
            let below = u32::try_from(highest).expect("a width is a few words") * WORD_BITS;
            below + WORD_BITS - a[highest].leading_zeros()
        }
        None => 0,
    }
}

/// The word in which a bit is, and its place there.
fn place(bit: u32) -> (usize, u32) {
    let word = usize::try_from(bit / WORD_BITS).expect("a width is a few words");
    (word, bit % WORD_BITS)
}

pub(crate) fn set_bit<const N: usize>(a: &mut [Word; N], bit: u32) {
    let (word, shift) = place(bit);
    a[word] |= 1 << shift;
}

/// `count` bits from `from` on, fewer than a word has; those beyond the width are zero.
fn bits_at<const N: usize>(a: &[Word; N], from: u32, count: u32) -> Word {
    let (word, shift) = place(from);
    let low = a.get(word).map_or(0, |digit| digit >> shift);
    // In two steps, as a shift by the whole word is none.
    let high = a
        .get(word + 1)
        .map_or(0, |digit| digit << 1 << (WORD_BITS - 1 - shift));
    (low | high) & ((1 << count) - 1)
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
    let mut index: Word = 0;
    for power in powers {
        let difference = index ^ wanted;
        let differs = (difference | difference.wrapping_neg()) >> (WORD_BITS - 1);
        // The compiler is not to make a branch of it.
        let mask = black_box(differs.wrapping_sub(1));
        for (out, digit) in out.iter_mut().zip(power) {
            *out |= digit & mask;
        }
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, Odd, Resize as _};
    use rand_core::Rng;

    use super::*;
    use crate::tests::rng;

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
        check_width::<5>(4 * WORD_BITS..=5 * WORD_BITS);
        check_width::<16>((15 * WORD_BITS..=16 * WORD_BITS).step_by(7));
        check_width::<16>(16 * WORD_BITS - 3..=16 * WORD_BITS);
        check_width::<32>(
            [1025, 2048]
                .into_iter()
                .filter(|bits| *bits <= 32 * WORD_BITS),
        );
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

    #[test]
    fn bits_are_read_across_words_and_beyond_the_end() {
        let number: [Word; 2] = [Word::MAX << 1, 0b101];
        assert_eq!(bits_at(&number, 0, 5), 0b11110);
        assert_eq!(bits_at(&number, WORD_BITS - 2, 5), 0b10111);
        assert_eq!(bits_at(&number, WORD_BITS, 5), 0b101);
        assert_eq!(bits_at(&number, 2 * WORD_BITS - 1, 5), 0);
        assert_eq!(bits_at(&number, 2 * WORD_BITS + 3, 5), 0);
        assert_eq!((bit_width(&number), bit_width(&[0; 2])), (WORD_BITS + 3, 0));
    }
}
