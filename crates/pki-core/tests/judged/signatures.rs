//! Every digest with every kind of key.

use der::Encode;
use pki_core::{
    CertificateParams, CommonName, Digest, Error, KeySpec, PrivateKey, RequestParams, Subject,
    Validity, ValidityDays, certificate_request, self_signed,
};

use crate::judge::{Bench, key, rng, rsa};

/// Signs a request and a certificate, has OpenSSL and GnuTLS verify them, and
/// compares the algorithm, with its parameters, octet by octet.
#[track_caller]
fn check(key: &PrivateKey, digest: Digest, name: &str, algorithm: &[u8]) {
    let subject = Subject::new(CommonName::parse("ntp1.example.net").unwrap());
    let mut request = RequestParams::new(subject.clone());
    request.digest = digest;
    let request = certificate_request(key, &request, &mut rng(2)).unwrap();
    let validity = Validity::days(1_767_225_600, ValidityDays::new(36_500).unwrap()).unwrap();
    let mut certificate = CertificateParams::new(subject, validity);
    certificate.digest = digest;
    let certificate = self_signed(key, &certificate, &mut rng(2)).unwrap();

    assert_eq!(request.algorithm.to_der().unwrap(), algorithm);
    assert_eq!(
        certificate.signature_algorithm().to_der().unwrap(),
        algorithm
    );
    assert_eq!(
        certificate.tbs_certificate().signature().to_der().unwrap(),
        algorithm
    );

    let bench = Bench::new();
    bench.put("request.der", request.to_der().unwrap());
    let text = bench.openssl("req -inform DER -in request.der -verify -noout -text");
    assert!(
        text.contains("Certificate request self-signature verify OK"),
        "{text}"
    );
    assert_eq!(
        text.matches(&format!("Signature Algorithm: {name}\n"))
            .count(),
        1,
        "{text}"
    );

    bench.put("certificate.der", certificate.to_der().unwrap());
    bench.openssl("x509 -inform DER -in certificate.der -out certificate.pem");
    let text = bench.openssl("x509 -in certificate.pem -noout -text");
    assert_eq!(
        text.matches(&format!("Signature Algorithm: {name}\n"))
            .count(),
        2,
        "{text}"
    );
    // Level 0 lets short keys and old digests through to the signature itself.
    let verify = "verify -auth_level 0 -check_ss_sig -attime 1767225601 -CAfile certificate.pem";
    bench.openssl(&format!("{verify} certificate.pem"));
    bench.openssl("req -inform DER -in request.der -out request.pem");
    bench.certtool("--crq-info --infile request.pem");
}

#[test]
fn rsa_signs_with_every_digest() {
    let oids: [(Digest, &str, u8, u16); 5] = [
        (Digest::Md5, "md5WithRSAEncryption", 4, 512),
        (Digest::Sha1, "sha1WithRSAEncryption", 5, 512),
        (Digest::Sha256, "sha256WithRSAEncryption", 11, 512),
        (Digest::Sha384, "sha384WithRSAEncryption", 12, 618),
        (Digest::Sha512, "sha512WithRSAEncryption", 13, 746),
    ];
    for bits in [512, 514, 618, 746, 1024, 1030, 2048] {
        let key = key(rsa(bits));
        for (digest, name, arc, smallest) in oids {
            if bits >= smallest {
                // SEQUENCE { OID 1.2.840.113549.1.1.arc, NULL }
                let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, arc];
                let algorithm = [&[0x30, 0x0d, 0x06, 0x09], &oid[..], &[0x05, 0x00]].concat();
                check(&key, digest, name, &algorithm);
            }
        }
    }
}

#[test]
fn ecdsa_signs_with_every_digest_but_md5() {
    for spec in [KeySpec::EcP256, KeySpec::EcP384] {
        let key = key(spec);
        // SEQUENCE { OID 1.2.840.10045.4.… }, without parameters
        let sha1 = [
            0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01,
        ];
        check(&key, Digest::Sha1, "ecdsa-with-SHA1", &sha1);
        for (digest, name, arc) in [
            (Digest::Sha256, "ecdsa-with-SHA256", 2),
            (Digest::Sha384, "ecdsa-with-SHA384", 3),
            (Digest::Sha512, "ecdsa-with-SHA512", 4),
        ] {
            let sha2 = [
                0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, arc,
            ];
            check(&key, digest, name, &sha2);
        }
    }
}

#[test]
fn a_digest_that_does_not_fit_the_key_is_refused() {
    let refused = |spec, digest| {
        let mut params =
            RequestParams::new(Subject::new(CommonName::parse("ntp1.example.net").unwrap()));
        params.digest = digest;
        certificate_request(&key(spec), &params, &mut rng(2)).unwrap_err()
    };
    for (spec, digest) in [(rsa(512), Digest::Sha512), (rsa(616), Digest::Sha384)] {
        assert!(
            matches!(refused(spec, digest), Error::DigestTooLong { .. }),
            "{spec} {digest}"
        );
    }
    assert_eq!(
        refused(KeySpec::EcP256, Digest::Md5).to_string(),
        "MD5 cannot be used with an EC P-256 key: no standard defines that signature. Choose \
         SHA-256."
    );
}

#[test]
fn an_rsa_signature_does_not_depend_on_the_randomness() {
    let key = key(rsa(1024));
    let params = RequestParams::new(Subject::new(CommonName::parse("ntp1").unwrap()));
    let [one, other] = [1, 2].map(|seed| certificate_request(&key, &params, &mut rng(seed)));
    assert_eq!(one.unwrap(), other.unwrap());
}

#[test]
fn an_ecdsa_signature_depends_on_the_randomness() {
    let key = key(KeySpec::EcP256);
    let params = RequestParams::new(Subject::new(CommonName::parse("ntp1").unwrap()));
    let [one, other] = [1, 2].map(|seed| certificate_request(&key, &params, &mut rng(seed)));
    assert_ne!(one.unwrap().signature, other.unwrap().signature);
}
