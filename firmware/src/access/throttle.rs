//! Slows down whoever tries passwords, and locks nobody out.
//!
//! Wrong passwords are counted by address, an IPv6 address by its /64, which is what
//! one subscriber has. That stops one machine. Against many, the account counts too:
//! while wrong passwords come from many addresses, each address has one attempt and
//! then waits long. But the first attempt of an address is always heard at once, and
//! an address that has signed in lately is judged as if there were no attack. So
//! whoever knows the password gets in, from anywhere, while the attack goes on; a
//! counter that stopped the account itself would do the attacker's work.
//!
//! | | free | then a wait, doubled each time | at most |
//! |---|---|---|---|
//! | usually, and always for an address that is known | 5 | 1 second | 1 minute |
//! | while the account is attacked | 1 | 16 seconds | 10 minutes |
//!
//! The console on the unit asks for no password and knows no throttle. What an
//! attacker with more addresses than [`ADDRESSES_MAX`] can try is bounded by
//! [`Hashing`](super::Hashing).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Wrong passwords of all addresses together, of each at most as many as are free,
/// from which the account counts as attacked: ten addresses, or fifty.
const ATTACK_FROM: u32 = 50;
/// Failures are forgotten after this long without one.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// So many addresses are remembered; of more, the one longest quiet goes.
const ADDRESSES_MAX: usize = 4096;
/// An address is known for so long after it signed in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// So many addresses are known; of more, the one that signed in longest ago goes.
const KNOWN_MAX: usize = 64;

const USUAL: Rule = Rule {
    free: 5,
    wait_first: Duration::from_secs(1),
    wait_max: Duration::from_secs(60),
};
const UNDER_ATTACK: Rule = Rule {
    free: 1,
    wait_first: Duration::from_secs(16),
    wait_max: Duration::from_secs(10 * 60),
};

/// How many wrong passwords cost nothing, and how long the next ones cost.
#[derive(Debug, Clone, Copy)]
struct Rule {
    free: u32,
    wait_first: Duration,
    wait_max: Duration,
}

impl Rule {
    fn wait(self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            Some(over) => self
                .wait_first
                .saturating_mul(1 << over.min(16))
                .min(self.wait_max),
            None => Duration::ZERO,
        }
    }
}

/// Whether an address has signed in lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Known,
    Stranger,
}

/// Why an attempt is not heard now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    /// How long it is until the next one is.
    pub(crate) wait: Duration,
    /// Whether it is as long as it is because the account is attacked.
    pub(crate) attacked: bool,
}

/// Counts wrong passwords.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<Table>);

/// Both by [`network`].
#[derive(Default)]
struct Table {
    failures: HashMap<IpAddr, Failures>,
    known: HashMap<IpAddr, Instant>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// Counts an attempt at a password, or says how long to wait before the next.
    ///
    /// It counts as failed until [`succeeded`](Self::succeeded) says otherwise;
    /// many made at once would all pass before the first of them has failed.
    pub(crate) fn begin(&self, address: IpAddr, now: Instant) -> Result<Standing, Pause> {
        let network = network(address);
        let mut table = self.lock();
        table.forget(now);
        let standing = match table.known.get(&network) {
            Some(_) => Standing::Known,
            None => Standing::Stranger,
        };
        let attacked = standing == Standing::Stranger && table.is_attacked();
        let rule = if attacked { UNDER_ATTACK } else { USUAL };
        if let Some(failures) = table.failures.get(&network) {
            let waited = now.saturating_duration_since(failures.last);
            let wait = rule.wait(failures.count).saturating_sub(waited);
            if !wait.is_zero() {
                return Err(Pause { wait, attacked });
            }
        }
        table.fail(network, now);
        Ok(standing)
    }

    /// Forgets the failures of an address that knew the password, and knows it.
    pub(crate) fn succeeded(&self, address: IpAddr, now: Instant) {
        let network = network(address);
        let mut table = self.lock();
        table.failures.remove(&network);
        table.known.insert(network, now);
        if table.known.len() > KNOWN_MAX {
            let oldest = table.known.iter().min_by_key(|(_, since)| **since);
            if let Some(oldest) = oldest.map(|(network, _)| *network) {
                table.known.remove(&oldest);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn forget(&mut self, now: Instant) {
        let since = |then: &Instant| now.saturating_duration_since(*then);
        self.failures
            .retain(|_, failures| since(&failures.last) < FORGET_AFTER);
        self.known
            .retain(|_, signed_in| since(signed_in) < KNOWN_FOR);
    }

    fn is_attacked(&self) -> bool {
        let counted = self.failures.values().map(|one| one.count.min(USUAL.free));
        counted.sum::<u32>() >= ATTACK_FROM
    }

    fn fail(&mut self, network: IpAddr, now: Instant) {
        if self.failures.len() >= ADDRESSES_MAX && !self.failures.contains_key(&network) {
            let quietest = self.failures.iter().min_by_key(|(_, one)| one.last);
            if let Some(quietest) = quietest.map(|(network, _)| *network) {
                self.failures.remove(&quietest);
            }
        }
        let failures = self.failures.entry(network).or_insert(Failures {
            count: 0,
            last: now,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }
}

/// What is counted as one address: of IPv6 the /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 66));
    const ADMIN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const SECOND: Duration = Duration::from_secs(1);

    /// The seconds that `address` has to wait for its next attempt, if it has to.
    fn wait(throttle: &Throttle, address: IpAddr, now: Instant) -> u32 {
        let pause = throttle.begin(address, now).err();
        let seconds = pause.map_or(0, |pause| pause.wait.as_secs());
        u32::try_from(seconds).expect("minutes")
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    /// Makes the account attacked, from addresses that have not been used before.
    fn attack(throttle: &Throttle, round: u32, now: Instant) {
        for number in 0..ATTACK_FROM {
            let first = throttle.begin(address(round * ATTACK_FROM + number), now);
            first.expect("its first");
        }
    }

    #[test]
    fn waits_grow_with_wrong_passwords_up_to_a_minute() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        for _ in 0..4 {
            throttle.begin(ATTACKER, now).expect("free");
        }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            throttle.begin(ATTACKER, now).expect("it has waited");
            assert_eq!(wait(&throttle, ATTACKER, now), expected);
            now += expected * SECOND;
        }
        assert_eq!(wait(&throttle, ADMIN, now), 0);
    }

    #[test]
    fn while_the_account_is_attacked_strangers_wait_long_after_one_wrong_password() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        for (round, expected) in (0..).zip([16, 32, 64, 128, 256, 512, 600, 600]) {
            attack(&throttle, round, now);
            throttle.begin(ATTACKER, now).expect("it has waited");
            assert_eq!(wait(&throttle, ATTACKER, now), expected);
            now += expected * SECOND;
        }
        attack(&throttle, 8, now);
        throttle.begin(ATTACKER, now).expect("it has waited");
        assert!(throttle.begin(ATTACKER, now).expect_err("waits").attacked);
    }

    #[test]
    fn one_address_alone_makes_nobody_else_wait() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for minute in 0..1000 {
            wait(&throttle, ATTACKER, now + 60 * minute * SECOND);
        }
        let now = now + 60_000 * SECOND;
        for _ in 0..5 {
            assert_eq!(wait(&throttle, ADMIN, now), 0);
        }
    }

    #[test]
    fn an_address_that_signed_in_is_not_slowed_by_an_attack() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        throttle.succeeded(ADMIN, now);
        attack(&throttle, 0, now);
        for _ in 0..5 {
            assert_eq!(throttle.begin(ADMIN, now), Ok(Standing::Known));
        }
        let pause = throttle.begin(ADMIN, now).expect_err("waits");
        assert_eq!(
            pause,
            Pause {
                wait: SECOND,
                attacked: false
            }
        );
        let later = now + KNOWN_FOR;
        assert_eq!(throttle.begin(ADMIN, later), Ok(Standing::Stranger));
    }

    #[test]
    fn an_attack_from_many_addresses_guesses_little_and_keeps_nobody_out() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let mut heard: u32 = 0;
        for second in (0..3600).step_by(4) {
            let now = start + second * SECOND;
            for number in 0..60 {
                heard += u32::from(throttle.begin(address(number), now).is_ok());
            }
            // Now and again somebody comes who was never here, and is heard at once.
            assert_eq!(wait(&throttle, address(1000 + second), now), 0);
            throttle.succeeded(address(1000 + second), now);
        }
        assert!(heard <= 60 * 11, "{heard} guesses of 54 000 were heard");
    }

    #[test]
    fn a_right_password_and_time_forgive() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..5 {
            throttle.begin(ATTACKER, now).expect("free");
            throttle.begin(ADMIN, now).expect("free");
        }
        throttle.succeeded(ADMIN, now);
        assert_eq!(wait(&throttle, ADMIN, now), 0);
        assert_eq!(wait(&throttle, ATTACKER, now), 1);
        let later = now + FORGET_AFTER;
        assert_eq!(wait(&throttle, ATTACKER, later), 0);
        assert_eq!(wait(&throttle, ATTACKER, later), 0);
    }

    #[test]
    fn an_ipv6_address_counts_by_its_64_and_an_embedded_ipv4_address_as_itself() {
        for (address, counted) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("::ffff:192.0.2.66", "192.0.2.66"),
            ("192.0.2.66", "192.0.2.66"),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(network(address).to_string(), counted);
        }
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..5000 {
            throttle.begin(address(number), now).expect("its first");
            throttle.succeeded(address(10_000 + number), now);
        }
        let table = throttle.lock();
        assert_eq!(table.failures.len(), ADDRESSES_MAX);
        assert_eq!(table.known.len(), KNOWN_MAX);
    }
}
