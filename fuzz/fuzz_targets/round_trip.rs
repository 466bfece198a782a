//! What we write of what we read, we read back equal, in every format.

#![no_main]

use cert_formats::{
    certificates_to_pem, certificates_to_pkcs7_der, certificates_to_pkcs7_pem, read,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|upload: &[u8]| {
    let Ok(bundle) = read(upload, None) else {
        return;
    };
    let der: Vec<&[u8]> = bundle.certificates.iter().map(|read| read.der()).collect();
    let written = [
        certificates_to_pem(&der).into_bytes(),
        certificates_to_pkcs7_pem(&der)
            .expect("writes what was read")
            .into_bytes(),
        certificates_to_pkcs7_der(&der).expect("writes what was read"),
    ];
    for file in written {
        let again = match read(&file, None) {
            Ok(again) => again,
            // Written once more in armour, a file near the limit passes it.
            Err(cert_formats::Error::TooLarge { .. }) => continue,
            Err(other) => panic!("{other:?}"),
        };
        // A certs-only SignedData is a SET, so the order may differ.
        let mut before = der.clone();
        let mut after: Vec<&[u8]> = again.certificates.iter().map(|read| read.der()).collect();
        before.sort_unstable();
        after.sort_unstable();
        assert_eq!(before, after);
        assert!(again.notes.is_empty(), "{:?}", again.notes);
    }
});
