//! What the board did before the unit started: it could not use the state that was there,
//! and gave the unit another.
//!
//! The unit cannot know that by itself, since a state that is new looks like that of a
//! first start. The board writes a notice, which is kept here until somebody takes note.

use serde::{Deserialize, Serialize};

use crate::alarms::{Alarm, AlarmCode};
use crate::store::{Change, Records};
use crate::{Error, StoreError, Unit};

/// The last notice.
const NOTICE: &str = "meta/state-set-aside";
/// Of a notice, so many characters are shown.
const SHOWN_CHARS_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Notice {
    text: String,
    /// Whether somebody has taken note of it.
    is_noted: bool,
}

impl Unit {
    /// Raises [`AlarmCode::StateSetAside`], until somebody takes note of it: the board
    /// says in `notice` why the unit has another state than before. Its first line is
    /// shown, at most 200 characters of it; all of it tells one notice from another, and
    /// the same one raises no alarm again.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it.
    pub fn state_was_set_aside(&self, notice: &str) -> Result<(), Error> {
        let _changing = self.lock();
        let known: Option<Notice> = self.store.snapshot()?.get(NOTICE)?;
        if known.is_some_and(|known| known.text == notice) {
            return Ok(());
        }
        let notice = Notice {
            text: notice.into(),
            is_noted: false,
        };
        self.store.change(|change| Ok(change.put(NOTICE, &notice)?))
    }
}

pub(crate) fn alarm(records: &impl Records) -> Result<Option<Alarm>, StoreError> {
    let notice: Option<Notice> = records.get(NOTICE)?;
    let notice = notice.filter(|notice| !notice.is_noted);
    Ok(notice.map(|notice| {
        let why = notice.text.lines().next().unwrap_or_default();
        let why = why.chars().filter(|letter| !letter.is_control());
        let why: String = why.take(SHOWN_CHARS_MAX).collect();
        Alarm::new(
            AlarmCode::StateSetAside,
            format!("The board could not use the state that this unit had, and gave it another: {why}"),
            "See to the disk. What the unit had is not in use; restore a backup, or make new requests.",
        )
    }))
}

/// Takes note of it.
pub(crate) fn acknowledge(change: &Change) -> Result<(), StoreError> {
    let notice: Option<Notice> = change.get(NOTICE)?;
    if let Some(notice) = notice {
        let is_noted = true;
        change.put(NOTICE, &Notice { is_noted, ..notice })?;
    }
    Ok(())
}
