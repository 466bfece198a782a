//! The line editor of a terminal: octets that were typed in, octets to show and
//! finished lines out.
//!
//! It knows no transport, and of the terminal only what the dumbest one can do: carriage
//! return, backspace, space and the bell. A line that is wider than the terminal is shown
//! in part, for no backspace goes up a row.
//!
//! What pastes into it is taken as fast as it comes: while [`Mode::Paste`] holds,
//! nothing is shown, and a tab or an arrow among the characters changes nothing.

mod history;
mod keys;

use zeroize::Zeroizing;

use super::dialogue::LINE_OCTETS_MAX;
use history::History;
use keys::{Key, Keys};

/// The columns that are used of a terminal, one less than it has: writing in the last
/// one moves some to the next row.
const COLUMNS: usize = 79;
/// So many completions are shown at a time.
const COMPLETIONS_MAX: usize = 64;

/// What the line that is typed next is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A line to be edited and completed, with those before it at hand.
    Command,
    /// An answer to be edited.
    Answer,
    /// A secret: nothing of it is shown or remembered.
    Secret,
    /// A line of many that are pasted: nothing is shown.
    Paste,
}

/// What the person did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Finished a line. It may be a secret.
    Line(Zeroizing<String>),
    /// Finished a line that had more octets than a line may have; it is gone.
    TooLong,
    /// Pressed Ctrl-C.
    Interrupt,
    /// Pressed Ctrl-D on an empty line.
    End,
    /// Pressed the tab key behind this text.
    Complete(String),
}

/// A line as it is being typed, and those before it.
pub(super) struct Editor {
    keys: Keys,
    mode: Mode,
    prompt: String,
    line: Line,
    history: History,
    /// The first character that is shown.
    first_shown: usize,
    /// The columns that what is shown of the line takes.
    shown: usize,
}

/// Characters before and behind the cursor, wiped when they go.
#[derive(Default)]
struct Line {
    text: Zeroizing<String>,
    /// In octets, at the beginning of a character.
    cursor: usize,
    /// Whether characters were left out since the line was full.
    overflown: bool,
}

impl Editor {
    /// An editor that remembers nothing yet.
    pub(super) fn new() -> Self {
        Self {
            keys: Keys::default(),
            mode: Mode::Command,
            prompt: String::new(),
            line: Line::new(),
            history: History::default(),
            first_shown: 0,
            shown: 0,
        }
    }

    /// Asks for the next line, which is of this mode. What is to be shown goes to `out`.
    pub(super) fn ask(&mut self, prompt: &str, mode: Mode, out: &mut Vec<u8>) {
        self.mode = mode;
        self.prompt = if mode == Mode::Paste { "" } else { prompt }.into();
        self.line = Line::new();
        self.history.rewind();
        self.redraw_anew(out);
    }

    /// Takes an octet that was typed. What is to be shown goes to `out`.
    pub(super) fn take(&mut self, octet: u8, out: &mut Vec<u8>) -> Option<Event> {
        let key = self.keys.take(octet)?;
        let pasted = self.mode == Mode::Paste || self.keys.are_pasted();
        match key {
            Key::Enter => return Some(self.finish(out)),
            Key::Interrupt => {
                self.line = Line::new();
                out.extend_from_slice(b"^C\r\n");
                return Some(Event::Interrupt);
            }
            Key::Character('\t') if pasted => self.insert(' ', out),
            Key::Character('\t') if self.mode == Mode::Command => {
                let before = self.line.before().to_owned();
                return Some(Event::Complete(before));
            }
            Key::Character('\t') => {}
            Key::Character(character) => self.insert(character, out),
            _ if self.mode == Mode::Paste => {}
            Key::DeleteOrEnd if self.line.text.is_empty() => return Some(Event::End),
            key => self.edit(key, out),
        }
        None
    }

    /// Remembers a finished line; never one that holds a secret.
    pub(super) fn remember(&mut self, line: &str) {
        self.history.add(line);
    }

    /// Forgets the lines that may stand in the history.
    pub(super) fn forget(&mut self) {
        self.history = History::default();
    }

    /// Shows how the text before the cursor could go on: as each of `lines`.
    pub(super) fn offer(&mut self, lines: &[String], out: &mut Vec<u8>) {
        let begun = self.line.before().to_owned();
        let fitting: Vec<&str> = lines
            .iter()
            .map(|line| line.trim_end())
            .filter(|line| line.starts_with(&begun))
            .collect();
        let common = common_beginning(&fitting);
        let rest = common.get(begun.len()..).unwrap_or_default();
        match fitting.as_slice() {
            [] => out.push(keys::BELL),
            [_] => self.insert_all(&format!("{rest} "), out),
            _ if !rest.is_empty() => self.insert_all(rest, out),
            _ => {
                // Of the lines, the words that differ.
                let from = begun.rfind(' ').map_or(0, |space| space + 1);
                let words: Vec<&str> = fitting.iter().filter_map(|line| line.get(from..)).collect();
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(in_rows(&words).as_bytes());
                self.redraw_anew(out);
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Event {
        let line = std::mem::replace(&mut self.line, Line::new());
        if self.mode != Mode::Paste {
            out.extend_from_slice(b"\r\n");
        }
        if line.overflown {
            return Event::TooLong;
        }
        Event::Line(line.text)
    }

    fn edit(&mut self, key: Key, out: &mut Vec<u8>) {
        let line = &mut self.line;
        match key {
            Key::Backspace => {
                let at_the_end = line.cursor == line.text.len();
                let fits = self.first_shown == 0 && self.shows();
                if self.line.remove_before(1) && at_the_end && fits {
                    self.shown = self.shown.saturating_sub(1);
                    out.extend_from_slice(b"\x08 \x08");
                    return;
                }
            }
            Key::DeleteOrEnd | Key::Delete => line.remove_behind(1),
            Key::Left => line.cursor = line.left(),
            Key::Right => line.cursor = line.right(),
            Key::Home => line.cursor = 0,
            Key::End => line.cursor = line.text.len(),
            Key::DeleteToStart => {
                line.remove_before(usize::MAX);
            }
            Key::DeleteToEnd => line.remove_behind(usize::MAX),
            Key::DeleteWord => line.remove_word(),
            Key::Redraw => {
                out.extend_from_slice(b"\r\n");
                self.redraw_anew(out);
                return;
            }
            Key::Up | Key::Down if self.mode == Mode::Command => {
                let other = match key {
                    Key::Up => self.history.earlier(&self.line.text),
                    _ => self.history.later(),
                };
                match other {
                    Some(other) => self.line.replace(&other),
                    None => out.push(keys::BELL),
                }
            }
            _ => {}
        }
        self.redraw(out);
    }

    fn insert_all(&mut self, text: &str, out: &mut Vec<u8>) {
        for character in text.chars() {
            self.insert(character, out);
        }
    }

    fn insert(&mut self, character: char, out: &mut Vec<u8>) {
        if !self.line.insert(character) {
            if self.shows() {
                out.push(keys::BELL);
            }
            return;
        }
        if !self.shows() {
            return;
        }
        let at_the_end = self.line.cursor == self.line.text.len();
        if at_the_end && self.shown + 1 < self.width() {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            self.shown += 1;
        } else {
            self.redraw(out);
        }
    }

    fn shows(&self) -> bool {
        matches!(self.mode, Mode::Command | Mode::Answer)
    }

    /// The columns that are left to the line.
    fn width(&self) -> usize {
        COLUMNS.saturating_sub(self.prompt.chars().count()).max(20)
    }

    /// Shows prompt and line where nothing of them stands yet.
    fn redraw_anew(&mut self, out: &mut Vec<u8>) {
        self.shown = 0;
        self.first_shown = 0;
        out.extend_from_slice(self.prompt.as_bytes());
        if self.shows() && !self.line.text.is_empty() {
            self.redraw(out);
        }
    }

    /// Shows prompt and line over what stands of them.
    fn redraw(&mut self, out: &mut Vec<u8>) {
        if !self.shows() {
            return;
        }
        let width = self.width();
        let cursor = self.line.before().chars().count();
        if cursor < self.first_shown || cursor >= self.first_shown + width {
            // Half of the columns for what is before the cursor, when it left them.
            self.first_shown = cursor.saturating_sub(width / 2);
        }
        if self.line.text.chars().count() < width {
            self.first_shown = 0;
        }
        let visible = self.line.text.chars().skip(self.first_shown);
        let visible: Zeroizing<String> = Zeroizing::new(visible.take(width).collect());
        let columns = visible.chars().count();
        out.push(b'\r');
        out.extend_from_slice(self.prompt.as_bytes());
        out.extend_from_slice(visible.as_bytes());
        let stale = self.shown.saturating_sub(columns);
        out.extend(std::iter::repeat_n(b' ', stale));
        let back = stale + columns - (cursor - self.first_shown).min(columns);
        out.extend(std::iter::repeat_n(b'\x08', back));
        self.shown = columns;
    }
}

impl Line {
    /// Room for the longest line, so that no copy is left behind where it grows.
    fn new() -> Self {
        Self {
            text: Zeroizing::new(String::with_capacity(LINE_OCTETS_MAX)),
            ..Self::default()
        }
    }

    fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    fn behind(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    /// Where the cursor is one character to the left.
    fn left(&self) -> usize {
        let last = self.before().char_indices().next_back();
        last.map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let next = self.behind().chars().next();
        self.cursor + next.map_or(0, char::len_utf8)
    }

    fn insert(&mut self, character: char) -> bool {
        if self.text.len() + character.len_utf8() > LINE_OCTETS_MAX {
            self.overflown = true;
            return false;
        }
        self.text.insert(self.cursor, character);
        self.cursor += character.len_utf8();
        true
    }

    /// Removes as many characters before the cursor; whether there was one.
    fn remove_before(&mut self, count: usize) -> bool {
        let mut from = self.cursor;
        let ends = self.before().char_indices().rev().take(count);
        if let Some((at, _)) = ends.last() {
            from = at;
        }
        let removed = from < self.cursor;
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
        removed
    }

    fn remove_behind(&mut self, count: usize) {
        let octets: usize = self.behind().chars().take(count).map(char::len_utf8).sum();
        let end = self.cursor + octets;
        self.text.replace_range(self.cursor..end, "");
    }

    /// The word before the cursor, and the spaces between them.
    fn remove_word(&mut self) {
        let trimmed = self.before().trim_end();
        let from = trimmed.rfind(' ').map_or(0, |space| space + 1);
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    fn replace(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(text);
        self.cursor = text.len();
    }
}

/// What all of these begin with.
fn common_beginning<'a>(words: &[&'a str]) -> &'a str {
    let Some((first, others)) = words.split_first() else {
        return "";
    };
    let mut length = first.len();
    for other in others {
        let same = first.char_indices().zip(other.chars());
        let differs = same.into_iter().find(|((_, a), b)| a != b);
        let common = differs.map_or(first.len().min(other.len()), |((at, _), _)| at);
        length = length.min(common);
    }
    first.get(..length).unwrap_or_default()
}

/// The words, as many to a row as fit.
fn in_rows(words: &[&str]) -> String {
    let (mut rows, mut used) = (String::new(), 0);
    for word in words.iter().take(COMPLETIONS_MAX) {
        let columns = word.chars().count();
        if used > 0 && used + 2 + columns > COLUMNS {
            rows.push_str("\r\n");
            used = 0;
        }
        if used > 0 {
            rows.push_str("  ");
            used += 2;
        }
        rows.push_str(word);
        used += columns;
    }
    if words.len() > COMPLETIONS_MAX {
        rows.push_str("  …");
    }
    rows.push_str("\r\n");
    rows
}

#[cfg(test)]
mod tests;
