//! What is written, judged by OpenSSL, GnuTLS, Java and Python.

use cert_formats::{
    Error, Format, certificates_to_pem, certificates_to_pkcs7_der, certificates_to_pkcs7_pem,
    request_to_pem,
};
use sha2::{Digest as _, Sha256};

use crate::support::tools::{certtool, openssl, pki, python, run};
use crate::support::{CHAIN_PEM, REQUEST_PEM, chain, decode_pem, ders, read};

fn refs(ders: &[Vec<u8>]) -> Vec<&[u8]> {
    ders.iter().map(Vec::as_slice).collect()
}

/// The SHA-256 fingerprints of the chain as tools print them, in capitals, sorted.
fn fingerprints() -> Vec<String> {
    let mut fingerprints: Vec<String> = chain()
        .iter()
        .map(|der| {
            Sha256::digest(der)
                .iter()
                .map(|octet| format!("{octet:02X}"))
                .collect()
        })
        .collect();
    fingerprints.sort();
    fingerprints
}

/// The fingerprints in what a tool printed: 64 hexadecimal digits at the end of a line.
fn printed(output: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = String::from_utf8_lossy(output)
        .to_uppercase()
        .lines()
        .filter_map(|line| line.rsplit([' ', '=', '\t']).next())
        .map(|word| word.trim_start_matches("SHA256:").replace(':', ""))
        .filter(|word| word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit()))
        .collect();
    found.sort();
    found
}

/// keytool reads a certificate, PEM or DER, and PKCS#7 alike.
#[track_caller]
fn check_keytool(octets: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), octets).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        printed(&run("keytool", &["-printcert", "-file", path], b"", pki())),
        fingerprints()
    );
}

/// Python's `cryptography` reads the chain with this expression over `octets`.
#[track_caller]
fn check_python(expression: &str, octets: &[u8]) {
    let script = format!(
        "\
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs7
octets = sys.stdin.buffer.read()
for certificate in {expression}:
    print(certificate.fingerprint(hashes.SHA256()).hex())
"
    );
    assert_eq!(printed(&python(&script, octets)), fingerprints());
}

/// The fingerprints of PEM certificates that a tool put out, by OpenSSL.
fn fingerprints_of_pem(pem: &[u8]) -> Vec<String> {
    let text = String::from_utf8(pem.to_vec()).unwrap();
    let begin = "-----BEGIN CERTIFICATE-----";
    let prints = text.split(begin).skip(1).map(|block| {
        let block = format!("{begin}{block}");
        openssl("x509 -noout -fingerprint -sha256", block.as_bytes())
    });
    printed(&prints.collect::<Vec<_>>().concat())
}

#[test]
fn a_chain_as_pem() {
    let pem = certificates_to_pem(&refs(&chain()));
    assert_eq!(pem, CHAIN_PEM, "as OpenSSL writes it, in the order given");
    assert_eq!(fingerprints_of_pem(pem.as_bytes()), fingerprints());
    let by_gnutls = printed(&certtool("--certificate-info", pem.as_bytes()));
    assert!(
        fingerprints()
            .iter()
            .all(|fingerprint| by_gnutls.contains(fingerprint))
    );
    check_keytool(pem.as_bytes());
    check_python("x509.load_pem_x509_certificates(octets)", pem.as_bytes());
}

#[test]
fn a_chain_as_pkcs7_der() {
    let der = certificates_to_pkcs7_der(&refs(&chain())).unwrap();
    let by_openssl = openssl("pkcs7 -inform DER -print_certs", &der);
    assert_eq!(fingerprints_of_pem(&by_openssl), fingerprints());
    let by_gnutls = certtool("--p7-info --inder", &der);
    assert_eq!(fingerprints_of_pem(&by_gnutls), fingerprints());
    check_keytool(&der);
    check_python("pkcs7.load_der_pkcs7_certificates(octets)", &der);
}

#[test]
fn a_chain_as_pkcs7_pem() {
    let pem = certificates_to_pkcs7_pem(&refs(&chain())).unwrap();
    let by_openssl = openssl("pkcs7 -print_certs", pem.as_bytes());
    assert_eq!(fingerprints_of_pem(&by_openssl), fingerprints());
    assert_eq!(
        fingerprints_of_pem(&certtool("--p7-info", pem.as_bytes())),
        fingerprints()
    );
    check_keytool(pem.as_bytes());
    check_python("pkcs7.load_pem_pkcs7_certificates(octets)", pem.as_bytes());
}

#[test]
fn pkcs7_is_der_as_openssl_encodes_it_again() {
    let der = certificates_to_pkcs7_der(&refs(&chain())).unwrap();
    assert_eq!(openssl("pkcs7 -inform DER -outform DER", &der), der);
    // Whatever the order given: a SET has one order in DER.
    let mut reversed = chain();
    reversed.reverse();
    assert_eq!(certificates_to_pkcs7_der(&refs(&reversed)).unwrap(), der);
}

#[test]
fn pkcs7_is_der_as_a_strict_cms_reads_it() {
    use der::{Decode as _, Encode as _};
    let der = certificates_to_pkcs7_der(&refs(&chain())).unwrap();
    let content_info = cms::content_info::ContentInfo::from_der(&der).unwrap();
    assert_eq!(content_info.to_der().unwrap(), der);
    let signed_data: cms::signed_data::SignedData = content_info.content.decode_as().unwrap();
    assert_eq!(signed_data.certificates.unwrap().0.len(), 3);
    assert!(signed_data.signer_infos.0.is_empty());
}

#[test]
fn a_certificate_as_der_is_the_octets_that_were_read() {
    for der in chain() {
        let written = read(&der).certificates[0].der().to_vec();
        assert_eq!(openssl("x509 -inform DER -outform DER", &written), der);
    }
}

#[test]
fn a_request_as_pem() {
    let pem = request_to_pem(&decode_pem(REQUEST_PEM));
    assert_eq!(pem, REQUEST_PEM, "as OpenSSL writes it");
    openssl("req -verify -noout", pem.as_bytes());
    let by_gnutls = certtool("--crq-info", pem.as_bytes());
    assert!(String::from_utf8_lossy(&by_gnutls).contains("CN=ntp1.example.net"));
    let script = "\
from cryptography import x509
print(x509.load_pem_x509_csr(sys.stdin.buffer.read()).is_signature_valid)
";
    assert_eq!(python(script, pem.as_bytes()), b"True\n");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &pem).unwrap();
    let path = file.path().to_str().unwrap();
    let by_java = run("keytool", &["-printcertreq", "-file", path], b"", pki());
    assert!(String::from_utf8_lossy(&by_java).contains("CN=ntp1.example.net"));
}

#[test]
fn what_is_written_is_read_back_equal_and_without_a_note() {
    let chain = chain();
    let all = refs(&chain);
    for some in [&all[..1], &all[..2], &all[..]] {
        let pem = certificates_to_pem(some);
        let pkcs7_der = certificates_to_pkcs7_der(some).unwrap();
        let pkcs7_pem = certificates_to_pkcs7_pem(some).unwrap();
        for (written, format) in [
            (pem.as_bytes(), Format::X509Pem),
            (&pkcs7_der, Format::Pkcs7Der),
            (pkcs7_pem.as_bytes(), Format::Pkcs7Pem),
        ] {
            let bundle = read(written);
            assert_eq!((bundle.format, &bundle.notes[..]), (format, &[][..]));
            let mut expected = some.to_vec();
            if format != Format::X509Pem {
                expected.sort_unstable();
            }
            assert_eq!(ders(&bundle), expected);
        }
    }
}

#[test]
fn lengths_around_every_step_of_the_length_octets() {
    // Certificates of any length: only the SEQUENCE matters to the writer.
    for len in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
        let content = vec![0x05; len];
        let der = crate::support::ber::element(0x30, &content);
        let written = certificates_to_pkcs7_der(&[&der]).unwrap();
        assert!(
            written.windows(der.len()).any(|window| window == der),
            "{len}"
        );
        let expected = crate::support::ber::signed_data(1, &der, &[]);
        assert_eq!(written, expected, "{len}");
    }
}

#[test]
fn what_is_no_certificate_is_not_packed() {
    let leaf = &chain()[0];
    let long = [&leaf[..], b"\n"].concat();
    let indefinite = crate::support::ber::indefinite(0x30, &[]);
    let wrong: [&[u8]; 6] = [
        b"",
        b"\x30",
        b"\x04\x00",
        &leaf[..leaf.len() - 1],
        &long,
        &indefinite,
    ];
    for wrong in wrong {
        assert_eq!(
            certificates_to_pkcs7_der(&[leaf, wrong]),
            Err(Error::Unwritable { index: 1 }),
            "{wrong:x?}"
        );
        assert_eq!(
            certificates_to_pkcs7_pem(&[wrong, leaf]),
            Err(Error::Unwritable { index: 0 }),
        );
    }
}
