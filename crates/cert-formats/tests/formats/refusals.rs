//! What is not a certificate, and what is said of it.

use cert_formats::{Error, KeyKind, What, read_and_wipe};

use crate::support::ber::element;
use crate::support::tools::{certtool, openssl, pki, pki_file, python, run};
use crate::support::{
    CHAIN_PEM, REQUEST_PEM, base64, chain, decode_pem, encode_pem, noise, read, refused,
};

#[track_caller]
fn check(upload: impl AsRef<[u8]>, what: What) {
    assert_eq!(refused(upload.as_ref()), Error::NotACertificate(what));
}

#[track_caller]
fn check_key(upload: impl AsRef<[u8]>, kind: KeyKind) {
    check(upload, What::PrivateKey(kind));
}

/// The private key of the run, by `openssl pkey` with these arguments.
fn key(arguments: &str) -> Vec<u8> {
    openssl(&format!("pkey -in leaf.key {arguments}"), b"")
}

#[test]
fn private_keys_in_every_form_of_openssl() {
    check_key(key(""), KeyKind::Pkcs8);
    check_key(key("-aes128 -passout pass:secret"), KeyKind::Encrypted);
    let pkcs8 = "pkcs8 -topk8 -in leaf.key -outform DER";
    check_key(openssl(&format!("{pkcs8} -nocrypt"), b""), KeyKind::Pkcs8);
    check_key(
        openssl(&format!("{pkcs8} -passout pass:secret"), b""),
        KeyKind::Encrypted,
    );
    check_key(key("-traditional"), KeyKind::Pkcs1);
    check_key(key("-traditional -outform DER"), KeyKind::Pkcs1);
    check_key(
        key("-traditional -aes128 -passout pass:secret"),
        KeyKind::Pkcs1,
    );
    check_key(key("-text -noout"), KeyKind::Other);
}

#[test]
fn private_keys_on_curves() {
    let pem = openssl("ecparam -name secp384r1 -genkey", b"");
    check_key(&pem, KeyKind::Sec1);
    check_key(
        openssl("ecparam -name prime256v1 -genkey -noout -outform DER", b""),
        KeyKind::Sec1,
    );
    check_key(openssl("genpkey -algorithm ed25519", b""), KeyKind::Pkcs8);
    check_key(
        openssl("genpkey -algorithm ed25519 -outform DER", b""),
        KeyKind::Pkcs8,
    );
    check_key(
        openssl("genpkey -algorithm x448 -outform DER", b""),
        KeyKind::Pkcs8,
    );
    check_key(openssl("pkey -text -noout", &pem), KeyKind::Other);
}

#[test]
fn private_keys_of_dsa() {
    openssl("dsaparam -out dsa.pem 1024", b"");
    openssl("gendsa -out dsa.key dsa.pem", b"");
    check_key(openssl("pkey -in dsa.key", b""), KeyKind::Pkcs8);
    check_key(
        openssl("pkey -in dsa.key -traditional", b""),
        KeyKind::Pkcs1,
    );
    check_key(
        openssl("pkey -in dsa.key -traditional -outform DER", b""),
        KeyKind::Pkcs1,
    );
    check(pki_file("dsa.pem"), What::Parameters);
}

#[test]
fn private_keys_of_openssh_and_putty() {
    let script = "\
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import *
key = Ed25519PrivateKey.generate()
sys.stdout.buffer.write(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
";
    check_key(python(script, b""), KeyKind::OpenSsh);
    let putty = "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: unit\r\n\
                 Public-Lines: 2\r\nAAAA\r\nPrivate-Lines: 1\r\nAAAA\r\nPrivate-MAC: 00\r\n";
    check_key(putty, KeyKind::Putty);
    check_key(
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n",
        KeyKind::Other,
    );
    check_key(
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n",
        KeyKind::Other,
    );
}

#[test]
fn a_private_key_anywhere_refuses_the_whole_upload() {
    let key = String::from_utf8(key("")).unwrap();
    let der = decode_pem(&key);
    for upload in [
        format!("{CHAIN_PEM}{key}"),
        format!("{key}{CHAIN_PEM}"),
        CHAIN_PEM.replacen(
            "-----END CERTIFICATE-----\n",
            &format!("-----END CERTIFICATE-----\n{key}"),
            1,
        ),
        // However damaged the key or what is around it.
        format!("{CHAIN_PEM}{}", &key[..80]),
        format!("{CHAIN_PEM}{}", key.replace("-----", "--")),
        format!("{CHAIN_PEM}{}", key.to_lowercase()),
        format!("{CHAIN_PEM}{}", key.replace('\n', " ")),
        format!("-----BEGIN CERTIFICATE-----\n!\n{key}"),
        format!("<html>{key}</html>"),
        // Under the label of something else.
        format!("{CHAIN_PEM}{}", encode_pem("CERTIFICATE", &der)),
        format!("{CHAIN_PEM}{}", encode_pem("CERTIFICATE REQUEST", &der)),
        format!("{CHAIN_PEM}{}", encode_pem("OF OUR OWN MAKING", &der)),
        base64(&der),
    ] {
        check_key(&upload, KeyKind::Pkcs8);
        let utf16: Vec<u8> = format!("\u{feff}{upload}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        check_key(utf16, KeyKind::Pkcs8);
    }
    check_key([chain()[0].clone(), der.clone()].concat(), KeyKind::Pkcs8);
    check_key(&der[..der.len() - 200], KeyKind::Pkcs8);
    check_key(
        [&[0x30, 0x82, 0x10, 0x00], key.as_bytes()].concat(),
        KeyKind::Pkcs8,
    );
}

#[test]
fn more_certificates_than_are_read_do_not_hide_a_key() {
    check_key(
        format!(
            "{}{}",
            CHAIN_PEM.repeat(20),
            String::from_utf8(key("")).unwrap()
        ),
        KeyKind::Pkcs8,
    );
}

#[test]
fn words_about_private_keys_are_not_private_keys() {
    for words in [
        "The private key stays in the unit.",
        "Begin with a private key of your own.",
        "- begin with the private key",
        "BEGIN by making a private key",
        "BEGIN\nPRIVATE KEY",
        "Private-Key: in the unit",
    ] {
        let text = format!("{words}\n{CHAIN_PEM}");
        assert_eq!(read(text.as_bytes()).certificates.len(), 3, "{words}");
    }
}

#[test]
fn the_upload_is_wiped_whatever_the_outcome() {
    let mut good = CHAIN_PEM.as_bytes().to_vec();
    assert_eq!(
        read_and_wipe(&mut good, None).unwrap().certificates.len(),
        3
    );
    assert_eq!(good, vec![0; CHAIN_PEM.len()]);
    let mut key = key("");
    read_and_wipe(&mut key, None).unwrap_err();
    assert!(key.iter().all(|&octet| octet == 0));
}

#[test]
fn no_refusal_repeats_what_the_upload_says() {
    let key = String::from_utf8(key("")).unwrap();
    let der = decode_pem(&key);
    let uploads: [&[u8]; 4] = [key.as_bytes(), &der, &der[1..], &key.as_bytes()[40..]];
    for upload in uploads {
        let error = refused(upload);
        for word in key.lines().filter(|line| !line.starts_with('-')) {
            assert!(
                !format!("{error} {error:?}").contains(&word[..16]),
                "{error}"
            );
        }
    }
}

#[test]
fn requests() {
    check(REQUEST_PEM, What::CertificateRequest);
    check(decode_pem(REQUEST_PEM), What::CertificateRequest);
    check(base64(&decode_pem(REQUEST_PEM)), What::CertificateRequest);
    let pem = encode_pem("NEW CERTIFICATE REQUEST", &decode_pem(REQUEST_PEM));
    check(pem, What::CertificateRequest);
    let pem = encode_pem("CERTIFICATE", &decode_pem(REQUEST_PEM));
    check(pem, What::CertificateRequest);
}

#[test]
fn revocation_lists() {
    check(pki_file("crl.pem"), What::Crl);
    check(openssl("crl -in crl.pem -outform DER", b""), What::Crl);
}

#[test]
fn public_keys() {
    for arguments in ["-pubout", "-pubout -outform DER"] {
        check(key(arguments), What::PublicKey);
    }
    check(
        openssl("rsa -in leaf.key -RSAPublicKey_out", b""),
        What::PublicKey,
    );
    check(
        openssl("rsa -in leaf.key -RSAPublicKey_out -outform DER", b""),
        What::PublicKey,
    );
    check(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI admin@unit\n",
        What::OpenSshPublicKey,
    );
    check(
        "ecdsa-sha2-nistp256 AAAA admin@unit\n",
        What::OpenSshPublicKey,
    );
    check(
        "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n",
        What::OpenSshPublicKey,
    );
    check(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n",
        What::OpenPgp,
    );
}

#[test]
fn key_stores() {
    let pkcs12 = "pkcs12 -export -in leaf.pem -inkey leaf.key -passout pass:secret";
    check(openssl(pkcs12, b""), What::Pkcs12);
    check(openssl(&format!("{pkcs12} -nomac"), b""), What::Pkcs12);
    check(encode_pem("PKCS12", &openssl(pkcs12, b"")), What::Pkcs12);
    for store_type in ["jks", "jceks"] {
        let file = format!("store.{store_type}");
        let arguments = format!(
            "-genkeypair -keyalg RSA -alias unit -dname CN=unit -storepass secret -keypass secret \
             -storetype {store_type} -keystore {file}"
        );
        run(
            "keytool",
            &arguments.split_whitespace().collect::<Vec<_>>(),
            b"",
            pki(),
        );
        check(pki_file(&file), What::JavaKeyStore);
    }
    check(b"\0\0\0\0CERT\x5c\0\0\0\x01\0\0\0", What::MicrosoftStore);
}

#[test]
fn archives_pages_and_documents() {
    let script = "\
import gzip, io, zipfile
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, 'w') as archive:
    archive.writestr('unit.cer', sys.stdin.buffer.read())
sys.stdout.buffer.write(buffer.getvalue())
";
    check(python(script, CHAIN_PEM.as_bytes()), What::Zip);
    let script = "import gzip\nsys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read()))\n";
    check(python(script, CHAIN_PEM.as_bytes()), What::Gzip);
    check("<!DOCTYPE html>\n<title>Sign in</title>", What::HtmlPage);
    check("\r\n  <HTML><body>Sign in", What::HtmlPage);
    check("\u{feff}<html lang=en>", What::HtmlPage);
    check(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", What::Pdf);
}

#[test]
fn certificates_printed_for_people() {
    let pem = pki_file("leaf.pem");
    let by_gnutls = certtool("--certificate-info --infile leaf.pem", b"");
    let by_gnutls = String::from_utf8(by_gnutls).unwrap();
    let (by_gnutls, _) = by_gnutls.split_once("-----BEGIN").unwrap();
    for printed in [
        openssl("x509 -in leaf.pem -noout -text", b""),
        by_gnutls.into(),
        run("keytool", &["-printcert", "-file", "leaf.pem"], b"", pki()),
    ] {
        check(printed, What::PrintedCertificate);
    }
    // With the certificate after it, it is read.
    let text = openssl("x509 -in leaf.pem -text", b"");
    assert_eq!(read(&text).certificates, read(&pem).certificates);
}

#[test]
fn ocsp_responses_and_attribute_certificates() {
    let ocsp = element(0x30, &element(0x0a, &[6]));
    check(ocsp, What::OcspResponse);
    let sequence = element(0x30, &[]);
    let info = [
        element(0x02, &[1]),
        sequence.clone(),
        element(0xa0, &[]),
        sequence.clone(),
        element(0x02, &[7]),
    ]
    .concat();
    let attribute = element(
        0x30,
        &[element(0x30, &info), sequence, element(0x03, &[0])].concat(),
    );
    check(&attribute, What::AttributeCertificate);
    check(
        encode_pem("ATTRIBUTE CERTIFICATE", &attribute),
        What::AttributeCertificate,
    );
}

#[test]
fn an_html_page_with_a_certificate_in_it_is_read() {
    let page = format!("<html><pre>\n{CHAIN_PEM}</pre></html>\n");
    assert_eq!(read(page.as_bytes()).certificates.len(), 3);
}

#[test]
fn a_request_beside_certificates_is_left_aside() {
    let bundle = read(format!("{REQUEST_PEM}{CHAIN_PEM}").as_bytes());
    assert_eq!(bundle.certificates.len(), 3);
    assert_eq!(
        bundle.notes[0].to_string(),
        "The file also holds a certificate request, at line 1, which was left aside."
    );
}

#[test]
fn nothing_at_all() {
    let uploads: [&[u8]; 6] = [
        b"",
        b" ",
        b"\r\n\t\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xff\xfe\r\0\n\0",
    ];
    for upload in uploads {
        assert_eq!(refused(upload), Error::Empty, "{upload:x?}");
    }
}

#[test]
fn nothing_that_is_known() {
    let noise = noise(5000);
    let uploads: [&[u8]; 9] = [
        &noise,
        b"0",
        b"\x30",
        b"hello, administrator",
        b"aGVsbG8=",
        b"0123456789 a text that begins with the identifier of a SEQUENCE",
        b"\x02\x01\x05",
        b"\x7fELF\x02\x01\x01\0",
        b"{\"certificate\": \"MII\"}",
    ];
    for upload in uploads {
        assert_eq!(refused(upload), Error::NotRecognized, "{upload:x?}");
    }
}
