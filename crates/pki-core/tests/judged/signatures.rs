//! Every digest with every kind of key.

use der::{Decode, Encode};
use pki_core::{
    CertificateParams, CommonName, Digest, Error, KeySpec, PrivateKey, RequestParams, Signer,
    Subject, Validity, ValidityDays, certificate_request, self_signed,
};
use rand_core::CryptoRng;
use spki::SubjectPublicKeyInfoOwned;

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

/// A key that this crate never sees: OpenSSL keeps it and signs with it.
struct Kept<'a> {
    bench: &'a Bench,
    spec: KeySpec,
    public_key: SubjectPublicKeyInfoOwned,
}

impl<'a> Kept<'a> {
    fn new(bench: &'a Bench, spec: KeySpec, generate: &str) -> Self {
        bench.openssl(&format!("genpkey -out kept.pem {generate}"));
        bench.openssl("pkey -in kept.pem -pubout -outform DER -out public.der");
        let public_key = SubjectPublicKeyInfoOwned::from_der(&bench.read("public.der")).unwrap();
        Self {
            bench,
            spec,
            public_key,
        }
    }
}

impl Signer for Kept<'_> {
    fn spec(&self) -> KeySpec {
        self.spec
    }

    fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        &self.public_key
    }

    fn sign(
        &self,
        digest: Digest,
        message: &[u8],
        _: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        assert_eq!(digest, Digest::Sha256);
        self.bench.put("message", message);
        let signature = "-out signature message";
        self.bench
            .openssl(&format!("dgst -sha256 -sign kept.pem {signature}"));
        Ok(self.bench.read("signature"))
    }
}

#[test]
fn a_key_that_never_leaves_its_keeper_signs_a_request_and_a_certificate() {
    for (spec, generate) in [
        (rsa(2048), "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        (
            KeySpec::EcP256,
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        ),
    ] {
        let bench = Bench::new();
        let kept = Kept::new(&bench, spec, generate);
        let subject = || Subject::new(CommonName::parse("ntp1.example.net").unwrap());
        let request = certificate_request(&kept, &RequestParams::new(subject()), &mut rng(3));
        bench.put("request.der", request.unwrap().to_der().unwrap());
        let said = bench.openssl("req -verify -noout -inform DER -in request.der");
        assert!(said.contains("self-signature verify OK"), "{said}");
        let validity = Validity::days(1_767_225_600, ValidityDays::new(3650).unwrap()).unwrap();
        let params = CertificateParams::new(subject(), validity);
        let certificate = self_signed(&kept, &params, &mut rng(4)).unwrap();
        bench.put("certificate.der", certificate.to_der().unwrap());
        bench.openssl("x509 -inform DER -in certificate.der -out certificate.pem");
        bench
            .openssl("verify -no_check_time -check_ss_sig -CAfile certificate.pem certificate.pem");
    }
}
