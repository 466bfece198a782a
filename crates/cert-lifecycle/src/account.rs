//! The administrator's password: kept as an Argon2id hash, never as itself.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::journal::{self, Action, Actor, Event};
use crate::store::Records;
use crate::{Error, Unit};

/// The name of the one account.
pub const ADMIN: &str = "admin";
/// A password has at least this many characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// A password has at most this many octets in UTF-8.
pub const PASSWORD_OCTETS_MAX: usize = 256;

/// Argon2id with 7 MiB, five passes and one lane: the choice among OWASP's
/// equivalent ones that leaves a small appliance most of its memory.
const MEMORY_KIB: u32 = 7 * 1024;
const PASSES: u32 = 5;
const LANES: u32 = 1;

/// Letters and digits that cannot be mistaken for one another on a label.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// It is too short.
    #[error("The new password has {chars} characters. It needs at least {PASSWORD_CHARS_MIN}.")]
    Short {
        /// The characters it has.
        chars: usize,
    },
    /// It is too long.
    #[error("The new password is longer than {PASSWORD_OCTETS_MAX} octets. Choose a shorter one.")]
    Long,
    /// It is the password it was to replace.
    #[error("The new password is the present one. Choose another.")]
    Same,
    /// The present password, given with the new one, is wrong.
    #[error("The present password is not right, so nothing was changed.")]
    PresentWrong,
}

/// What a right password opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignIn {
    /// Everything.
    Granted,
    /// The page for a new password only: this one was the unit's first.
    ChangePassword,
}

/// Where the store keeps the account.
pub(crate) const RECORD: &str = "account/admin";

/// The account as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    salt: [u8; 16],
    hash: [u8; 32],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    pub(crate) must_change: bool,
}

impl Account {
    pub(crate) fn new(password: &str, must_change: bool, environment: &dyn Environment) -> Self {
        let mut salt = [0; 16];
        environment.fill_random(&mut salt);
        let mut account = Self {
            salt,
            hash: [0; 32],
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            must_change,
        };
        account.hash = account
            .hash_of(password)
            .expect("the parameters above are within Argon2's ranges");
        account
    }

    /// Compares in constant time; a record with impossible parameters fits no
    /// password.
    pub(crate) fn fits(&self, password: &str) -> bool {
        self.hash_of(password)
            .is_some_and(|hash| hash.ct_eq(&self.hash).into())
    }

    fn hash_of(&self, password: &str) -> Option<[u8; 32]> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None).ok()?;
        let mut hash = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &self.salt, &mut hash)
            .ok()?;
        Some(hash)
    }
}

impl Unit {
    /// Checks the password of `admin`, and writes the attempt to the journal.
    /// `None` is a wrong password or name.
    ///
    /// It takes tens of milliseconds on purpose; callers throttle attempts.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read or written.
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<Option<SignIn>, Error> {
        let account: Option<Account> = self.store.snapshot()?.get(RECORD)?;
        // The hash is computed for a wrong name too, so that time tells nothing.
        let fits = account
            .as_ref()
            .is_some_and(|account| account.fits(password))
            && name == ADMIN;
        let (action, outcome) = if fits {
            (Action::SignIn, "granted")
        } else {
            (Action::SignInRefused, "wrong name or password")
        };
        self.store.change(|change| {
            let event = Event {
                actor,
                action,
                outcome: outcome.into(),
                key: None,
                certificate: None,
            };
            journal::append(change, self.environment.now(), event)
        })?;
        Ok(account.filter(|_| fits).map(|account| {
            if account.must_change {
                SignIn::ChangePassword
            } else {
                SignIn::Granted
            }
        }))
    }

    /// Replaces the password of `admin`.
    ///
    /// # Errors
    ///
    /// - [`Error::Password`] when `present` is wrong, or `new` is too short, too
    ///   long, or the present one.
    /// - [`Error::Store`] when the store does not take it.
    pub fn change_password(&self, present: &str, new: &str, actor: &Actor) -> Result<(), Error> {
        let _changing = self.lock();
        let account: Option<Account> = self.store.snapshot()?.get(RECORD)?;
        if !account.is_some_and(|account| account.fits(present)) {
            return Err(PasswordError::PresentWrong.into());
        }
        check_new(new)?;
        if present == new {
            return Err(PasswordError::Same.into());
        }
        let account = Account::new(new, false, &*self.environment);
        self.store.change(|change| {
            change.put(RECORD, &account)?;
            let event = Event {
                actor,
                action: Action::Password,
                outcome: "a new password holds".into(),
                key: None,
                certificate: None,
            };
            Ok(journal::append(change, self.environment.now(), event)?)
        })
    }
}

/// Refuses a password that is too short or too long.
pub(crate) fn check_new(password: &str) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(PasswordError::Short { chars });
    }
    if password.len() > PASSWORD_OCTETS_MAX {
        return Err(PasswordError::Long);
    }
    Ok(())
}

/// A random password of 80 bits in four groups, such as `k7wm-…`.
pub(crate) fn random_password(environment: &dyn Environment) -> Zeroizing<String> {
    let mut octets = Zeroizing::new([0; 16]);
    environment.fill_random(octets.as_mut_slice());
    let mut password = Zeroizing::new(String::with_capacity(19));
    for (index, octet) in octets.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            password.push('-');
        }
        let letter = ALPHABET
            .get(usize::from(octet % 32))
            .copied()
            .unwrap_or(b'a');
        password.push(char::from(letter));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::fixed::FixedEnvironment;

    #[test]
    fn only_the_same_password_fits() {
        let environment = FixedEnvironment::default();
        let account = Account::new("correct horse", true, &environment);
        assert!(account.fits("correct horse"));
        for other in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!account.fits(other), "{other:?}");
        }
    }

    #[test]
    fn a_random_password_can_be_read_from_a_label_and_differs_each_time() {
        let environment = FixedEnvironment::default();
        let password = random_password(&environment);
        assert_eq!(password.len(), 19);
        assert!(password.bytes().all(|b| b == b'-' || ALPHABET.contains(&b)));
        assert_ne!(password, random_password(&environment));
    }

    #[test]
    fn the_limits_of_a_password_are_stated() {
        assert_eq!(check_new("1234567"), Err(PasswordError::Short { chars: 7 }));
        assert_eq!(check_new("12345678"), Ok(()));
        assert_eq!(check_new(&"x".repeat(256)), Ok(()));
        assert_eq!(check_new(&"x".repeat(257)), Err(PasswordError::Long));
    }
}
