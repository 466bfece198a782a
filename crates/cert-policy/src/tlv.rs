//! The octets of one DER value inside another, without decoding and encoding it again.
//!
//! A signature covers octets, not meanings. `x509-cert` gives the meanings, and what it would
//! encode from them is not always what came: an explicit DEFAULT (`cA FALSE`, `critical FALSE`,
//! version 1), common in real certificates although DER forbids it, is dropped. So whatever is
//! hashed or shown as it came is cut out of the original with the header reader of `der`, which
//! never reads past the end and takes lengths below 2³² only.
//!
//! Lists are walked where they stand and never copied: a certificate of some kilobytes can hold
//! thousands of names, and as owned values each would take a hundred octets.

use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

/// One value, as the octets it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: Tag,
    /// Header and value.
    pub(crate) whole: &'a [u8],
    /// The value alone.
    pub(crate) value: &'a [u8],
}

/// Values that follow each other; it ends where they are cut off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tlvs<'a>(&'a [u8]);

impl<'a> Iterator for Tlvs<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = split_first(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// The value `input` begins with, and what follows it. `None` where it is cut off or is no DER.
pub(crate) fn split_first(input: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (tag, header_len, value_len) = short_header(input).or_else(|| header(input))?;
    let (whole, rest) = input.split_at_checked(header_len.checked_add(value_len)?)?;
    let value = whole.get(header_len..)?;
    Some((Tlv { tag, whole, value }, rest))
}

/// Tag, length of the header and length of the value.
fn header(input: &[u8]) -> Option<(Tag, usize, usize)> {
    let mut reader = SliceReader::new(input).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let header_len = usize::try_from(reader.position()).ok()?;
    Some((
        header.tag(),
        header_len,
        usize::try_from(header.length()).ok()?,
    ))
}

/// As [`header`], for what nearly all names, subtrees and usages begin with: lists of them are
/// walked many times.
fn short_header(input: &[u8]) -> Option<(Tag, usize, usize)> {
    let (&identifier, &len) = (input.first()?, input.get(1)?);
    let tag = match identifier {
        0x06 => Tag::ObjectIdentifier,
        0x30 => Tag::Sequence,
        0x80..=0x9E | 0xA0..=0xBE => Tag::ContextSpecific {
            constructed: identifier & 0x20 != 0,
            number: TagNumber((identifier & 0x1F).into()),
        },
        _ => return None,
    };
    (len < 0x80).then_some((tag, 2, len.into()))
}

/// The values inside `content`. `None` unless every octet is accounted for.
pub(crate) fn all(content: &[u8]) -> Option<Tlvs<'_>> {
    let mut walk = Tlvs(content);
    walk.by_ref().for_each(drop);
    walk.0.is_empty().then_some(Tlvs(content))
}

/// The values inside the SEQUENCE that `input` is. `None` unless every octet is accounted for.
pub(crate) fn sequence(input: &[u8]) -> Option<Tlvs<'_>> {
    let (outer, rest) = split_first(input)?;
    let is_sequence = outer.tag == Tag::Sequence && rest.is_empty();
    is_sequence.then(|| all(outer.value)).flatten()
}

/// The octets of the `tbsCertificate` of an encoded certificate, which its signature covers
/// ([RFC 5280 section 4.1.1.3](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.1.3)).
pub(crate) fn tbs_certificate(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = split_first(certificate)?;
    let (tbs, _) = split_first(outer.value)?;
    (outer.tag == Tag::Sequence && tbs.tag == Tag::Sequence).then_some(tbs.whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_cut_out_as_it_came() {
        // SEQUENCE { SEQUENCE { BOOLEAN FALSE }, NULL }: the explicit FALSE stays.
        let certificate = [0x30, 0x07, 0x30, 0x03, 0x01, 0x01, 0x00, 0x05, 0x00];
        assert_eq!(tbs_certificate(&certificate), Some(&certificate[2..7]));
        assert_eq!(sequence(&certificate).map(Iterator::count), Some(2));
    }

    #[test]
    fn a_short_header_is_read_as_any_header() {
        for identifier in 0..=0xFF {
            for len in 0..=0xFF {
                let input = [&[identifier, len][..], &[0; 0x80]].concat();
                if let Some(short) = short_header(&input) {
                    assert_eq!(Some(short), header(&input), "{identifier:02x} {len:02x}");
                }
            }
        }
        assert!(short_header(&[0x82]).is_none());
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        for cut_off in [
            &[][..],
            &[0x30],
            &[0x30, 0x05, 0x30],
            &[0x30, 0x82, 0xFF],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x30, 0x80, 0x00, 0x00],
        ] {
            assert_eq!(tbs_certificate(cut_off), None, "{cut_off:02x?}");
            assert!(sequence(cut_off).is_none(), "{cut_off:02x?}");
        }
        assert!(sequence(&[0x30, 0x00, 0x00]).is_none(), "trailing octet");
        assert!(
            sequence(&[0x30, 0x03, 0x04, 0x05, 0x00]).is_none(),
            "inner value too long"
        );
    }
}
