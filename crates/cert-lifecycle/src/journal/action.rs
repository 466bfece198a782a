//! What was done: every kind of entry, its stable name and how much it matters.

use std::fmt;

use cert_policy::Severity;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::AlarmCode;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Somebody took note of an alarm.
    AlarmAcknowledged(AlarmCode),
    /// The cause of an alarm has ended.
    AlarmEnded(AlarmCode),
    /// An alarm was raised.
    AlarmRaised(AlarmCode),
    /// A backup was made.
    Backup,
    /// Somebody signed in over a certificate on trial, so it stays.
    Confirm,
    /// A request was deleted.
    DeleteRequest,
    /// The unit started for the first time.
    FirstStart,
    /// A certificate was imported and serves.
    Install,
    /// A key may sign in over SSH.
    KeyAuthorized,
    /// A key may no longer sign in over SSH.
    KeyRevoked,
    /// A key and a request were made.
    MakeRequest,
    /// A key, a request and a self-signed certificate that serves were made.
    MakeSelfSigned,
    /// The password was changed.
    Password,
    /// The password was replaced by a random one.
    PasswordReset,
    /// The previous identity serves again.
    Previous,
    /// A new factory certificate serves.
    Reset,
    /// A backup was restored.
    Restore,
    /// Settings were changed.
    Settings,
    /// Somebody signed in.
    SignIn,
    /// Somebody tried to sign in, with a wrong name or password.
    SignInRefused,
    /// Somebody who was signed in was signed out by another.
    SignOut,
    /// New software did not start, or did not answer, so the one before runs again.
    SoftwareFellBack,
    /// New software was written, or has shown itself healthy and stays.
    SoftwareUpgrade,
    /// A store that could not be used was set aside.
    StoreSetAside,
    /// Nobody signed in over a certificate on trial, so the previous one serves.
    TrialEnded,
    /// The store was brought to the format of a later version.
    Upgrade,
    /// Something that another version of this software wrote and this one does not know.
    Unknown,
}

/// Reads an action, or that it is one of another version: after a downgrade the journal
/// has entries of kinds that this version never heard of.
pub(super) fn known_or_not<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(Action),
        Other(IgnoredAny),
    }
    Ok(match Read::deserialize(deserializer)? {
        Read::Known(action) => action,
        Read::Other(_) => Action::Unknown,
    })
}

impl Action {
    /// Every action that this version writes; those about an alarm with one of its codes.
    pub const ALL: [Self; 26] = [
        Self::AlarmAcknowledged(AlarmCode::Expired),
        Self::AlarmEnded(AlarmCode::Expired),
        Self::AlarmRaised(AlarmCode::Expired),
        Self::Backup,
        Self::Confirm,
        Self::DeleteRequest,
        Self::FirstStart,
        Self::Install,
        Self::KeyAuthorized,
        Self::KeyRevoked,
        Self::MakeRequest,
        Self::MakeSelfSigned,
        Self::Password,
        Self::PasswordReset,
        Self::Previous,
        Self::Reset,
        Self::Restore,
        Self::Settings,
        Self::SignIn,
        Self::SignInRefused,
        Self::SignOut,
        Self::SoftwareFellBack,
        Self::SoftwareUpgrade,
        Self::StoreSetAside,
        Self::TrialEnded,
        Self::Upgrade,
    ];

    /// The stable name, such as `alarm-raised`, at most 32 characters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlarmAcknowledged(_) => "alarm-acknowledged",
            Self::AlarmEnded(_) => "alarm-ended",
            Self::AlarmRaised(_) => "alarm-raised",
            Self::Backup => "backup",
            Self::Confirm => "confirm",
            Self::DeleteRequest => "delete-request",
            Self::FirstStart => "first-start",
            Self::Install => "install",
            Self::KeyAuthorized => "key-authorized",
            Self::KeyRevoked => "key-revoked",
            Self::MakeRequest => "make-request",
            Self::MakeSelfSigned => "make-self-signed",
            Self::Password => "password",
            Self::PasswordReset => "password-reset",
            Self::Previous => "previous",
            Self::Reset => "reset",
            Self::Restore => "restore",
            Self::Settings => "settings",
            Self::SignIn => "sign-in",
            Self::SignInRefused => "sign-in-refused",
            Self::SignOut => "sign-out",
            Self::SoftwareFellBack => "software-fell-back",
            Self::SoftwareUpgrade => "software-upgrade",
            Self::StoreSetAside => "store-set-aside",
            Self::TrialEnded => "trial-ended",
            Self::Upgrade => "upgrade",
            Self::Unknown => "unknown",
        }
    }

    /// The alarm it is about.
    #[must_use]
    pub fn alarm(self) -> Option<AlarmCode> {
        match self {
            Self::AlarmAcknowledged(code) | Self::AlarmEnded(code) | Self::AlarmRaised(code) => {
                Some(code)
            }
            _ => None,
        }
    }

    /// How grave it is, on the scale of [`AlarmCode::severity`]: an alarm as grave
    /// as itself, [`Severity::Warn`] where somebody was turned away or the unit
    /// helped itself, [`Severity::Note`] for what was done as it was asked.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::AlarmRaised(code) => code.severity(),
            Self::StoreSetAside => Severity::Refuse,
            Self::PasswordReset
            | Self::SignInRefused
            | Self::SoftwareFellBack
            | Self::TrialEnded => Severity::Warn,
            Self::AlarmAcknowledged(_)
            | Self::AlarmEnded(_)
            | Self::Backup
            | Self::Confirm
            | Self::DeleteRequest
            | Self::FirstStart
            | Self::Install
            | Self::KeyAuthorized
            | Self::KeyRevoked
            | Self::MakeRequest
            | Self::MakeSelfSigned
            | Self::Password
            | Self::Previous
            | Self::Reset
            | Self::Restore
            | Self::Settings
            | Self::SignIn
            | Self::SignOut
            | Self::SoftwareUpgrade
            | Self::Upgrade
            | Self::Unknown => Severity::Note,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlarmAcknowledged(_) => "alarm noted",
            Self::AlarmEnded(_) => "alarm ended",
            Self::AlarmRaised(_) => "alarm",
            Self::Backup => "backup made",
            Self::Confirm => "certificate confirmed",
            Self::DeleteRequest => "request deleted",
            Self::FirstStart => "first start",
            Self::Install => "certificate installed",
            Self::KeyAuthorized => "key for SSH added",
            Self::KeyRevoked => "key for SSH deleted",
            Self::MakeRequest => "request made",
            Self::MakeSelfSigned => "self-signed certificate made",
            Self::Password => "password",
            Self::PasswordReset => "password reset",
            Self::Previous => "previous certificate served again",
            Self::Reset => "factory certificate made",
            Self::Restore => "backup restored",
            Self::Settings => "settings",
            Self::SignIn => "sign-in",
            Self::SignInRefused => "sign-in refused",
            Self::SignOut => "sign-out",
            Self::SoftwareFellBack => "software went back",
            Self::SoftwareUpgrade => "software upgrade",
            Self::StoreSetAside => "store set aside",
            Self::TrialEnded => "trial ended",
            Self::Upgrade => "store upgraded",
            Self::Unknown => "something that this version does not know",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_stored_under_its_stable_name() {
        for action in Action::ALL {
            let stored = serde_json::to_value(action).expect("JSON");
            let name = match &stored {
                serde_json::Value::Object(object) => object.keys().next(),
                _ => None,
            };
            let name = name.map(String::as_str).or(stored.as_str());
            assert_eq!(name, Some(action.as_str()));
            assert!(action.as_str().len() <= 32);
        }
    }
}
