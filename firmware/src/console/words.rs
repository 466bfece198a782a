//! A line becomes words, as a shell has them: with quotes, and a backslash for a sign
//! that would end a word. It knows nothing of commands.
//!
//! The fuzz target `console` includes this file and [`paste`](super::paste) as they are.

use zeroize::Zeroizing;

/// The words of a line; they may hold a secret.
pub(super) type Words = Zeroizing<Vec<String>>;

/// Reads a line. Between `"…"` a backslash takes the next sign as it is; between `'…'`
/// everything is as it is.
///
/// # Errors
///
/// When a quote is not closed: says which.
pub(super) fn words(line: &str) -> Result<Words, char> {
    let mut words: Words = Zeroizing::new(Vec::new());
    let mut signs = line.chars();
    // A word may be empty: "" is one.
    let mut word: Option<String> = None;
    while let Some(sign) = signs.next() {
        match sign {
            sign if sign.is_whitespace() => words.extend(word.take()),
            '"' | '\'' => {
                let word = word.get_or_insert_with(|| String::with_capacity(line.len()));
                take_quoted(&mut signs, sign, word)?;
            }
            sign => {
                let word = word.get_or_insert_with(|| String::with_capacity(line.len()));
                match sign {
                    '\\' => word.push(signs.next().unwrap_or('\\')),
                    sign => word.push(sign),
                }
            }
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes what stands until `quote`.
fn take_quoted(
    signs: &mut std::str::Chars<'_>,
    quote: char,
    word: &mut String,
) -> Result<(), char> {
    while let Some(sign) = signs.next() {
        match sign {
            sign if sign == quote => return Ok(()),
            '\\' if quote == '"' => word.push(signs.next().ok_or(quote)?),
            sign => word.push(sign),
        }
    }
    Err(quote)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_told_apart_as_a_shell_does() {
        for (line, expected) in [
            ("", vec![]),
            ("  status  ", vec!["status"]),
            (
                "request new o=\"Example Ltd\" ou=Time",
                vec!["request", "new", "o=Example Ltd", "ou=Time"],
            ),
            (
                r#"a\ b 'c "d"' "e \"f\" \\" ''"#,
                vec!["a b", r#"c "d""#, r#"e "f" \"#, ""],
            ),
            ("end\\", vec!["end\\"]),
        ] {
            let read = words(line).expect("every quote is closed");
            assert_eq!(*read, expected, "{line}");
        }
        assert_eq!(words("names add 'x").err(), Some('\''));
        assert_eq!(words("names add \"x\\").err(), Some('"'));
    }
}
