//! Who may come in: sessions, and the throttling of sign-ins.
//!
//! What is secret is compared in constant time, so that the time of an answer tells
//! nothing: passwords as Argon2id hashes in `cert_lifecycle`, the token of a form by
//! [`Session::csrf_fits`], and the token of a session not at all, for it is looked
//! up by its SHA-256.

mod hashing;
mod sessions;
mod throttle;

use cert_lifecycle::{Actor, Error, PasswordError};
use zeroize::Zeroizing;

use crate::App;
use crate::output::log;

pub(crate) use hashing::{Hashing, Place};
pub(crate) use sessions::{
    AGE_MAX, Beginning, Opening, Session, SessionToken, SessionView, Sessions, Timing,
};
pub(crate) use throttle::{Pause, Standing, Throttle};

/// Whether the present password was right when it was to be changed: what else was not taken was
/// refused only after it was.
pub(crate) fn present_was_right(changed: &Result<(), Error>) -> bool {
    match changed {
        Ok(()) => true,
        Err(Error::Password(why)) => *why != PasswordError::PresentWrong,
        Err(_) => false,
    }
}

impl App {
    /// The time now, and how long a session may be idle as the settings stand.
    pub(crate) fn timing(&self) -> Timing {
        Timing::new(self.unit.settings().session_minutes)
    }

    /// Who is signed in, the one signed in first being the first.
    pub(crate) fn signed_in(&self) -> Vec<SessionView> {
        self.sessions.list(self.timing())
    }

    /// Signs out those of `numbers` who are signed in, and returns how many were.
    pub(crate) fn sign_out(&self, numbers: &[u64], actor: &Actor) -> usize {
        let ended = self.sessions.end_numbered(numbers, self.timing());
        if !ended.is_empty() {
            let ended: Vec<String> = ended
                .iter()
                .map(|session| format!("{} from {}", session.number, session.came_from()))
                .collect();
            // They are signed out whether or not the store takes the entry.
            if let Err(error) = self.unit.note_signed_out(&ended.join(", "), actor) {
                log(format_args!(
                    "a sign-out is missing in the journal: {error}"
                ));
            }
        }
        ended.len()
    }

    /// Replaces the password by a random one and signs everybody out.
    pub(crate) fn reset_password(&self, actor: &Actor) -> Result<Zeroizing<String>, Error> {
        let password = self.unit.reset_password(actor)?;
        self.sessions.end_all();
        Ok(password)
    }
}
