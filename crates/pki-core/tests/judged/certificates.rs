//! Self-signed certificates.

use std::collections::BTreeSet;

use der::Encode;
use pki_core::{
    CertificateParams, CommonName, KeySpec, SanExtension, Subject, Validity, ValidityDays,
    self_signed,
};

use crate::judge::{Bench, key, rng, rsa};
use crate::requests::{every_field, every_kind_of_name};

/// 2026-01-01T00:00:00Z.
const START: u64 = 1_767_225_600;

fn params(days: u16) -> CertificateParams {
    let subject = Subject::new(CommonName::parse("ntp1.example.net").unwrap());
    let validity = Validity::days(START, ValidityDays::new(days).unwrap()).unwrap();
    CertificateParams::new(subject, validity)
}

/// A bench with the certificate in `certificate.pem`.
#[track_caller]
fn made(spec: KeySpec, params: &CertificateParams) -> Bench {
    let certificate = self_signed(&key(spec), params, &mut rng(2)).unwrap();
    let bench = Bench::new();
    bench.put("certificate.der", certificate.to_der().unwrap());
    bench.openssl("x509 -inform DER -in certificate.der -out certificate.pem");
    bench
}

const SHOW: &str =
    "x509 -in certificate.pem -noout -text -nameopt utf8,sep_comma_plus_space,esc_2253";

#[test]
fn openssl_shows_every_field() {
    let mut params = params(397);
    params.subject = every_field().subject;
    params.names = every_kind_of_name();
    let text = made(rsa(2048), &params).openssl(SHOW);
    let name = "C=US, ST=New York, L=W. Henrietta, O=Zeit & Söhne, OU=Time, OU=R&D, OU=Time, \
                CN=ntp1.example.net, emailAddress=time@example.net";
    for expected in [
        "        Version: 3 (0x2)\n",
        "        Signature Algorithm: sha256WithRSAEncryption\n",
        &format!("        Issuer: {name}\n"),
        "            Not Before: Jan  1 00:00:00 2026 GMT\n",
        "            Not After : Feb  2 00:00:00 2027 GMT\n",
        &format!("        Subject: {name}\n"),
        "                Public-Key: (2048 bit)\n",
        "            X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "            X509v3 Key Usage: critical\n\
         \x20               Digital Signature, Key Encipherment\n",
        "            X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
        "            X509v3 Subject Key Identifier: \n",
        "            X509v3 Subject Alternative Name: \n                DNS:ntp1.example.net, \
         DNS:time.example.net, IP Address:10.0.0.7, IP Address:2001:DB8:0:0:0:0:0:7, \
         email:noc@example.net, URI:https://ntp1.example.net:8443/management?a=b, \
         Registered ID:1.3.6.1.4.1.18837.3, \
         DirName:/C=FR/O=Exemple, SA/OU=Temps/CN=unit\\xC3\\xA9 7\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let extensions = text
        .lines()
        .filter(|line| line.starts_with("            X509v3"));
    assert_eq!(extensions.count(), 5, "{text}");
}

#[test]
fn a_client_that_trusts_it_takes_it_as_a_server_and_not_as_a_ca() {
    let mut params = params(397);
    params.names = every_kind_of_name();
    for spec in [rsa(2048), KeySpec::EcP256, KeySpec::EcP384] {
        let bench = made(spec, &params);
        let verify = "verify -x509_strict -check_ss_sig -attime 1767225601 -CAfile certificate.pem";
        for name in [
            "-verify_hostname ntp1.example.net",
            "-verify_hostname TIME.example.net",
            "-verify_ip 10.0.0.7",
            "-verify_ip 2001:db8::7",
        ] {
            bench.openssl(&format!(
                "{verify} -purpose sslserver {name} certificate.pem"
            ));
        }
        for name in ["-verify_hostname ntp2.example.net", "-verify_ip 10.0.0.8"] {
            bench.openssl_refuses(&format!(
                "{verify} -purpose sslserver {name} certificate.pem"
            ));
        }
        bench.openssl_refuses(&format!("{verify} -purpose sslclient certificate.pem"));
        let purposes = bench.openssl("x509 -in certificate.pem -noout -purpose");
        assert!(purposes.contains("SSL server : Yes\n"), "{purposes}");
        assert!(purposes.contains("SSL server CA : No\n"), "{purposes}");
    }
}

#[test]
fn it_is_valid_from_its_first_second_to_its_last() {
    let bench = made(KeySpec::EcP256, &params(365));
    let verify =
        |second: u64| format!("verify -attime {second} -CAfile certificate.pem certificate.pem");
    bench.openssl(&verify(START));
    // OpenSSL does not count the last second as RFC 5280 does.
    bench.openssl(&verify(START + 365 * 86_400 - 1));
    let early = bench.openssl_refuses(&verify(START - 1));
    assert!(early.contains("not yet valid"), "{early}");
    let late = bench.openssl_refuses(&verify(START + 365 * 86_400 + 1));
    assert!(late.contains("has expired"), "{late}");
}

#[test]
fn times_are_utctime_through_2049_and_generalizedtime_from_2050() {
    for (from, days, not_before, not_after) in [
        (
            0,
            1,
            "UTCTIME           :700101000000Z",
            "UTCTIME           :700102000000Z",
        ),
        (
            START,
            8765,
            "UTCTIME           :260101000000Z",
            "UTCTIME           :491231000000Z",
        ),
        (
            START,
            8766,
            "UTCTIME           :260101000000Z",
            "GENERALIZEDTIME   :20500101000000Z",
        ),
        // 2049-12-31T23:59:59Z and a second later.
        (
            2_524_607_999,
            1,
            "UTCTIME           :491231235959Z",
            "GENERALIZEDTIME   :20500101235959Z",
        ),
        (
            2_524_608_000,
            1,
            "GENERALIZEDTIME   :20500101000000Z",
            "GENERALIZEDTIME   :20500102000000Z",
        ),
    ] {
        let mut params = params(1);
        params.validity = Validity::days(from, ValidityDays::new(days).unwrap()).unwrap();
        let bench = made(KeySpec::EcP256, &params);
        let text = bench.openssl("asn1parse -in certificate.pem");
        let times: Vec<_> = text.lines().filter(|line| line.contains("TIME ")).collect();
        let [first, second] = times[..] else {
            panic!("{text}")
        };
        assert!(first.ends_with(not_before), "{first}");
        assert!(second.ends_with(not_after), "{second}");
    }
}

#[test]
fn key_encipherment_is_for_rsa_only() {
    for spec in [KeySpec::EcP256, KeySpec::EcP384] {
        let text = made(spec, &params(1)).openssl(SHOW);
        assert!(
            text.contains("Key Usage: critical\n                Digital Signature\n"),
            "{text}"
        );
    }
}

#[test]
fn the_names_can_be_left_out() {
    let mut params = params(1);
    params.names = every_kind_of_name();
    params.san = SanExtension::Omit;
    let text = made(KeySpec::EcP256, &params).openssl(SHOW);
    assert!(!text.contains("Subject Alternative Name"), "{text}");
    assert!(text.contains("X509v3 Subject Key Identifier"), "{text}");
}

#[test]
fn the_key_identifier_is_the_one_openssl_would_write() {
    for spec in [rsa(1024), KeySpec::EcP256] {
        let key = key(spec);
        let certificate = self_signed(&key, &params(1), &mut rng(2)).unwrap();
        let bench = Bench::new();
        bench.put("ours.der", certificate.to_der().unwrap());
        bench.put("key.der", key.to_pkcs8_der());
        let request = "req -x509 -keyform DER -key key.der -subj /CN=a -out theirs.pem";
        bench.openssl(&format!("{request} -addext subjectKeyIdentifier=hash"));
        let show = "x509 -noout -ext subjectKeyIdentifier -in";
        let ours = bench.openssl(&format!("{show} ours.der -inform DER"));
        let theirs = bench.openssl(&format!("{show} theirs.pem"));
        assert_eq!(ours, theirs);
    }
}

#[test]
fn serial_numbers_are_positive_of_20_octets_and_never_the_same() {
    let key = key(KeySpec::EcP256);
    let mut rng = rng(7);
    let serials: BTreeSet<Vec<u8>> = (0..200)
        .map(|_| {
            let certificate = self_signed(&key, &params(1), &mut rng).unwrap();
            let serial = certificate
                .tbs_certificate()
                .serial_number()
                .to_der()
                .unwrap();
            assert_eq!(serial[..2], [0x02, 20], "an INTEGER of 20 octets");
            assert!((0x40..0x80).contains(&serial[2]), "a positive one");
            serial
        })
        .collect();
    assert_eq!(serials.len(), 200);
}

/// A TLS handshake in memory, with a client that trusts the certificate and
/// checks the name.
const HANDSHAKE: &str = r#"
import ssl, sys

server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("certificate.pem", "key.pem")
for name in sys.argv[1:]:
    client = ssl.create_default_context(cafile="certificate.pem")
    ends = [ssl.MemoryBIO() for _ in range(4)]
    parties = [
        client.wrap_bio(ends[0], ends[1], server_hostname=name),
        server.wrap_bio(ends[1], ends[0], server_side=True),
    ]
    while parties:
        for party in list(parties):
            try:
                party.do_handshake()
                parties.remove(party)
            except ssl.SSLWantReadError:
                pass
"#;

#[test]
fn a_tls_client_that_trusts_it_connects() {
    // Python judges by the clock of the machine, which is in this century.
    let mut params = params(36_500);
    params.names = every_kind_of_name();
    for spec in [rsa(2048), KeySpec::EcP256, KeySpec::EcP384] {
        let bench = made(spec, &params);
        bench.put("key.der", key(spec).to_pkcs8_der());
        bench.openssl("pkey -inform DER -in key.der -out key.pem");
        bench.python(
            HANDSHAKE,
            "ntp1.example.net time.example.net 10.0.0.7 2001:db8::7",
        );
    }
}

#[test]
fn gnutls_shows_what_it_is_for() {
    for spec in [rsa(2048), KeySpec::EcP256] {
        let bench = made(spec, &params(397));
        let text = bench.certtool("--certificate-info --infile certificate.pem");
        for expected in [
            "Basic Constraints (critical):\n\t\t\tCertificate Authority (CA): FALSE\n",
            "Key Usage (critical):\n\t\t\tDigital signature.\n",
            "Key Purpose (not critical):\n\t\t\tTLS WWW Server.\n",
            "Subject Alternative Name (not critical):\n\t\t\tDNSname: ntp1.example.net\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}

#[test]
fn the_longest_validity_is_a_century() {
    let text = made(KeySpec::EcP256, &params(36_500)).openssl(SHOW);
    assert!(
        text.contains("Not After : Dec  8 00:00:00 2125 GMT"),
        "{text}"
    );
}
