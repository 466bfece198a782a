//! X.509 DER: one certificate, several, and what stands around them.

use cert_formats::{Format, Note, Position};

use crate::support::ber::{Liberties, rewrite, split};
use crate::support::{chain, codes, ders, read, refused};

#[test]
fn a_certificate_keeps_the_octets_it_came_as() {
    for der in chain() {
        let bundle = read(&der);
        assert_eq!(bundle.format, Format::X509Der);
        assert_eq!(ders(&bundle), [der]);
        assert_eq!(bundle.notes, []);
    }
}

#[test]
fn fields_and_octets_belong_together() {
    let bundle = read(&chain()[0]);
    let (der, certificate) = bundle.certificates[0].clone().into_parts();
    assert_eq!(&certificate, bundle.certificates[0].certificate());
    assert_eq!(der, chain()[0]);
    let subject = certificate.tbs_certificate().subject().to_string();
    assert_eq!(subject, "CN=ntp1.example.net,O=Example");
}

#[test]
fn certificates_that_follow_each_other_are_all_read() {
    let bundle = read(&chain().concat());
    assert_eq!(ders(&bundle), chain());
    assert_eq!(bundle.notes, [Note::Concatenated { objects: 3 }]);
}

#[test]
fn the_same_certificate_twice_stays_twice() {
    let twice = [chain()[0].clone(), chain()[0].clone()];
    assert_eq!(ders(&read(&twice.concat())), twice);
}

#[test]
fn what_was_selected_never_changes_what_is_read() {
    for selected in Format::ALL {
        let bundle = cert_formats::read(&chain()[0], Some(selected)).unwrap();
        assert_eq!(bundle.format, Format::X509Der);
        let differs = Note::FormatDiffers {
            selected,
            found: Format::X509Der,
        };
        let expected = if selected == Format::X509Der {
            vec![]
        } else {
            vec![differs]
        };
        assert_eq!(bundle.notes, expected);
    }
}

#[test]
fn line_ends_and_zeros_after_the_end_are_passed_over_and_told() {
    let der = &chain()[0];
    for after in [&b"\n"[..], b"\r\n", b"\0\0\0\0", b" \t\x1a"] {
        let bundle = read(&[der, after].concat());
        assert_eq!(&ders(&bundle), std::slice::from_ref(der));
        let position = Position::Offset(der.len());
        assert_eq!(
            bundle.notes,
            [Note::TrailingOctets {
                position,
                octets: after.len()
            }]
        );
    }
}

#[test]
fn anything_else_after_the_end_is_refused_with_its_offset() {
    let der = &chain()[0];
    for after in [&b"x"[..], b"\x30\x0a", b"\x04\x01\x00", b"\n\x01"] {
        let error = refused(&[der, after].concat());
        assert_eq!(error.code(), "malformed");
        let message = error.to_string();
        assert!(
            message.contains(&format!("at offset {}: expected the end", der.len())),
            "{message}"
        );
    }
}

#[test]
fn every_shorter_file_is_refused() {
    let der = &chain()[0];
    for len in 1..der.len() {
        let error = refused(&der[..len]);
        assert!(
            matches!(error.code(), "truncated" | "not-recognized"),
            "{len}: {error}"
        );
    }
}

#[test]
fn a_file_that_was_cut_off_says_how_much_is_missing() {
    let der = &chain()[0];
    let error = refused(&der[..der.len() - 7]);
    assert_eq!(
        error.to_string(),
        "The file was cut off: what begins at offset 0 is 7 octets short. Download or copy it \
         again, whole."
    );
}

#[test]
fn a_certificate_in_ber_becomes_the_der_that_was_signed() {
    let der = &chain()[0];
    let all = [
        Liberties {
            indefinite: true,
            ..Liberties::default()
        },
        Liberties {
            longer: 1,
            ..Liberties::default()
        },
        Liberties {
            longer: 5,
            ..Liberties::default()
        },
        Liberties {
            segments: Some(1000),
            ..Liberties::default()
        },
        Liberties {
            segments: Some(7),
            indefinite: true,
            longer: 2,
        },
    ];
    for liberties in all {
        let ber = rewrite(der, liberties);
        assert_ne!(&ber, der);
        let bundle = read(&ber);
        assert_eq!(&ders(&bundle), std::slice::from_ref(der), "{liberties:?}");
        assert_eq!(codes(&bundle), ["certificate-reencoded"], "{liberties:?}");
    }
}

#[test]
fn the_last_segment_of_a_bit_string_says_how_many_bits_are_unused() {
    let mut der = chain()[0].clone();
    // The signature comes last: make it end within an octet, with zeros, as DER wants.
    let last = der.len() - 1;
    der[last] &= 0xf0;
    let signature = der.windows(2).rposition(|window| window == [0x03, 0x49]);
    let signature = signature.or(der.windows(2).rposition(|window| window == [0x03, 0x48]));
    der[signature.expect("a signature of 71 or 72 octets") + 2] = 4;
    let segments = Liberties {
        segments: Some(10),
        ..Liberties::default()
    };
    let bundle = read(&rewrite(&der, segments));
    assert_eq!(ders(&bundle), [der]);
    assert_eq!(
        bundle.certificates[0]
            .certificate()
            .signature()
            .unused_bits(),
        4
    );
}

#[test]
fn segments_within_segments() {
    use crate::support::ber::element;
    let der = &chain()[0];
    let [signed, algorithm, signature] = {
        let (_, content, _) = split(der);
        let (_, signed, after) = split(content);
        let (_, algorithm, after) = split(after);
        [signed, algorithm, split(after).1]
    };
    let (first, second) = signature[1..].split_at(30);
    let inner = element(0x23, &element(0x03, &[&[0], first].concat()));
    let outer = element(
        0x23,
        &[inner, element(0x03, &[&[0], second].concat())].concat(),
    );
    let parts = [element(0x30, signed), element(0x30, algorithm), outer];
    assert_eq!(
        &ders(&read(&element(0x30, &parts.concat()))),
        std::slice::from_ref(der)
    );
    // A BIT STRING has no segments of another type.
    let wrong = element(0x23, &element(0x04, signature));
    let parts = [element(0x30, signed), element(0x30, algorithm), wrong];
    let message = refused(&element(0x30, &parts.concat())).to_string();
    assert!(message.contains("expected a segment of a BIT STRING, found an OCTET STRING"));
}

#[test]
fn a_serial_number_that_no_rfc_allows_is_read_for_the_judge_to_speak_about() {
    let der = &chain()[0];
    // The serial number is the first INTEGER after the version and has 20 octets.
    let at = der
        .windows(2)
        .position(|window| window == [0x02, 0x14])
        .expect("a serial number")
        + 2;
    let mut negative = der.clone();
    negative[at] = 0x81;
    let bundle = read(&negative);
    let serial = bundle.certificates[0]
        .certificate()
        .tbs_certificate()
        .serial_number();
    assert_eq!(serial.as_bytes(), &negative[at..at + 20]);
}

#[test]
fn the_place_of_damage_within_a_certificate_is_told() {
    let mut der = chain()[0].clone();
    let at = der
        .windows(2)
        .position(|window| window == [0x17, 0x0d])
        .expect("a UTCTime");
    der[at + 2] = b'x';
    let message = refused(&der).to_string();
    assert!(
        message.starts_with("The file is damaged at offset "),
        "{message}"
    );
    assert!(
        message.contains("expected a validity period (RFC 5280 section 4.1.2.5)"),
        "{message}"
    );
    let offset: usize = message
        .split([' ', ':'])
        .find_map(|word| word.parse().ok())
        .expect("an offset");
    assert!(
        (at - 2..at + 20).contains(&offset),
        "{message}: the time is at {at}"
    );
}
