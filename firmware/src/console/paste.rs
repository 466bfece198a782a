//! What is pasted, line by line: where it ends, and how large it may be.
//!
//! A certificate comes as blocks between BEGIN and END (RFC 7468), perhaps with text
//! between them, and nobody knows which is the last one. So a paste that stands at an END
//! is over at an empty line, or when nothing follows; a single dot ends it anywhere.

use zeroize::Zeroizing;

use crate::wiped;

/// How it ends, as it is said before one.
pub(super) const ENDS: &str = "It ends behind the last END line, at an empty line or when nothing \
                               follows for 2 seconds; a line with a single dot ends it anywhere, \
                               and Ctrl-C gives it up.";

/// How the last line of a block begins.
const END: &str = "-----END ";
/// How the last line of a backup begins: nothing follows it.
const END_OF_BACKUP: &str = "-----END COUNTERSIGN BACKUP";

/// What is pasted, so far. It is wiped, for it may hold a private key.
pub(super) struct Paste {
    text: Zeroizing<Vec<u8>>,
    octets_max: usize,
    /// What came after `octets_max` is thrown away.
    too_large: bool,
    /// The last line that was not empty was an END.
    at_end: bool,
}

impl Paste {
    /// Goes on after `kept`, with at most `octets_max` octets altogether.
    pub(super) fn new(kept: Zeroizing<Vec<u8>>, octets_max: usize) -> Self {
        Self {
            text: kept,
            octets_max,
            too_large: false,
            at_end: false,
        }
    }

    /// Takes a line without its end. True when the paste is over.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let bare = line.trim();
        if bare == "." || (bare.is_empty() && self.at_end) {
            return true;
        }
        self.keep(line);
        if !bare.is_empty() {
            self.at_end = bare.starts_with(END);
        }
        bare.starts_with(END_OF_BACKUP)
    }

    /// Whether it is over when nothing follows.
    pub(super) fn stands_at_end(&self) -> bool {
        self.at_end
    }

    /// What was pasted.
    ///
    /// # Errors
    ///
    /// With the limit, when it was larger.
    pub(super) fn finish(self) -> Result<Zeroizing<Vec<u8>>, usize> {
        match self.too_large {
            true => Err(self.octets_max),
            false => Ok(self.text),
        }
    }

    fn keep(&mut self, line: &str) {
        let needed = self.text.len() + line.len() + 1;
        if needed > self.octets_max {
            self.too_large = true;
            self.text = Zeroizing::default();
            return;
        }
        if self.too_large {
            return;
        }
        wiped::reserve(&mut self.text, line.len() + 1, self.octets_max);
        self.text.extend_from_slice(line.as_bytes());
        self.text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 200;

    /// After how many lines it is over, and what was kept.
    fn pasted(lines: &str) -> (Option<usize>, Result<String, usize>) {
        let mut paste = Paste::new(Zeroizing::default(), MAX);
        let over = lines.lines().position(|line| paste.line(line));
        let kept = paste.finish();
        let kept = kept.map(|text| String::from_utf8(text.to_vec()).expect("text"));
        (over, kept)
    }

    #[test]
    fn an_empty_line_ends_a_paste_only_behind_a_block() {
        let (over, kept) = pasted("\ntext\n\n-----BEGIN X-----\nAA\n-----END X-----\n\nstatus\n");
        assert_eq!(over, Some(6));
        assert_eq!(
            kept.as_deref(),
            Ok("\ntext\n\n-----BEGIN X-----\nAA\n-----END X-----\n")
        );
        let chain = "-----BEGIN X-----\n-----END X-----\n-----BEGIN X-----\n-----END X-----\n";
        assert_eq!(pasted(chain), (None, Ok(chain.to_owned())));
    }

    #[test]
    fn a_dot_ends_it_anywhere_and_a_backup_ends_itself() {
        assert_eq!(pasted("AAAA\n.\nstatus").0, Some(1));
        let (over, _) = pasted("-----END COUNTERSIGN BACKUP-----\nmore");
        assert_eq!(over, Some(0));
    }

    #[test]
    fn what_is_too_large_is_thrown_away_to_its_end() {
        let long = format!("{}\n", "x".repeat(90)).repeat(3);
        let (over, kept) = pasted(&format!("{long}-----END X-----\n\n"));
        assert_eq!((over, kept), (Some(4), Err(MAX)));
    }
}
