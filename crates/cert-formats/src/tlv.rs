//! Reads the tag-length-value elements of BER and DER (X.690 section 8.1) within stated limits.
//!
//! [`Elements`] walks the siblings of one level and borrows from the input; it never descends by
//! itself and never allocates. Every header it looks at is paid for from a [`Budget`], which is
//! what bounds the time a hostile input can take.

use core::cell::Cell;
use core::fmt;

use crate::error::Error;
use crate::limits::{MAX_DEPTH, MAX_ELEMENTS};
use crate::position::Position;
use crate::work;

/// The identifier octet of an element (X.690 section 8.1.2), tag numbers up to 30.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag(u8);

impl Tag {
    pub(crate) const END_OF_CONTENTS: Self = Self(0x00);
    pub(crate) const INTEGER: Self = Self(0x02);
    pub(crate) const BIT_STRING: Self = Self(0x03);
    pub(crate) const OCTET_STRING: Self = Self(0x04);
    pub(crate) const OBJECT_IDENTIFIER: Self = Self(0x06);
    pub(crate) const ENUMERATED: Self = Self(0x0a);
    pub(crate) const UTC_TIME: Self = Self(0x17);
    pub(crate) const GENERALIZED_TIME: Self = Self(0x18);
    pub(crate) const SEQUENCE: Self = Self(0x30);
    pub(crate) const SET: Self = Self(0x31);

    const CONSTRUCTED: u8 = 0x20;
    const NUMBER: u8 = 0x1f;
    const CLASS: u8 = 0xc0;

    /// The context-specific tag `[number]` in its constructed form.
    pub(crate) const fn context(number: u8) -> Self {
        Self(0x80 | Self::CONSTRUCTED | (number & Self::NUMBER))
    }

    pub(crate) const fn octet(self) -> u8 {
        self.0
    }

    pub(crate) const fn is_constructed(self) -> bool {
        self.0 & Self::CONSTRUCTED != 0
    }

    /// The number of a context-specific tag.
    pub(crate) const fn context_number(self) -> Option<u8> {
        if self.0 & Self::CLASS == 0x80 {
            Some(self.0 & Self::NUMBER)
        } else {
            None
        }
    }

    /// The tag that DER has for this: DER writes strings in one piece.
    pub(crate) const fn whole(self) -> Self {
        if self.is_string() {
            Self(self.0 & !Self::CONSTRUCTED)
        } else {
            self
        }
    }

    /// Whether this is a string that is cut into segments, as only BER does.
    pub(crate) const fn is_segmented(self) -> bool {
        self.is_string() && self.is_constructed()
    }

    /// Whether this is a type that BER may cut into segments (X.690 sections 8.6, 8.7 and 8.23).
    const fn is_string(self) -> bool {
        self.0 & Self::CLASS == 0 && matches!(self.0 & Self::NUMBER, 3 | 4 | 12 | 18..=28 | 30)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.context_number() {
            return write!(f, "an element tagged [{number}]");
        }
        let name = match self.0 {
            0x00 => "an end-of-contents mark",
            0x01 => "a BOOLEAN",
            0x02 => "an INTEGER",
            0x03 => "a BIT STRING",
            0x04 => "an OCTET STRING",
            0x05 => "a NULL",
            0x06 => "an OBJECT IDENTIFIER",
            0x0a => "an ENUMERATED",
            0x0c => "a UTF8String",
            0x13 => "a PrintableString",
            0x16 => "an IA5String",
            0x17 => "a UTCTime",
            0x18 => "a GeneralizedTime",
            0x30 => "a SEQUENCE",
            0x31 => "a SET",
            octet => return write!(f, "an element with the identifier octet 0x{octet:02X}"),
        };
        f.write_str(name)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many more elements may be looked at in this upload.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Cell<usize>,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            left: Cell::new(MAX_ELEMENTS),
        }
    }

    fn spend(&self, offset: usize) -> Result<(), Error> {
        if self.take(1) {
            return Ok(());
        }
        Err(Error::TooManyElements {
            position: Position::Offset(offset),
            limit: MAX_ELEMENTS,
        })
    }

    /// Takes `count` elements off what is left, if there are so many.
    pub(crate) fn take(&self, count: usize) -> bool {
        work::add(count);
        let left = self.left.get().checked_sub(count);
        self.left.set(left.unwrap_or_else(|| self.left.get()));
        left.is_some()
    }
}

/// The length octets of an element (X.690 section 8.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Definite(usize),
    Indefinite,
}

/// The identifier and length octets of an element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) tag: Tag,
    length: Length,
    /// How many octets the header itself takes.
    pub(crate) octets: usize,
    /// Whether the length is written as DER has it (X.690 section 10.1).
    is_der: bool,
}

impl Header {
    /// Reads the header at the start of `input`, which begins at `offset` of the whole.
    pub(crate) fn parse(input: &[u8], offset: usize) -> Result<Self, Error> {
        let truncated = || Error::Truncated {
            position: Position::Offset(offset),
            missing: None,
        };
        let (&identifier, rest) = input.split_first().ok_or_else(truncated)?;
        if identifier & Tag::NUMBER == Tag::NUMBER {
            return Err(Error::malformed(
                Position::Offset(offset),
                "a tag number up to 30, as all of X.509 and PKCS#7 have",
                "a longer one",
            ));
        }
        let (&first, rest) = rest.split_first().ok_or_else(truncated)?;
        let header = |length, octets, is_der| Self {
            tag: Tag(identifier),
            length,
            octets,
            is_der,
        };
        match first {
            0x00..=0x7f => Ok(header(Length::Definite(usize::from(first)), 2, true)),
            0x80 => Ok(header(Length::Indefinite, 2, false)),
            0x81..=0xfe => {
                let count = usize::from(first & 0x7f);
                let octets = rest.get(..count).ok_or_else(truncated)?;
                let length = long_form(octets).ok_or_else(truncated)?;
                let is_minimal = length > 0x7f && octets.first() != Some(&0);
                Ok(header(Length::Definite(length), 2 + count, is_minimal))
            }
            0xff => Err(Error::malformed(
                Position::Offset(offset.saturating_add(1)),
                "a length (X.690 section 8.1.3)",
                "the reserved octet 0xFF",
            )),
        }
    }

    /// The content, if it is all there and its length is written as DER has it.
    pub(crate) fn der_content<'a>(&self, input: &'a [u8]) -> Option<&'a [u8]> {
        match self.length {
            Length::Definite(length) if self.is_der => input.get(self.octets..)?.get(..length),
            _ => None,
        }
    }

    /// The content as far as it is there: an upload that was cut off still shows what it was.
    pub(crate) fn available<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        let rest = input.get(self.octets..).unwrap_or_default();
        match self.length {
            Length::Definite(length) => rest.get(..length).unwrap_or(rest),
            Length::Indefinite => rest,
        }
    }
}

/// The value of long-form length octets, or nothing when it is beyond any memory.
fn long_form(octets: &[u8]) -> Option<usize> {
    octets.iter().try_fold(0_usize, |length, &octet| {
        length.checked_mul(256)?.checked_add(usize::from(octet))
    })
}

/// One element, borrowed from the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    /// Where the element begins in the whole input.
    pub(crate) offset: usize,
    /// All octets: identifier, length, content, and the end-of-contents octets if there are any.
    pub(crate) octets: &'a [u8],
    pub(crate) content: &'a [u8],
    /// Where the content begins in the whole input.
    pub(crate) content_offset: usize,
    /// Whether the length is written as DER has it.
    pub(crate) has_der_length: bool,
}

impl<'a> Element<'a> {
    /// The elements inside this one.
    pub(crate) const fn elements<'b>(&self, budget: &'b Budget) -> Elements<'a, 'b> {
        Elements {
            input: self.content,
            offset: self.content_offset,
            budget,
        }
    }

    /// This element, when it has the tag that is needed here.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] when it has another one; `expected` says what should have been here.
    pub(crate) fn with_tag(self, tag: Tag, expected: &'static str) -> Result<Self, Error> {
        if self.tag == tag {
            return Ok(self);
        }
        Err(Error::malformed(
            Position::Offset(self.offset),
            alloc::format!("{expected} ({tag})"),
            alloc::format!("{}", self.tag),
        ))
    }
}

/// The sibling elements of one level, front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'a, 'b> {
    input: &'a [u8],
    offset: usize,
    budget: &'b Budget,
}

impl<'a, 'b> Elements<'a, 'b> {
    /// The elements of `input`, which is the whole of what offsets count from.
    pub(crate) const fn of(input: &'a [u8], budget: &'b Budget) -> Self {
        Self {
            input,
            offset: 0,
            budget,
        }
    }

    /// What has not been read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.input
    }

    /// Where the rest begins in the whole input.
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// The next element, or nothing at the end of the level.
    ///
    /// # Errors
    ///
    /// - [`Error::Truncated`] when the element is longer than what there is.
    /// - [`Error::Malformed`] when the octets are no element.
    /// - [`Error::TooDeep`] when an element of indefinite length nests deeper than [`MAX_DEPTH`].
    /// - [`Error::TooManyElements`] when the budget is spent.
    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Error> {
        if self.input.is_empty() {
            return Ok(None);
        }
        let element = self.read()?;
        self.input = self.input.get(element.octets.len()..).unwrap_or_default();
        self.offset = self.offset.saturating_add(element.octets.len());
        Ok(Some(element))
    }

    /// The next element, which must be there and have this tag.
    pub(crate) fn require(&mut self, tag: Tag, what: &'static str) -> Result<Element<'a>, Error> {
        self.next()?
            .ok_or_else(|| self.missing(what))?
            .with_tag(tag, what)
    }

    /// The next element if it has this tag; otherwise it stays where it is.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, Error> {
        if self.input.first() == Some(&tag.octet()) {
            self.next()
        } else {
            Ok(None)
        }
    }

    /// Says that nothing may follow here.
    pub(crate) fn finish(&mut self, after: &'static str) -> Result<(), Error> {
        let offset = self.offset;
        match self.next()? {
            None => Ok(()),
            Some(element) => Err(Error::malformed(
                Position::Offset(offset),
                alloc::format!("nothing more after {after}"),
                alloc::format!("{}", element.tag),
            )),
        }
    }

    fn missing(&self, what: &'static str) -> Error {
        Error::malformed(
            Position::Offset(self.offset),
            what,
            "the end of what contains it",
        )
    }

    fn read(&self) -> Result<Element<'a>, Error> {
        self.budget.spend(self.offset)?;
        let header = Header::parse(self.input, self.offset)?;
        let (content_len, trailer_len) = match header.length {
            Length::Definite(length) => (length, 0),
            Length::Indefinite => (self.indefinite_content_len(&header)?, 2),
        };
        let len = header
            .octets
            .saturating_add(content_len)
            .saturating_add(trailer_len);
        let truncated = || Error::Truncated {
            position: Position::Offset(self.offset),
            missing: len.checked_sub(self.input.len()),
        };
        let octets = self.input.get(..len).ok_or_else(truncated)?;
        let content = octets
            .get(header.octets..len - trailer_len)
            .ok_or_else(truncated)?;
        Ok(Element {
            tag: header.tag,
            offset: self.offset,
            octets,
            content,
            content_offset: self.offset.saturating_add(header.octets),
            has_der_length: header.is_der,
        })
    }

    /// How long the content of an element of indefinite length is, without its end-of-contents
    /// octets (X.690 section 8.1.5).
    ///
    /// Only elements that are of indefinite length themselves have to be entered to find out, and
    /// for these a counter is enough: no recursion, no stack.
    fn indefinite_content_len(&self, outer: &Header) -> Result<usize, Error> {
        let mut at = outer.octets;
        let mut depth = 1_usize;
        self.check_constructed(outer, 0)?;
        loop {
            let offset = self.offset.saturating_add(at);
            self.budget.spend(offset)?;
            let rest = self.input.get(at..).unwrap_or_default();
            let header = Header::parse(rest, offset)?;
            let end = at.saturating_add(header.octets);
            match header.length {
                Length::Definite(0) if header.tag == Tag::END_OF_CONTENTS => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(at - outer.octets);
                    }
                    at = end;
                }
                Length::Definite(length) => at = end.saturating_add(length),
                Length::Indefinite if depth == MAX_DEPTH => {
                    return Err(Error::TooDeep {
                        position: Position::Offset(offset),
                        limit: MAX_DEPTH,
                    });
                }
                Length::Indefinite => {
                    self.check_constructed(&header, at)?;
                    depth += 1;
                    at = end;
                }
            }
        }
    }

    /// Only a constructed element can be of indefinite length (X.690 section 8.1.3.2).
    fn check_constructed(&self, header: &Header, at: usize) -> Result<(), Error> {
        if header.tag.is_constructed() {
            return Ok(());
        }
        Err(Error::malformed(
            Position::Offset(self.offset.saturating_add(at)),
            "a definite length",
            alloc::format!("{} of indefinite length", header.tag),
        ))
    }
}
