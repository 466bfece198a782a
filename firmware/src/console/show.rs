//! How things are written: 80 columns, no control characters, JSON for scripts.

use std::iter::Peekable;

use serde::Serialize;

/// A line has at most this many characters, unless a word is longer.
pub(super) const COLUMNS: usize = 80;

/// What was typed is repeated up to so many characters.
const TYPED_CHARS_MAX: usize = 60;

/// Text as paragraphs, a line of it each, within 80 columns.
pub(super) fn paragraphs(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    for line in text.lines() {
        push_wrapped(&mut written, "", "", line);
    }
    written
}

/// `first` and the text; further lines begin with `rest`.
pub(super) fn push_wrapped(to: &mut String, first: &str, rest: &str, text: &str) {
    let mut words = text.split_whitespace().peekable();
    let mut begins = first;
    loop {
        let width = COLUMNS.saturating_sub(begins.chars().count());
        let line = format!("{begins}{}", next_line(&mut words, width));
        to.push_str(line.trim_end());
        to.push('\n');
        if words.peek().is_none() {
            return;
        }
        begins = rest;
    }
}

/// Takes as many words as a line of this width holds, one at least.
fn next_line<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>, width: usize) -> String {
    let mut line = words.next().unwrap_or_default().to_owned();
    let mut used = line.chars().count();
    while let Some(word) = words.next_if(|word| used + 1 + word.chars().count() <= width) {
        line.push(' ');
        line.push_str(word);
        used += 1 + word.chars().count();
    }
    line
}

/// A row: a name in a column of its own, and what there is of it, within 80 columns.
pub(super) fn push_row(to: &mut String, width: usize, name: &str, value: &str) {
    let first = format!("{:<width$}", visible(name));
    let rest = " ".repeat(width);
    push_wrapped(to, &first, &rest, &visible(value));
}

/// Rows, each with its name in the same column.
pub(super) fn rows(rows: &[(&str, String)]) -> String {
    let longest = rows.iter().map(|(name, _)| name.chars().count()).max();
    let width = longest.unwrap_or(0) + 2;
    let mut text = String::new();
    for (name, value) in rows {
        push_row(&mut text, width, name, value);
    }
    text
}

/// As JSON, ended by a line feed.
pub(super) fn json(value: &impl Serialize) -> String {
    let written = serde_json::to_string_pretty(value);
    // Maps have texts as keys, and nothing else can fail.
    format!("{}\n", written.unwrap_or_else(|_| "null".into()))
}

/// Without control characters.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { '?' } else { c })
        .collect()
}

/// What was typed, bounded and without control characters, for a reply.
pub(super) fn typed(text: &str) -> String {
    let mut shown: String = text.chars().take(TYPED_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    visible(&shown).replace('\n', "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_and_a_word_longer_than_the_line_stands_alone() {
        let mut words = "a bc 0123456789 d".split(' ').peekable();
        let mut line = || next_line(&mut words, 4);
        assert_eq!([line(), line(), line()], ["a bc", "0123456789", "d"]);
        let text = paragraphs(&format!("{}\nend", "word ".repeat(40)));
        assert!(
            text.lines().all(|line| line.chars().count() <= COLUMNS),
            "{text}"
        );
        assert!(text.ends_with("\nend\n"));
        assert_eq!(
            rows(&[("a", "b".into()), ("long", String::new())]),
            "a     b\nlong\n"
        );
    }

    #[test]
    fn what_could_steer_a_terminal_is_not_repeated() {
        assert_eq!(typed("\u{1b}]0;x\u{7}\n"), "?]0;x??");
        assert_eq!(typed(&"x".repeat(100)).chars().count(), TYPED_CHARS_MAX + 1);
    }
}
