//! PEM and its leniencies: each is read, and each is told.

use cert_formats::{Error, Format, LineEnds, Note, Position};

use crate::support::tools::{openssl, pki_der, pki_file};
use crate::support::{CHAIN_PEM, base64, blocks, chain, codes, ders, encode_pem, read, refused};

/// The chain is read from `text`, with these notes and no others.
#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    let bundle = read(text.as_ref());
    assert_eq!(ders(&bundle), chain());
    assert_eq!(bundle.format, Format::X509Pem);
    assert_eq!(codes(&bundle), expected);
}

/// The first certificate is read from `text`, with these notes and no others.
#[track_caller]
fn check_first(text: impl AsRef<[u8]>, expected: &[Note]) {
    let bundle = read(text.as_ref());
    assert_eq!(ders(&bundle), chain()[..1]);
    assert_eq!(bundle.notes, expected);
}

/// `text` is refused at this line, with a message that has `expected` in it.
#[track_caller]
fn check_malformed(text: impl AsRef<[u8]>, line: usize, expected: &str) {
    let error = refused(text.as_ref());
    assert!(
        matches!(error, Error::Malformed { position: Position::Line(at), .. } if at == line),
        "expected line {line}: {error}"
    );
    assert!(error.to_string().contains(expected), "{error}");
}

fn first() -> String {
    blocks(CHAIN_PEM).swap_remove(0)
}

/// The base64 of the first certificate, in lines of `width`.
fn first_in_lines_of(width: usize) -> String {
    let text = base64(&chain()[0]);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(width)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

fn utf16(text: &str, octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(octets)
        .collect()
}

#[test]
fn what_a_strict_writer_writes_has_no_notes() {
    check(CHAIN_PEM, &[]);
}

#[test]
fn line_ends_of_windows_and_of_the_first_macintosh() {
    check(CHAIN_PEM.replace('\n', "\r\n"), &["line-ends"]);
    check(CHAIN_PEM.replace('\n', "\r"), &["line-ends"]);
    let mixed = CHAIN_PEM.replacen('\n', "\r\n", 3);
    assert_eq!(
        read(mixed.as_bytes()).notes,
        [Note::LineEnds(LineEnds::Mixed)]
    );
}

#[test]
fn byte_order_marks() {
    check(format!("\u{feff}{CHAIN_PEM}"), &["byte-order-mark"]);
    let each: String = blocks(CHAIN_PEM)
        .iter()
        .map(|block| format!("\u{feff}{block}"))
        .collect();
    check(each, &["byte-order-mark"]);
}

#[test]
fn utf_16_with_a_byte_order_mark() {
    check(utf16(CHAIN_PEM, u16::to_le_bytes), &["utf-16"]);
    check(utf16(CHAIN_PEM, u16::to_be_bytes), &["utf-16"]);
    check(
        utf16(&CHAIN_PEM.replace('\n', "\r\n"), u16::to_le_bytes),
        &["utf-16", "line-ends"],
    );
}

#[test]
fn half_a_character_at_the_end_of_utf_16_is_text_outside() {
    let mut text = utf16(CHAIN_PEM, u16::to_le_bytes);
    text.push(b'\n');
    check(text, &["utf-16", "final-line-end-missing", "text-ignored"]);
}

#[test]
fn spaces_at_the_ends_of_lines() {
    check(CHAIN_PEM.replace('\n', "  \n"), &["spaces-ignored"]);
    check(CHAIN_PEM.replace('\n', "\t\n"), &["spaces-ignored"]);
    let indented: String = CHAIN_PEM
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    check(indented, &["spaces-ignored"]);
    check(CHAIN_PEM.replace('\n', "\n\n"), &["spaces-ignored"]);
    check(CHAIN_PEM.replace("-----\n-----", "-----\n\n-----"), &[]);
}

#[test]
fn any_line_width() {
    for width in [1, 4, 63, 65, 76, 1000, 100_000] {
        check_first(first_in_lines_of(width), &[Note::LineWidth { line: 2 }]);
    }
    check_first(first_in_lines_of(64), &[]);
}

#[test]
fn only_the_last_line_may_be_shorter() {
    let mut lines: Vec<String> = first().lines().map(str::to_owned).collect();
    let rest = lines[5].split_off(20);
    lines.insert(6, rest);
    check_first(lines.join("\n") + "\n", &[Note::LineWidth { line: 6 }]);
}

#[test]
fn a_missing_final_line_end() {
    check(CHAIN_PEM.trim_end(), &["final-line-end-missing"]);
}

#[test]
fn text_before_between_and_after() {
    let [a, b, c] = <[String; 3]>::try_from(blocks(CHAIN_PEM)).unwrap();
    let text = format!("Dear admin,\n\nhere:\n{a}issued by\n{b}and\n{c}Regards\n");
    let bundle = read(text.as_bytes());
    assert_eq!(ders(&bundle), chain());
    assert_eq!(bundle.notes, [Note::TextIgnored { lines: 6, first: 1 }]);
}

#[test]
fn text_that_sounds_like_a_boundary_but_is_none() {
    for text in [
        "End certificate of our web server:",
        "subject=CN = Front-End Certificate Authority",
        "Bag Attributes\n    friendlyName: Back-End Server",
        "- begin with the leaf",
        "the END",
    ] {
        check(format!("{text}\n{CHAIN_PEM}"), &["text-ignored"]);
    }
}

#[test]
fn what_openssl_prints_around_certificates() {
    let text = openssl("x509 -in leaf.pem -text", b"");
    let bundle = read(&text);
    assert_eq!(ders(&bundle), [pki_der("leaf.pem")]);
    assert_eq!(codes(&bundle), ["text-ignored"]);

    openssl(
        "pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -name Ünit \
         -passout pass:x -out bag.p12",
        b"",
    );
    let bag = openssl("pkcs12 -in bag.p12 -nokeys -passin pass:x", b"");
    assert!(String::from_utf8_lossy(&bag).contains("Bag Attributes"));
    let bundle = read(&bag);
    assert_eq!(ders(&bundle), [pki_der("leaf.pem"), pki_der("ca.pem")]);
    assert_eq!(codes(&bundle), ["text-ignored"]);
}

#[test]
fn headers_of_rfc_1421() {
    let headers = "-----BEGIN CERTIFICATE-----\nX-Issuer: Example\n  and folded\nX-Other: 1\n\n";
    let text = first().replace("-----BEGIN CERTIFICATE-----\n", headers);
    check_first(&text, &[Note::HeadersIgnored { line: 2 }]);
    check_first(
        text.replace('\n', "\r\n"),
        &[
            Note::LineEnds(LineEnds::CrLf),
            Note::HeadersIgnored { line: 2 },
        ],
    );
    check_first(
        text.replace('\n', " \n"),
        &[
            Note::HeadersIgnored { line: 2 },
            Note::SpacesIgnored { line: 5 },
        ],
    );
    let without_empty_line = text.replace("X-Other: 1\n\n", "X-Other: 1\n");
    check_malformed(
        without_empty_line,
        2,
        "expected an empty line after the header lines",
    );
    let encrypted = text.replace("X-Other: 1", "Proc-Type: 4,ENCRYPTED");
    check_malformed(encrypted, 4, "found encrypted base64");
}

#[test]
fn base64_without_armour() {
    let lines: Vec<String> = first().lines().map(str::to_owned).collect();
    let body = lines[1..lines.len() - 1].join("\n") + "\n";
    check_first(&body, &[Note::BareBase64]);
    check_first(format!("\n\n{body}\n"), &[Note::BareBase64]);
    check_first(
        base64(&chain()[0]),
        &[
            Note::FinalLineEndMissing,
            Note::LineWidth { line: 1 },
            Note::BareBase64,
        ],
    );
    let mail =
        format!("Content-Type: application/pkix-cert\nContent-Transfer-Encoding: base64\n\n{body}");
    check_first(mail, &[Note::HeadersIgnored { line: 1 }, Note::BareBase64]);
}

#[test]
fn damaged_base64_without_armour_says_where() {
    let body = base64(&chain()[0]);
    check_malformed(
        format!("{}!{}", &body[..70], &body[70..]),
        1,
        "found the character \"!\"",
    );
}

#[test]
fn other_labels_of_certificates() {
    for label in [
        "X509 CERTIFICATE",
        "TRUSTED CERTIFICATE",
        "PKCS7",
        "SOMETHING OF OURS",
    ] {
        let found = "a certificate";
        let note = Note::LabelUnusual {
            line: 1,
            label: label.into(),
            found,
        };
        check_first(encode_pem(label, &chain()[0]), &[note]);
    }
}

#[test]
fn trust_settings_of_openssl_are_told() {
    let trusted = openssl(
        "x509 -in leaf.pem -trustout -addtrust serverAuth -setalias Unit",
        b"",
    );
    assert!(trusted.starts_with(b"-----BEGIN TRUSTED CERTIFICATE-----"));
    let bundle = read(&trusted);
    assert_eq!(ders(&bundle), [pki_der("leaf.pem")]);
    assert_eq!(codes(&bundle), ["trust-settings-ignored", "label-unusual"]);
}

#[test]
fn trust_settings_are_not_mistaken_for_something_else() {
    use crate::support::ber::element;
    let purposes = element(0x30, &element(0x06, &[0x2b, 6, 1, 5, 5, 7, 3, 1]));
    for settings in [
        purposes.clone(),
        [purposes.clone(), element(0x04, b"key id")].concat(),
        [purposes, element(0x0c, b"alias"), element(0x04, b"key id")].concat(),
        vec![],
    ] {
        let der = [chain()[0].clone(), element(0x30, &settings)].concat();
        let bundle = read(encode_pem("TRUSTED CERTIFICATE", &der).as_bytes());
        assert_eq!(ders(&bundle), chain()[..1]);
        assert_eq!(codes(&bundle), ["trust-settings-ignored", "label-unusual"]);
    }
}

#[test]
fn a_certificate_in_the_place_of_trust_settings_is_read() {
    let bundle = read(encode_pem("TRUSTED CERTIFICATE", &chain().concat()).as_bytes());
    assert_eq!(ders(&bundle), chain());
}

#[test]
fn things_beside_certificates_are_counted_and_told() {
    let parameters = openssl("ecparam -name prime256v1", b"");
    let crl = pki_file("crl.pem");
    let text = [&parameters, CHAIN_PEM.as_bytes(), &crl, &crl].concat();
    let bundle = read(&text);
    assert_eq!(ders(&bundle), chain());
    assert_eq!(codes(&bundle), ["objects-ignored", "objects-ignored"]);
    let sentences: Vec<String> = bundle.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        sentences[0],
        "The file also holds a set of key parameters, at line 1, which was left aside."
    );
    assert!(
        sentences[1].starts_with("The file also holds a certificate revocation list (2 in all")
    );
}

#[test]
fn a_block_of_text_that_is_no_base64_does_not_hide_a_certificate() {
    let pgp = "-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nabcd\n=Qx1z\n-----END PGP MESSAGE-----\n";
    check(format!("{pgp}{CHAIN_PEM}"), &["objects-ignored"]);
}

#[test]
fn lines_that_were_joined() {
    let joined = CHAIN_PEM.replace('\n', " ");
    let expected = [
        "final-line-end-missing",
        "boundary-within-line",
        "spaces-ignored",
        "line-width",
    ];
    let bundle = read(joined.as_bytes());
    assert_eq!(ders(&bundle), chain());
    assert_eq!(codes(&bundle), expected);
    let tight = CHAIN_PEM.replace('\n', "");
    assert_eq!(ders(&read(tight.as_bytes())), chain());
}

#[test]
fn padding_that_is_missing() {
    let text = first();
    assert!(
        text.contains("=\n-----END"),
        "the first certificate is made so that it has padding"
    );
    let bare = text.replace("=", "");
    let lines = bare.lines().count();
    check_first(bare, &[Note::PaddingMissing { line: lines }]);
}

#[test]
fn base64_that_cannot_be_is_refused_with_its_line() {
    let lines: Vec<String> = first().lines().map(str::to_owned).collect();
    let with_line = |at: usize, line: &str| {
        let mut lines = lines.clone();
        line.clone_into(&mut lines[at]);
        lines.join("\n") + "\n"
    };
    check_malformed(
        with_line(3, "MIIC*"),
        4,
        "expected base64, found the character \"*\"",
    );
    check_malformed(
        with_line(3, "MI\u{201c}C"),
        4,
        "expected base64, found the octet 0xE2",
    );
    check_malformed(with_line(3, "MIIC="), 5, "expected the end of the base64");
    check_malformed(with_line(3, "MIIC\\n"), 4, "found the character \"\\\"");
    let last = lines.len() - 2;
    let padded = format!("{}A==", lines[last].trim_end_matches('='));
    check_malformed(with_line(last, &padded), last + 2, "found a \"=\" too many");
    let odd = lines[last].trim_end_matches('=');
    let cut = odd.len() - odd.len() % 4 + 1;
    let odd = format!("{odd}AAAA");
    check_malformed(
        with_line(last, &odd[..cut]),
        last + 2,
        "found a group of one",
    );
}

#[test]
fn a_block_that_does_not_end_is_cut_off() {
    let text = first();
    let end = text.find("-----END").unwrap();
    for cut in [40, end, end + 3, end + 8, end + 20] {
        let error = refused(&text.as_bytes()[..cut]);
        assert_eq!(
            error,
            Error::Truncated {
                position: Position::Line(1),
                missing: None
            },
            "{cut}: {error}"
        );
    }
}

#[test]
fn two_blocks_that_lost_the_lines_between_them() {
    let [a, b, _] = <[String; 3]>::try_from(blocks(CHAIN_PEM)).unwrap();
    let without_end = format!("{}{b}", a.replace("-----END CERTIFICATE-----\n", ""));
    check_malformed(
        &without_end,
        a.lines().count(),
        "expected -----END CERTIFICATE-----",
    );
    let without_begin = format!("{a}{}", b.replace("-----BEGIN CERTIFICATE-----\n", ""));
    let line = without_begin.lines().count();
    check_malformed(
        &without_begin,
        line,
        "expected the -----BEGIN that belongs to this -----END",
    );
    let other_end = a.replace("-----END CERTIFICATE", "-----END PKCS7");
    check_malformed(
        &other_end,
        a.lines().count(),
        "expected -----END CERTIFICATE-----",
    );
}

#[test]
fn what_is_nearly_a_boundary_is_not_passed_over_as_text() {
    let text = first();
    for damaged in [
        "----BEGIN CERTIFICATE-----",
        "---BEGIN CERTIFICATE---",
        "\u{2014}\u{2014}BEGIN CERTIFICATE\u{2014}\u{2014}",
        "\u{2013}--BEGIN CERTIFICATE-----",
        "- BEGIN CERTIFICATE -",
        "BEGIN CERTIFICATE",
        "-----begin certificate-----",
        "-----BEGIN\tCERTIFICATE-----",
        "> -----Begin Certificate-----",
    ] {
        let text = text.replace("-----BEGIN CERTIFICATE-----", damaged);
        let error = refused(text.as_bytes());
        assert_eq!(error.code(), "malformed", "{damaged}: {error}");
        let behind = format!("{CHAIN_PEM}{text}");
        let error = refused(behind.as_bytes());
        assert_eq!(error.code(), "malformed", "{damaged}: {error}");
    }
}

#[test]
fn a_hyphen_too_many_is_text_beside_a_boundary() {
    let text = first().replace("-----BEGIN", "------BEGIN");
    let bundle = read(text.as_bytes());
    assert_eq!(ders(&bundle), chain()[..1]);
    assert_eq!(codes(&bundle), ["boundary-within-line", "text-ignored"]);
}

#[test]
fn a_label_without_its_hyphens() {
    let text = first();
    for damaged in [
        "-----BEGIN CERTIFICATE",
        "-----BEGIN CERTIFICATE--",
        "-----BEGIN C\u{e9}-----",
    ] {
        let text = text.replace("-----BEGIN CERTIFICATE-----", damaged);
        check_malformed(format!("\n{text}"), 2, "expected a label and five hyphens");
    }
}

#[test]
fn a_certificate_block_with_something_unknown_in_it_is_refused() {
    let error = refused(encode_pem("CERTIFICATE", b"\x30\x03\x02\x01\x00").as_bytes());
    assert_eq!(
        error.to_string(),
        "The file is damaged at offset 0 of the block that begins on line 1: expected a \
         certificate or PKCS#7, found a SEQUENCE that is neither. Download or copy it again, \
         whole and unchanged."
    );
}

#[test]
fn the_first_place_of_a_leniency_is_told() {
    let mut lines: Vec<String> = CHAIN_PEM.lines().map(str::to_owned).collect();
    lines[20] += " ";
    lines[4] += " ";
    let bundle = read((lines.join("\n") + "\n").as_bytes());
    assert_eq!(bundle.notes, [Note::SpacesIgnored { line: 5 }]);
}
