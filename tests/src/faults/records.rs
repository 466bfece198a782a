//! Records of a store that nobody has open, set to what no page sets them to.

use std::path::Path;

use anyhow::{Context as _, Result};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use redb::{Database, ReadableTable as _, Table, TableDefinition};
use sha2::Sha256;

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
const KEYS: &str = "key/";
const NONCE_OCTETS: usize = 24;

/// Makes the store one of format 1, which the first version wrote: private keys are
/// sealed with the unit's secret itself, and nothing tells which secret that is.
pub(super) fn make_format_1(state: &Path) -> Result<()> {
    let secret = std::fs::read(state.join("secret"))?;
    let mut subkey = [0; 32];
    Hkdf::<Sha256>::new(None, &secret)
        .expand(b"countersign: sealing private keys", &mut subkey)
        .ok()
        .context("a subkey of 32 octets")?;
    let now = cipher(&subkey)?;
    let before = cipher(&secret)?;
    change(state, |records| {
        for (name, sealed) in keys(records)? {
            let id = octets_of(name.strip_prefix(KEYS).unwrap_or_default())?;
            let (nonce, sealed) = sealed
                .split_first_chunk::<NONCE_OCTETS>()
                .context("a sealed key is longer than its nonce")?;
            let nonce = XNonce::from(*nonce);
            let payload = |msg| Payload { msg, aad: &id };
            let key = now.decrypt(&nonce, payload(sealed)).ok();
            let key = key.with_context(|| format!("{name} does not open"))?;
            let sealed = before.encrypt(&nonce, payload(&key)).ok();
            let sealed = [nonce.as_slice(), &sealed.context("not sealed")?].concat();
            records.insert(name.as_str(), sealed.as_slice())?;
        }
        records.remove("meta/secret")?;
        records.insert("meta/format", b"1".as_slice())?;
        Ok(())
    })
}

/// Leaves so many seconds of the trial that runs.
pub(super) fn leave_of_trial(state: &Path, seconds: u64) -> Result<()> {
    change(state, |records| {
        let record = format!("{{\"remaining_seconds\":{seconds}}}");
        let before = records.insert("trial", record.as_bytes())?;
        before.context("no trial runs").map(drop)
    })
}

fn change(
    state: &Path,
    f: impl FnOnce(&mut Table<'_, &'static str, &'static [u8]>) -> Result<()>,
) -> Result<()> {
    let database = Database::create(state.join("store.redb"))?;
    let change = database.begin_write()?;
    f(&mut change.open_table(RECORDS)?)?;
    Ok(change.commit()?)
}

fn keys(records: &Table<'_, &'static str, &'static [u8]>) -> Result<Vec<(String, Vec<u8>)>> {
    let mut keys = Vec::new();
    for record in records.range(KEYS..)? {
        let (name, sealed) = record?;
        if !name.value().starts_with(KEYS) {
            break;
        }
        keys.push((name.value().to_owned(), sealed.value().to_vec()));
    }
    Ok(keys)
}

fn cipher(key: &[u8]) -> Result<XChaCha20Poly1305> {
    let key: [u8; 32] = key.try_into().context("a key of 32 octets")?;
    Ok(XChaCha20Poly1305::new(&Key::from(key)))
}

fn octets_of(hexadecimal: &str) -> Result<Vec<u8>> {
    let pairs = (0..hexadecimal.len()).step_by(2);
    let octets = pairs.map(|at| {
        let pair = hexadecimal.get(at..at + 2).context("an odd digit")?;
        Ok(u8::from_str_radix(pair, 16)?)
    });
    octets.collect()
}
