//! Why a backup is not taken.

use super::VERSION;

/// Why a backup is not restored. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The signature does not fit.
    #[error(
        "This backup was changed after it was made: its signature does not fit. Take another copy of \
         it. Nothing was changed."
    )]
    Altered,
    /// A later version made it.
    #[error(
        "This backup was made by a later version of the software, in format {version}; this version \
         reads format {VERSION}. Upgrade this unit first, then restore. Nothing was changed."
    )]
    Newer {
        /// The format it says it has.
        version: u32,
    },
    /// The beginning of every backup is missing.
    #[error(
        "This is not a backup: it does not begin with \"countersign-backup\". Give the file that \
         Tools, Upgrade/Backup, or the text that the console's command backup has made. Nothing was changed."
    )]
    NotABackup,
    /// Everything in it is on the unit already.
    #[error("This unit has everything already that can be restored from this backup.")]
    NothingToRestore,
    /// It is signed, but holds something else than a backup does.
    #[error(
        "This backup is whole and signed, but what is in it is not understood ({0}). Nothing was \
         changed."
    )]
    NotUnderstood(String),
    /// The end is missing.
    #[error(
        "This backup is not whole: it does not end with its signature. Take another copy of it. \
         Nothing was changed."
    )]
    NotWhole,
    /// The unit is not any more as it was at the review.
    #[error(
        "The unit has changed since you looked at this backup, so nothing was restored. Look again at \
         what would change."
    )]
    Outdated,
    /// What the unit keeps is more than a backup holds.
    #[error(
        "What this unit keeps is more than a backup holds (4 MiB, 4 194 304 octets), even without its \
         journal. Delete requests that are not needed any more, then try again."
    )]
    TooMuch,
    /// It is longer than any backup.
    #[error(
        "This file is too large: a backup has at most 4 MiB (4 194 304 octets). Look whether you chose \
         the right one. Nothing was changed."
    )]
    TooLarge,
}
