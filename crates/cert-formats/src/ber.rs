//! Turns BER into DER where that is all that is wrong with it (X.690 sections 10.1 and 10.2):
//! indefinite lengths become definite, long lengths short, strings in segments whole.
//!
//! Values are left alone. What a signature covers is the DER of a certificate, even where the
//! certificate travelled as BER (RFC 5280 section 4.1.1.3).

use alloc::vec::Vec;

use crate::error::Error;
use crate::limits::MAX_DEPTH;
use crate::position::Position;
use crate::tlv::{Budget, Element, Header, Tag};

/// Whether `element` and all in it have the lengths and the strings of DER.
///
/// Primitive elements are not descended into. What is no sequence of elements, or goes over a
/// limit, is not DER either: [`to_der`] says what is wrong with it.
pub(crate) fn is_der(element: &Element<'_>, budget: &Budget) -> bool {
    let mut count = 0;
    let is_der = are_der(element.octets, 0, &mut count).is_some();
    budget.take(count) && is_der
}

/// Goes through the `rest` of one level and what is in it. Each certificate comes through here,
/// so it keeps nothing but where it is.
fn are_der(mut rest: &[u8], depth: usize, count: &mut usize) -> Option<()> {
    while !rest.is_empty() {
        let header = Header::parse(rest, 0).ok()?;
        let content = header.der_content(rest)?;
        *count += 1;
        if header.tag.is_constructed() {
            let may_be_entered = depth < MAX_DEPTH && !header.tag.is_segmented();
            may_be_entered.then(|| are_der(content, depth + 1, count))??;
        }
        rest = rest.get(header.octets + content.len()..)?;
    }
    Some(())
}

/// The same element in DER.
///
/// # Errors
///
/// What [`Elements::next`](crate::tlv::Elements::next) refuses anywhere in it, [`Error::TooDeep`],
/// and [`Error::Malformed`] when the segments of a string are not segments of it.
pub(crate) fn to_der(element: &Element<'_>, budget: &Budget) -> Result<Vec<u8>, Error> {
    let mut der = Vec::with_capacity(element.octets.len());
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
    let begin = der.len();
    if element.tag.is_segmented() {
        append_segments(element.tag.whole(), element, der, budget, depth)?;
    } else if element.tag.is_constructed() {
        let mut elements = element.elements(budget);
        while let Some(inner) = elements.next()? {
            append_der(&inner, der, budget, depth + 1)?;
        }
    } else {
        der.extend_from_slice(element.content);
    }
    // The length is known only now. One buffer for all levels, so that depth costs no memory.
    let header = header(element.tag.whole(), der.len() - begin);
    der.splice(begin..begin, header);
    Ok(())
}

/// Appends the content of a string that is cut into segments (X.690 sections 8.6.4 and 8.7.3).
fn append_segments(
    whole: Tag,
    string: &Element<'_>,
    der: &mut Vec<u8>,
    budget: &Budget,
    depth: usize,
) -> Result<(), Error> {
    check_depth(string, depth)?;
    let begin = der.len();
    let mut segments = string.elements(budget);
    while let Some(segment) = segments.next()? {
        check_segment(whole, &segment)?;
        let begin_of_segment = der.len();
        if segment.tag.is_segmented() {
            append_segments(whole, &segment, der, budget, depth + 1)?;
        } else {
            der.extend_from_slice(segment.content);
        }
        merge_unused_bits(whole, der, begin, begin_of_segment);
    }
    Ok(())
}

/// Segments of a BIT STRING are of its own type; those of the others are OCTET STRINGs (X.690
/// sections 8.6.4 and 8.23.6), though some writers repeat the type of the whole.
fn check_segment(whole: Tag, segment: &Element<'_>) -> Result<(), Error> {
    let is_octets = segment.tag.whole() == Tag::OCTET_STRING && whole != Tag::BIT_STRING;
    if is_octets || segment.tag.whole() == whole {
        return Ok(());
    }
    Err(Error::malformed(
        Position::Offset(segment.offset),
        alloc::format!("a segment of {whole}"),
        alloc::format!("{}", segment.tag),
    ))
}

/// Leaves one count of unused bits at the `begin` of a BIT STRING: that of its last segment, which
/// is the only one that may have any (X.690 section 8.6.4.1).
fn merge_unused_bits(whole: Tag, der: &mut Vec<u8>, begin: usize, segment: usize) {
    if whole == Tag::BIT_STRING && begin < segment && segment < der.len() {
        let unused = der.remove(segment);
        if let Some(count) = der.get_mut(begin) {
            *count = unused;
        }
    }
}

/// Appends one element with the shortest length octets.
pub(crate) fn append(tag: Tag, content: &[u8], der: &mut Vec<u8>) {
    der.extend(header(tag, content.len()));
    der.extend_from_slice(content);
}

/// The identifier octet and the shortest length octets (X.690 section 10.1).
fn header(tag: Tag, content_len: usize) -> impl Iterator<Item = u8> {
    let length = content_len.to_be_bytes();
    let significant = length.into_iter().skip_while(|&octet| octet == 0);
    let first = match u8::try_from(content_len) {
        Ok(short @ 0..=0x7f) => short,
        _ => 0x80 | u8::try_from(significant.clone().count()).expect("at most 8 octets"),
    };
    let is_long = first >= 0x80;
    [tag.octet(), first]
        .into_iter()
        .chain(significant.filter(move |_| is_long))
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
