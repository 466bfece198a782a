//! Products row by row, for processors of 32 bits: ARM adds two words to a product in the
//! instruction that makes it, and has no other that adds with a carry as cheaply.

use zeroize::Zeroize as _;

use crate::words::{WORD_BITS, Word, add, multiply_add};

/// The multiplication modulo one number.
pub(super) struct Product<const N: usize> {
    modulus: [Word; N],
    /// `−n⁻¹ mod 2^WORD_BITS`
    negated_inverse: Word,
    /// What is added up, its lower half first.
    sum: [[Word; N]; 2],
}

impl<const N: usize> Product<N> {
    pub(super) fn new(modulus: &[Word; N], negated_inverse: Word) -> Self {
        const { assert!(N.is_multiple_of(2), "rows are added in pairs") };
        Self {
            modulus: *modulus,
            negated_inverse,
            sum: [[0; N]; 2],
        }
    }

    /// `a ← a · b`, and what does not fit: 0 or 1.
    pub(super) fn multiply(&mut self, a: &mut [Word; N], b: &[Word; N]) -> Word {
        let sum = self.sum.as_flattened_mut();
        sum.fill(0);
        for (pair, words) in b.as_chunks().0.iter().enumerate() {
            let index = 2 * pair;
            (sum[index + N + 1], _) = add_two_rows(&mut sum[index..=index + N], a, *words, 0);
        }
        self.divide(a)
    }

    /// `a ← a²`, for three quarters of the work of a product, and what does not fit.
    pub(super) fn square(&mut self, a: &mut [Word; N]) -> Word {
        let sum = self.sum.as_flattened_mut();
        sum.fill(0);
        // Each product of two different words once,
        for (pair, words) in a.as_chunks().0.iter().enumerate() {
            let index = 2 * pair;
            // that of the pair itself first, which has no fellow in the second row,
            let [first, second] = *words;
            let place = 2 * index + 1;
            let carry;
            (sum[place], carry) = multiply_add(first, second, sum[place], 0);
            let row = &mut sum[place + 1..=index + N];
            (sum[index + N + 1], _) = add_two_rows(row, &a[index + 2..], *words, carry);
        }
        // then doubled, and the squares of the words.
        let (mut shifted, mut carry) = (0, 0);
        for (&word, [low, high]) in a.iter().zip(sum.as_chunks_mut().0) {
            let doubled = [*low << 1 | shifted, *high << 1 | *low >> (WORD_BITS - 1)];
            shifted = *high >> (WORD_BITS - 1);
            (*low, carry) = multiply_add(word, word, doubled[0], carry);
            (*high, carry) = add(doubled[1], carry);
        }
        self.divide(a)
    }

    /// Divides the sum by `R`, and returns what does not fit into `quotient`.
    fn divide(&mut self, quotient: &mut [Word; N]) -> Word {
        let sum = self.sum.as_flattened_mut();
        let n = &self.modulus;
        let mut top = 0;
        for index in (0..N).step_by(2) {
            // The multiples of the modulus that make the lowest two words zero.
            let first = sum[index].wrapping_mul(self.negated_inverse);
            let (_, carry) = multiply_add(first, n[0], sum[index], 0);
            let (next, _) = multiply_add(first, n[1], sum[index + 1], carry);
            let second = next.wrapping_mul(self.negated_inverse);
            let (from_top, from_rows);
            (sum[index + N], from_top) = add(sum[index + N], top);
            let row = &mut sum[index..=index + N];
            let (word, carry) = add_two_rows(row, n, [first, second], 0);
            let high = &mut sum[index + N + 1];
            (*high, from_rows) = add(*high, word);
            (*high, top) = add(*high, carry + from_top);
            top += from_rows;
        }
        *quotient = self.sum[1];
        top
    }
}

impl<const N: usize> Drop for Product<N> {
    fn drop(&mut self) {
        self.modulus.zeroize();
        self.negated_inverse.zeroize();
        self.sum.zeroize();
    }
}

/// `sum ← sum + a · words + carry`, where `sum` has one word more than `a`; returns what does
/// not fit, a word and a bit beyond it.
///
/// Two rows at a time, as each word is then read and written once for two products.
#[inline(always)]
fn add_two_rows(sum: &mut [Word], a: &[Word], words: [Word; 2], carry: Word) -> (Word, Word) {
    let Some((last, sum)) = sum.split_last_mut() else {
        return (0, 0);
    };
    let (mut carries, mut before) = ([carry, 0], 0);
    let mut add_products = |(digit, factor): (&mut Word, &Word)| {
        let first;
        (first, carries[0]) = multiply_add(*factor, words[0], *digit, carries[0]);
        (*digit, carries[1]) = multiply_add(before, words[1], first, carries[1]);
        before = *factor;
    };
    // Eight at a time, as the loop costs half as much as a product does.
    let (sum_eights, sum_rest) = sum.as_chunks_mut::<8>();
    let (a_eights, a_rest) = a.as_chunks::<8>();
    for (sum, a) in sum_eights.iter_mut().zip(a_eights) {
        sum.iter_mut().zip(a).for_each(&mut add_products);
    }
    sum_rest.iter_mut().zip(a_rest).for_each(&mut add_products);
    let (first, beyond) = add(*last, carries[0]);
    let word;
    (*last, word) = multiply_add(before, words[1], first, carries[1]);
    (word, beyond)
}
