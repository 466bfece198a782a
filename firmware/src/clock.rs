//! Whether the system's clock is known to be right.

use std::ffi::c_long;
use std::path::PathBuf;

use rtime_clock::adjtime::{Timex, adjtimex};
use serde::Deserialize;

/// The kernel adds to the greatest error that its clock may have, until somebody sets
/// it right; from 16 seconds on it calls itself unsynchronised (adjtimex(2)).
const ERROR_MICROSECONDS_MAX: c_long = 16_000_000;

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
            Self::Kernel => {
                let mut state = Timex::new();
                let read = adjtimex(&mut state).is_ok();
                read && state.0.maxerror < ERROR_MICROSECONDS_MAX
            }
            Self::Trusted => true,
            Self::While(path) => path.exists(),
        }
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
    fn the_kernel_can_be_asked() {
        let mut state = Timex::new();
        adjtimex(&mut state).expect("the kernel answers");
        assert!(state.0.maxerror >= 0);
        assert_eq!(Clock::from(String::from("kernel")), Clock::Kernel);
        assert!(Clock::from(String::from("trusted")).is_right());
    }
}
