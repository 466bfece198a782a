//! Turns BER into DER where that is all that is wrong with it (X.690 sections 10.1 and 10.2):
//! indefinite lengths become definite, long lengths short, strings in segments whole.
//!
//! Values are left alone. What a signature covers is the DER of a certificate, even where the
//! certificate travelled as BER (RFC 5280 section 4.1.1.3).

use alloc::vec::Vec;

use crate::error::Error;
use crate::limits::MAX_DEPTH;
use crate::position::Position;
use crate::tlv::{Budget, Element, Tag};

/// Which rules an element and all in it keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    Ber,
    Der,
}

/// Looks at every element in `element` without descending into primitive ones, and says which
/// rules they keep.
///
/// # Errors
///
/// What [`Elements::next`](crate::tlv::Elements::next) refuses anywhere in it, and
/// [`Error::TooDeep`].
pub(crate) fn survey(element: &Element<'_>, budget: &Budget) -> Result<Rules, Error> {
    survey_at(element, budget, 1)
}

fn survey_at(element: &Element<'_>, budget: &Budget, depth: usize) -> Result<Rules, Error> {
    let mut rules = if is_der_here(element) {
        Rules::Der
    } else {
        Rules::Ber
    };
    if element.tag.is_constructed() {
        check_depth(element, depth)?;
        let mut elements = element.elements(budget);
        while let Some(inner) = elements.next()? {
            if survey_at(&inner, budget, depth + 1)? == Rules::Ber {
                rules = Rules::Ber;
            }
        }
    }
    Ok(rules)
}

fn is_der_here(element: &Element<'_>) -> bool {
    element.has_der_length && !is_segmented(element.tag)
}

fn is_segmented(tag: Tag) -> bool {
    tag.is_constructed() && tag.is_string()
}

/// The same element in DER.
///
/// # Errors
///
/// As [`survey`], and [`Error::Malformed`] when the segments of a string are not segments of it.
pub(crate) fn to_der(element: &Element<'_>, budget: &Budget) -> Result<Vec<u8>, Error> {
    let mut der = Vec::new();
    append_der(element, &mut der, budget, 1)?;
    Ok(der)
}

fn append_der(
    element: &Element<'_>,
    der: &mut Vec<u8>,
    budget: &Budget,
    depth: usize,
) -> Result<(), Error> {
    check_depth(element, depth)?;
    if !element.tag.is_constructed() {
        append(element.tag, element.content, der);
        return Ok(());
    }
    let mut content = Vec::with_capacity(element.content.len());
    if is_segmented(element.tag) {
        let mut string = Segments {
            tag: element.tag.primitive(),
            content,
        };
        string.join(element, budget, depth)?;
        append(string.tag, &string.content, der);
        return Ok(());
    }
    let mut elements = element.elements(budget);
    while let Some(inner) = elements.next()? {
        append_der(&inner, &mut content, budget, depth + 1)?;
    }
    append(element.tag, &content, der);
    Ok(())
}

/// Appends one element with the shortest length octets.
pub(crate) fn append(tag: Tag, content: &[u8], der: &mut Vec<u8>) {
    der.push(tag.octet());
    let length = content.len().to_be_bytes();
    let significant = length.iter().skip_while(|&&octet| octet == 0);
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => der.push(short),
        _ => {
            let count = u8::try_from(significant.clone().count()).unwrap_or(u8::MAX);
            der.push(0x80 | count);
            der.extend(significant);
        }
    }
    der.extend_from_slice(content);
}

/// The segments of a string, joined (X.690 sections 8.6.4 and 8.7.3).
struct Segments {
    tag: Tag,
    content: Vec<u8>,
}

impl Segments {
    fn join(&mut self, string: &Element<'_>, budget: &Budget, depth: usize) -> Result<(), Error> {
        check_depth(string, depth)?;
        let mut elements = string.elements(budget);
        while let Some(segment) = elements.next()? {
            if is_segmented(segment.tag) {
                self.join(&segment, budget, depth + 1)?;
            } else {
                self.push(&segment)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, segment: &Element<'_>) -> Result<(), Error> {
        // Segments of character strings are octet strings (X.690 section 8.23.6); some writers
        // repeat the tag of the whole.
        if segment.tag != self.tag && segment.tag != Tag::OCTET_STRING {
            return Err(Error::malformed(
                Position::Offset(segment.offset),
                alloc::format!("a segment of {}", self.tag),
                alloc::format!("{}", segment.tag),
            ));
        }
        // A BIT STRING begins with the count of unused bits, which only the last segment may have.
        match segment.content.split_first() {
            Some((&unused, bits)) if self.tag == Tag::BIT_STRING => {
                match self.content.first_mut() {
                    Some(count) => *count = unused,
                    None => self.content.push(unused),
                }
                self.content.extend_from_slice(bits);
            }
            _ => self.content.extend_from_slice(segment.content),
        }
        Ok(())
    }
}

fn check_depth(element: &Element<'_>, depth: usize) -> Result<(), Error> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::TooDeep {
        position: Position::Offset(element.offset),
        limit: MAX_DEPTH,
    })
}
