//! A person's pass phrase as additional randomness.

use core::convert::Infallible;
use core::fmt;

use chacha20::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng, TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::PassPhrase;

/// The system's random octets, XORed with a stream that also depends on a pass
/// phrase.
///
/// The stream is ChaCha20 under the key SHA-256(label ‖ 64 octets of the system
/// ‖ pass phrase). The phrase can only add: whatever the stream is, even one
/// that an attacker chose, XORing it with system octets that were drawn apart
/// from it leaves them as unpredictable as they were. And should the system's
/// generator be weak, an attacker must guess the phrase as well.
///
/// The phrase is not stored; the stream's key is wiped when this is dropped.
///
/// ```
/// use pki_core::{KeySpec, MixedRng, PassPhrase, PrivateKey};
/// use std::ops::ControlFlow;
///
/// let system = rand_core::UnwrapErr(getrandom::SysRng);
/// let mut rng = MixedRng::new(system, &PassPhrase::parse("correct horse")?);
/// PrivateKey::generate(KeySpec::EcP256, &mut rng, &mut |_| ControlFlow::Continue(()))?;
/// # Ok::<(), pki_core::Error>(())
/// ```
pub struct MixedRng<R> {
    system: R,
    stream: ChaCha20Rng,
}

impl<R: CryptoRng> MixedRng<R> {
    const LABEL: &[u8] = b"countersign pass phrase 1\0";

    /// Draws 64 octets from the system and makes the stream of them and the
    /// pass phrase.
    #[must_use]
    pub fn new(mut system: R, pass_phrase: &PassPhrase) -> Self {
        let mut salt = Zeroizing::new([0; 64]);
        system.fill_bytes(salt.as_mut_slice());
        // Never moved, for what is moved leaves a copy behind; what it is made of is wiped with it.
        let mut hash = Sha256::new();
        hash.update(Self::LABEL);
        hash.update(salt.as_slice());
        hash.update(pass_phrase.as_bytes());
        let mut seed = Zeroizing::new([0; 32]);
        hash.finalize_into_reset((&mut *seed).into());
        Self {
            system,
            stream: ChaCha20Rng::from_seed(*seed),
        }
    }
}

impl<R: CryptoRng> TryRng for MixedRng<R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.system.next_u32() ^ self.stream.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.system.next_u64() ^ self.stream.next_u64())
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.system.fill_bytes(dst);
        let mut block = Zeroizing::new([0; 64]);
        for chunk in dst.chunks_mut(block.len()) {
            self.stream.fill_bytes(block.as_mut_slice());
            chunk
                .iter_mut()
                .zip(block.iter())
                .for_each(|(octet, mask)| *octet ^= mask);
        }
        Ok(())
    }
}

impl<R: CryptoRng> TryCryptoRng for MixedRng<R> {}

impl<R> fmt::Debug for MixedRng<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MixedRng([secret elided])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system generator that is broken: it always gives the same octet.
    struct Stuck(u8);

    impl TryRng for Stuck {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(u32::from_ne_bytes([self.0; 4]))
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(u64::from_ne_bytes([self.0; 8]))
        }

        fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
            dst.fill(self.0);
            Ok(())
        }
    }

    impl TryCryptoRng for Stuck {}

    fn drawn(system: impl CryptoRng, phrase: &str) -> [u8; 200] {
        let mut drawn = [0; 200];
        MixedRng::new(system, &PassPhrase::parse(phrase).unwrap()).fill_bytes(&mut drawn);
        drawn
    }

    #[test]
    fn another_phrase_gives_other_octets_even_from_a_stuck_system() {
        assert_eq!(drawn(Stuck(0), "phrase"), drawn(Stuck(0), "phrase"));
        assert_ne!(drawn(Stuck(0), "phrase"), drawn(Stuck(0), "phrasf"));
        assert_ne!(drawn(Stuck(0), "phrase"), drawn(Stuck(1), "phrase"));
    }

    #[test]
    fn the_same_phrase_gives_other_octets_from_another_system_state() {
        let system = |seed| ChaCha20Rng::from_seed([seed; 32]);
        assert_ne!(drawn(system(1), "phrase"), drawn(system(2), "phrase"));
    }

    #[test]
    fn the_system_octets_are_always_in_the_output() {
        // Two systems that agree while the stream is made and differ after it:
        // the output differs by just as much.
        let outputs = [0x00, 0xa5].map(|octet| {
            let phrase = PassPhrase::parse("phrase").unwrap();
            let mut mixed = MixedRng::new(Stuck(0), &phrase);
            mixed.system = Stuck(octet);
            let mut drawn = [0; 200];
            mixed.fill_bytes(&mut drawn);
            (drawn, mixed.next_u32(), mixed.next_u64())
        });
        let [one, other] = outputs;
        assert!(one.0.iter().zip(other.0).all(|(a, b)| a ^ b == 0xa5));
        assert_eq!(one.1 ^ other.1, 0xa5a5_a5a5);
        assert_eq!(one.2 ^ other.2, 0xa5a5_a5a5_a5a5_a5a5);
    }
}
