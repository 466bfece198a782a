//! Reading a backup.

use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::list::understood;
use super::text::without_armour;
use super::{
    BACKUP_OCTETS_MAX, Backup, BackupError, BackupOrigin, Body, Identities, MAGIC, SIGNATURE,
    VERSION,
};
use crate::identity::Der;
use crate::key_id::hexadecimal;
use crate::view::shown;

/// Reads a backup, as the file or as text, and checks its signature.
pub(crate) fn read(octets: &[u8]) -> Result<Backup, BackupError> {
    let file = without_armour(octets)?;
    if file.len() > BACKUP_OCTETS_MAX {
        return Err(BackupError::TooLarge);
    }
    let body = check_version(&file)?;
    let (body, signer) = check_signature(&file, body)?;
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| BackupError::NotUnderstood(shown(&error.to_string())))?;
    let mut not_understood = 0;
    let mut identity = |record: Option<Box<RawValue>>| {
        record.and_then(|record| understood(&record, &mut not_understood))
    };
    let identities = Identities {
        factory: identity(body.identities.factory),
        previous: identity(body.identities.previous),
        serving: identity(body.identities.serving),
    };
    Ok(Backup {
        made: BackupOrigin {
            model: shown(&body.made.model),
            serial_number: shown(&body.made.serial_number),
            software: shown(&body.made.software),
            ..body.made
        },
        signer,
        sha256: hexadecimal(&Sha256::digest(&file)),
        settings: body.settings.0,
        requests: body.requests.understood(&mut not_understood),
        identities,
        keys: body
            .keys
            .0
            .into_iter()
            .map(|(id, Der(key))| (id, key))
            .collect(),
        journal: body.journal.understood(&mut not_understood),
        not_understood,
    })
}

/// What follows the first line, which has to be one of this version.
fn check_version(file: &[u8]) -> Result<&[u8], BackupError> {
    let Some(rest) = file.strip_prefix(MAGIC.as_bytes()) else {
        return Err(BackupError::NotABackup);
    };
    let end = rest.iter().position(|octet| *octet == b'\n');
    let (version, rest) = end
        .and_then(|end| rest.split_at_checked(end))
        .ok_or(BackupError::NotWhole)?;
    let version = std::str::from_utf8(version)
        .ok()
        .filter(|version| version.bytes().all(|octet| octet.is_ascii_digit()))
        .and_then(|version| version.parse().ok());
    match version {
        Some(VERSION) => Ok(rest.get(1..).unwrap_or_default()),
        Some(version) if version > VERSION => Err(BackupError::Newer { version }),
        _ => Err(BackupError::NotABackup),
    }
}

/// The body and who signed it, with everything before it. `rest` is what follows
/// the first line of `file`.
fn check_signature<'a>(
    file: &[u8],
    rest: &'a [u8],
) -> Result<(&'a [u8], VerifyingKey), BackupError> {
    let whole = rest.strip_suffix(b"\n").ok_or(BackupError::NotWhole)?;
    let end = whole.iter().rposition(|octet| *octet == b'\n');
    let (body, line) = end
        .and_then(|end| whole.split_at_checked(end))
        .ok_or(BackupError::NotWhole)?;
    let line = line.get(1..).unwrap_or_default();
    let signed = file.get(..file.len() - line.len() - 1).unwrap_or_default();
    let line = line
        .strip_prefix(SIGNATURE.as_bytes())
        .ok_or(BackupError::NotWhole)?;
    let (signer, signature) = line.split_at_checked(64).ok_or(BackupError::NotWhole)?;
    let signature = signature.strip_prefix(b" ").ok_or(BackupError::Altered)?;
    let signer = octets_from(signer).ok_or(BackupError::Altered)?;
    let signature = octets_from(signature).ok_or(BackupError::Altered)?;
    let signer = VerifyingKey::from_bytes(&signer).map_err(|_| BackupError::Altered)?;
    signer
        .verify_strict(signed, &Signature::from_bytes(&signature))
        .map_err(|_| BackupError::Altered)?;
    Ok((body, signer))
}

/// The octets that lower-case hexadecimal digits stand for. There is one way only
/// to write them, so that no other file is the same backup.
fn octets_from<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *octet = u8::from_str_radix(pair, 16).ok()?;
    }
    (hexadecimal(&octets).as_bytes() == digits).then_some(octets)
}
