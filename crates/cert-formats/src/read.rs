//! The entry points: octets in, certificates and notes out.

use zeroize::Zeroize as _;

use crate::armour::{Block, Piece, Pieces};
use crate::base64;
use crate::bundle::Bundle;
use crate::collect::{Collector, Source};
use crate::error::Error;
use crate::format::Format;
use crate::label::Label;
use crate::limits::MAX_OCTETS;
use crate::note::{Note, Notes};
use crate::object::{self, Object};
use crate::position::Position;
use crate::sniff::{self, Writing};
use crate::text::{self, Text};
use crate::tlv::{Budget, Tag};
use crate::what::What;

/// Reads the certificates in an upload, whatever it was said to be.
///
/// `selected` is what the person chose in the form, if there was a choice. It never changes what
/// is read; a difference becomes [`Note::FormatDiffers`].
///
/// Whatever is built from the text on the way is wiped. The caller's own buffer is the caller's to
/// wipe, most of all when the answer is that it holds a private key: [`read_and_wipe`] does both.
///
/// # Errors
///
/// - [`Error::TooLarge`] above [`MAX_OCTETS`]; [`Error::Empty`] for nothing but white space.
/// - [`Error::NotACertificate`] for something else that is known. A private key anywhere in the
///   upload gives this, whatever else the upload holds.
/// - [`Error::NotRecognized`] for what is not known.
/// - [`Error::Truncated`] and [`Error::Malformed`] with the place where reading stopped.
/// - [`Error::NoCertificates`] for PKCS#7 without a certificate.
/// - [`Error::TooManyCertificates`], [`Error::TooManyElements`] and [`Error::TooDeep`] above the
///   [limits](crate#limits).
///
/// # Examples
///
/// ```
/// use cert_formats::{Error, What, read};
///
/// # let request = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/request.pem"));
/// let refused = read(request, None).unwrap_err();
///
/// assert_eq!(refused, Error::NotACertificate(What::CertificateRequest));
/// assert_eq!(
///     refused.to_string(),
///     "This is a certificate request, the file you send to the CA. \
///      Upload the file that comes back."
/// );
/// ```
pub fn read(upload: &[u8], selected: Option<Format>) -> Result<Bundle, Error> {
    if upload.len() > MAX_OCTETS {
        return Err(Error::TooLarge {
            octets: upload.len(),
            limit: MAX_OCTETS,
        });
    }
    let (text, encoding) = Text::decode(upload);
    let octets = text.octets();
    if let Some(kind) = sniff::private_key(octets) {
        return Err(Error::NotACertificate(What::PrivateKey(kind)));
    }
    let budget = Budget::new();
    let mut collector = Collector::new(&budget);
    collector.notes.extend(encoding);
    match sniff::writing(octets)? {
        Writing::Binary => collector.read(octets, Source::Binary)?,
        Writing::Armoured => read_armoured(octets, &mut collector)?,
        Writing::Base64 => read_bare_base64(octets, &mut collector)?,
    }
    collector.finish(selected)
}

/// As [`read`], and wipes the upload afterwards, whatever the outcome.
///
/// # Errors
///
/// As [`read`].
pub fn read_and_wipe(upload: &mut [u8], selected: Option<Format>) -> Result<Bundle, Error> {
    let result = read(upload, selected);
    upload.zeroize();
    result
}

fn read_armoured(text: &[u8], collector: &mut Collector<'_>) -> Result<(), Error> {
    note_line_ends(text, collector);
    let mut ignored = IgnoredText::default();
    let mut pieces = Pieces::of(text);
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Block(block) => read_block(&block, collector)?,
            Piece::Text { octets, line } => ignored.add(octets, line, collector),
        }
    }
    collector.notes.extend(ignored.into_note());
    Ok(())
}

fn read_block(block: &Block<'_>, collector: &mut Collector<'_>) -> Result<(), Error> {
    let (label, line) = (Label::parse(block.label), block.line);
    let mut notes = Notes::default();
    if !block.has_own_lines {
        notes.add(Note::BoundaryWithinLine { line });
    }
    let der = base64::decode(block.body, line, &mut notes);
    // The content decides, not the label: a certificate under a label of its writer's own making
    // must not be passed over, and a private key under that of a certificate must not be read.
    let object = match &der {
        Ok(der) => object::identify(der, collector.budget),
        Err(_) => Object::Unknown,
    };
    if let Label::Other(what) = label
        && !object.must_be_read()
    {
        collector.leave_aside(what, Position::Line(line));
        return Ok(());
    }
    let source = match label {
        Label::TrustedCertificate => Source::Trusted { line },
        _ => Source::Base64 { line },
    };
    collector.read(&der?, source)?;
    let found = match (object, label) {
        (Object::Certificate, Label::Certificate) | (Object::ContentInfo, Label::Pkcs7) => None,
        (Object::Certificate, _) => Some("a certificate"),
        (Object::ContentInfo, _) => Some("PKCS#7"),
        (Object::Other(_) | Object::Unknown, _) => None,
    };
    if let Some(found) = found {
        notes.add(Note::LabelUnusual {
            line,
            label: block.label.into(),
            found,
        });
    }
    collector.notes.extend(notes.into_vec());
    Ok(())
}

fn read_bare_base64(text: &[u8], collector: &mut Collector<'_>) -> Result<(), Error> {
    note_line_ends(text, collector);
    let der = base64::decode(text, 1, &mut collector.notes).map_err(|error| {
        // Only what begins like a certificate is damaged base64; anything else is none.
        if text.trim_ascii_start().starts_with(b"MI") {
            error
        } else {
            Error::NotRecognized
        }
    })?;
    if der.first() != Some(&Tag::SEQUENCE.octet()) {
        return Err(Error::NotRecognized);
    }
    collector.notes.add(Note::BareBase64);
    collector.read(&der, Source::Base64 { line: 1 })
}

fn note_line_ends(text: &[u8], collector: &mut Collector<'_>) {
    collector
        .notes
        .extend(text::line_ends(text).map(Note::LineEnds));
    if !text.last().is_some_and(|&octet| text::is_line_end(octet)) {
        collector.notes.add(Note::FinalLineEndMissing);
    }
}

/// The lines of text outside the blocks.
#[derive(Debug, Default)]
struct IgnoredText {
    lines: usize,
    first: usize,
}

impl IgnoredText {
    /// Takes in what stands between two blocks, which begins on `line`.
    fn add(&mut self, octets: &[u8], line: usize, collector: &mut Collector<'_>) {
        let words = octets.trim_ascii();
        if words.is_empty() {
            if octets.iter().any(|&octet| text::is_space(octet)) {
                collector.notes.add(Note::SpacesIgnored { line });
            }
        } else if words == text::UTF8_MARK {
            // Files that were joined, each with its mark.
            collector.notes.add(Note::ByteOrderMark);
        } else {
            let before = octets.len() - octets.trim_ascii_start().len();
            let before = octets.get(..before).unwrap_or_default();
            if self.lines == 0 {
                self.first = line.saturating_add(text::count_line_ends(before));
            }
            let lines = text::count_line_ends(words).saturating_add(1);
            self.lines = self.lines.saturating_add(lines);
        }
    }

    fn into_note(self) -> Option<Note> {
        (self.lines > 0).then_some(Note::TextIgnored {
            lines: self.lines,
            first: self.first,
        })
    }
}
