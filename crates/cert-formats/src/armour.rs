//! Cuts text into PEM blocks (RFC 7468) and the text between them.
//!
//! Boundaries are found wherever they stand, because web forms and mail programs join lines. What
//! is nearly a boundary is an error with its line: passing it over as text would lose a
//! certificate.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use crate::error::Error;
use crate::label;
use crate::position::Position;
use crate::text::{self, is_line_end, is_space};
use crate::work;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const HYPHENS: &[u8] = b"-----";

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'t> {
    Block(Block<'t>),
    /// What stands outside the blocks.
    Text {
        octets: &'t [u8],
        line: usize,
    },
}

/// What stands between a `-----BEGIN` and its `-----END`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'t> {
    pub(crate) label: &'t str,
    /// The line of the `-----BEGIN`.
    pub(crate) line: usize,
    pub(crate) body: &'t [u8],
    /// Whether both boundaries have lines of their own.
    pub(crate) has_own_lines: bool,
}

/// The pieces of a text, front to back. Together they are the whole text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Pieces<'t> {
    pub(crate) const fn of(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The next piece, or nothing at the end of the text.
    ///
    /// # Errors
    ///
    /// - [`Error::Truncated`] with the line of a block that does not end.
    /// - [`Error::Malformed`] with the line of a boundary that is not written as one.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'t>>, Error> {
        let rest = self.rest();
        match text::find(rest, BEGIN) {
            Some(0) => self.block().map(Some),
            None if rest.is_empty() => Ok(None),
            found => self.between(found.unwrap_or(rest.len())).map(Some),
        }
    }

    fn between(&mut self, len: usize) -> Result<Piece<'t>, Error> {
        let line = self.line;
        let octets = self.take(len);
        match damaged_boundary(octets) {
            None => Ok(Piece::Text { octets, line }),
            Some(at) => {
                let (before, damaged) = octets.split_at_checked(at).unwrap_or_default();
                let position = Position::Line(line.saturating_add(text::count_line_ends(before)));
                let expected = if damaged.trim_ascii_start().starts_with(END) {
                    "the -----BEGIN that belongs to this -----END before it"
                } else {
                    "-----BEGIN CERTIFICATE----- or its -----END, with five hyphens on both sides"
                };
                Err(Error::malformed(position, expected, excerpt(damaged)))
            }
        }
    }

    fn block(&mut self) -> Result<Piece<'t>, Error> {
        let line = self.line;
        let begins_line = self.is_line_start();
        self.take(BEGIN.len());
        let label = self.label()?;
        let begin_ends_line = self.is_line_end();
        let truncated = Error::Truncated {
            position: Position::Line(line),
            missing: None,
        };
        let body_len = text::find(self.rest(), HYPHENS).ok_or(truncated)?;
        let body = self.take(body_len);
        let end_begins_line = self.is_line_start();
        self.end(label, line)?;
        let has_own_lines = begins_line && begin_ends_line && end_begins_line && self.is_line_end();
        Ok(Piece::Block(Block {
            label,
            line,
            body,
            has_own_lines,
        }))
    }

    /// The label and the hyphens after it.
    fn label(&mut self) -> Result<&'t str, Error> {
        let rest = self.rest();
        let near = rest.get(..label::LEN_MAX + HYPHENS.len()).unwrap_or(rest);
        let label = text::find(near, HYPHENS)
            .and_then(|len| near.get(..len))
            .filter(|label| label.iter().all(|octet| matches!(octet, b' '..=b'~')))
            .and_then(|label| core::str::from_utf8(label).ok())
            .ok_or_else(|| {
                Error::malformed(
                    Position::Line(self.line),
                    "a label and five hyphens after -----BEGIN, as in -----BEGIN CERTIFICATE-----",
                    excerpt(rest),
                )
            })?;
        self.take(label.len() + HYPHENS.len());
        Ok(label)
    }

    /// The `-----END` with the label of the `-----BEGIN`, which stands on `line`.
    ///
    /// RFC 7468 section 2 lets a reader accept another label there; this one does not, because two
    /// blocks that lost the lines between them look the same.
    fn end(&mut self, label: &str, line: usize) -> Result<(), Error> {
        let end = format!("-----END {label}-----");
        let rest = self.rest();
        if rest.starts_with(end.as_bytes()) {
            self.take(end.len());
            return Ok(());
        }
        if end.as_bytes().starts_with(rest.trim_ascii_end()) {
            return Err(Error::Truncated {
                position: Position::Line(line),
                missing: None,
            });
        }
        Err(Error::malformed(
            Position::Line(self.line),
            end,
            excerpt(rest),
        ))
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over `len` octets and gives them.
    fn take(&mut self, len: usize) -> &'t [u8] {
        let taken = self.rest().get(..len).unwrap_or_default();
        self.at = self.at.saturating_add(len);
        self.line = self.line.saturating_add(text::count_line_ends(taken));
        taken
    }

    /// Whether there are only spaces between here and the start of the line.
    fn is_line_start(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        // Files that were joined each keep their mark.
        let before = before.strip_suffix(text::UTF8_MARK).unwrap_or(before);
        is_at_edge(before.iter().rev())
    }

    /// Whether there are only spaces between here and the end of the line.
    fn is_line_end(&self) -> bool {
        is_at_edge(self.rest().iter())
    }
}

/// Whether there are only spaces up to a line end, or the end of it all.
fn is_at_edge<'t>(octets: impl Iterator<Item = &'t u8>) -> bool {
    let mut octets = octets.inspect(|_| work::add(1));
    octets
        .find(|&&octet| !is_space(octet))
        .is_none_or(|&octet| is_line_end(octet))
}

/// Whether there is a `-----BEGIN` anywhere.
pub(crate) fn has_boundary(text: &[u8]) -> bool {
    text::find(text, BEGIN).is_some()
}

/// Whether there is a line that was meant as a boundary.
pub(crate) fn has_damaged_boundary(text: &[u8]) -> bool {
    damaged_boundary(text).is_some()
}

/// Where the first line begins that was meant as a boundary, in text outside the blocks.
fn damaged_boundary(text: &[u8]) -> Option<usize> {
    work::add(text.len());
    let mut at = 0_usize;
    text.split(|&octet| is_line_end(octet)).find_map(|line| {
        let begin = at;
        at = at.saturating_add(line.len() + 1);
        is_damaged_boundary(line).then_some(begin)
    })
}

/// Whether a line that is no boundary was meant as one.
///
/// Word processors turn hyphens into dashes, portals and mail programs drop them, hands miscount
/// them. Words without any mark before them count only in capitals: "End certificate" may also be
/// a heading.
fn is_damaged_boundary(line: &[u8]) -> bool {
    let marks = line
        .iter()
        .take_while(|octet| !octet.is_ascii_alphanumeric())
        .count();
    let (marks, words) = line.split_at_checked(marks).unwrap_or_default();
    let verb = [&b"BEGIN "[..], b"END "]
        .into_iter()
        .find(|verb| text::starts_with_words(words, verb));
    let Some(label) = verb.and_then(|verb| words.get(verb.len()..)) else {
        return false;
    };
    let is_marked = marks
        .iter()
        .any(|&octet| octet == b'-' || !octet.is_ascii());
    let is_shouted = !words
        .iter()
        .take_while(|&&o| o != b'-')
        .any(u8::is_ascii_lowercase);
    marks.ends_with(HYPHENS) || (label::is_of_certificates(label) && (is_marked || is_shouted))
}

/// What stands at the start of `text`, quoted, to the end of its line or 40 characters.
fn excerpt(text: &[u8]) -> Cow<'static, str> {
    const LEN_MAX: usize = 40;
    let line = text
        .split(|&octet| is_line_end(octet))
        .next()
        .unwrap_or_default();
    let line = line.trim_ascii();
    if line.is_empty() {
        return "the end of the line".into();
    }
    let line: String = String::from_utf8_lossy(line.get(..LEN_MAX).unwrap_or(line))
        .chars()
        .map(|character| {
            if character.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect();
    format!("\"{line}\"").into()
}
