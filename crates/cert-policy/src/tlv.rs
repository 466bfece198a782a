//! The octets of one DER value inside another, without decoding and encoding it again.
//!
//! A signature covers octets, not meanings. `x509-cert` gives the meanings, and what it would
//! encode from them is not always what came: an explicit DEFAULT (`cA FALSE`, `critical FALSE`,
//! version 1), common in real certificates although DER forbids it, is dropped. So whatever is
//! hashed or shown as it came is cut out of the original with the header reader of `der`, which
//! never reads past the end and takes lengths below 2³² only.

use der::{Decode, Header, Reader, SliceReader, Tag};

/// One value, as the octets it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: Tag,
    /// Header and value.
    pub(crate) whole: &'a [u8],
    /// The value alone.
    pub(crate) value: &'a [u8],
}

/// The value `input` begins with, and what follows it. `None` where it is cut off or is no DER.
pub(crate) fn split_first(input: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let mut reader = SliceReader::new(input).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let header_len = usize::try_from(reader.position()).ok()?;
    let value_len = usize::try_from(header.length()).ok()?;
    let (whole, rest) = input.split_at_checked(header_len.checked_add(value_len)?)?;
    let value = whole.get(header_len..)?;
    Some((
        Tlv {
            tag: header.tag(),
            whole,
            value,
        },
        rest,
    ))
}

/// The values inside the SEQUENCE that `input` is. `None` unless every octet is accounted for.
pub(crate) fn sequence(input: &[u8]) -> Option<alloc::vec::Vec<Tlv<'_>>> {
    let (outer, rest) = split_first(input)?;
    if outer.tag != Tag::Sequence || !rest.is_empty() {
        return None;
    }
    let mut values = alloc::vec::Vec::new();
    let mut rest = outer.value;
    while !rest.is_empty() {
        let (value, after) = split_first(rest)?;
        values.push(value);
        rest = after;
    }
    Some(values)
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
        assert_eq!(sequence(&certificate).map(|values| values.len()), Some(2));
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
