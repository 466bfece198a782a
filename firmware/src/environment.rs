//! The system's clock, randomness and addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cert_lifecycle::{Environment, Now};

use crate::clock::Clock;

/// 2026-01-01 00:00:00 UTC: a clock that shows less was never set.
const CLOCK_WAS_SET: u64 = 1_767_225_600;

/// As `nice` has it: a tenth of what another thread gets that wants the processor too.
/// With less, a key would never be made on a unit that is busy.
#[cfg(target_os = "linux")]
const PRIORITY_LOW: i32 = 10;

/// What the operating system knows.
pub(crate) struct SystemEnvironment {
    /// The address the unit listens on.
    https: Mutex<SocketAddr>,
    /// Who knows whether the clock is right.
    clock: Clock,
    /// When the program started.
    started: Instant,
}

impl SystemEnvironment {
    /// Of a unit that listens on `https` and starts now.
    pub(crate) fn new(https: SocketAddr, clock: Clock) -> Self {
        Self {
            https: Mutex::new(https),
            clock,
            started: Instant::now(),
        }
    }

    /// The unit listens here from now on.
    pub(crate) fn listens_on(&self, https: SocketAddr) {
        *self.https.lock().unwrap_or_else(PoisonError::into_inner) = https;
    }
}

impl Environment for SystemEnvironment {
    fn now(&self) -> Now {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let unix_seconds = since.map_or(0, |since| since.as_secs());
        Now {
            unix_seconds,
            trusted: unix_seconds >= CLOCK_WAS_SET && self.clock.is_right(),
        }
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    /// On Linux, a thread has a priority of its own. That it cannot be lowered is not
    /// known to happen, and would do no more harm than a slow page.
    fn give_way(&self) {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, PRIORITY_LOW);
    }

    fn log(&self, line: &str) {
        crate::output::log(line);
    }

    fn fill_random(&self, octets: &mut [u8]) {
        // Without randomness nothing this unit makes would be safe to use.
        getrandom::fill(octets).expect("the operating system has a random generator");
    }

    /// The address listened on; where that is every address, those of the
    /// interfaces that another machine can reach.
    fn addresses(&self) -> Vec<IpAddr> {
        let https = *self.https.lock().unwrap_or_else(PoisonError::into_inner);
        if !https.ip().is_unspecified() {
            return vec![https.ip()];
        }
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let mut addresses: Vec<IpAddr> = interfaces
            .iter()
            .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
            .map(if_addrs::Interface::ip)
            .collect();
        addresses.sort();
        addresses.dedup();
        addresses
    }
}
