//! The host key by which SSH clients know the unit.
//!
//! It is derived from the unit's secret and a random number of the store, so that it
//! stays through restarts and upgrades, no copy of the store tells it, and a unit whose
//! store begins anew has a new one.

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::authorized_keys::fingerprint;
use crate::store::Records;
use crate::{Environment, Error, Unit};

/// Where the random number of the store is.
pub(crate) const RECORD: &str = "meta/host-key";

/// A random number for a new store. One of an earlier version gets its own at the first
/// use.
pub(crate) fn new_number(environment: &dyn Environment) -> [u8; 32] {
    let mut number = [0; 32];
    environment.fill_random(&mut number);
    number
}

impl Unit {
    /// The private Ed25519 key (RFC 8032 section 5.1.5: 32 octets) for SSH.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read, or written at the first call.
    pub fn host_key(&self) -> Result<Zeroizing<[u8; 32]>, Error> {
        let stored = || self.store.snapshot()?.get(RECORD);
        if let Some(number) = stored()? {
            return Ok(self.subkeys.host_key(&number));
        }
        if self.is_read_only() {
            // Such a store takes no number. Without one, the secret alone tells the key.
            return Ok(self.subkeys.host_key(&[0; 32]));
        }
        let _changing = self.lock();
        // Somebody else may have been first.
        let number = match stored()? {
            Some(number) => number,
            None => {
                let number = new_number(&*self.environment);
                self.store
                    .change(|change| change.put(RECORD, &number).map_err(Error::from))?;
                number
            }
        };
        Ok(self.subkeys.host_key(&number))
    }

    /// The fingerprint of the host key as SSH clients show it: "SHA256:" and Base64.
    ///
    /// # Errors
    ///
    /// As [`host_key`](Self::host_key).
    pub fn host_key_fingerprint(&self) -> Result<String, Error> {
        const ALGORITHM: &[u8] = b"ssh-ed25519";
        let key = SigningKey::from_bytes(&*self.host_key()?).verifying_key();
        // RFC 8709 section 4: two strings, each behind its length.
        let mut octets = Vec::new();
        for string in [ALGORITHM, key.as_bytes()] {
            let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
            octets.extend_from_slice(&length.to_be_bytes());
            octets.extend_from_slice(string);
        }
        Ok(fingerprint(&octets))
    }
}
