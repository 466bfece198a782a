//! What those tell the journal who keep something that the store does not: sessions, the
//! keys of SSH, the software.

use crate::journal::{self, Action, Actor, Event};
use crate::{Error, Unit};

impl Unit {
    /// Writes to the journal that `actor` has signed in with the key of this fingerprint.
    /// Keys are checked by whoever speaks SSH.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it.
    pub fn note_key_sign_in(&self, sha256: &str, actor: &Actor) -> Result<(), Error> {
        let outcome = format!("granted to the key {sha256}");
        self.note(Event::of(actor, Action::SignIn, outcome))
    }

    /// Writes to the journal what became of the software of the board: that `actor` had
    /// it replaced, or that the unit itself kept it or went back. The slots of a board
    /// are kept by whoever starts from them.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it.
    pub fn note_software(&self, went_back: bool, what: &str, actor: &Actor) -> Result<(), Error> {
        let action = match went_back {
            true => Action::SoftwareFellBack,
            false => Action::SoftwareUpgrade,
        };
        self.note(Event::of(actor, action, what))
    }

    /// Writes to the journal that `actor` ended sign-ins, such as "3 from 10.0.0.7".
    /// Sessions themselves are kept by whoever serves pages.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it.
    pub fn note_signed_out(&self, ended: &str, actor: &Actor) -> Result<(), Error> {
        self.note(Event::of(actor, Action::SignOut, format!("ended: {ended}")))
    }

    fn note(&self, event: Event<'_>) -> Result<(), Error> {
        let now = self.environment.now();
        self.store
            .change(|change| Ok(journal::append(change, now, event)?))
    }
}
