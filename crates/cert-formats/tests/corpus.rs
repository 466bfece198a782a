//! The public corpus: other projects' certificates and bundles, good and bad.
//!
//! `COUNTERSIGN_CORPUS` names its folder, whose README says what is in it. No file of it is copied
//! here. Where the variable is not set, only what needs no corpus is checked: that the exceptions
//! are well kept.
//!
//! A row of a manifest says what other tools made of a file. The reader agrees, or
//! `corpus-exceptions.toml` says why not; an exception that is no longer needed fails as well.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use cert_formats::{Bundle, CmsType, Error, RawCertificate, What};
use der::asn1::{BmpString, TeletexStringRef};
use der::{Any, Tag, Tagged as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x509_cert::certificate::Version;

/// The folders of the corpus that are for a reader.
const FOLDERS: [&str; 3] = ["p7", "x509", "csr"];

/// One line of a manifest.
struct Row {
    file: String,
    kind: String,
    fields: Value,
}

impl Row {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        let values = self.fields.get(name).and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

#[test]
fn exceptions_are_sorted_unique_and_have_reasons() {
    let text = exceptions_text();
    let files: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("file = "))
        .collect();
    let sorted: BTreeSet<&str> = files.iter().copied().collect();
    assert_eq!(files, Vec::from_iter(sorted), "sorted, and each once");
    for (file, reason) in exceptions() {
        assert!(
            FOLDERS.iter().any(|folder| file.starts_with(folder)),
            "{file}"
        );
        assert!(
            reason.len() > 20 && reason.ends_with('.'),
            "{file}: {reason}"
        );
    }
}

#[test]
fn the_corpus_is_read_as_its_manifests_say() {
    let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS").map(PathBuf::from) else {
        println!("COUNTERSIGN_CORPUS is not set, so only the exceptions were checked");
        return;
    };
    let mut exceptions = exceptions();
    let mut complaints = Vec::new();
    let mut count = 0;
    for row in rows(&corpus) {
        count += 1;
        // No exception excuses reading other certificates than the tools found.
        if let Err(complaint) = check_fingerprints(&corpus, &row) {
            complaints.push(format!("{}: {complaint}", row.file));
        }
        let exception = exceptions.remove(&row.file);
        match (check(&corpus, &row), exception) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => complaints.push(format!("{}: needs no exception", row.file)),
            (Err(complaint), None) => {
                complaints.push(format!("{} ({}): {complaint}", row.file, row.kind));
            }
        }
    }
    complaints.extend(
        exceptions
            .keys()
            .map(|file| format!("{file}: is not in the corpus")),
    );
    assert!(count > 800, "only {count} rows in {}", corpus.display());
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn exceptions_text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus-exceptions.toml");
    std::fs::read_to_string(path).unwrap()
}

fn exceptions() -> BTreeMap<String, String> {
    let table: toml::Table = exceptions_text().parse().unwrap();
    let entries = table["exception"].as_array().unwrap().iter();
    let text = |entry: &toml::Value, name: &str| entry[name].as_str().unwrap().to_owned();
    entries
        .map(|entry| (text(entry, "file"), text(entry, "reason")))
        .collect()
}

fn rows(corpus: &Path) -> Vec<Row> {
    let manifests = FOLDERS.map(|folder| corpus.join(folder).join("manifest.jsonl"));
    let manifests = manifests.map(|path| {
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    let row = |line: &str| {
        let fields: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| fields[name].as_str().unwrap().to_owned();
        Row {
            file: text("file"),
            kind: text("kind"),
            fields: fields.clone(),
        }
    };
    manifests
        .iter()
        .flat_map(|manifest| manifest.lines().map(row))
        .collect()
}

/// Reads the file of a row and says where it differs from the row.
fn check(corpus: &Path, row: &Row) -> Result<(), String> {
    let octets = std::fs::read(corpus.join(&row.file)).unwrap();
    assert_eq!(
        row.text("sha256"),
        Some(&*sha256(&octets)),
        "{} was changed",
        row.file
    );
    // A panic is a complaint about one file; the others are still looked at.
    let result = catch_unwind(AssertUnwindSafe(|| cert_formats::read(&octets, None)));
    let result = result.map_err(|_| "panicked")?;
    match (row.kind.as_str(), result) {
        ("certs-only" | "signed-with-certs", Ok(bundle)) => {
            let mut expected = row.texts("cert_sha256");
            expected.sort_unstable();
            same("certificates", fingerprints(&bundle), expected)
        }
        ("no-certs", Err(Error::NoCertificates)) => Ok(()),
        ("other-content-type", Err(Error::NotACertificate(What::Cms(found)))) => {
            same("content type", Some(name(found)), row.text("content_type"))
        }
        ("good-leaf-or-ca" | "pem-bundle", Ok(bundle)) => {
            same("certificates", bundle.certificates.len(), blocks(&octets))?;
            check_certificate(&bundle, row)
        }
        // Where the tools disagree either is right, but what is shown must equal the file.
        ("disputed", Ok(bundle)) => check_certificate(&bundle, row),
        ("disputed", Err(_)) => Ok(()),
        ("malformed" | "csr-malformed", Err(_)) => Ok(()),
        ("other-object:crl", Err(Error::NotACertificate(What::Crl))) => Ok(()),
        ("csr-good", Err(Error::NotACertificate(What::CertificateRequest))) => Ok(()),
        (_, Ok(bundle)) => Err(format!("read {} certificates", bundle.certificates.len())),
        (_, Err(error)) => Err(error.to_string()),
    }
}

/// Compares the certificates that were read, if any were, with those of the row, if it names any.
fn check_fingerprints(corpus: &Path, row: &Row) -> Result<(), String> {
    let octets = std::fs::read(corpus.join(&row.file)).unwrap();
    let mut expected = row.texts("cert_sha256");
    expected.sort_unstable();
    match cert_formats::read(&octets, None) {
        Ok(bundle) if !expected.is_empty() => same("certificates", fingerprints(&bundle), expected),
        _ => Ok(()),
    }
}

fn sha256(octets: &[u8]) -> String {
    hex(&Sha256::digest(octets))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn fingerprints(bundle: &Bundle) -> Vec<String> {
    let certificates = bundle.certificates.iter();
    let mut found: Vec<String> = certificates
        .map(|certificate| sha256(certificate.der()))
        .collect();
    found.sort();
    found
}

/// How many certificates a file of X.509 has: its PEM blocks of them, or one.
fn blocks(octets: &[u8]) -> usize {
    let text = String::from_utf8_lossy(octets);
    let labels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
    let count = |label| text.matches(&format!("-----BEGIN {label}-----")).count();
    labels.map(count).iter().sum::<usize>().max(1)
}

/// The name of a content type in the manifest.
const fn name(cms_type: CmsType) -> &'static str {
    match cms_type {
        CmsType::Data => "data",
        CmsType::DigestedData => "digested_data",
        CmsType::EncryptedData => "encrypted_data",
        CmsType::EnvelopedData => "enveloped_data",
        _ => "of another kind",
    }
}

fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
    what: &str,
    found: T,
    expected: U,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?}, not {expected:?}"))
    }
}

/// Compares the fields of the first certificate with what the row says of it.
fn check_certificate(bundle: &Bundle, row: &Row) -> Result<(), String> {
    let first = &bundle.certificates[0];
    // A tool that could not read the certificate left the fields empty.
    if row.text("sha256_fingerprint").is_none() {
        return Ok(());
    }
    same(
        "fingerprint",
        Some(&*sha256(first.der())),
        row.text("sha256_fingerprint"),
    )?;
    let signed = first.certificate().tbs_certificate();
    let given = |name: &str| row.text(name).filter(|text| !text.is_empty());
    if let Some(subject) = given("subject") {
        same(
            "subject",
            printed_name(signed.subject()),
            without_escapes(subject),
        )?;
    }
    if let Some(issuer) = given("issuer") {
        same(
            "issuer",
            printed_name(signed.issuer()),
            without_escapes(issuer),
        )?;
    }
    if let Some(serial) = given("serial_hex") {
        same("serial", serial_hex(first.certificate()), serial)?;
    }
    if let Some(version) = given("version") {
        let found = match signed.version() {
            Version::V1 => "v1",
            Version::V2 => "v2",
            Version::V3 => "v3",
        };
        same("version", found, version)?;
    }
    let validity = signed.validity();
    for (name, time) in [
        ("not_before", validity.not_before),
        ("not_after", validity.not_after),
    ] {
        if let Some(expected) = given(name) {
            same(
                name,
                time.to_date_time().to_string().replace('Z', "+00:00"),
                expected,
            )?;
        }
    }
    Ok(())
}

/// The serial number as Python prints an integer in hexadecimal.
fn serial_hex(certificate: &RawCertificate) -> String {
    let octets = certificate.tbs_certificate().serial_number().as_bytes();
    let is_negative = octets.first().is_some_and(|octet| octet & 0x80 != 0);
    if !is_negative {
        let digits = hex(octets);
        let digits = digits.trim_start_matches('0');
        return if digits.is_empty() {
            "0".into()
        } else {
            digits.into()
        };
    }
    // Two's complement: invert, and add one.
    let mut magnitude: Vec<u8> = octets.iter().map(|octet| !octet).collect();
    for octet in magnitude.iter_mut().rev() {
        let (sum, overflows) = octet.overflowing_add(1);
        *octet = sum;
        if !overflows {
            break;
        }
    }
    format!("-{}", hex(&magnitude).trim_start_matches('0'))
}

/// A name as RFC 4514 has it, but without escapes: these are a matter of printing.
fn printed_name(name: &x509_cert::name::Name) -> String {
    let rdns = name.iter_rdn().map(|rdn| {
        let attributes = rdn.iter().map(|attribute| {
            let oid = attribute.oid.to_string();
            format!("{}={}", short_name(&oid), printed_value(&attribute.value))
        });
        attributes.collect::<Vec<_>>().join("+")
    });
    let mut rdns: Vec<String> = rdns.collect();
    rdns.reverse();
    without_escapes(&rdns.join(","))
}

fn without_escapes(text: &str) -> String {
    text.replace('\\', "")
}

/// The names that RFC 4514 section 3 gives attributes.
fn short_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.6" => "C",
        "2.5.4.9" => "STREET",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        other => other,
    }
}

fn printed_value(value: &Any) -> String {
    match value.tag() {
        Tag::BmpString => value.decode_as::<BmpString>().unwrap().to_string(),
        Tag::TeletexString => value
            .decode_as::<TeletexStringRef<'_>>()
            .unwrap()
            .to_string(),
        Tag::BitString => format!("#{}", hex(value.value())),
        _ => String::from_utf8_lossy(value.value()).into_owned(),
    }
}
