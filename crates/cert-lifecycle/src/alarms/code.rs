//! What an alarm may be about, how grave that is, and when it ends.

use std::str::FromStr;

use cert_policy::Severity;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AlarmCode {
    /// An address of the unit is not in the certificate that serves.
    AddressNotCovered,
    /// Browsers dislike the key or the signature of what serves.
    BrowsersRefuse,
    /// What serves has expired.
    Expired,
    /// What serves expires within 30 days.
    ExpiresSoon,
    /// A factory certificate still serves.
    FactoryServing,
    /// A name of the unit is not in the certificate that serves.
    NameNotCovered,
    /// What serves is not valid yet.
    NotYetValid,
    /// The certificate that should serve cannot; another serves in its place.
    ServesAnother,
    /// The board could not use the state that the unit had, and gave it another.
    StateSetAside,
    /// The disk does not take changes.
    StoreReadOnly,
    /// A store that could not be read was set aside.
    StoreSetAside,
    /// A trial has ended without anybody signing in.
    TrialEnded,
    /// A trial runs.
    TrialRunning,
}

impl AlarmCode {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::AddressNotCovered,
        Self::BrowsersRefuse,
        Self::Expired,
        Self::ExpiresSoon,
        Self::FactoryServing,
        Self::NameNotCovered,
        Self::NotYetValid,
        Self::ServesAnother,
        Self::StateSetAside,
        Self::StoreReadOnly,
        Self::StoreSetAside,
        Self::TrialEnded,
        Self::TrialRunning,
    ];

    /// The stable name, such as `expires-soon`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AddressNotCovered => "address-not-covered",
            Self::BrowsersRefuse => "browsers-refuse",
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires-soon",
            Self::FactoryServing => "factory-serving",
            Self::NameNotCovered => "name-not-covered",
            Self::NotYetValid => "not-yet-valid",
            Self::ServesAnother => "serves-another",
            Self::StateSetAside => "state-set-aside",
            Self::StoreReadOnly => "store-read-only",
            Self::StoreSetAside => "store-set-aside",
            Self::TrialEnded => "trial-ended",
            Self::TrialRunning => "trial-running",
        }
    }

    /// How grave it is: [`Severity::Refuse`] where browsers turn people away or
    /// something was lost, [`Severity::Warn`] where something is to be done,
    /// [`Severity::Note`] where it is good to know.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Expired
            | Self::NotYetValid
            | Self::ServesAnother
            | Self::StateSetAside
            | Self::StoreReadOnly
            | Self::StoreSetAside => Severity::Refuse,
            Self::AddressNotCovered | Self::FactoryServing => Severity::Note,
            _ => Severity::Warn,
        }
    }

    /// The code of the alarm with this [`key`](crate::Alarm::key); none of one that another
    /// version of this software knows.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let is_step = |step: &str| step.bytes().all(|octet| octet.is_ascii_digit());
        Self::ALL.into_iter().find(|code| {
            key == code.as_str()
                || key
                    .rsplit_once('-')
                    .is_some_and(|(name, step)| name == code.as_str() && is_step(step))
        })
    }

    /// Whether it stands until somebody takes note of it with
    /// [`Unit::acknowledge`](crate::Unit::acknowledge); the others end with their cause.
    #[must_use]
    pub fn is_acknowledged(self) -> bool {
        matches!(
            self,
            Self::StateSetAside | Self::StoreSetAside | Self::TrialEnded
        )
    }
}

impl FromStr for AlarmCode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|code| code.as_str() == name);
        found.ok_or_else(|| Error::NoAlarm {
            named: name.chars().take(40).filter(|c| !c.is_control()).collect(),
        })
    }
}
