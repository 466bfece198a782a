//! The content of a ContentInfo of type signedData, in any encoding: each
//! certificate that is read stands in the input, octet for octet, unless a
//! note says that one was BER and became DER.

#![no_main]

use cert_formats::Note;
use libfuzzer_sys::fuzz_target;

/// `SEQUENCE { OBJECT IDENTIFIER signedData, [0] { … } }`, of indefinite length
/// so that any content fits without counting.
const HEAD: &[u8] = &[
    0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x80,
];
const TAIL: &[u8] = &[0, 0, 0, 0];

fuzz_target!(|content: &[u8]| {
    let wrapped = [HEAD, content, TAIL].concat();
    let Ok(bundle) = cert_formats::read(&wrapped, None) else {
        return;
    };
    let is_reencoded = |note: &Note| matches!(note, Note::CertificateReencoded { .. });
    if bundle.notes.iter().any(is_reencoded) {
        return;
    }
    for certificate in &bundle.certificates {
        let der = certificate.der();
        assert!(wrapped.windows(der.len()).any(|window| window == der));
    }
});
