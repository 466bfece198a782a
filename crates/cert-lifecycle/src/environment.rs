//! What the unit learns from the world around it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use cert_policy::Now;
use rand_core::{TryCryptoRng, TryRng};

/// The first second of 2026 (UTC), before which this software did not exist: a
/// clock that shows less is wrong.
pub(crate) const NOT_BEFORE_THIS_SOFTWARE: u64 = 1_767_225_600;

/// Time, randomness and addresses, which the unit takes from outside so that
/// any board, and any test, can supply them.
pub trait Environment: Send + Sync {
    /// The time now, and whether it is known to be right: the kernel's flag, or
    /// whatever the board has, such as the lock of a receiver.
    fn now(&self) -> Now;

    /// The time since some moment, on a clock that runs evenly and that nobody sets.
    fn monotonic(&self) -> Duration;

    /// Fills `octets` from the system's cryptographic random generator.
    fn fill_random(&self, octets: &mut [u8]);

    /// The addresses under which people reach the unit, which a factory
    /// certificate names.
    fn addresses(&self) -> Vec<IpAddr>;

    /// Has the calling thread, and those that it starts, give way to all others, as far as
    /// the system can: it is about to keep all cores busy for a while. Where a system
    /// cannot, nothing is done.
    fn give_way(&self) {}

    /// Writes a line to the log of the system: what the journal should have, and cannot
    /// take. It never holds a secret. Without a log, nothing is done.
    fn log(&self, line: &str) {
        let _ = line;
    }
}

/// The environment's randomness as the generator the crates take.
pub(crate) struct EnvironmentRng<'a>(pub(crate) &'a dyn Environment);

impl TryRng for EnvironmentRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.0.fill_random(&mut octets);
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.0.fill_random(&mut octets);
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_random(octets);
        Ok(())
    }
}

impl TryCryptoRng for EnvironmentRng<'_> {}

#[cfg(test)]
pub(crate) mod fixed {
    //! An environment for tests: a clock that stands, a counter for randomness.

    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Duration, Environment, IpAddr, NOT_BEFORE_THIS_SOFTWARE, Now};

    #[derive(Default)]
    pub(crate) struct FixedEnvironment(AtomicU64);

    impl Environment for FixedEnvironment {
        fn now(&self) -> Now {
            Now {
                unix_seconds: NOT_BEFORE_THIS_SOFTWARE + 86_400,
                trusted: true,
            }
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }

        fn fill_random(&self, octets: &mut [u8]) {
            let round = self.0.fetch_add(1, Ordering::Relaxed);
            for (index, octet) in (0_u64..).zip(octets) {
                let mixed = (round * 131 + index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                *octet = mixed.to_le_bytes()[5];
            }
        }

        fn addresses(&self) -> Vec<IpAddr> {
            vec![IpAddr::from([192, 0, 2, 7])]
        }
    }
}
