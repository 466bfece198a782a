//! Following the journal: how a surface such as syslog learns what was written to it.

use crate::journal::{self, Entry};
use crate::settings::{self, Settings};
use crate::{Error, Unit};

/// The part of the journal after some entry, and the settings as they stood then:
/// both from one view of the store, so that the entry that tells of a change of
/// the settings is met with the settings it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// The entries, oldest first. Where the first is not the next one, those
    /// between have given way to newer ones already.
    pub entries: Vec<Entry>,
    /// The number of the newest entry there is; 0 in an empty journal.
    pub last: u64,
    /// The settings.
    pub settings: Settings,
}

impl Unit {
    /// The entries of the journal after entry `number`, at most `entries_max`.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn follow(&self, number: u64, entries_max: usize) -> Result<Followed, Error> {
        let snapshot = self.store.snapshot()?;
        Ok(Followed {
            entries: journal::after(&snapshot, number, entries_max)?,
            last: journal::last(&snapshot)?,
            settings: settings::stored(&snapshot)?,
        })
    }

    /// Has `tell` called after every change of the store, for as long as the unit
    /// lives. It is called by the thread that made the change, which may hold
    /// locks of the unit: it must neither take long nor call the unit.
    pub fn on_change(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.store.on_change(Box::new(tell));
    }
}
