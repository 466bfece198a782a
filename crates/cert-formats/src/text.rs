//! Turns an upload that is text into octets in which ASCII is ASCII.

use alloc::vec::Vec;

use memchr::{memchr2, memchr2_iter, memmem};
use zeroize::Zeroizing;

use crate::note::{LineEnds, Note};
use crate::work;

pub(crate) const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const UTF16_BE_MARK: &[u8] = &[0xfe, 0xff];
const UTF16_LE_MARK: &[u8] = &[0xff, 0xfe];

/// The longest UTF-8 form of one UTF-16 unit, in octets.
const UTF8_PER_UNIT_MAX: usize = 3;

/// An upload without byte order mark, in an encoding that has ASCII in it.
pub(crate) enum Text<'a> {
    Borrowed(&'a [u8]),
    /// Wiped because it may turn out to hold a private key.
    Converted(Zeroizing<Vec<u8>>),
}

impl<'a> Text<'a> {
    /// Takes a byte order mark away, and converts UTF-16 that begins with one.
    ///
    /// UTF-16 without a mark is not guessed at. Units that are no character become U+FFFD.
    pub(crate) fn decode(upload: &'a [u8]) -> (Self, Option<Note>) {
        if let Some(rest) = upload.strip_prefix(UTF8_MARK) {
            (Self::Borrowed(rest), Some(Note::ByteOrderMark))
        } else if let Some(rest) = upload.strip_prefix(UTF16_BE_MARK) {
            (
                Self::Converted(from_utf16(rest, u16::from_be_bytes)),
                Some(Note::Utf16),
            )
        } else if let Some(rest) = upload.strip_prefix(UTF16_LE_MARK) {
            (
                Self::Converted(from_utf16(rest, u16::from_le_bytes)),
                Some(Note::Utf16),
            )
        } else {
            (Self::Borrowed(upload), None)
        }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        match self {
            Self::Borrowed(octets) => octets,
            Self::Converted(octets) => octets,
        }
    }
}

fn from_utf16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<Vec<u8>> {
    let (pairs, odd) = octets.as_chunks::<2>();
    // All the room at once: growing would leave copies behind that nobody wipes.
    let mut text = Zeroizing::new(Vec::with_capacity((pairs.len() + 1) * UTF8_PER_UNIT_MAX));
    let mut push = |character: char| {
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    };
    for character in char::decode_utf16(pairs.iter().copied().map(unit)) {
        push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !odd.is_empty() {
        push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// How the lines of `text` end, if not all with LF.
pub(crate) fn line_ends(text: &[u8]) -> Option<LineEnds> {
    let LineEndCount {
        feeds,
        returns,
        pairs,
    } = LineEndCount::of(text);
    match (feeds > pairs, returns > pairs, pairs > 0) {
        (_, false, false) => None,
        (false, true, false) => Some(LineEnds::Cr),
        (false, false, true) => Some(LineEnds::CrLf),
        _ => Some(LineEnds::Mixed),
    }
}

/// How many line ends `text` has: CR LF, LF and CR alone each count once.
pub(crate) fn count_line_ends(text: &[u8]) -> usize {
    let LineEndCount {
        feeds,
        returns,
        pairs,
    } = LineEndCount::of(text);
    feeds + returns - pairs
}

/// How often LF, CR and one after the other stand in a text.
struct LineEndCount {
    feeds: usize,
    returns: usize,
    pairs: usize,
}

impl LineEndCount {
    fn of(text: &[u8]) -> Self {
        work::add(text.len());
        let mut count = Self {
            feeds: 0,
            returns: 0,
            pairs: 0,
        };
        for at in memchr2_iter(b'\n', b'\r', text) {
            match text.get(at..) {
                Some([b'\r', b'\n', ..]) => {
                    count.returns += 1;
                    count.pairs += 1;
                }
                Some([b'\r', ..]) => count.returns += 1,
                _ => count.feeds += 1,
            }
        }
        count
    }
}

/// The first line of `text` without its line end, and what follows it.
pub(crate) fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let len = memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    work::add(len);
    let (line, rest) = text.split_at_checked(len).unwrap_or_default();
    let after = match rest {
        [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
        [] => rest,
    };
    (line, after)
}

/// The first place of `needle`, which is not empty, in `text`.
pub(crate) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let place = memmem::find(text, needle);
    work::add(place.unwrap_or(text.len()));
    place
}

/// The first place of `needle`, which is not empty, in `text`, in any mixture of capitals and small letters.
pub(crate) fn find_ignoring_case(text: &[u8], needle: &[u8]) -> Option<usize> {
    // What is no letter is rare in base64, and there is a fast search for single octets.
    let rare = needle.iter().position(|octet| !octet.is_ascii_alphabetic());
    let rare = rare.unwrap_or(0);
    let octet = needle.get(rare)?;
    let (small, capital) = (octet.to_ascii_lowercase(), octet.to_ascii_uppercase());
    let place = memchr2_iter(small, capital, text)
        .filter_map(|at| at.checked_sub(rare))
        .find(|&at| starts_with_words(text.get(at..).unwrap_or_default(), needle));
    work::add(place.unwrap_or(text.len()));
    place
}

/// Whether `text` begins with `words`, in any mixture of capitals and small letters.
pub(crate) fn starts_with_words(text: &[u8], words: &[u8]) -> bool {
    text.get(..words.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(words))
}

pub(crate) const fn is_line_end(octet: u8) -> bool {
    matches!(octet, b'\n' | b'\r')
}

/// White space within a line.
pub(crate) const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | 0x0b | 0x0c)
}
