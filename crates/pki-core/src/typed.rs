//! What a person typed, on its way into a message.

use alloc::string::String;
use core::fmt::{self, Write};

/// A text as a person typed it, to be quoted in a message.
///
/// It may be anything at all, so it is displayed in quotation marks, cut after
/// 100 characters, and with characters that cannot be seen written out. What a
/// person typed as a secret is never one of these.
///
/// ```
/// let error = pki_core::DnsName::parse("ntp1\u{7}").unwrap_err();
/// assert!(error.to_string().starts_with(r#""ntp1\u{7}" is not a host name"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed(String);

impl Typed {
    const CHARS_MAX: usize = 100;

    /// Keeps as much of the text as is shown.
    #[must_use]
    pub fn new(text: &str) -> Self {
        // One character more than is shown, so that the cut can be shown.
        Self(text.chars().take(Self::CHARS_MAX + 1).collect())
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut room = Self::CHARS_MAX;
        for c in self.0.chars() {
            let takes = if is_hidden(c) {
                c.escape_unicode().len()
            } else {
                1
            };
            if takes > room {
                f.write_char('…')?;
                break;
            }
            room -= takes;
            if is_hidden(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        f.write_char('"')
    }
}

/// Whether a character leaves no mark of its own on a page, or turns the
/// writing direction of others, so that a name with it would not be what it
/// looks like.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Typed;

    #[test]
    fn a_long_text_is_cut() {
        let shown = Typed::new(&"é".repeat(101)).to_string();
        assert_eq!(shown, alloc::format!("\"{}…\"", "é".repeat(100)));
        let whole = Typed::new(&"é".repeat(100)).to_string();
        assert_eq!(whole, alloc::format!("\"{}\"", "é".repeat(100)));
        let hidden = Typed::new(&"\0".repeat(100)).to_string();
        assert_eq!(hidden, alloc::format!("\"{}…\"", r"\u{0}".repeat(20)));
    }

    #[test]
    fn characters_that_cannot_be_seen_are_written_out() {
        assert_eq!(
            Typed::new("a\u{0}\u{202e}b\n").to_string(),
            r#""a\u{0}\u{202e}b\u{a}""#
        );
    }
}
