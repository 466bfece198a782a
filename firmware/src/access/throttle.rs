//! Slows down whoever tries passwords, by address, and locks nobody out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// This many wrong passwords from one address cost nothing.
const FREE_FAILURES: u32 = 5;
/// The longest wait between two attempts from one address.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Failures are forgotten after this long without one.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// So many addresses are remembered; of more, the one longest quiet goes.
const ADDRESSES_MAX: usize = 1024;

/// Counts wrong passwords by address.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<IpAddr, Failures>>);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(self) -> Duration {
        let Some(over) = self.count.checked_sub(FREE_FAILURES) else {
            return Duration::ZERO;
        };
        Duration::from_secs(1 << over.min(6)).min(WAIT_MAX)
    }
}

impl Throttle {
    /// How long `address` still has to wait before its next attempt.
    pub(crate) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let failures = self.lock().get(&address).copied()?;
        let waited = now.saturating_duration_since(failures.last);
        failures
            .wait()
            .checked_sub(waited)
            .filter(|wait| !wait.is_zero())
    }

    /// Notes a wrong password.
    pub(crate) fn failed(&self, address: IpAddr, now: Instant) {
        let mut all = self.lock();
        all.retain(|_, failures| now.saturating_duration_since(failures.last) < FORGET_AFTER);
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&address) {
            let quietest = all.iter().min_by_key(|(_, failures)| failures.last);
            if let Some(quietest) = quietest.map(|(address, _)| *address) {
                all.remove(&quietest);
            }
        }
        let failures = all.entry(address).or_insert(Failures {
            count: 0,
            last: now,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Forgets the failures of an address that knew the password.
    pub(crate) fn succeeded(&self, address: IpAddr) {
        self.lock().remove(&address);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 66));
    const ADMIN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn waits_grow_with_wrong_passwords_up_to_a_minute() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..13 {
            throttle.failed(ATTACKER, now);
            waits.push(
                throttle
                    .wait(ATTACKER, now)
                    .map_or(0, |wait| wait.as_secs()),
            );
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttle.wait(ADMIN, now), None);
        assert_eq!(throttle.wait(ATTACKER, now + WAIT_MAX), None);
    }

    #[test]
    fn a_right_password_and_time_forgive() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..8 {
            throttle.failed(ATTACKER, now);
            throttle.failed(ADMIN, now);
        }
        throttle.succeeded(ADMIN);
        assert_eq!(throttle.wait(ADMIN, now), None);
        throttle.failed(ATTACKER, now + FORGET_AFTER);
        assert_eq!(throttle.wait(ATTACKER, now + FORGET_AFTER), None);
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..5000_u32 {
            throttle.failed(IpAddr::from(number.to_be_bytes()), now);
        }
        assert_eq!(throttle.lock().len(), ADDRESSES_MAX);
    }
}
