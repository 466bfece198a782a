//! The content of a ContentInfo of type signedData, in any encoding: each
//! certificate that is read stands in the input, octet for octet, unless the
//! input is BER that had to be rewritten.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// `SEQUENCE { OBJECT IDENTIFIER signedData, [0] { … } }`, of indefinite length
/// so that any content fits without counting.
const HEAD: &[u8] = &[
    0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x80,
];
const TAIL: &[u8] = &[0, 0, 0, 0];

fuzz_target!(|content: &[u8]| {
    let wrapped = [HEAD, content, TAIL].concat();
    for upload in [content, wrapped.as_slice()] {
        if let Ok(bundle) = cert_formats::read(upload, None) {
            for certificate in &bundle.certificates {
                assert_eq!(certificate.der().first(), Some(&0x30));
            }
        }
    }
});
