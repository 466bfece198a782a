//! What a person types is taken or refused with a sentence, and what is taken
//! can be encoded; a request decodes or not, and encodes as it was.

#![no_main]

use der::{Decode, Encode};
use libfuzzer_sys::fuzz_target;
use pki_core::{CommonName, Subject, SubjectAltName, SubjectAltNameKind};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::CertReq;

const KINDS: [SubjectAltNameKind; 6] = [
    SubjectAltNameKind::Dns,
    SubjectAltNameKind::Ip,
    SubjectAltNameKind::Email,
    SubjectAltNameKind::Uri,
    SubjectAltNameKind::RegisteredId,
    SubjectAltNameKind::Directory,
];

fuzz_target!(|octets: &[u8]| {
    if let Ok(request) = CertReq::from_der(octets) {
        let encoded = request.to_der().expect("what decoded encodes");
        assert_eq!(CertReq::from_der(&encoded).expect("decodes again"), request);
    }
    let Ok(typed) = std::str::from_utf8(octets) else {
        return;
    };
    for kind in KINDS {
        match SubjectAltName::parse(kind, typed) {
            Ok(name) => {
                let general = GeneralName::try_from(&name).expect("what was taken encodes");
                let encoded = general.to_der().expect("what was taken encodes");
                assert_eq!(GeneralName::from_der(&encoded).expect("decodes"), general);
            }
            Err(refused) => assert!(!refused.to_string().is_empty()),
        }
    }
    match CommonName::parse(typed) {
        Ok(name) => assert!(Subject::new(name).to_name().is_ok()),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
