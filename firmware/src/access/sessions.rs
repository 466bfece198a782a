//! Sessions of signed-in people, kept in memory: a restart ends them.
//!
//! A session ends when it was idle for as long as the settings say, a day after its
//! sign-in in any case, when somebody signs it out, and on a new password, even for a
//! sign-in with the old one that was under way. It is begun anew, with another token,
//! at every sign-in and on a new password.
//!
//! It is not bound to the address it began at. A laptop that changes from cable to
//! radio, a browser that tries IPv6 and IPv4 in turn, and a network with several ways
//! out would lose it in the middle of a form, and whoever can read the cookie mostly
//! sits behind the same address. Instead the list of sessions shows both where each
//! began and where it was last used, and ends it at the press of a button.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cert_lifecycle::{RequestForm, Review, Via};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A session ends this long after its sign-in, whatever happens.
pub(crate) const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// So many sessions at a time; of more, the one longest idle ends.
const SESSIONS_MAX: usize = 32;

/// The secret in the browser's cookie, 256 random bits in hexadecimal.
pub(crate) struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// The text for the cookie, and for nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// One signed-in person.
pub(crate) struct Session {
    /// What people call it by; ascending from 1, never used twice.
    pub(crate) number: u64,
    /// The way of the sign-in.
    pub(crate) via: Via,
    /// Where the sign-in came from; unspecified for the serial line.
    pub(crate) address: IpAddr,
    /// Whether only the page for a new password is open to it.
    pub(crate) must_change_password: bool,
    csrf: Zeroizing<String>,
    /// The form as it stands, so that nothing typed is lost.
    draft: Mutex<RequestForm>,
    /// The upload under review.
    review: Mutex<Option<Review>>,
    began: Instant,
}

impl Session {
    /// The token that every form carries, against forged requests.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Compares in constant time.
    pub(crate) fn csrf_fits(&self, token: &str) -> bool {
        self.csrf.as_bytes().ct_eq(token.as_bytes()).into()
    }

    pub(crate) fn draft(&self) -> MutexGuard<'_, RequestForm> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn review(&self) -> MutexGuard<'_, Option<Review>> {
        self.review.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session as people see it: everything but its tokens and what was typed in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionView {
    pub(crate) number: u64,
    /// The way of the sign-in.
    pub(crate) via: Via,
    /// Where the sign-in came from.
    pub(crate) address: IpAddr,
    /// Where it was last used from.
    pub(crate) last_address: IpAddr,
    /// How long ago the sign-in was.
    pub(crate) age: Duration,
    /// How long ago it was used.
    pub(crate) idle: Duration,
    /// Whether only the page for a new password is open to it.
    pub(crate) must_change_password: bool,
}

impl SessionView {
    /// Where the sign-in came from, for people.
    pub(crate) fn came_from(&self) -> String {
        match &self.via {
            Via::Web(address) => address.to_string(),
            other => other.to_string(),
        }
    }
}

/// When it is, and how long a session may be idle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) now: Instant,
    pub(crate) idle_max: Duration,
}

impl Timing {
    /// Now, with this many minutes.
    pub(crate) fn new(idle_minutes_max: u16) -> Self {
        Self {
            now: Instant::now(),
            idle_max: Duration::from_secs(60 * u64::from(idle_minutes_max)),
        }
    }

    fn since(self, then: Instant) -> Duration {
        self.now.saturating_duration_since(then)
    }
}

/// Says that a password is about to be checked. A session that is begun with it is
/// refused when all sessions have been ended meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening(u64);

/// What a session begins with.
pub(crate) struct Beginning {
    pub(crate) opening: Opening,
    pub(crate) via: Via,
    pub(crate) address: IpAddr,
    pub(crate) must_change_password: bool,
    pub(crate) draft: RequestForm,
}

/// All sessions, found by the SHA-256 of their token, so that neither the table
/// nor the time of a look-up gives a token away.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Table>);

#[derive(Default)]
struct Table {
    held: HashMap<[u8; 32], Held>,
    last_number: u64,
    /// How often all sessions were ended.
    endings: u64,
}

struct Held {
    session: Arc<Session>,
    last_used: Instant,
    last_address: IpAddr,
}

impl Held {
    fn is_over(&self, timing: Timing) -> bool {
        timing.since(self.last_used) >= timing.idle_max
            || timing.since(self.session.began) >= AGE_MAX
    }

    fn view(&self, timing: Timing) -> SessionView {
        SessionView {
            number: self.session.number,
            via: self.session.via.clone(),
            address: self.session.address,
            last_address: self.last_address,
            age: timing.since(self.session.began),
            idle: timing.since(self.last_used),
            must_change_password: self.session.must_change_password,
        }
    }
}

impl Sessions {
    /// To be asked for before a password is checked.
    pub(crate) fn opening(&self) -> Opening {
        Opening(self.lock().endings)
    }

    /// Begins a session; the token is for the browser's cookie only. `None` when all
    /// sessions were ended since `opening`: what was checked may hold no more.
    pub(crate) fn begin(
        &self,
        beginning: Beginning,
        timing: Timing,
        random: impl Fn() -> [u8; 32],
    ) -> Option<SessionToken> {
        let mut table = self.current(timing);
        if beginning.opening != Opening(table.endings) {
            return None;
        }
        if table.held.len() >= SESSIONS_MAX {
            let idlest = table.held.iter().min_by_key(|(_, held)| held.last_used);
            if let Some(idlest) = idlest.map(|(hash, _)| *hash) {
                table.held.remove(&idlest);
            }
        }
        table.last_number = table.last_number.saturating_add(1);
        let token = SessionToken(hexadecimal(&random()));
        let held = Held {
            session: Arc::new(Session {
                number: table.last_number,
                via: beginning.via,
                address: beginning.address,
                must_change_password: beginning.must_change_password,
                csrf: hexadecimal(&random()),
                draft: Mutex::new(beginning.draft),
                review: Mutex::new(None),
                began: timing.now,
            }),
            last_used: timing.now,
            last_address: beginning.address,
        };
        table.held.insert(hash(token.expose()), held);
        Some(token)
    }

    /// The session of this token, which counts as used now, from `address`.
    pub(crate) fn find(
        &self,
        token: &str,
        address: IpAddr,
        timing: Timing,
    ) -> Option<Arc<Session>> {
        let mut table = self.current(timing);
        let held = table.held.get_mut(&hash(token))?;
        held.last_used = timing.now;
        held.last_address = address;
        Some(Arc::clone(&held.session))
    }

    /// Whether the session of this token has not ended. It does not count as used.
    pub(crate) fn is_open(&self, token: &str, timing: Timing) -> bool {
        self.current(timing).held.contains_key(&hash(token))
    }

    /// All that have not ended, in the order of their sign-ins.
    pub(crate) fn list(&self, timing: Timing) -> Vec<SessionView> {
        let table = self.current(timing);
        let mut all: Vec<_> = table.held.values().map(|held| held.view(timing)).collect();
        all.sort_by_key(|session| session.number);
        all
    }

    /// Ends the session of this token.
    pub(crate) fn end(&self, token: &str) {
        self.lock().held.remove(&hash(token));
    }

    /// Ends the sessions of these numbers, and returns those that there were.
    pub(crate) fn end_numbered(&self, numbers: &[u64], timing: Timing) -> Vec<SessionView> {
        let mut table = self.current(timing);
        let among = |held: &mut Held| numbers.contains(&held.session.number);
        let ended = table.held.extract_if(|_, held| among(held));
        let mut ended: Vec<_> = ended.map(|(_, held)| held.view(timing)).collect();
        ended.sort_by_key(|session| session.number);
        ended
    }

    /// Ends every session, as a new password does.
    pub(crate) fn end_all(&self) {
        let mut table = self.lock();
        table.held.clear();
        table.endings = table.endings.saturating_add(1);
    }

    /// The table without what is over. A limit that is raised brings nothing back.
    fn current(&self, timing: Timing) -> MutexGuard<'_, Table> {
        let mut table = self.lock();
        table.held.retain(|_, held| !held.is_over(timing));
        table
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn hexadecimal(octets: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    for octet in octets {
        for nibble in [octet >> 4, octet & 0x0f] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
    const HOUR: Duration = Duration::from_secs(60 * 60);
    const SECOND: Duration = Duration::from_secs(1);

    struct Bench {
        sessions: Sessions,
        start: Instant,
        idle_max: Duration,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                sessions: Sessions::default(),
                start: Instant::now(),
                idle_max: HOUR,
            }
        }

        fn at(&self, later: Duration) -> Timing {
            Timing {
                now: self.start + later,
                idle_max: self.idle_max,
            }
        }

        fn begin(&self, seed: u8, later: Duration) -> SessionToken {
            let beginning = Self::beginning(self.sessions.opening());
            let token = self
                .sessions
                .begin(beginning, self.at(later), || [seed; 32]);
            token.expect("nothing was ended meanwhile")
        }

        fn beginning(opening: Opening) -> Beginning {
            Beginning {
                opening,
                via: Via::Web(ADDRESS),
                address: ADDRESS,
                must_change_password: false,
                draft: RequestForm::default(),
            }
        }

        fn is_open(&self, token: &SessionToken, later: Duration) -> bool {
            let found = self.sessions.find(token.expose(), ADDRESS, self.at(later));
            found.is_some()
        }
    }

    #[test]
    fn a_session_ends_when_idle_for_an_hour_or_after_a_day() {
        let bench = Bench::new();
        let token = bench.begin(1, Duration::ZERO);
        let mut later = Duration::ZERO;
        while later < AGE_MAX - HOUR {
            later += HOUR - SECOND;
            assert!(bench.is_open(&token, later));
        }
        assert!(!bench.is_open(&token, AGE_MAX));
        let token = bench.begin(2, Duration::ZERO);
        assert!(!bench.is_open(&token, HOUR));
    }

    #[test]
    fn another_idle_limit_holds_at_once_and_brings_nothing_back() {
        let mut bench = Bench::new();
        let (first, second) = (bench.begin(1, Duration::ZERO), bench.begin(2, HOUR / 2));
        bench.idle_max = HOUR / 2;
        assert!(!bench.is_open(&first, HOUR / 2));
        bench.idle_max = 4 * HOUR;
        assert!(!bench.is_open(&first, HOUR / 2));
        assert!(bench.is_open(&second, 2 * HOUR));
    }

    #[test]
    fn only_the_whole_token_finds_its_session() {
        let bench = Bench::new();
        let token = bench.begin(1, Duration::ZERO);
        let find = |text: &str| bench.sessions.find(text, ADDRESS, bench.at(SECOND));
        assert!(find("").is_none());
        assert!(find(&token.expose()[1..]).is_none());
        assert!(find(token.expose()).is_some());
        bench.sessions.end(token.expose());
        assert!(find(token.expose()).is_none());
    }

    #[test]
    fn of_too_many_sessions_the_one_longest_idle_ends() {
        let bench = Bench::new();
        let first = bench.begin(0, Duration::ZERO);
        for (later, seed) in (1_u32..).zip(1..=32) {
            bench.begin(seed, later * SECOND);
        }
        assert_eq!(bench.sessions.list(bench.at(SECOND)).len(), SESSIONS_MAX);
        assert!(!bench.is_open(&first, 40 * SECOND));
    }

    #[test]
    fn the_list_says_where_from_and_since_when() {
        let bench = Bench::new();
        let token = bench.begin(1, Duration::ZERO);
        bench.begin(2, SECOND);
        let used = bench.at(5 * SECOND);
        bench.sessions.find(token.expose(), ELSEWHERE, used);
        let list = bench.sessions.list(bench.at(7 * SECOND));
        let first = SessionView {
            number: 1,
            via: Via::Web(ADDRESS),
            address: ADDRESS,
            last_address: ELSEWHERE,
            age: 7 * SECOND,
            idle: 2 * SECOND,
            must_change_password: false,
        };
        assert_eq!(list.first(), Some(&first));
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn sessions_are_ended_by_their_numbers() {
        let bench = Bench::new();
        let tokens = [1, 2, 3].map(|seed| bench.begin(seed, Duration::ZERO));
        let ended = bench.sessions.end_numbered(&[3, 1, 99], bench.at(SECOND));
        let numbers: Vec<_> = ended.iter().map(|session| session.number).collect();
        assert_eq!(numbers, [1, 3]);
        let open = tokens.map(|token| bench.is_open(&token, SECOND));
        assert_eq!(open, [false, true, false]);
    }

    #[test]
    fn a_sign_in_with_a_password_that_was_replaced_meanwhile_opens_nothing() {
        let bench = Bench::new();
        let under_way = Bench::beginning(bench.sessions.opening());
        let token = bench.begin(1, Duration::ZERO);
        bench.sessions.end_all();
        assert!(!bench.is_open(&token, SECOND));
        let timing = bench.at(SECOND);
        let late = bench.sessions.begin(under_way, timing, || [2; 32]);
        assert!(late.is_none());
        assert!(bench.sessions.list(timing).is_empty());
    }
}
