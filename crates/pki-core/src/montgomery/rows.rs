//! Products row by row, for processors of 32 bits: ARM adds two words to a product in the
//! instruction that makes it, and has no other that adds with a carry as cheaply.

use zeroize::Zeroize as _;

use crate::words::{Word, add, multiply_add};

/// The multiplication modulo one number.
pub(super) struct Product<const N: usize> {
    modulus: [Word; N],
    /// `−n⁻¹ mod 2^WORD_BITS`
    negated_inverse: Word,
    /// What is added up.
    sum: [Word; N],
}

impl<const N: usize> Product<N> {
    pub(super) fn new(modulus: &[Word; N], negated_inverse: Word) -> Self {
        Self {
            modulus: *modulus,
            negated_inverse,
            sum: [0; N],
        }
    }

    /// `a ← a · b`, and what does not fit: 0 or 1.
    pub(super) fn multiply(&mut self, a: &mut [Word; N], b: &[Word; N]) -> Word {
        let carry = self.add_rows(a, b);
        *a = self.sum;
        carry
    }

    /// `a ← a²`, and what does not fit. A square has half of its products twice, but to
    /// double them would take as long here as to make them.
    pub(super) fn square(&mut self, a: &mut [Word; N]) -> Word {
        let carry = self.add_rows(a, a);
        *a = self.sum;
        carry
    }

    fn add_rows(&mut self, a: &[Word; N], b: &[Word; N]) -> Word {
        let (sum, modulus) = (&mut self.sum, &self.modulus);
        sum.fill(0);
        // The sum is below 2 · R after each row, so that this is 0 or 1.
        let mut top = 0;
        for &word in b {
            // To it come `a` times a word, and the multiple of the modulus that makes its
            // lowest word zero, which is then left out.
            let (low, mut carry) = multiply_add(a[0], word, sum[0], 0);
            let multiple = low.wrapping_mul(self.negated_inverse);
            let (_, mut other) = multiply_add(multiple, modulus[0], low, 0);
            for index in 1..N {
                let digit;
                (digit, carry) = multiply_add(a[index], word, sum[index], carry);
                (sum[index - 1], other) = multiply_add(multiple, modulus[index], digit, other);
            }
            let (high, first) = add(carry, other);
            let second;
            (sum[N - 1], second) = add(high, top);
            top = first + second;
        }
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
