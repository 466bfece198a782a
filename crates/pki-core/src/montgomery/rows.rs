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
        for (index, &word) in b.iter().enumerate() {
            sum[index + N] = add_row(&mut sum[index..index + N], a, word);
        }
        self.divide(a)
    }

    /// `a ← a²`, for three quarters of the work of a product, and what does not fit.
    pub(super) fn square(&mut self, a: &mut [Word; N]) -> Word {
        let sum = self.sum.as_flattened_mut();
        sum.fill(0);
        // Each product of two different words once,
        for (index, &word) in a.iter().enumerate() {
            let later = &a[index + 1..];
            sum[index + N] = add_row(&mut sum[2 * index + 1..index + N], later, word);
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
        let mut top = 0;
        for index in 0..N {
            // The multiple of the modulus that makes the lowest word zero.
            let multiple = sum[index].wrapping_mul(self.negated_inverse);
            let carry = add_row(&mut sum[index..index + N], &self.modulus, multiple);
            let (high, first) = add(sum[index + N], carry);
            let second;
            (sum[index + N], second) = add(high, top);
            top = first + second;
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

/// `sum ← sum + a · word`, and what does not fit.
#[inline(always)]
fn add_row(sum: &mut [Word], a: &[Word], word: Word) -> Word {
    let mut carry = 0;
    let mut add_product = |(digit, factor): (&mut Word, &Word)| {
        (*digit, carry) = multiply_add(*factor, word, *digit, carry);
    };
    // Eight at a time, as the loop costs half as much as a product does.
    let (sum_eights, sum_rest) = sum.as_chunks_mut::<8>();
    let (a_eights, a_rest) = a.as_chunks::<8>();
    for (sum, a) in sum_eights.iter_mut().zip(a_eights) {
        sum.iter_mut().zip(a).for_each(&mut add_product);
    }
    sum_rest.iter_mut().zip(a_rest).for_each(add_product);
    carry
}
