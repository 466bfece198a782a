//! The limits, and that they are enforced before memory is spent.

use allocation_counter::{AllocationInfo, measure};
use cert_formats::{
    Bundle, Error, MAX_CERTIFICATES, MAX_DEPTH, MAX_ELEMENTS, MAX_OCTETS, MAX_OID_OCTETS, Position,
};

use crate::support::ber::{Liberties, element, indefinite, rewrite, signed_data};
use crate::support::tools::openssl;
use crate::support::{CHAIN_PEM, base64, blocks, chain, ders, encode_pem, noise, read, refused};

/// The most memory in use while reading, in octets for each octet of the upload, and besides.
///
/// The README states these two.
const MEMORY_PER_OCTET: u64 = 4;
const MEMORY_BESIDES: u64 = 1024 * 1024;

/// Reads within the stated memory.
#[track_caller]
pub(crate) fn read_measured(upload: &[u8]) -> Result<Bundle, Error> {
    let mut result = None;
    let AllocationInfo { bytes_max, .. } = measure(|| {
        result = Some(cert_formats::read(upload, None));
    });
    let len = u64::try_from(upload.len()).unwrap();
    let allowed = MEMORY_PER_OCTET * len + MEMORY_BESIDES;
    assert!(
        bytes_max <= allowed,
        "{bytes_max} octets in use for an upload of {len}"
    );
    result.unwrap()
}

#[track_caller]
fn check(upload: &[u8], expected: &str) {
    match read_measured(upload) {
        Ok(_) => assert_eq!(expected, "read"),
        Err(error) => assert_eq!(error.code(), expected, "{error}"),
    }
}

#[test]
fn one_octet_above_a_mebibyte_is_refused_without_memory() {
    let upload = vec![b' '; MAX_OCTETS + 1];
    let info = measure(|| {
        let error = cert_formats::read(&upload, None).unwrap_err();
        assert_eq!(
            error,
            Error::TooLarge {
                octets: MAX_OCTETS + 1,
                limit: MAX_OCTETS
            }
        );
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_mebibyte_is_read() {
    let mut text = CHAIN_PEM.to_owned();
    text.push_str(&"x".repeat(MAX_OCTETS - text.len() - 1));
    text.push('\n');
    assert_eq!(text.len(), MAX_OCTETS);
    assert_eq!(read(text.as_bytes()).certificates.len(), 3);
}

#[test]
fn two_megabytes_of_noise() {
    let noise = noise(2_000_000);
    let message = refused(&noise).to_string();
    assert!(
        message.starts_with("The file has 2000000 octets; at most 1048576 are read."),
        "{message}"
    );
}

#[test]
fn thirty_two_certificates_are_read_and_one_more_is_refused() {
    let [leaf, ..] = &chain()[..] else { panic!() };
    let too_many = Error::TooManyCertificates {
        limit: MAX_CERTIFICATES,
    };
    let block = &blocks(CHAIN_PEM)[0];
    let [as_pem, as_der, as_pkcs7] = [
        |n: usize, block: &str, _: &[u8]| block.repeat(n).into_bytes(),
        |n: usize, _: &str, leaf: &[u8]| leaf.repeat(n),
        |n: usize, _: &str, leaf: &[u8]| signed_data(1, &leaf.repeat(n), &[]),
    ];
    for write in [as_pem, as_der, as_pkcs7] {
        assert_eq!(ders(&read(&write(32, block, leaf))), vec![leaf.clone(); 32]);
        assert_eq!(refused(&write(33, block, leaf)), too_many);
    }
}

#[test]
fn certificates_of_all_blocks_count_together() {
    let p7 = encode_pem("PKCS7", &signed_data(1, &chain()[0].repeat(20), &[]));
    assert_eq!(
        refused(p7.repeat(2).as_bytes()).code(),
        "too-many-certificates"
    );
}

#[test]
fn nesting_has_a_limit_in_definite_lengths() {
    // A certificate whose extensions are no extensions but many SEQUENCEs within each other.
    let mut nested = Vec::new();
    for _ in 0..MAX_DEPTH * 2 {
        nested = element(0x30, &nested);
    }
    let info = [element(0xa0, &element(2, &[2])), element(2, &[1]), nested].concat();
    let certificate = [element(0x30, &info), element(0x30, &[]), element(3, &[0])].concat();
    let error = refused(&element(0x30, &certificate));
    assert!(
        matches!(
            error,
            Error::TooDeep {
                limit: MAX_DEPTH,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn nesting_has_a_limit_in_indefinite_lengths() {
    let error = refused(&[0x30, 0x80].repeat(100_000));
    let Error::TooDeep {
        position: Position::Offset(offset),
        limit,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((offset, limit), (2 * MAX_DEPTH, MAX_DEPTH));
}

#[test]
fn nesting_has_a_limit_in_strings() {
    let mut string = element(0x04, b"x");
    for _ in 0..MAX_DEPTH * 2 {
        string = element(0x24, &string);
    }
    let info = [element(0xa0, &element(2, &[2])), element(2, &[1]), string].concat();
    let certificate = [element(0x30, &info), element(0x30, &[]), element(3, &[0])].concat();
    assert_eq!(refused(&element(0x30, &certificate)).code(), "too-deep");
}

/// A certificate as far as it can be told from its first fields, with `filling` in its issuer.
fn with_issuer(filling: &[u8]) -> Vec<u8> {
    let info = [
        element(0xa0, &element(2, &[2])),
        element(2, &[1]),
        element(0x30, &[]),
        element(0x30, filling),
    ];
    element(
        0x30,
        &[
            element(0x30, &info.concat()),
            element(0x30, &[]),
            element(3, &[0]),
        ]
        .concat(),
    )
}

#[test]
fn the_number_of_elements_has_a_limit() {
    let error = refused(&with_issuer(&element(0x31, &[]).repeat(MAX_ELEMENTS)));
    assert!(
        matches!(
            error,
            Error::TooManyElements {
                limit: MAX_ELEMENTS,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn the_limit_on_elements_holds_for_all_blocks_together() {
    let block = encode_pem("CERTIFICATE", &element(0x30, &element(0x0a, &[1])));
    let error = refused(block.repeat(MAX_ELEMENTS / 2).as_bytes());
    assert_eq!(error.code(), "too-many-elements");
}

#[test]
fn an_object_identifier_longer_than_is_read_is_told() {
    // Arcs below 128 take one octet each, and the first two share one.
    let oid = |octets: usize| format!("1.3{}", ".6".repeat(octets - 1));
    let with = |octets| {
        let command = "req -x509 -key ca.key -subj /CN=oid -outform DER -addext";
        openssl(&format!("{command} {}=DER:05:00", oid(octets)), b"")
    };
    assert_eq!(read(&with(MAX_OID_OCTETS)).certificates.len(), 1);
    let message = refused(&with(MAX_OID_OCTETS + 1)).to_string();
    let expected = "found an OBJECT IDENTIFIER that is malformed or longer than 39 octets";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn lengths_beyond_any_memory() {
    for header in [
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..],
        &[0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        check(&[header, &chain()[0]].concat(), "truncated");
    }
    let mut much = vec![0x30, 0xfe];
    much.extend([0xff; 126]);
    check(&[much, chain().concat()].concat(), "truncated");
    check(&[&[0x30, 0xff][..], &chain()[0]].concat(), "malformed");
}

#[test]
fn what_asks_for_the_most_memory_gets_no_more_than_is_stated() {
    let rdn = element(
        0x31,
        &element(0x30, &[element(6, &[0x2a, 3]), element(12, b"x")].concat()),
    );
    let empty_rdns = with_issuer(&element(0x31, &[]).repeat(8_000));
    let rdns = with_issuer(&rdn.repeat(2_000));
    let filled = with_issuer(&element(12, &vec![b'x'; 1_000_000]));
    let certificates = signed_data(1, &chain()[0].repeat(32), &[]);
    for der in [&empty_rdns, &rdns, &filled, &certificates] {
        let pem = encode_pem("CERTIFICATE", der);
        let utf16: Vec<u8> = format!("\u{feff}{pem}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let ber = rewrite(
            der,
            Liberties {
                indefinite: true,
                ..Liberties::default()
            },
        );
        for upload in [der, pem.as_bytes(), base64(der).as_bytes(), &utf16, &ber] {
            let _ = read_measured(upload);
        }
    }
    let wide = [0xe2, 0x82, 0xac].repeat(300_000);
    let _ = read_measured(&wide);
    let units: Vec<u8> = [&[0xff, 0xfe][..], &[0x00, 0x80].repeat(520_000)].concat();
    let _ = read_measured(&units);
}

#[test]
fn what_asks_for_the_most_blocks_and_notes_gets_no_more_than_is_stated() {
    let tiny = "-----BEGIN X-----\n-----END X-----\n".repeat(30_000);
    check(tiny.as_bytes(), "not-a-certificate");
    let long_labels = format!(
        "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n",
        "X".repeat(64)
    )
    .repeat(6_000);
    check(long_labels.as_bytes(), "not-a-certificate");
    check(&[b'\n'].repeat(1_000_000), "empty");
    check("a\n".repeat(500_000).as_bytes(), "not-recognized");
    check(
        "-----BEGIN CERTIFICATE-----\n".repeat(37_000).as_bytes(),
        "malformed",
    );
    check("BEGIN ".repeat(170_000).as_bytes(), "not-recognized");
}

#[test]
fn deep_and_wide_ber_gets_no_more_than_is_stated() {
    let mut nested = element(0x24, &element(0x04, &[b'x'; 4]).repeat(1_000));
    for _ in 0..MAX_DEPTH - 8 {
        nested = indefinite(0x30, &[nested, element(0x04, &[0; 10_000])].concat());
    }
    let _ = read_measured(&with_issuer(&nested));
}
