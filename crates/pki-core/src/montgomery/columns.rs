//! Products column by column, for processors that add with a carry: three additions a
//! product, and none is read or written but its two factors.

use zeroize::Zeroize as _;

use crate::words::{Word, multiply_add};

/// The multiplication modulo one number.
pub(super) struct Product<const N: usize> {
    /// The second factor, the most significant word first. It is here so that it need not
    /// be wiped after each product.
    reversed: [Word; N],
    reduction: Reduction<N>,
}

impl<const N: usize> Product<N> {
    pub(super) fn new(modulus: &[Word; N], negated_inverse: Word) -> Self {
        Self {
            reversed: [0; N],
            reduction: Reduction {
                lowest: modulus[0],
                reversed_modulus: reversed(modulus),
                negated_inverse,
                multiples: [0; N],
                result: [0; N],
            },
        }
    }

    /// `a ← a · b`, and what does not fit: 0 or 1.
    pub(super) fn multiply(&mut self, a: &mut [Word; N], b: &[Word; N]) -> Word {
        self.reversed = reversed(b);
        let b = &self.reversed;
        // With the words of one factor reversed, both are read forwards.
        let carry = self.reduction.add_columns(
            |sum, column| sum.add_products(&a[..=column], &b[N - 1 - column..]),
            |sum, column| sum.add_products(&a[column + 1 - N..], &b[..2 * N - 1 - column]),
        );
        *a = self.reduction.result;
        carry
    }

    /// `a ← a²`, for little more than half the work of the product, and what does not fit.
    pub(super) fn square(&mut self, a: &mut [Word; N]) -> Word {
        self.reversed = reversed(a);
        let b = &self.reversed;
        // Each product of two different words once, doubled, and the square.
        let add_square = |sum: &mut Sum, column: usize| {
            if column.is_multiple_of(2) {
                sum.add_product(a[column / 2], a[column / 2]);
            }
        };
        let carry = self.reduction.add_columns(
            |sum, column| {
                let middle = column.div_ceil(2);
                let b = &b[N - 1 - column..][..middle];
                sum.add_twice(&Sum::of_products(&a[..middle], b));
                add_square(sum, column);
            },
            |sum, column| {
                let (from, middle) = (column + 1 - N, column.div_ceil(2));
                let a = &a[from..middle];
                sum.add_twice(&Sum::of_products(a, &b[..a.len()]));
                add_square(sum, column);
            },
        );
        *a = self.reduction.result;
        carry
    }
}

impl<const N: usize> Drop for Product<N> {
    fn drop(&mut self) {
        self.reversed.zeroize();
        self.reduction.lowest.zeroize();
        self.reduction.reversed_modulus.zeroize();
        self.reduction.negated_inverse.zeroize();
        self.reduction.multiples.zeroize();
        self.reduction.result.zeroize();
    }
}

/// The multiplication of two numbers, column by column, and what is done in each column
/// to divide the product by `R`.
struct Reduction<const N: usize> {
    /// The least significant word of the modulus.
    lowest: Word,
    /// The modulus, the most significant word first.
    reversed_modulus: [Word; N],
    /// `−n⁻¹ mod 2^WORD_BITS`
    negated_inverse: Word,
    /// Of the modulus, each shifted by a word more: with them added, the lower half of
    /// the product is zero.
    multiples: [Word; N],
    /// The upper half then.
    result: [Word; N],
}

impl<const N: usize> Reduction<N> {
    /// Adds up a product below `R²` from its columns, the lowest first, and divides it by
    /// `R`; returns what does not fit into the result.
    ///
    /// The product is given as two functions that add a column to a sum, one for columns
    /// below `N` and one for the others. Two, and not one that tells them apart: the
    /// compiler has both without checks, which is a quarter of the time.
    #[inline(always)]
    fn add_columns(
        &mut self,
        add_low: impl Fn(&mut Sum, usize),
        add_high: impl Fn(&mut Sum, usize),
    ) -> Word {
        let mut sum = Sum::default();
        for column in 0..N {
            add_low(&mut sum, column);
            sum.add_products(
                &self.multiples[..column],
                &self.reversed_modulus[N - 1 - column..N - 1],
            );
            let multiple = sum.low.wrapping_mul(self.negated_inverse);
            self.multiples[column] = multiple;
            sum.add_product(multiple, self.lowest);
            sum.shift();
        }
        for column in N..2 * N - 1 {
            add_high(&mut sum, column);
            sum.add_products(
                &self.multiples[column + 1 - N..],
                &self.reversed_modulus[..2 * N - 1 - column],
            );
            self.result[column - N] = sum.shift();
        }
        self.result[N - 1] = sum.shift();
        sum.low
    }
}

/// A sum of up to 2^WORD_BITS products, in three words.
#[derive(Clone, Copy, Default)]
struct Sum {
    low: Word,
    high: Word,
    top: Word,
}

impl Sum {
    #[inline(always)]
    /// The products of words at the same place, in slices of the same length.
    fn of_products(a: &[Word], b: &[Word]) -> Self {
        let mut sum = Self::default();
        sum.add_products(a, b);
        sum
    }

    #[inline(always)]
    fn add_product(&mut self, a: Word, b: Word) {
        let (low, high) = multiply_add(a, b, 0, 0);
        self.add(low, high, 0);
    }

    /// The compiler makes three instructions of it.
    #[inline(always)]
    fn add(&mut self, low: Word, high: Word, top: Word) {
        let (low, carry) = self.low.overflowing_add(low);
        let (high, first) = self.high.overflowing_add(high);
        let (high, second) = high.overflowing_add(carry.into());
        self.low = low;
        self.high = high;
        self.top += top + Word::from(first | second);
    }

    /// Adds the products of words at the same place, in slices of the same length.
    #[inline(always)]
    fn add_products(&mut self, a: &[Word], b: &[Word]) {
        // Four at a time, as the loop costs as much as a product does.
        let (a_fours, a_rest) = a.as_chunks::<4>();
        let (b_fours, b_rest) = b.as_chunks::<4>();
        for (a, b) in a_fours.iter().zip(b_fours) {
            for (a, b) in a.iter().zip(b) {
                self.add_product(*a, *b);
            }
        }
        for (a, b) in a_rest.iter().zip(b_rest) {
            self.add_product(*a, *b);
        }
    }

    #[inline(always)]
    fn add_twice(&mut self, other: &Self) {
        self.add(other.low, other.high, other.top);
        self.add(other.low, other.high, other.top);
    }

    /// Takes the lowest word away.
    #[inline(always)]
    fn shift(&mut self) -> Word {
        let low = self.low;
        *self = Self {
            low: self.high,
            high: self.top,
            top: 0,
        };
        low
    }
}

/// The same words, the most significant first.
fn reversed<const N: usize>(number: &[Word; N]) -> [Word; N] {
    let mut reversed = *number;
    reversed.reverse();
    reversed
}
