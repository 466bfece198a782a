//! Whatever is uploaded is read or refused, with a sentence; nothing panics.

#![no_main]

use cert_formats::{Error, Format, MAX_CERTIFICATES, read, read_and_wipe};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|upload: &[u8]| {
    let automatic = read(upload, None);
    match &automatic {
        Ok(bundle) => {
            assert!((1..=MAX_CERTIFICATES).contains(&bundle.certificates.len()));
            for note in &bundle.notes {
                assert!(!note.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // What the person selected never changes what is read.
    for selected in [
        Format::X509Pem,
        Format::X509Der,
        Format::Pkcs7Pem,
        Format::Pkcs7Der,
    ] {
        match (&automatic, read(upload, Some(selected))) {
            (Ok(one), Ok(other)) => assert_eq!(one.certificates, other.certificates),
            (Err(one), Err(other)) => assert_eq!(one, &other),
            (one, other) => panic!("{one:?} without a selection, {other:?} with {selected}"),
        }
    }
    let mut wiped = upload.to_vec();
    let again = read_and_wipe(&mut wiped, None);
    assert_eq!(again.is_ok(), automatic.is_ok());
    assert!(wiped.iter().all(|octet| *octet == 0));
    if let Err(Error::NotACertificate(what)) = automatic {
        assert!(!what.to_string().is_empty());
    }
});
