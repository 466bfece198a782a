//! A certificate field by field, and as a file.

use std::io::Write as _;
use std::process::{Command, Stdio};

use cert_lifecycle::{CertificateDetails, Format, Which};

use crate::bench::{self, Bench, Ca, admin};

/// What OpenSSL says of `file` when asked with `arguments`.
fn openssl(arguments: &[&str], file: &[u8]) -> String {
    String::from_utf8(openssl_octets(arguments, file)).expect("text")
}

fn openssl_octets(arguments: &[&str], file: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(file).expect("taken");
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

#[test]
fn the_fields_are_those_that_openssl_reads() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::install(&unit, &Ca::new(), "ntp1.example.net", &admin());
    let chain = unit.chain(Which::Serving).expect("serves");
    let der = chain[0].as_bytes();
    let details = CertificateDetails::of(der).expect("a certificate");
    let value = |name: &str| {
        let mut all = details
            .fields
            .iter()
            .chain(&details.extensions)
            .chain(&details.thumbprints);
        let found = all.find(|detail| detail.windows == name || detail.firefox == name);
        found.unwrap_or_else(|| panic!("no {name}")).value.clone()
    };
    assert_eq!(value("Version"), "V3");
    for (name, digest) in [
        ("Thumbprint (SHA-256)", "-sha256"),
        ("SHA-1 Fingerprint", "-sha1"),
    ] {
        let said = openssl(
            &["x509", "-inform", "DER", "-noout", "-fingerprint", digest],
            der,
        );
        assert_eq!(said.trim().split_once('=').expect("a value").1, value(name));
    }
    let serial = openssl(&["x509", "-inform", "DER", "-noout", "-serial"], der);
    let shown = value("Serial number").replace(':', "");
    // OpenSSL prints the number; browsers, and so the unit, the octets of the certificate.
    let number = shown.strip_prefix("00").unwrap_or(&shown);
    assert_eq!(format!("serial={number}\n"), serial);
    assert_eq!(
        value("Certificate Key Usage"),
        "Critical\nDigital Signature"
    );
    assert_eq!(value("Extended Key Usage"), "id-kp-serverAuth");
    assert_eq!(value("Subject alternative name"), "DNS: ntp1.example.net");
    assert_eq!(value("Basic constraints"), "Critical\nAn end entity, no CA");
    assert!(value("Public key").starts_with("EC P-256\n04:"));
}

#[test]
fn a_serial_number_with_its_first_bit_set_is_shown_with_the_octet_of_its_sign() {
    for (serial, shown) in [("0xB1D1F4", "00:B1:D1:F4"), ("0x31D1F4", "31:D1:F4")] {
        let root = Ca::with_serial(serial).root();
        let der = openssl_octets(&["x509", "-outform", "DER"], &root);
        let details = CertificateDetails::of(&der).expect("a certificate");
        let field = details
            .fields
            .iter()
            .find(|it| it.windows == "Serial number");
        assert_eq!(field.expect("it has one").value, shown);
    }
}

#[test]
fn the_files_are_read_by_openssl() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let file = |format| unit.export(Which::Serving, format).expect("written");
    let leaf = openssl(&["x509", "-noout", "-subject"], &file(Format::X509Pem));
    assert_eq!(leaf, "subject=CN = Spectracom\n");
    openssl(
        &["x509", "-inform", "DER", "-noout"],
        &file(Format::X509Der),
    );
    for (format, form) in [(Format::Pkcs7Pem, "PEM"), (Format::Pkcs7Der, "DER")] {
        let printed = openssl(&["pkcs7", "-inform", form, "-print_certs"], &file(format));
        assert!(printed.contains("subject=CN = Spectracom"), "{printed}");
    }
    assert!(unit.export(Which::Previous, Format::X509Pem).is_err());
}
