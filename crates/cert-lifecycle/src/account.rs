//! The administrator's password: kept as an Argon2id hash, never as itself.
//!
//! # The parameters
//!
//! Argon2id (RFC 9106) with 7 MiB, five passes and one lane. OWASP's Password
//! Storage Cheat Sheet has five settings of equal strength, from 46 MiB with one
//! pass to 7 MiB with five. The one with the least memory is the one for a small
//! ARM board, where several sign-ins at a time and the store share 64 MiB or less
//! with the system. RFC 9106's own first choice, 2 GiB, and second, 64 MiB, are for
//! servers. One lane, since such a board has one or two cores and an attacker's
//! machine would gain more from lanes than the board.
//!
//! The parameters are stored with each hash. Where they are not the present ones,
//! as after an upgrade, the hash is made anew at the next sign-in.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::journal::{self, Action, Actor, Event, Via};
use crate::store::{Records, StoreError};
use crate::{Error, Unit};

/// The name of the one account.
pub const ADMIN: &str = "admin";
/// A password has at least this many characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// A password has at most this many octets in UTF-8.
pub const PASSWORD_OCTETS_MAX: usize = 256;

/// The parameters of new hashes.
const COST: Cost = Cost {
    memory_kib: 7 * 1024,
    passes: 5,
    lanes: 1,
};
/// A stored hash that wants more than this belongs to no account that this software
/// wrote; it would take all of the unit's memory, or hours.
const COST_MAX: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 16,
    lanes: 4,
};

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

/// What one hash costs: memory, passes over it, and lanes (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    fn params(self) -> Option<Params> {
        let bearable = self.memory_kib <= COST_MAX.memory_kib
            && self.passes <= COST_MAX.passes
            && self.lanes <= COST_MAX.lanes;
        Params::new(self.memory_kib, self.passes, self.lanes, None)
            .ok()
            .filter(|_| bearable)
    }
}

/// The account as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    salt: [u8; 16],
    hash: [u8; 32],
    #[serde(flatten)]
    cost: Cost,
    pub(crate) must_change: bool,
}

impl Account {
    pub(crate) fn new(password: &str, must_change: bool, environment: &dyn Environment) -> Self {
        Self::with_cost(password, must_change, COST, environment)
    }

    fn with_cost(
        password: &str,
        must_change: bool,
        cost: Cost,
        environment: &dyn Environment,
    ) -> Self {
        let mut salt = [0; 16];
        environment.fill_random(&mut salt);
        let mut account = Self {
            salt,
            hash: [0; 32],
            cost,
            must_change,
        };
        account.hash = account
            .hash_of(password)
            .expect("the parameters above are within Argon2's ranges");
        account
    }

    /// Whether both are the record of one password, set once.
    fn is_same_record(&self, other: &Self) -> bool {
        (self.salt, self.hash, self.cost) == (other.salt, other.hash, other.cost)
    }

    /// Compares in constant time; a record with impossible parameters fits no
    /// password.
    pub(crate) fn fits(&self, password: &str) -> bool {
        self.hash_of(password)
            .is_some_and(|hash| hash.ct_eq(&self.hash).into())
    }

    fn hash_of(&self, password: &str) -> Option<[u8; 32]> {
        let mut hash = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.cost.params()?)
            .hash_password_into(password.as_bytes(), &self.salt, &mut hash)
            .ok()?;
        Some(hash)
    }
}

impl Unit {
    /// Checks the password of `admin`, and writes the attempt to the journal, or where that
    /// cannot be written, to the [log](crate::Environment::log). `None` is a wrong password or
    /// name.
    ///
    /// It takes tens of milliseconds on purpose; callers throttle attempts, and
    /// bound how many run at a time, for each takes 7 MiB. A hash with parameters
    /// other than the present ones is made anew.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
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
        let account = account.filter(|_| fits);
        let renewed = account
            .as_ref()
            .filter(|account| account.cost != COST)
            .map(|account| Account::new(password, account.must_change, &*self.environment));
        let (action, outcome) = if fits {
            (Action::SignIn, "granted")
        } else {
            (Action::SignInRefused, "wrong name or password")
        };
        let written = self.store.change(|change| {
            if let (Some(old), Some(renewed)) = (&account, &renewed) {
                // A new password that was set meanwhile stays.
                let stored: Option<Account> = change.get(RECORD)?;
                if stored.is_some_and(|stored| stored.is_same_record(old)) {
                    change.put(RECORD, renewed)?;
                }
            }
            let event = Event::of(actor, action, outcome);
            journal::append(change, self.environment.now(), event)
        });
        // A disk that is full must not keep out who could mend it.
        if let Err::<(), StoreError>(why) = written {
            let line = format!(
                "{action} by {} ({}) is not in the journal: {why}",
                actor.who, actor.via
            );
            self.environment.log(&line);
        }
        Ok(account.map(|account| {
            if account.must_change {
                SignIn::ChangePassword
            } else {
                SignIn::Granted
            }
        }))
    }

    /// Replaces the password of `admin`. Callers then end all sessions.
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
        let outcome = "a new password holds";
        self.put_account(&account, Action::Password, outcome, actor)
    }

    /// Replaces a password that nobody knows any more by a random one, which has to
    /// be changed at the first sign-in. Callers then end all sessions.
    ///
    /// It is for the serial console only: whoever is there is at the unit, and could
    /// open it. A shell on the unit or a network is no such proof.
    ///
    /// # Errors
    ///
    /// - [`Error::SerialOnly`] when `actor` came another way.
    /// - [`Error::Store`] when the store does not take it.
    pub fn reset_password(&self, actor: &Actor) -> Result<Zeroizing<String>, Error> {
        if actor.via != Via::Serial {
            return Err(Error::SerialOnly);
        }
        let _changing = self.lock();
        let password = random_password(&*self.environment);
        let account = Account::new(&password, true, &*self.environment);
        self.put_account(
            &account,
            Action::PasswordReset,
            "a random password holds, to be changed at the next sign-in",
            actor,
        )?;
        Ok(password)
    }

    fn put_account(
        &self,
        account: &Account,
        action: Action,
        outcome: &str,
        actor: &Actor,
    ) -> Result<(), Error> {
        self.store.change(|change| {
            change.put(RECORD, account)?;
            let event = Event::of(actor, action, outcome);
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
    use std::sync::Arc;

    use super::*;
    use crate::environment::fixed::FixedEnvironment;
    use crate::{Factory, Identity, Listener, SecretFile, TlsLevel, UnitConfig};

    #[test]
    fn only_the_same_password_fits() {
        let environment = FixedEnvironment::default();
        let account = Account::new("correct horse", true, &environment);
        assert!(account.fits("correct horse"));
        for other in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!account.fits(other), "{other:?}");
        }
    }

    struct NoListener;

    impl Listener for NoListener {
        fn check(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
            Ok(())
        }

        fn serve(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
            Ok(())
        }
    }

    fn stored(unit: &Unit) -> Account {
        let snapshot = unit.store.snapshot().expect("reads");
        snapshot.get(RECORD).expect("reads").expect("an account")
    }

    #[test]
    fn a_hash_with_other_parameters_is_made_anew_by_the_right_password_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Arc::new(FixedEnvironment::default());
        let config = UnitConfig {
            state_dir: folder.path().into(),
            factory: Factory::default(),
            admin_password: Some(Zeroizing::new("correct horse".into())),
        };
        let secret = SecretFile::new(folder.path().join("secret"));
        let opened = Unit::open(config, &secret, environment.clone(), Arc::new(NoListener));
        let unit = opened.expect("opens").unit;
        let weak = Cost {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        };
        for must_change in [false, true] {
            let old = Account::with_cost("correct horse", must_change, weak, &*environment);
            unit.put_account(
                &old,
                Action::Password,
                "as an older version",
                &Actor::unit(),
            )
            .expect("kept");
            let sign_in = |password| unit.sign_in(ADMIN, password, &Actor::unit());
            assert_eq!(sign_in("wrong horse").expect("stored"), None);
            assert!(stored(&unit).is_same_record(&old), "a wrong one changed it");
            assert!(sign_in("correct horse").expect("stored").is_some());
            let new = stored(&unit);
            assert_eq!((new.cost, new.must_change), (COST, must_change));
            assert!(new.fits("correct horse"));
            sign_in("correct horse").expect("stored");
            assert!(stored(&unit).is_same_record(&new), "made anew for nothing");
        }
    }

    #[test]
    fn a_stored_hash_that_would_take_all_memory_fits_no_password() {
        let environment = FixedEnvironment::default();
        let mut account = Account::new("correct horse", false, &environment);
        for cost in [
            Cost {
                memory_kib: u32::MAX,
                ..COST
            },
            Cost {
                passes: u32::MAX,
                ..COST
            },
            Cost { lanes: 16, ..COST },
            Cost {
                memory_kib: 0,
                ..COST
            },
        ] {
            account.cost = cost;
            assert!(!account.fits("correct horse"), "{cost:?}");
        }
    }

    #[test]
    fn an_account_is_stored_in_the_form_of_the_first_version() {
        let record = r#"{"salt":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"hash":[0,0,0,0,0,0,0,0,
            0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],
            "memory_kib":7168,"passes":5,"lanes":1,"must_change":false}"#;
        let account: Account = serde_json::from_str(record).expect("read");
        assert_eq!(account.cost, COST);
        let again = serde_json::to_value(&account).expect("written");
        let record: serde_json::Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(again, record);
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
