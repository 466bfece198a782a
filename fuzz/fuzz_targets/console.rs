//! A line typed at a console becomes words or is refused; what is pasted ends where it
//! says, and is kept as it came, or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zeroize::Zeroizing;

// They know nothing of the firmware, so they stand here as they are.
#[path = "../../firmware/src/console/paste.rs"]
mod paste;
#[path = "../../firmware/src/console/words.rs"]
mod words;

/// What a paste of the target may have.
const PASTE_OCTETS_MAX: usize = 4096;

fuzz_target!(|octets: &[u8]| {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    for line in text.lines() {
        check_words(line);
    }
    check_paste(text);
});

/// No sign is made up, and words that need no quotes are read as they stand.
fn check_words(line: &str) {
    match words::words(line) {
        Ok(read) => {
            let signs: usize = read.iter().map(String::len).sum();
            assert!(signs <= line.len());
            if !line.contains(['"', '\'', '\\']) {
                assert!(read.iter().map(String::as_str).eq(line.split_whitespace()));
            }
        }
        Err(quote) => assert!(line.contains(quote)),
    }
}

fn check_paste(text: &str) {
    let mut paste = paste::Paste::new(Zeroizing::default(), PASTE_OCTETS_MAX);
    let mut kept = String::new();
    for line in text.lines() {
        let over = paste.line(line);
        let ends_itself = line.trim().starts_with("-----END COUNTERSIGN BACKUP");
        if !over || ends_itself {
            kept.push_str(line);
            kept.push('\n');
        }
        if over {
            let bare = line.trim();
            assert!(bare.is_empty() || bare == "." || ends_itself);
            break;
        }
    }
    let at_end = paste.stands_at_end();
    match paste.finish() {
        Ok(text) => {
            assert_eq!(text.as_slice(), kept.as_bytes());
            assert!(!at_end || kept.contains("-----END "));
        }
        Err(octets_max) => assert!(octets_max == PASTE_OCTETS_MAX && kept.len() > octets_max),
    }
}
