//! Text from a certificate, made fit to stand in a sentence: whoever wrote the certificate
//! chose it, so it is bounded, and what a reader could not see is spelled out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// The longest quotation, in characters of the original text.
pub(crate) const QUOTE_CHARS_MAX: usize = 200;

/// The most items [`list`] names before it says how many more there are.
pub(crate) const LIST_ITEMS_MAX: usize = 20;

/// `text` between double quotes, cut after [`QUOTE_CHARS_MAX`] characters, deceptive characters
/// as `<U+0007>`. A quote or backslash of its own is escaped, so that the end of the quotation
/// cannot be forged.
pub(crate) fn quote(text: &str) -> String {
    enclose(text, |character| matches!(character, '"' | '\\'))
}

/// As [`quote`], for text in which quotes and backslashes are escaped already, as they are in a
/// distinguished name.
pub(crate) fn quote_escaped(text: &str) -> String {
    enclose(text, |_| false)
}

fn enclose(text: &str, is_to_be_escaped: impl Fn(char) -> bool) -> String {
    let mut quoted = String::from("\"");
    let mut characters = text.chars();
    for character in characters.by_ref().take(QUOTE_CHARS_MAX) {
        if is_deceptive(character) {
            write!(quoted, "<U+{:04X}>", u32::from(character)).expect("writing to a String");
        } else if is_to_be_escaped(character) {
            quoted.extend(['\\', character]);
        } else {
            quoted.push(character);
        }
    }
    if characters.next().is_some() {
        quoted.push('…');
    }
    quoted.push('"');
    quoted
}

/// Whether a person looking at `character` would see nothing, or something else: controls,
/// invisible characters, and those that change the direction of what follows (UTS #39, UAX #9).
pub(crate) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// `a`, `a and b`, `a, b and c`; beyond [`LIST_ITEMS_MAX`] items `a, b, … and 7 more`. What is
/// not named is only counted: a certificate may hold thousands.
pub(crate) fn list<T>(items: impl IntoIterator<Item = T>, show: impl Fn(T) -> String) -> String {
    let mut items = items.into_iter();
    let mut front: Vec<String> = items.by_ref().take(LIST_ITEMS_MAX).map(show).collect();
    let last = match items.count() {
        0 => front.pop(),
        hidden => Some(format!("{hidden} more")),
    };
    let last = last.unwrap_or_default();
    if front.is_empty() {
        last
    } else {
        format!("{} and {last}", front.join(", "))
    }
}

/// `1 certificate`, `3 certificates`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_a_reader_could_not_see_is_spelled_out() {
        for (text, shown) in [
            ("ntp1.example.net", r#""ntp1.example.net""#),
            ("Zürich 北京", r#""Zürich 北京""#),
            ("a\0b", r#""a<U+0000>b""#),
            ("a\u{1b}[31mb\r\n", r#""a<U+001B>[31mb<U+000D><U+000A>""#),
            ("moc.\u{202e}evil", r#""moc.<U+202E>evil""#),
            ("zero\u{200b}width", r#""zero<U+200B>width""#),
            (r#"a" is fine. ""#, r#""a\" is fine. \"""#),
            (r"a\", r#""a\\""#),
        ] {
            assert_eq!(quote(text), shown);
        }
    }

    #[test]
    fn a_quotation_is_bounded() {
        assert_eq!(quote(&"x".repeat(200)).chars().count(), 202);
        assert_eq!(quote(&"x".repeat(100_000)).chars().count(), 203);
        // The bound is on what came, each of which is shown as at most ten characters.
        assert!(quote(&"\u{202e}".repeat(1_000)).chars().count() <= 203 * 10);
    }

    #[test]
    fn what_is_escaped_already_is_not_escaped_again() {
        let shown = quote_escaped("O=Example\\, \\\"Time\\\",CN=a\u{202e}");
        assert_eq!(shown, "\"O=Example\\, \\\"Time\\\",CN=a<U+202E>\"");
    }

    #[test]
    fn a_list_reads_as_a_sentence_does_and_is_bounded() {
        let list = |n: usize| list(0..n, |number| number.to_string());
        assert_eq!(list(0), "");
        assert_eq!(list(1), "0");
        assert_eq!(list(2), "0 and 1");
        assert_eq!(list(3), "0, 1 and 2");
        assert!(list(20).ends_with("18 and 19"));
        assert!(list(27).ends_with("19 and 7 more"));
    }
}
