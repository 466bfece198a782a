//! A certificate field by field, and as a file.

use std::io::Write as _;
use std::process::{Command, Stdio};

use cert_lifecycle::{CertificateDetails, Format, Which};

use crate::bench::{self, Bench, Ca, admin};

/// What OpenSSL says of `file` when asked with `arguments`.
fn openssl(arguments: &[&str], file: &[u8]) -> String {
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
    String::from_utf8(output.stdout).expect("text")
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
    assert_eq!(
        format!("serial={}\n", value("Serial number").replace(':', "")),
        serial
    );
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
