//! The entry points: octets in, certificates and notes out.

use zeroize::Zeroize as _;

use crate::armour::{Block, Label, Piece, Pieces};
use crate::base64;
use crate::bundle::{Builder, Bundle, Source};
use crate::error::Error;
use crate::format::Format;
use crate::limits::MAX_OCTETS;
use crate::note::Note;
use crate::object::Object;
use crate::position::Position;
use crate::sniff::{self, Writing};
use crate::text::{self, Text, is_space};
use crate::tlv::Budget;
use crate::what::What;

/// Reads the certificates in an upload, whatever it was said to be.
///
/// `selected` is what the person chose in the form, if there was a choice. It never changes what
/// is read; a difference becomes [`Note::FormatDiffers`].
///
/// Nothing that was built from the text is left in memory. The caller's own buffer is the caller's
/// to wipe, most of all when the answer is that it holds a private key:
/// [`read_and_wipe`] does both.
///
/// # Errors
///
/// - [`Error::TooLarge`] above [`MAX_OCTETS`], [`Error::Empty`] for nothing but white space.
/// - [`Error::NotACertificate`] for something else that is recognized. A private key anywhere in
///   the upload is always this, whatever else the upload holds.
/// - [`Error::NotRecognized`] for what is not.
/// - [`Error::Truncated`] and [`Error::Malformed`] with the place where reading stopped.
/// - [`Error::NoCertificates`] for PKCS#7 without a certificate.
/// - [`Error::TooManyCertificates`], [`Error::TooManyElements`], [`Error::TooDeep`] above the
///   limits of this crate.
pub fn read(upload: &[u8], selected: Option<Format>) -> Result<Bundle, Error> {
    if upload.len() > MAX_OCTETS {
        return Err(Error::TooLarge {
            octets: upload.len(),
            limit: MAX_OCTETS,
        });
    }
    let budget = Budget::new();
    let mut builder = Builder::new(&budget);
    let (text, note) = Text::decode(upload);
    if let Some(note) = note {
        builder.notes.add(note);
    }
    let octets = text.octets();
    if let Some(kind) = sniff::private_key(octets) {
        return Err(Error::NotACertificate(What::PrivateKey(kind)));
    }
    match sniff::writing(octets)? {
        Writing::Binary => {
            builder.read(octets, Source::Binary)?;
        }
        Writing::Armoured => read_armoured(octets, &mut builder)?,
        Writing::Base64 => read_bare_base64(octets, &mut builder)?,
    }
    builder.finish(selected)
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

fn read_armoured(text: &[u8], builder: &mut Builder<'_>) -> Result<(), Error> {
    note_line_ends(text, builder);
    let mut ignored = IgnoredText::default();
    let mut pieces = Pieces::of(text);
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Block(block) => read_block(&block, builder)?,
            Piece::Text { octets, line } => ignored.add(octets, line, builder),
        }
    }
    if ignored.lines > 0 {
        builder.notes.add(Note::TextIgnored {
            lines: ignored.lines,
            first: ignored.first,
        });
    }
    Ok(())
}

fn read_block(block: &Block<'_>, builder: &mut Builder<'_>) -> Result<(), Error> {
    let label = Label::parse(block.label);
    let line = block.line;
    if !block.has_own_lines {
        builder.notes.add(Note::BoundaryWithinLine { line });
    }
    let der = match (base64::decode(block.body, line, &mut builder.notes), label) {
        (Ok(der), _) => der,
        (Err(error), _) if label.is_certificates() => return Err(error),
        (Err(_), Label::Other(what)) => {
            builder.ignore(what, Position::Line(line));
            return Ok(());
        }
        (Err(error), _) => return Err(error),
    };
    let source = Source::Base64 {
        line,
        is_trusted: label == Label::TrustedCertificate,
        must_be_known: label.is_certificates(),
    };
    let object = builder.read(&der, source)?;
    let found = match (object, label) {
        (Object::Certificate, Label::Certificate) | (Object::ContentInfo, Label::Pkcs7) => {
            return Ok(());
        }
        (Object::Certificate, _) => "a certificate",
        (Object::ContentInfo, _) => "PKCS#7",
        (Object::Unknown, Label::Other(what)) => {
            builder.ignore(what, Position::Line(line));
            return Ok(());
        }
        _ => return Ok(()),
    };
    builder.notes.add(Note::LabelUnusual {
        line,
        label: block.label.into(),
        found,
    });
    Ok(())
}

fn read_bare_base64(text: &[u8], builder: &mut Builder<'_>) -> Result<(), Error> {
    note_line_ends(text, builder);
    let der = base64::decode(text, 1, &mut builder.notes).map_err(|error| {
        // Only what begins like a certificate in base64 is damaged; anything else is no base64.
        if text.trim_ascii_start().starts_with(b"MI") {
            error
        } else {
            Error::NotRecognized
        }
    })?;
    if der.first() != Some(&0x30) {
        return Err(Error::NotRecognized);
    }
    builder.notes.add(Note::BareBase64);
    builder.read(
        &der,
        Source::Base64 {
            line: 1,
            is_trusted: false,
            must_be_known: true,
        },
    )?;
    Ok(())
}

fn note_line_ends(text: &[u8], builder: &mut Builder<'_>) {
    if let Some(line_ends) = text::line_ends(text) {
        builder.notes.add(Note::LineEnds(line_ends));
    }
    if !text.last().is_some_and(|&octet| text::is_line_end(octet)) {
        builder.notes.add(Note::FinalLineEndMissing);
    }
}

/// The lines of text outside the blocks.
#[derive(Debug, Default)]
struct IgnoredText {
    lines: usize,
    first: usize,
}

impl IgnoredText {
    fn add(&mut self, octets: &[u8], line: usize, builder: &mut Builder<'_>) {
        let white = octets.len() - octets.trim_ascii_start().len();
        if white == octets.len() {
            if octets.iter().any(|&octet| is_space(octet)) {
                builder.notes.add(Note::SpacesIgnored { line });
            }
            return;
        }
        let before = octets.get(..white).unwrap_or_default();
        if self.lines == 0 {
            self.first = line.saturating_add(text::count_line_ends(before));
        }
        let lines = text::count_line_ends(octets.trim_ascii()).saturating_add(1);
        self.lines = self.lines.saturating_add(lines);
    }
}
