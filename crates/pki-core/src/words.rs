//! Arithmetic on words, and on numbers of a fixed count of them, the least significant
//! first.

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

/// `a + b`, and the carry out.
#[inline(always)]
pub(crate) fn add(a: Word, b: Word) -> (Word, Word) {
    let (sum, carry) = a.overflowing_add(b);
    (sum, carry.into())
}

/// `a − b − borrow`, and the borrow out: 0 or 1.
#[inline(always)]
pub(crate) fn subtract(a: Word, b: Word, borrow: Word) -> (Word, Word) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow);
    (difference, (first | second).into())
}

#[inline(always)]
#[expect(clippy::as_conversions, reason = "the low half is what is meant")]
fn split(wide: Wide) -> (Word, Word) {
    (wide as Word, (wide >> WORD_BITS) as Word)
}

/// `a ← 2a`, and the bit that is shifted out.
pub(crate) fn double<const N: usize>(a: &mut [Word; N]) -> Word {
    let mut carry = 0;
    for digit in a {
        let out = *digit >> (WORD_BITS - 1);
        *digit = *digit << 1 | carry;
        carry = out;
    }
    carry
}

/// Words that this many bits fill.
#[expect(
    clippy::as_conversions,
    reason = "a constant function has no other way"
)]
pub(crate) const fn words_in(bits: u32) -> usize {
    (bits / WORD_BITS) as usize
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
pub(crate) fn place(bit: u32) -> (usize, u32) {
    let word = usize::try_from(bit / WORD_BITS).expect("a width is a few words");
    (word, bit % WORD_BITS)
}

/// Makes one bit 1.
pub(crate) fn set_bit<const N: usize>(a: &mut [Word; N], bit: u32) {
    let (word, shift) = place(bit);
    a[word] |= 1 << shift;
}

/// `count` bits from `from` on, fewer than a word has; those beyond the width are zero.
pub(crate) fn bits_at<const N: usize>(a: &[Word; N], from: u32, count: u32) -> Word {
    let (word, shift) = place(from);
    let low = a.get(word).map_or(0, |digit| digit >> shift);
    // In two steps, as a shift by the whole word is none.
    let high = a
        .get(word + 1)
        .map_or(0, |digit| digit << 1 << (WORD_BITS - 1 - shift));
    (low | high) & ((1 << count) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
