//! The reader against OpenSSL and Python `cryptography`: what all three extract must be the same.

use std::collections::BTreeMap;

use cert_formats::RawCertificate;
use der::{DateTime, Encode as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::ber::{signed_data, signed_data_in_ber};
use crate::support::tools::{openssl, pki_file, python};
use crate::support::{CHAIN_PEM, chain, ders, read};

/// Certificates with every kind of key, name, time and serial number that Python makes.
///
/// The names mix string types and have several attributes in one relative distinguished name.
const MAKE_CERTIFICATES: &str = r#"
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

def name(text):
    rdn = x509.RelativeDistinguishedName
    attribute = x509.NameAttribute
    return x509.Name([
        rdn([
            attribute(NameOID.ORGANIZATION_NAME, text),
            attribute(NameOID.COMMON_NAME, 'a, "b" + <c>;\\d=#'),
        ]),
        rdn([attribute(NameOID.LOCALITY_NAME, 'Zürich ' + text, _type=_ASN1Type.BMPString)]),
        rdn([attribute(NameOID.COUNTRY_NAME, 'CH')]),
        rdn([attribute(NameOID.EMAIL_ADDRESS, 'a@example.net', _type=_ASN1Type.IA5String)]),
    ])

keys = [
    (rsa.generate_private_key(65537, 1024), hashes.SHA256()),
    (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()),
    (ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
    (ed25519.Ed25519PrivateKey.generate(), None),
    (ed448.Ed448PrivateKey.generate(), None),
]
times = [
    (datetime.datetime(1970, 1, 1), datetime.datetime(1999, 12, 31, 23, 59, 59)),
    (datetime.datetime(2000, 2, 29), datetime.datetime(2049, 12, 31, 23, 59, 59)),
    (datetime.datetime(2049, 12, 31), datetime.datetime(2050, 1, 1)),
    (datetime.datetime(2050, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)),
]
serials = [1, 127, 128, 255, 256, 2**159 - 1]
number = 0
for key, digest in keys:
    for before, after in times:
        serial = serials[number % len(serials)]
        number += 1
        certificate = (x509.CertificateBuilder()
            .subject_name(name(f'Ünit {number}'))
            .issuer_name(name('Issuer') if number % 3 else x509.Name([]))
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(before)
            .not_valid_after(after)
            .add_extension(x509.SubjectAlternativeName(
                [x509.DNSName(f'ntp{n}.example.net') for n in range(number)] or
                [x509.DNSName('ntp.example.net')]), critical=bool(number % 2))
            .sign(key, digest))
        sys.stdout.buffer.write(certificate.public_bytes(Encoding.PEM))
"#;

/// What Python says of each certificate in an upload of PEM.
const DESCRIBE_CERTIFICATES: &str = r#"
import json
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
for certificate in x509.load_pem_x509_certificates(sys.stdin.buffer.read()):
    print(json.dumps({
        'sha256': certificate.fingerprint(hashes.SHA256()).hex(),
        'subject': certificate.subject.public_bytes().hex(),
        'issuer': certificate.issuer.public_bytes().hex(),
        'serial': format(certificate.serial_number, 'x'),
        'not_before': certificate.not_valid_before_utc.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'not_after': certificate.not_valid_after_utc.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'key': certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(),
        'signed': hashlib.sha256(certificate.tbs_certificate_bytes).hexdigest(),
        'signature': certificate.signature.hex(),
        'extensions': {
            extension.oid.dotted_string: extension.critical
            for extension in certificate.extensions
        },
    }))
"#;

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn describe(der: &[u8], certificate: &RawCertificate) -> Value {
    let signed = certificate.tbs_certificate();
    let time = |time: &x509_cert::time::Time| {
        let time: DateTime = time.to_date_time();
        time.to_string()
    };
    let extensions: BTreeMap<String, bool> = signed
        .extensions()
        .into_iter()
        .flatten()
        .map(|extension| (extension.extn_id.to_string(), extension.critical))
        .collect();
    let serial = hex(signed.serial_number().as_bytes());
    serde_json::json!({
        "sha256": hex(&Sha256::digest(der)),
        "subject": hex(&signed.subject().to_der().unwrap()),
        "issuer": hex(&signed.issuer().to_der().unwrap()),
        "serial": serial.trim_start_matches('0'),
        "not_before": time(&signed.validity().not_before),
        "not_after": time(&signed.validity().not_after),
        "key": hex(&signed.subject_public_key_info().to_der().unwrap()),
        "signed": hex(&Sha256::digest(signed.to_der().unwrap())),
        "signature": hex(certificate.signature().raw_bytes()),
        "extensions": extensions,
    })
}

#[test]
fn the_fields_are_those_that_python_reads() {
    let made = python(MAKE_CERTIFICATES, b"");
    let upload = [&made, CHAIN_PEM.as_bytes(), &pki_file("leaf.pem")].concat();
    let script = format!("import hashlib\n{DESCRIBE_CERTIFICATES}");
    let theirs: Vec<Value> = String::from_utf8(python(&script, &upload))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ours: Vec<Value> = read(&upload)
        .certificates
        .iter()
        .map(|certificate| describe(certificate.der(), certificate.certificate()))
        .collect();
    assert_eq!(ours.len(), 24);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn the_certificates_are_those_that_python_and_openssl_find() {
    let packed = signed_data(1, &chain().concat(), &[]);
    let sign = "cms -sign -in content -signer leaf.pem -inkey leaf.key -certfile ca.pem";
    for pkcs7 in [
        packed,
        signed_data_in_ber(&chain().concat()),
        openssl(&format!("{sign} -outform DER"), b""),
        openssl(&format!("{sign} -outform DER -nodetach -stream"), b""),
        openssl("crl2pkcs7 -in crl.pem -certfile ca.pem -outform DER", b""),
    ] {
        let mut ours: Vec<String> = ders(&read(&pkcs7))
            .iter()
            .map(|der| hex(&Sha256::digest(der)))
            .collect();
        ours.sort();
        let script = "\
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs7
for certificate in pkcs7.load_der_pkcs7_certificates(sys.stdin.buffer.read()):
    print(certificate.fingerprint(hashes.SHA256()).hex())
";
        assert_eq!(ours, sorted_lines(&python(script, &pkcs7)), "Python");
        let pem = openssl("pkcs7 -inform DER -print_certs", &pkcs7);
        let mut theirs: Vec<String> = ders(&read(&pem))
            .iter()
            .map(|der| hex(&Sha256::digest(der)))
            .collect();
        theirs.sort();
        assert_eq!(ours, theirs, "OpenSSL");
    }
}

fn sorted_lines(output: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = String::from_utf8_lossy(output)
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}
