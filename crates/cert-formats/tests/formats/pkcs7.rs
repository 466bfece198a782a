//! PKCS#7 and CMS as other programs write it.

use cert_formats::{CmsType, Error, Format, Note, Position, What};

use crate::support::ber::{
    Liberties, content_info, element, indefinite, rewrite, signed_data, signed_data_in_ber, split,
};
use crate::support::tools::{certtool, openssl, pki_der, pki_file, python};
use crate::support::{
    CHAIN_PEM, assert_same, chain, codes, decode_pem, ders, encode_pem, read, refused,
};

/// The chain is read from `octets` in any order, with these notes and no others.
#[track_caller]
fn check(octets: &[u8], format: Format, expected: &[&str]) {
    let bundle = read(octets);
    assert_eq!(bundle.format, format);
    assert_same(&ders(&bundle), &chain());
    assert_eq!(codes(&bundle), expected);
}

/// `openssl crl2pkcs7` around the chain.
fn from_openssl(arguments: &str) -> Vec<u8> {
    openssl(
        &format!("crl2pkcs7 -certfile /dev/stdin {arguments}"),
        CHAIN_PEM.as_bytes(),
    )
}

#[test]
fn certs_only_as_openssl_writes_it() {
    check(&from_openssl("-nocrl"), Format::Pkcs7Pem, &[]);
    check(&from_openssl("-nocrl -outform DER"), Format::Pkcs7Der, &[]);
}

#[test]
fn certs_only_as_gnutls_writes_it() {
    let der = certtool(
        "--p7-generate --load-certificate /dev/stdin --outder",
        CHAIN_PEM.as_bytes(),
    );
    check(&der, Format::Pkcs7Der, &[]);
    let pem = certtool(
        "--p7-generate --load-certificate /dev/stdin",
        CHAIN_PEM.as_bytes(),
    );
    check(&pem, Format::Pkcs7Pem, &[]);
}

#[test]
fn certs_only_as_python_writes_it() {
    let script = "\
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
certificates = x509.load_pem_x509_certificates(sys.stdin.buffer.read())
sys.stdout.buffer.write(pkcs7.serialize_certificates(certificates, Encoding.DER))
";
    check(&python(script, CHAIN_PEM.as_bytes()), Format::Pkcs7Der, &[]);
}

#[test]
fn every_label_of_pkcs7() {
    let der = from_openssl("-nocrl -outform DER");
    for label in ["PKCS7", "CMS"] {
        check(encode_pem(label, &der).as_bytes(), Format::Pkcs7Pem, &[]);
    }
    for label in [
        "PKCS #7 SIGNED DATA",
        "CERTIFICATE",
        "X509 CERTIFICATE",
        "CERTIFICATE CHAIN",
    ] {
        let pem = encode_pem(label, &der);
        check(pem.as_bytes(), Format::Pkcs7Pem, &["label-unusual"]);
        let note = read(pem.as_bytes()).notes[0].to_string();
        let expected = format!(
            "The block on line 1 is labelled \"{label}\" and holds PKCS#7. It was read as that."
        );
        assert_eq!(note, expected);
    }
}

#[test]
fn pkcs7_in_bare_base64_as_a_portal_mails_it() {
    let pem = String::from_utf8(from_openssl("-nocrl")).unwrap();
    let lines: Vec<&str> = pem.lines().collect();
    let body = lines[1..lines.len() - 1].join("\r\n") + "\r\n";
    check(
        body.as_bytes(),
        Format::Pkcs7Pem,
        &["line-ends", "bare-base64"],
    );
}

#[test]
fn an_smime_message_as_a_mail_program_saves_it() {
    let message = openssl(
        "cms -sign -in content -signer leaf.pem -inkey leaf.key -certfile ca.pem -nodetach",
        b"",
    );
    assert!(message.starts_with(b"MIME-Version: 1.0"));
    let bundle = read(&message);
    assert_same(&ders(&bundle), &[pki_der("leaf.pem"), pki_der("ca.pem")]);
    assert_eq!(
        codes(&bundle),
        ["headers-ignored", "bare-base64", "signed-message"]
    );
}

#[test]
fn revocation_lists_beside_the_certificates_are_told() {
    let crl = pki_file("crl.pem");
    let der = openssl("crl2pkcs7 -certfile ca.pem -outform DER", &crl);
    let bundle = read(&der);
    assert_eq!(ders(&bundle), [pki_der("ca.pem")]);
    let Note::ObjectsIgnored { what, count, first } = &bundle.notes[0] else {
        panic!()
    };
    assert_eq!((*what, *count), (What::Crl, 1));
    // The place is that of the list itself.
    let Position::Offset(offset) = *first else {
        panic!()
    };
    let crl = openssl("crl -in crl.pem -outform DER", b"");
    assert!(der[offset..].starts_with(&crl));
}

#[test]
fn signed_messages_of_every_kind() {
    let expected = [pki_der("leaf.pem"), pki_der("ca.pem")];
    let sign = "-sign -in content -signer leaf.pem -inkey leaf.key -certfile ca.pem -outform DER";
    for (version, command) in [
        (1, format!("cms {sign} -nodetach -binary")),
        (1, format!("cms {sign} -binary")),
        (1, format!("cms {sign} -nodetach -noattr")),
        (3, format!("cms {sign} -nodetach -keyid")),
        (3, format!("cms {sign} -nodetach -econtent_type 1.2.3.4")),
        (1, format!("smime {sign} -nodetach")),
        (1, format!("smime {sign}")),
    ] {
        let der = openssl(&command, b"");
        let printed = openssl("cms -cmsout -print -noout -inform DER -in /dev/stdin", &der);
        let printed = String::from_utf8_lossy(&printed).into_owned();
        assert!(
            printed.contains(&format!("d.signedData: \n    version: {version}")),
            "{printed}"
        );
        let bundle = read(&der);
        assert_same(&ders(&bundle), &expected);
        assert_eq!(bundle.format, Format::Pkcs7Der);
        assert_eq!(
            bundle.notes,
            [Note::SignedMessage {
                position: Position::Offset(0)
            }]
        );
    }
}

#[test]
fn signed_messages_in_ber_as_a_streaming_writer_writes_them() {
    let command = "cms -sign -in content -signer leaf.pem -inkey leaf.key -certfile ca.pem \
                   -nodetach -stream -outform";
    let der = openssl(&format!("{command} DER"), b"");
    assert!(
        der.starts_with(&[0x30, 0x80]),
        "OpenSSL streams with indefinite lengths"
    );
    let bundle = read(&der);
    assert_same(&ders(&bundle), &[pki_der("leaf.pem"), pki_der("ca.pem")]);
    assert_eq!(codes(&bundle), ["ber", "signed-message"]);
    let pem = openssl(&format!("{command} PEM"), b"");
    assert!(pem.starts_with(b"-----BEGIN CMS-----"));
    assert_eq!(codes(&read(&pem)), ["ber", "signed-message"]);
}

#[test]
fn every_liberty_of_ber_gives_the_same_certificates() {
    let der = from_openssl("-nocrl -outform DER");
    for (liberties, expected) in [
        (
            Liberties {
                indefinite: true,
                ..Liberties::default()
            },
            "indefinite",
        ),
        (
            Liberties {
                longer: 1,
                ..Liberties::default()
            },
            "longer",
        ),
        (
            Liberties {
                longer: 4,
                ..Liberties::default()
            },
            "much longer",
        ),
        (
            Liberties {
                segments: Some(3),
                indefinite: true,
                longer: 1,
            },
            "all",
        ),
    ] {
        let ber = rewrite(&der, liberties);
        let bundle = read(&ber);
        assert_same(&ders(&bundle), &chain());
        assert_eq!(
            codes(&bundle),
            ["ber", "certificate-reencoded"],
            "{expected}"
        );
    }
}

#[test]
fn in_ber_a_certificate_that_is_der_keeps_its_octets() {
    let bundle = read(&signed_data_in_ber(&chain().concat()));
    assert_eq!(ders(&bundle), chain());
    assert_eq!(
        bundle.notes,
        [Note::Ber {
            position: Position::Offset(0)
        }]
    );
}

#[test]
fn the_order_in_the_file_is_kept() {
    let mut reversed = chain();
    reversed.reverse();
    assert_eq!(
        ders(&read(&signed_data(1, &reversed.concat(), &[]))),
        reversed
    );
}

#[test]
fn any_version_and_an_empty_list_of_crls() {
    for version in 0..=5 {
        let with_crls = signed_data(version, &chain().concat(), &[]);
        check(&with_crls, Format::Pkcs7Der, &[]);
    }
    // As Windows writes it: the field is there, and empty.
    let data = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]);
    let fields = [
        element(0x02, &[1]),
        element(0x31, &[]),
        element(0x30, &data),
        element(0xa0, &chain().concat()),
        element(0xa1, &[]),
        element(0x31, &[]),
    ];
    let der = content_info(2, &element(0x30, &fields.concat()));
    check(&der, Format::Pkcs7Der, &[]);
}

#[test]
fn certificates_of_other_kinds_are_told_and_never_dropped_silently() {
    let attribute = element(0xa2, &[]);
    let old_attribute = element(0xa1, &[]);
    let other = element(0xa3, &element(0x06, &[0x2a, 3]));
    let der = signed_data(
        1,
        &[chain().concat(), attribute, old_attribute, other].concat(),
        &[],
    );
    let bundle = read(&der);
    assert_eq!(ders(&bundle), chain());
    let told: Vec<(What, usize)> = bundle
        .notes
        .iter()
        .map(|note| match note {
            Note::ObjectsIgnored { what, count, .. } => (*what, *count),
            note => panic!("{note}"),
        })
        .collect();
    assert_eq!(
        told,
        [(What::AttributeCertificate, 2), (What::OtherCertificate, 1)]
    );
}

#[test]
fn something_among_the_certificates_that_is_none_refuses_the_file() {
    for (wrong, expected) in [
        (
            element(0x04, b"not a certificate"),
            "expected a certificate (a SEQUENCE), found an OCTET STRING",
        ),
        (
            element(0x30, &element(0x02, &[5])),
            "expected the signed part of a certificate",
        ),
    ] {
        let before = chain().concat();
        let error = refused(&signed_data(1, &[&before[..], &wrong].concat(), &[]));
        let message = error.to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn pkcs7_without_a_certificate() {
    let error = refused(&openssl("crl2pkcs7 -outform DER", &pki_file("crl.pem")));
    assert_eq!(error, Error::NoCertificates);
    assert_eq!(
        error.to_string(),
        "The file is PKCS#7 but holds no certificate. Ask the CA for the certificate with its \
         chain, or for X.509."
    );
}

#[test]
fn content_that_nobody_signed_is_told_too() {
    let data = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]);
    let content = [data, element(0xa0, &element(0x04, b"content"))].concat();
    let fields = [
        element(0x02, &[1]),
        element(0x31, &[]),
        element(0x30, &content),
        element(0xa0, &chain().concat()),
        element(0x31, &[]),
    ];
    let der = content_info(2, &element(0x30, &fields.concat()));
    check(&der, Format::Pkcs7Der, &["signed-message"]);
}

#[test]
fn a_length_in_ber_anywhere_on_the_way_is_told() {
    let der = from_openssl("-nocrl -outform DER");
    let signed_data = split(split(split(&der).1).2).1;
    assert!(signed_data.starts_with(&[0x30, 0x82]));
    let (_, fields, _) = split(signed_data);
    check(
        &content_info(2, &indefinite(0x30, fields)),
        Format::Pkcs7Der,
        &["ber"],
    );
}

#[test]
fn other_content_types_are_named() {
    let authenticated = {
        let content_type = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 2]);
        element(
            0x30,
            &[content_type, element(0xa0, &element(0x30, &[]))].concat(),
        )
    };
    let cases = [
        (
            openssl("cms -data_create -in content -outform DER", b""),
            CmsType::Data,
        ),
        (
            openssl("cms -digest_create -in content -outform DER", b""),
            CmsType::DigestedData,
        ),
        (
            openssl("cms -encrypt -in content -outform DER leaf.pem", b""),
            CmsType::EnvelopedData,
        ),
        (
            openssl(
                "cms -encrypt -aes-256-gcm -in content -outform DER leaf.pem",
                b"",
            ),
            CmsType::AuthEnvelopedData,
        ),
        (
            openssl(
                "cms -EncryptedData_encrypt -aes128 -secretkey 000102030405060708090A0B0C0D0E0F \
                 -in content -outform DER",
                b"",
            ),
            CmsType::EncryptedData,
        ),
        (
            content_info(4, &element(0x30, &[])),
            CmsType::SignedAndEnvelopedData,
        ),
        (content_info(99, &element(0x30, &[])), CmsType::Unknown),
        (authenticated, CmsType::AuthenticatedData),
    ];
    for (der, cms_type) in cases {
        assert_eq!(refused(&der), Error::NotACertificate(What::Cms(cms_type)));
        let pem = encode_pem("PKCS7", &der);
        assert_eq!(
            refused(pem.as_bytes()),
            Error::NotACertificate(What::Cms(cms_type))
        );
    }
}

#[test]
fn every_shorter_file_is_refused() {
    let der = from_openssl("-nocrl -outform DER");
    let ber = rewrite(
        &der,
        Liberties {
            indefinite: true,
            ..Liberties::default()
        },
    );
    for whole in [der, ber] {
        for len in 1..whole.len() {
            let error = refused(&whole[..len]);
            let is_known = matches!(error.code(), "truncated" | "not-recognized");
            assert!(is_known, "{len} of {}: {error}", whole.len());
        }
    }
}

#[test]
fn strict_cms_reads_the_same() {
    use cms::cert::CertificateChoices;
    use cms::content_info::ContentInfo;
    use cms::signed_data::SignedData;
    use der::{Decode as _, Encode as _};

    let der = decode_pem(&String::from_utf8(from_openssl("-nocrl")).unwrap());
    let content_info = ContentInfo::from_der(&der).unwrap();
    let signed_data: SignedData = content_info.content.decode_as().unwrap();
    let theirs: Vec<Vec<u8>> = signed_data
        .certificates
        .unwrap()
        .0
        .iter()
        .map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => certificate.to_der().unwrap(),
            CertificateChoices::Other(_) => panic!("only certificates were packed"),
        })
        .collect();
    assert_same(&ders(&read(&der)), &theirs);
}
