//! Decodes the body of a PEM block, leniently: any line width, spaces, headers before it.

use alloc::vec::Vec;

use base64ct::{Base64Unpadded, Encoding as _};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::note::{Note, Notes};
use crate::position::Position;
use crate::text::{self, is_line_end, is_space};
use crate::work;

/// The width of a line of base64 (RFC 7468 section 2), in characters.
const LINE_WIDTH: usize = 64;

/// Decodes `body`, whose first octet stands on `line`.
///
/// # Errors
///
/// [`Error::Malformed`] with the line of the first character that is not base64, or of the end
/// when the number of characters cannot be right.
pub(crate) fn decode(
    body: &[u8],
    line: usize,
    notes: &mut Notes,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (body, line) = skip_headers(body, line, notes)?;
    work::add(body.len());
    let mut characters = Characters::with_room_for(body.len(), line);
    let mut rest = body;
    loop {
        let (run, other) = rest.split_at_checked(run_len(rest)).unwrap_or_default();
        characters.push_run(run, notes)?;
        rest = match other {
            [] => break,
            // The line ends with what follows.
            [b'\r', after @ ..] if after.first() == Some(&b'\n') => after,
            [octet, after @ ..] => {
                characters.push_other(*octet, notes)?;
                after
            }
        };
    }
    characters.decode(notes)
}

/// The characters of base64 met so far.
struct Characters {
    /// Wiped, and never grown, because they may turn out to be a private key.
    text: Zeroizing<Vec<u8>>,
    /// How many `=` ended them.
    padding: usize,
    line: usize,
    /// How many characters this line has.
    width: usize,
    /// A line whose width is only right if no other follows.
    short_line: Option<usize>,
    /// An empty line, which is odd only if base64 follows.
    empty_line: Option<usize>,
}

impl Characters {
    fn with_room_for(len: usize, line: usize) -> Self {
        let text = Zeroizing::new(Vec::with_capacity(len));
        Self {
            text,
            padding: 0,
            line,
            width: 0,
            short_line: None,
            empty_line: None,
        }
    }

    /// Takes in characters of base64 that stand one after the other.
    fn push_run(&mut self, run: &[u8], notes: &mut Notes) -> Result<(), Error> {
        let Some(&first) = run.first() else {
            return Ok(());
        };
        if self.padding > 0 {
            return Err(self.unexpected(first));
        }
        self.begin_characters(run.len(), notes);
        self.text.extend_from_slice(run);
        Ok(())
    }

    fn push_other(&mut self, octet: u8, notes: &mut Notes) -> Result<(), Error> {
        match octet {
            b'=' if self.padding < 2 && !self.text.is_empty() => {
                self.begin_characters(1, notes);
                self.padding += 1;
            }
            _ if is_line_end(octet) => self.end_line(notes),
            _ if is_space(octet) => notes.add(Note::SpacesIgnored { line: self.line }),
            _ => return Err(self.unexpected(octet)),
        }
        Ok(())
    }

    fn begin_characters(&mut self, count: usize, notes: &mut Notes) {
        if let Some(line) = self.short_line.take() {
            notes.add(Note::LineWidth { line });
        }
        if let Some(line) = self.empty_line.take() {
            notes.add(Note::SpacesIgnored { line });
        }
        self.width += count;
    }

    fn end_line(&mut self, notes: &mut Notes) {
        match self.width {
            0 if self.text.is_empty() => {}
            0 => self.empty_line = self.empty_line.or(Some(self.line)),
            LINE_WIDTH => {}
            1..LINE_WIDTH => self.short_line = Some(self.line),
            _ => notes.add(Note::LineWidth { line: self.line }),
        }
        self.line = self.line.saturating_add(1);
        self.width = 0;
    }

    fn unexpected(&self, octet: u8) -> Error {
        let expected = if self.padding == 0 {
            "base64"
        } else {
            "the end of the base64"
        };
        let found = match octet {
            b'>' if self.width == 0 => {
                "the character \">\", with which mail programs begin quoted lines: remove it from each"
                    .into()
            }
            b' '..=b'~' => alloc::format!("the character \"{}\"", char::from(octet)),
            _ => alloc::format!("the octet 0x{octet:02X}"),
        };
        Error::malformed(Position::Line(self.line), expected, found)
    }

    fn decode(mut self, notes: &mut Notes) -> Result<Zeroizing<Vec<u8>>, Error> {
        if self.width > LINE_WIDTH {
            notes.add(Note::LineWidth { line: self.line });
        }
        let wrong = |found| {
            Error::malformed(
                Position::Line(self.line),
                "base64 in groups of four characters",
                found,
            )
        };
        match (self.text.len() % 4, self.padding) {
            (0, 0) | (2, 2) | (3, 1) => {}
            (2, _) | (3, 0) => notes.add(Note::PaddingMissing { line: self.line }),
            (0 | 3, _) => return Err(wrong("a \"=\" too many")),
            _ => return Err(wrong("a group of one")),
        }
        let len = Base64Unpadded::decode_in_place(&mut self.text)
            .map_err(|_| wrong("a last character with bits to spare"))?
            .len();
        self.text.truncate(len);
        Ok(self.text)
    }
}

/// Passes over header lines, which end with an empty one (RFC 1421 section 4.6, RFC 2045).
fn skip_headers<'t>(
    body: &'t [u8],
    line: usize,
    notes: &mut Notes,
) -> Result<(&'t [u8], usize), Error> {
    let headers = body.trim_ascii_start();
    let before = body.get(..body.len() - headers.len()).unwrap_or_default();
    if !text::split_line(headers).0.contains(&b':') {
        return Ok((body, line));
    }
    let line = line.saturating_add(text::count_line_ends(before));
    let mut rest = headers;
    let mut count = 0_usize;
    loop {
        let (header, after) = text::split_line(rest);
        if header.trim_ascii().is_empty() {
            break;
        }
        if text::find(header, b"4,ENCRYPTED").is_some() {
            let position = Position::Line(line.saturating_add(count));
            return Err(Error::malformed(
                position,
                "base64 in clear",
                "encrypted base64",
            ));
        }
        rest = after;
        count += 1;
    }
    if rest.is_empty() {
        let expected = "an empty line after the header lines";
        return Err(Error::malformed(Position::Line(line), expected, "none"));
    }
    notes.add(Note::HeadersIgnored { line });
    Ok((rest, line.saturating_add(count)))
}

/// How many characters of base64 `text` begins with.
fn run_len(text: &[u8]) -> usize {
    // A whole line at once, which the compiler can do many octets at a time.
    let (lines, rest) = text.as_chunks::<LINE_WIDTH>();
    let is_whole = |line: &[u8; LINE_WIDTH]| {
        let characters = line.iter().map(|&octet| is_base64(octet));
        characters.fold(true, |all, is_base64| all & is_base64)
    };
    let whole = lines.iter().take_while(|line| is_whole(line)).count();
    let len = whole * LINE_WIDTH;
    let rest = lines.get(whole).map_or(rest, |line| line.as_slice());
    len + rest.iter().take_while(|&&octet| is_base64(octet)).count()
}

/// Whether this is a character of base64 (RFC 4648 section 4), without the padding.
const fn is_base64(octet: u8) -> bool {
    matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/')
}
