//! Writes ASN.1 as other programs write it: BER in all its liberties (X.690 section 8).
//!
//! A second implementation, on purpose: nothing here comes from the crate under test.

/// The liberties that a writer of BER takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Liberties {
    /// Constructed elements have an indefinite length.
    pub(crate) indefinite: bool,
    /// Definite lengths are written in this many octets more than needed.
    pub(crate) longer: usize,
    /// OCTET STRINGs and BIT STRINGs are cut into segments of this many octets.
    pub(crate) segments: Option<usize>,
}

/// One element with its shortest definite length.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    octets.extend(length(content.len(), 0));
    octets.extend(content);
    octets
}

/// One element of indefinite length.
pub(crate) fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

/// Certs-only PKCS#7 around the given `certificates` and `crls` fields and with this version.
pub(crate) fn signed_data(version: u8, certificates: &[u8], crls: &[u8]) -> Vec<u8> {
    let data = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]);
    let mut fields = vec![
        element(0x02, &[version]),
        element(0x31, &[]),
        element(0x30, &data),
    ];
    fields.push(element(0xa0, certificates));
    if !crls.is_empty() {
        fields.push(element(0xa1, crls));
    }
    fields.push(element(0x31, &[]));
    content_info(2, &element(0x30, &fields.concat()))
}

/// Certs-only PKCS#7 in which everything around the certificates is of indefinite length.
pub(crate) fn signed_data_in_ber(certificates: &[u8]) -> Vec<u8> {
    let oid = |number| element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, number]);
    let fields = [
        element(0x02, &[1]),
        indefinite(0x31, &[]),
        indefinite(0x30, &oid(1)),
        indefinite(0xa0, certificates),
        indefinite(0x31, &[]),
    ];
    let signed_data = indefinite(0x30, &fields.concat());
    indefinite(0x30, &[oid(2), indefinite(0xa0, &signed_data)].concat())
}

/// A `ContentInfo` with the PKCS#7 content type of this number.
pub(crate) fn content_info(number: u8, content: &[u8]) -> Vec<u8> {
    let content_type = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, number]);
    element(0x30, &[content_type, element(0xa0, content)].concat())
}

/// The same value as `der`, written with these liberties.
pub(crate) fn rewrite(der: &[u8], liberties: Liberties) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = der;
    while !rest.is_empty() {
        let (tag, content, after) = split(rest);
        octets.extend(rewrite_one(tag, content, liberties));
        rest = after;
    }
    octets
}

fn rewrite_one(tag: u8, content: &[u8], liberties: Liberties) -> Vec<u8> {
    let (tag, content) = match (tag, liberties.segments) {
        (0x03 | 0x04, Some(len)) => (tag | 0x20, segments(tag, content, len, liberties)),
        _ if tag & 0x20 != 0 => (tag, rewrite(content, liberties)),
        _ => (tag, content.to_vec()),
    };
    if liberties.indefinite && tag & 0x20 != 0 {
        return indefinite(tag, &content);
    }
    with_length(tag, &content, liberties)
}

/// The segments of an OCTET STRING, or of a BIT STRING, whose last one has the unused bits.
fn segments(tag: u8, content: &[u8], len: usize, liberties: Liberties) -> Vec<u8> {
    if tag == 0x04 {
        return content
            .chunks(len)
            .flat_map(|octets| with_length(tag, octets, liberties))
            .collect();
    }
    let (&unused, bits) = content.split_first().expect("a count of unused bits");
    let count = bits.len().div_ceil(len);
    let segment = |(number, octets): (usize, &[u8])| {
        let unused = if number + 1 == count { unused } else { 0 };
        with_length(tag, &[&[unused], octets].concat(), liberties)
    };
    bits.chunks(len).enumerate().flat_map(segment).collect()
}

fn with_length(tag: u8, content: &[u8], liberties: Liberties) -> Vec<u8> {
    let length = length(content.len(), liberties.longer);
    [&[tag], &length[..], content].concat()
}

fn length(len: usize, longer: usize) -> Vec<u8> {
    if longer == 0 && len < 0x80 {
        return vec![u8::try_from(len).expect("below 0x80")];
    }
    let octets: Vec<u8> = len
        .to_be_bytes()
        .into_iter()
        .skip_while(|&octet| octet == 0)
        .collect();
    let count = u8::try_from(octets.len() + longer).expect("few octets");
    [vec![0x80 | count], vec![0; longer], octets].concat()
}

/// Tag, content and what follows, of DER.
pub(crate) fn split(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (header, len) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let octets = &der[2..2 + count];
            (
                2 + count,
                octets
                    .iter()
                    .fold(0, |len, &octet| len * 256 + usize::from(octet)),
            )
        }
    };
    (der[0], &der[header..header + len], &der[header + len..])
}
