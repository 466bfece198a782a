//! A backup as text, for consoles.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};

use super::{BACKUP_TEXT_OCTETS_MAX, BackupError, MAGIC};

/// Around a backup as text.
const BEGIN: &str = "-----BEGIN COUNTERSIGN BACKUP-----";
const END: &str = "-----END COUNTERSIGN BACKUP-----";
const LINE_CHARS: usize = 64;

/// A backup as text that survives a serial line and a mail.
#[must_use]
pub fn backup_to_text(file: &[u8]) -> String {
    let encoded = Base64::encode_string(file);
    let mut text = format!("{BEGIN}\n");
    for line in encoded.as_bytes().chunks(LINE_CHARS) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// The file in a backup as text, whatever a terminal has put around it; a file
/// stays as it is.
pub(super) fn without_armour(octets: &[u8]) -> Result<Cow<'_, [u8]>, BackupError> {
    if octets.len() > BACKUP_TEXT_OCTETS_MAX {
        return Err(BackupError::TooLarge);
    }
    if octets.starts_with(MAGIC.as_bytes()) {
        return Ok(Cow::Borrowed(octets));
    }
    let Some(begin) = find(octets, BEGIN) else {
        return Err(BackupError::NotABackup);
    };
    let text = octets.get(begin + BEGIN.len()..).unwrap_or_default();
    let end = find(text, END).ok_or(BackupError::NotWhole)?;
    let digits: Vec<u8> = text
        .iter()
        .take(end)
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let digits = String::from_utf8(digits).map_err(|_| BackupError::Altered)?;
    let file = Base64::decode_vec(&digits).map_err(|_| BackupError::Altered)?;
    Ok(Cow::Owned(file))
}

fn find(octets: &[u8], text: &str) -> Option<usize> {
    octets
        .windows(text.len())
        .position(|window| window == text.as_bytes())
}
