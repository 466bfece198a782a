//! New software for the board: signed bundles, two root slots, and the record that says
//! which one starts.
//!
//! A bundle is checked whole before anything is written. It goes to the slot that does
//! not run, is read back, and is started once. The slot is kept when the unit in it has
//! answered a request; otherwise the board starts the one before again.

mod bundle;
mod health;
mod record;
mod slots;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cert_lifecycle::Actor;
use ed25519_dalek::VerifyingKey;
use semver::Version;
use thiserror::Error;

pub(crate) use bundle::{BUNDLE_OCTETS_MAX, Bundle, BundleError};
pub(crate) use record::Slot;
use slots::Slots;

use crate::App;
use crate::output::log;

/// The maker's key, in hexadecimal digits: that of `firmware/image/developer.key`
/// unless another is given at build.
const KEY: &str = env!("COUNTERSIGN_UPGRADE_KEY");

/// Why an upgrade was not done.
#[derive(Debug, Error)]
pub(crate) enum UpgradeError {
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(
        "This unit was not started from an image with two slots, so it cannot upgrade itself. \
         Install the new version as this one was installed."
    )]
    NoSlots,
    #[error("An upgrade is being written already. Wait until it is done.")]
    Busy,
    #[error(
        "The version that runs was started for the first time and is not kept yet, so the one before \
         is the only way back and is not overwritten. Try again in a minute; software on a console \
         tells when it is kept."
    )]
    NotKept,
    #[error("The slot could not be written: {0}. The software that runs is untouched.")]
    Disk(String),
}

/// How an upgrade stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// None was asked for since the start.
    None,
    /// It is being written: so many of a hundred parts.
    Writing(u8),
    /// It starts with the next start of the board, which is under way.
    Restarting,
    /// It was not done, for this reason.
    Failed(String),
}

impl Progress {
    fn is_under_way(&self) -> bool {
        matches!(self, Self::Writing(_) | Self::Restarting)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none since the start"),
            Self::Writing(percent) => write!(f, "{percent} % is written"),
            Self::Restarting => f.write_str(
                "The new version is written and was read back. The board starts it within ten seconds, \
                 and goes back to this one by itself when it does not answer.",
            ),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What can be said of the slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Software {
    /// The slot that runs.
    pub(crate) running: Slot,
    /// Whether it has shown itself healthy, and starts the next time too.
    pub(crate) kept: bool,
    /// Whether the upgrade before did not start, or did not answer.
    pub(crate) fell_back: bool,
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.running.letter())?;
        if !self.kept {
            f.write_str(", tried once; kept as soon as it has answered")?;
        }
        if self.fell_back {
            write!(
                f,
                "; the upgrade in slot {} did not answer, so the board went back",
                self.running.other()
            )?;
        }
        Ok(())
    }
}

/// The software of the board, and how it is replaced.
pub(crate) struct Upgrades {
    board: String,
    slots: Option<Slots>,
    progress: Mutex<Progress>,
}

impl Upgrades {
    /// Of a unit whose slots are described in `folder`, on a board of that name; without
    /// a folder it can only say that it cannot.
    pub(crate) fn new(folder: Option<&Path>, board: &str) -> Result<Self, String> {
        Ok(Self {
            board: board.into(),
            slots: folder.map(Slots::open).transpose()?,
            progress: Mutex::new(Progress::None),
        })
    }

    /// What runs; nothing where the unit was not started from slots.
    pub(crate) fn software(&self) -> Result<Option<Software>, UpgradeError> {
        let slots = self.slots.as_ref();
        slots.map(Slots::software).transpose().map_err(disk)
    }

    fn is_without_slots(&self) -> bool {
        self.slots.is_none()
    }

    pub(crate) fn progress(&self) -> Progress {
        self.lock().clone()
    }

    /// Checks a bundle, and that this unit can take it; an older version only where
    /// that is asked for.
    pub(crate) fn check<'a>(
        &self,
        octets: &'a [u8],
        older_too: bool,
    ) -> Result<Bundle<'a>, UpgradeError> {
        self.is_able()?;
        let bundle = Bundle::check(octets, &key(), &self.board)?;
        if !older_too {
            bundle.not_older_than(&ours())?;
        }
        Ok(bundle)
    }

    /// Whether an upgrade could be begun now.
    pub(crate) fn is_able(&self) -> Result<(), UpgradeError> {
        match &self.slots {
            None => Err(UpgradeError::NoSlots),
            Some(_) if self.is_busy() => Err(UpgradeError::Busy),
            Some(slots) if !slots.software().map_err(disk)?.kept => Err(UpgradeError::NotKept),
            Some(_) => Ok(()),
        }
    }

    fn is_busy(&self) -> bool {
        self.lock().is_under_way()
    }

    /// Makes sure that one upgrade is under way at a time.
    fn begin(&self) -> Result<(), UpgradeError> {
        self.is_able()?;
        let mut progress = self.lock();
        if progress.is_under_way() {
            return Err(UpgradeError::Busy);
        }
        *progress = Progress::Writing(0);
        Ok(())
    }

    /// Writes a bundle to the slot that does not run, has it started once, and asks for
    /// the board to be started. Takes seconds.
    fn install(&self, bundle: &Bundle<'_>) -> Result<(), UpgradeError> {
        let slots = self.slots.as_ref().ok_or(UpgradeError::NoSlots)?;
        let told = |percent| *self.lock() = Progress::Writing(percent);
        let written = slots
            .write(bundle.image, bundle.sha256(), told)
            .and_then(|()| slots.try_once())
            .and_then(|()| {
                // Where the board is not started now, it shall not start it by chance later.
                slots
                    .restart()
                    .inspect_err(|_| slots.stay().unwrap_or_else(log))
            });
        match written {
            Ok(()) => {
                *self.lock() = Progress::Restarting;
                Ok(())
            }
            Err(why) => {
                let error = UpgradeError::Disk(why);
                *self.lock() = Progress::Failed(error.to_string());
                Err(error)
            }
        }
    }

    /// Keeps the slot that runs, for the unit in it is healthy. Whether it was on trial.
    pub(crate) fn keep(&self) -> Result<bool, UpgradeError> {
        let slots = self.slots.as_ref();
        slots.map_or(Ok(false), |slots| slots.keep().map_err(disk))
    }

    /// Has the journal told that the board went back, if it did and nobody told yet.
    fn tell_once(&self, tell: impl FnOnce(&Software)) -> Result<(), UpgradeError> {
        let Some(slots) = &self.slots else {
            return Ok(());
        };
        if slots.has_to_tell().map_err(disk)? {
            tell(&slots.software().map_err(disk)?);
            slots.told().map_err(disk)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Does an upgrade that was checked, and tells the journal; `begun` is called once
    /// it is under way.
    pub(crate) fn upgrade(
        &self,
        bundle: &Bundle<'_>,
        actor: &Actor,
        begun: impl FnOnce(),
    ) -> Result<(), UpgradeError> {
        self.upgrades.begin()?;
        begun();
        let version = &bundle.header.version;
        // Told first: the board may start at any moment after it is done.
        let what = format!(
            "to {version} ({}), from {}",
            bundle.header.commit,
            crate::VERSION
        );
        self.note_software(false, &what, actor);
        let done = self.upgrades.install(bundle);
        if let Err(error) = &done {
            self.note_software(true, &error.to_string(), actor);
        }
        done
    }

    /// Keeps the software that runs, or tells that an upgrade went back; to be called
    /// when the unit has shown itself healthy, until it succeeds.
    fn settle_software(&self) -> Result<(), UpgradeError> {
        if self.upgrades.keep()? {
            let what = format!("{} has answered, and is kept", crate::VERSION);
            self.note_software(false, &what, &Actor::unit());
        }
        self.upgrades.tell_once(|software| {
            let what = format!("the slot {software}");
            self.note_software(true, &what, &Actor::unit());
        })
    }

    fn note_software(&self, went_back: bool, what: &str, actor: &Actor) {
        if let Err(error) = self.unit.note_software(went_back, what, actor) {
            log(format_args!("the journal lacks \"{what}\": {error}"));
        }
    }
}

fn disk(why: String) -> UpgradeError {
    UpgradeError::Disk(why)
}

fn key() -> VerifyingKey {
    let octets = bundle::unhex(KEY.as_bytes()).expect("the build gave 64 digits");
    VerifyingKey::from_bytes(&octets).expect("the build gave a key")
}

fn ours() -> Version {
    Version::parse(crate::VERSION).expect("cargo checked the version")
}

#[cfg(test)]
mod tests {
    use super::bundle::tests::{bundle, signer};
    use super::slots::tests::{board, started};
    use super::*;

    fn upgrades(board: &tempfile::TempDir) -> Upgrades {
        Upgrades::new(Some(board.path()), "armv7").expect("slots")
    }

    /// Has a bundle of the maker installed.
    fn install(upgrades: &Upgrades) -> Result<(), UpgradeError> {
        let octets = bundle("armv7", "9.0.0", b"new");
        let checked = Bundle::check(&octets, &signer().verifying_key(), "armv7");
        upgrades.install(&checked.unwrap_or_else(|why| panic!("{why}")))
    }

    #[test]
    fn no_upgrade_begins_before_the_version_that_runs_is_kept() {
        let board = board();
        install(&upgrades(&board)).expect("installed");
        assert_eq!(
            started(board.path()).software().expect("known").running,
            Slot::B
        );
        let upgrades = upgrades(&board);
        assert!(matches!(upgrades.is_able(), Err(UpgradeError::NotKept)));
        assert!(matches!(upgrades.begin(), Err(UpgradeError::NotKept)));
        assert!(upgrades.keep().expect("kept"));
        upgrades.begin().expect("able");
    }

    #[test]
    fn a_board_that_cannot_be_asked_to_start_stays_with_what_runs() {
        let board = board();
        // A folder is where the file should be made.
        std::fs::create_dir(board.path().join("restart")).expect("made");
        let upgrades = upgrades(&board);
        assert!(matches!(install(&upgrades), Err(UpgradeError::Disk(_))));
        assert!(matches!(upgrades.progress(), Progress::Failed(_)));
        assert_eq!(
            started(board.path()).software().expect("known").running,
            Slot::A
        );
    }

    #[test]
    fn the_key_of_the_build_is_a_key() {
        assert_eq!(key().to_bytes().len(), 32);
    }

    #[test]
    fn a_unit_without_slots_says_that_it_cannot() {
        let upgrades = Upgrades::new(None, "armv7").expect("no folder");
        let refused = upgrades.check(&[], false).err().expect("refused");
        assert!(matches!(refused, UpgradeError::NoSlots));
        assert!(!upgrades.keep().expect("nothing to keep"));
    }
}
