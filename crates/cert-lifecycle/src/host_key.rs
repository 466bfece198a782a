//! The host key by which SSH clients know the unit.
//!
//! It is derived from the unit's secret and a random number of the store, so that it
//! stays through restarts and upgrades, no copy of the store tells it, and a unit whose
//! store begins anew has a new one.

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::authorized_keys::fingerprint;
use crate::store::Records;
use crate::{Error, Unit};

/// Where the random number of the store is.
const RECORD: &str = "meta/host-key";

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
        let _changing = self.lock();
        // Somebody else may have been first.
        let number = match stored()? {
            Some(number) => number,
            None => {
                let mut number = [0; 32];
                self.environment.fill_random(&mut number);
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
