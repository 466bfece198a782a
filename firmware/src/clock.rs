//! Whether the system's clock is known to be right.

use std::path::PathBuf;

use serde::Deserialize;

/// Who knows whether the clock is right. The key `clock` of the configuration: `kernel`,
/// which is the default, `trusted`, or the path of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Clock {
    /// The kernel, whom an NTP or PTP daemon tells.
    #[default]
    Kernel,
    /// Nobody asks: it is always taken to be right.
    Trusted,
    /// It is right while this file exists, which a receiver's daemon makes when it is
    /// locked and removes when it is not.
    While(PathBuf),
}

impl From<String> for Clock {
    fn from(text: String) -> Self {
        match text.as_str() {
            "kernel" => Self::Kernel,
            "trusted" => Self::Trusted,
            path => Self::While(path.into()),
        }
    }
}

impl Clock {
    pub(crate) fn is_right(&self) -> bool {
        match self {
            Self::Kernel => kernel::is_right(),
            Self::Trusted => true,
            Self::While(path) => path.exists(),
        }
    }
}

#[cfg(target_pointer_width = "64")]
mod kernel {
    use std::ffi::c_long;

    use rtime_clock::adjtime::{Timex, adjtimex};

    /// The kernel adds to the greatest error that its clock may have, until somebody
    /// sets it right; from 16 seconds on it calls itself unsynchronised (adjtimex(2)).
    const ERROR_MICROSECONDS_MAX: c_long = 16_000_000;

    pub(super) fn is_right() -> bool {
        error().is_some_and(|microseconds| microseconds < ERROR_MICROSECONDS_MAX)
    }

    /// The greatest error that the clock may have.
    pub(super) fn error() -> Option<c_long> {
        let mut state = Timex::new();
        adjtimex(&mut state).ok().map(|_| state.0.maxerror)
    }
}

/// No crate asks a kernel of 32 bits without `unsafe`. There a file tells, which the
/// image's own watch keeps ([`Clock::While`]).
#[cfg(not(target_pointer_width = "64"))]
mod kernel {
    pub(super) fn is_right() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_a_receiver_is_right_while_its_file_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("locked");
        let clock = Clock::from(path.display().to_string());
        assert!(!clock.is_right());
        std::fs::write(&path, "").expect("written");
        assert!(clock.is_right());
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_kernel_can_be_asked() {
        assert!(kernel::error().expect("the kernel answers") >= 0);
    }
}
