//! What an administrator reads: whole sentences that say what happened and what to do.

use cert_formats::{CmsType, Error, Format, KeyKind, LineEnds, Note, Position, What};

const WHATS: [What; 20] = [
    What::AttributeCertificate,
    What::CertificateRequest,
    What::Cms(CmsType::EnvelopedData),
    What::Crl,
    What::Gzip,
    What::HtmlPage,
    What::JavaKeyStore,
    What::MicrosoftStore,
    What::OcspResponse,
    What::OpenPgp,
    What::OpenSshPublicKey,
    What::OtherCertificate,
    What::Parameters,
    What::Pdf,
    What::Pkcs12,
    What::PrintedCertificate,
    What::PrivateKey(KeyKind::Pkcs8),
    What::PublicKey,
    What::UnknownBlock,
    What::Zip,
];

fn errors() -> Vec<Error> {
    let position = Position::InBlock {
        line: 3,
        offset: 12,
    };
    let mut errors = vec![
        Error::Empty,
        Error::Malformed {
            position,
            expected: "base64".into(),
            found: "an octet".into(),
        },
        Error::NoCertificates,
        Error::NotRecognized,
        Error::TooDeep {
            position,
            limit: 24,
        },
        Error::TooLarge {
            octets: 2_000_000,
            limit: 1_048_576,
        },
        Error::TooManyCertificates { limit: 32 },
        Error::TooManyElements {
            position,
            limit: 8_192,
        },
        Error::Truncated {
            position,
            missing: Some(1),
        },
        Error::Truncated {
            position,
            missing: None,
        },
        Error::Unwritable { index: 1 },
    ];
    errors.extend(WHATS.map(Error::NotACertificate));
    errors
}

fn notes() -> Vec<Note> {
    let position = Position::Offset(7);
    let (line, first) = (4, 4);
    let (selected, found) = (Format::X509Pem, Format::Pkcs7Der);
    let mut notes = vec![
        Note::BareBase64,
        Note::Ber { position },
        Note::BoundaryWithinLine { line },
        Note::ByteOrderMark,
        Note::CertificateReencoded { position },
        Note::Concatenated { objects: 2 },
        Note::FinalLineEndMissing,
        Note::FormatDiffers { selected, found },
        Note::HeadersIgnored { line },
        Note::LabelUnusual {
            line,
            label: "X509 CERTIFICATE".into(),
            found: "a certificate",
        },
        Note::LineEnds(LineEnds::Cr),
        Note::LineEnds(LineEnds::CrLf),
        Note::LineEnds(LineEnds::Mixed),
        Note::LineWidth { line },
        Note::PaddingMissing { line },
        Note::SignedMessage { position },
        Note::SpacesIgnored { line },
        Note::TextIgnored { lines: 1, first },
        Note::TextIgnored { lines: 12, first },
        Note::TrailingOctets {
            position,
            octets: 2,
        },
        Note::TrustSettingsIgnored { line },
        Note::Utf16,
    ];
    notes.extend(WHATS.map(|what| Note::ObjectsIgnored {
        what,
        count: 1,
        first: position,
    }));
    notes.extend(WHATS.map(|what| Note::ObjectsIgnored {
        what,
        count: 2,
        first: position,
    }));
    notes
}

#[test]
fn every_message_is_made_of_whole_sentences() {
    let errors = errors()
        .into_iter()
        .map(|error| (error.code(), error.to_string()));
    let notes = notes()
        .into_iter()
        .map(|note| (note.code(), note.to_string()));
    for (code, message) in errors.chain(notes) {
        assert!(
            message.starts_with(|c: char| c.is_ascii_uppercase()),
            "{code}: {message}"
        );
        assert!(message.ends_with('.'), "{code}: {message}");
        assert!(!message.contains("  "), "{code}: {message}");
        assert!(!message.contains('\n'), "{code}: {message}");
        let words = message.to_lowercase();
        for word in ["invalid", "error", "failed", "illegal"] {
            assert!(!words.contains(word), "{code}: {message}");
        }
        assert!(
            code.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        );
    }
}

#[test]
fn the_refusals_the_guide_to_the_pages_words_are_worded_so() {
    assert_eq!(
        Error::NotACertificate(What::CertificateRequest).to_string(),
        "This is a certificate request, the file you send to the CA. Upload the file that comes \
         back."
    );
    assert_eq!(
        Error::NotACertificate(What::PrivateKey(KeyKind::Encrypted)).to_string(),
        "The file contains a private key, so it was discarded unread. This unit makes its own key \
         and never takes one. Treat that key as exposed if the file travelled by mail."
    );
}

#[test]
fn formats_have_the_names_the_form_has() {
    let names = Format::ALL.map(|format| format.to_string());
    assert_eq!(
        names,
        ["X.509 PEM", "X.509 DER", "PKCS#7 PEM", "PKCS#7 DER"]
    );
}

#[test]
fn how_a_text_was_typed_can_be_folded_away_and_what_was_left_out_cannot() {
    for note in notes() {
        let is_typography = matches!(
            note.code(),
            "boundary-within-line"
                | "byte-order-mark"
                | "final-line-end-missing"
                | "line-ends"
                | "line-width"
                | "padding-missing"
                | "spaces-ignored"
                | "utf-16"
        );
        assert_eq!(note.is_typography(), is_typography, "{note}");
    }
}
