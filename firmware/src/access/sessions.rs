//! Sessions of signed-in people, kept in memory: a restart ends them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cert_lifecycle::{RequestForm, Review};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A session ends after this long without a request.
const IDLE_MAX: Duration = Duration::from_secs(60 * 60);
/// A session ends this long after its sign-in, whatever happens.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
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
    /// Where the sign-in came from.
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

/// All sessions, found by the SHA-256 of their token, so that neither the table
/// nor the time of a look-up gives a token away.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Held>>);

struct Held {
    session: Arc<Session>,
    last_used: Instant,
}

impl Held {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_used) >= IDLE_MAX
            || now.saturating_duration_since(self.session.began) >= AGE_MAX
    }
}

impl Sessions {
    /// Begins a session; the token is for the browser's cookie only.
    pub(crate) fn begin(
        &self,
        address: IpAddr,
        must_change_password: bool,
        draft: RequestForm,
        now: Instant,
        random: impl Fn() -> [u8; 32],
    ) -> SessionToken {
        let token = SessionToken(hexadecimal(&random()));
        let session = Arc::new(Session {
            address,
            must_change_password,
            csrf: hexadecimal(&random()),
            draft: Mutex::new(draft),
            review: Mutex::new(None),
            began: now,
        });
        let mut all = self.lock();
        all.retain(|_, held| !held.is_over(now));
        if all.len() >= SESSIONS_MAX {
            let idlest = all.iter().min_by_key(|(_, held)| held.last_used);
            if let Some(idlest) = idlest.map(|(hash, _)| *hash) {
                all.remove(&idlest);
            }
        }
        all.insert(
            hash(token.expose()),
            Held {
                session,
                last_used: now,
            },
        );
        token
    }

    /// The session of this token, which counts as used now.
    pub(crate) fn find(&self, token: &str, now: Instant) -> Option<Arc<Session>> {
        let mut all = self.lock();
        let hash = hash(token);
        let held = all.get_mut(&hash)?;
        if held.is_over(now) {
            all.remove(&hash);
            return None;
        }
        held.last_used = now;
        Some(Arc::clone(&held.session))
    }

    /// Ends the session of this token.
    pub(crate) fn end(&self, token: &str) {
        self.lock().remove(&hash(token));
    }

    /// Ends every session, as a new password does.
    pub(crate) fn end_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Held>> {
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

    fn begin(sessions: &Sessions, seed: u8, now: Instant) -> SessionToken {
        sessions.begin(ADDRESS, false, RequestForm::default(), now, || [seed; 32])
    }

    #[test]
    fn a_session_ends_when_idle_for_an_hour_or_after_a_day() {
        let sessions = Sessions::default();
        let start = Instant::now();
        let token = begin(&sessions, 1, start);
        let mut now = start;
        while now < start + AGE_MAX - IDLE_MAX {
            now += IDLE_MAX - Duration::from_secs(1);
            assert!(sessions.find(token.expose(), now).is_some());
        }
        assert!(sessions.find(token.expose(), start + AGE_MAX).is_none());
        let token = begin(&sessions, 2, start);
        assert!(sessions.find(token.expose(), start + IDLE_MAX).is_none());
    }

    #[test]
    fn only_the_whole_token_finds_its_session() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let token = begin(&sessions, 1, now);
        assert!(sessions.find("", now).is_none());
        assert!(sessions.find(&token.expose()[1..], now).is_none());
        assert!(sessions.find(token.expose(), now).is_some());
        sessions.end(token.expose());
        assert!(sessions.find(token.expose(), now).is_none());
    }

    #[test]
    fn of_too_many_sessions_the_one_longest_idle_ends() {
        let sessions = Sessions::default();
        let start = Instant::now();
        let first = begin(&sessions, 0, start);
        for (second, seed) in (1_u64..).zip(1..=32) {
            begin(&sessions, seed, start + Duration::from_secs(second));
        }
        assert_eq!(sessions.lock().len(), SESSIONS_MAX);
        assert!(
            sessions
                .find(first.expose(), start + Duration::from_secs(40))
                .is_none()
        );
    }
}
