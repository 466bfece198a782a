//! One secret, and from it a subkey for each use.

use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::key_id::hexadecimal;
use crate::seal::Sealer;

/// The labels (`info` of RFC 5869 section 2.3) that keep the subkeys apart. A
/// label is never changed and never used for something else.
const SEALING: &[u8] = b"countersign: sealing private keys";
const HOSTING: &[u8] = b"countersign: SSH host keys";
const SIGNING: &[u8] = b"countersign: signing backups";
const TELLING_APART: &[u8] = b"countersign: telling secrets apart";

/// What is derived from the unit's secret. The secret itself is used for nothing
/// else, so that no use of one subkey says anything about another.
pub(crate) struct Subkeys {
    /// Seals private keys in the store.
    pub(crate) sealer: Sealer,
    /// Signs backups; its public key tells whose they are.
    pub(crate) backups: SigningKey,
    /// The key from which host keys are derived.
    hosting: Zeroizing<[u8; 32]>,
    /// Tells this secret from others, and says nothing about it. Hexadecimal.
    pub(crate) fingerprint: String,
}

impl Subkeys {
    /// HKDF-SHA256 without a salt, for the secret is random already (RFC 5869
    /// section 3.1).
    pub(crate) fn of(secret: &[u8; 32]) -> Self {
        let derive = |label: &[u8]| {
            let mut subkey = Zeroizing::new([0; 32]);
            Hkdf::<Sha256>::new(None, secret)
                .expand(label, subkey.as_mut_slice())
                .expect("32 octets are far less than the limit of 8160");
            subkey
        };
        let fingerprint = derive(TELLING_APART);
        Self {
            sealer: Sealer::new(&derive(SEALING)),
            backups: SigningKey::from_bytes(&derive(SIGNING)),
            hosting: derive(HOSTING),
            fingerprint: hexadecimal(&fingerprint[..16]),
        }
    }
}

impl Subkeys {
    /// The private key of SSH for the store with this number.
    pub(crate) fn host_key(&self, number: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // The subkey is uniformly random already, and the number keeps stores apart.
        Hkdf::<Sha256>::new(None, self.hosting.as_slice())
            .expand(number, key.as_mut_slice())
            .expect("32 octets are far less than the limit of 8160");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::fixed::FixedEnvironment;

    #[test]
    fn a_subkey_is_neither_the_secret_nor_that_of_another() {
        let secret = [7; 32];
        let [subkeys, again, other] = [secret, secret, [8; 32]].map(|secret| Subkeys::of(&secret));
        assert_eq!(subkeys.fingerprint, again.fingerprint);
        assert_ne!(subkeys.fingerprint, other.fingerprint);
        let id = "aa".repeat(32).parse().expect("64 digits");
        let sealed = subkeys
            .sealer
            .seal(&id, b"key", &FixedEnvironment::default());
        assert!(again.sealer.open(&id, &sealed).is_some());
        for stranger in [
            other.sealer,
            Sealer::new(&secret),
            Sealer::new(subkeys.backups.as_bytes()),
        ] {
            assert!(stranger.open(&id, &sealed).is_none());
        }
    }

    /// Computed apart with Python's hmac and hashlib: whoever changes a label takes
    /// every unit in the field its keys.
    #[test]
    fn the_subkeys_are_those_of_rfc_5869() {
        let subkeys = Subkeys::of(&[7; 32]);
        assert_eq!(subkeys.fingerprint, "d383d7481ce11abe394d1af53dc93e19");
        assert_eq!(
            hexadecimal(subkeys.backups.as_bytes()),
            "4f8d07fa6da5e0db1c10525eb99b24aa8d44c35b998b7e2918a69ce839b2a797"
        );
        assert_eq!(
            hexadecimal(subkeys.host_key(&[1; 32]).as_slice()),
            "dcd105b4de4c6cc815c98506352627adb60e5e643f0338f6e18b5c9d4aa96709"
        );
        let sealing = [
            0xec, 0xb9, 0x50, 0xde, 0xb4, 0xd2, 0xac, 0x55, 0xe0, 0xd7, 0xfb, 0x42, 0x4c, 0xaa,
            0xa8, 0xff, 0xf3, 0x34, 0xba, 0xc4, 0x12, 0x32, 0x6a, 0xca, 0x0f, 0xe1, 0x61, 0xe6,
            0xda, 0x0e, 0x39, 0x1d,
        ];
        let id = "aa".repeat(32).parse().expect("64 digits");
        let sealed = Sealer::new(&sealing).seal(&id, b"key", &FixedEnvironment::default());
        assert!(subkeys.sealer.open(&id, &sealed).is_some());
    }
}
