//! Why an operation was not done.

use cert_policy::Finding;

use crate::account::PasswordError;
use crate::alarms::AlarmCode;
use crate::authorized_keys::AuthorizedKeyError;
use crate::backup::BackupError;
use crate::field::FieldMessage;
use crate::settings::Setting;
use crate::store::StoreError;

/// Why an operation was not done. Whatever it is, nothing was changed, but for
/// [`StoreError::Unsettled`], which says that it cannot be told.
///
/// `Display` is a sentence or two for the administrator: what happened and what
/// to do now. It never holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key for SSH that is not taken.
    #[error("{0}")]
    AuthorizedKey(#[from] AuthorizedKeyError),
    /// A backup that is not restored.
    #[error("{0}")]
    Backup(#[from] BackupError),
    /// A key is being made already.
    #[error("A key is being made at this moment. Wait for it, or cancel it, then try again.")]
    Busy,
    /// The making of a key was cancelled.
    #[error("The making of the key was cancelled. Nothing was changed.")]
    Cancelled,
    /// Fields of the form that cannot be taken.
    #[error("{}", fields(.0))]
    Form(Vec<FieldMessage>),
    /// The TLS stack cannot serve the identity.
    #[error("This certificate cannot be served: {0} Nothing was changed.")]
    Listener(String),
    /// Making the key or what it signs was refused.
    #[error("{0}")]
    Make(pki_core::Error),
    /// There is no such thing.
    #[error("{what} \"{named}\" is not on this unit. It may have been deleted meanwhile.")]
    NotFound {
        /// What was looked for, with its article.
        what: &'static str,
        /// What it was called.
        named: String,
    },
    /// There is no such identity, such as one that "served before".
    #[error("There is no certificate that {0}.")]
    NoIdentity(&'static str),
    /// There is no alarm of this name.
    #[error("There is no alarm \"{named}\". There is {}.", AlarmCode::ALL.map(AlarmCode::as_str).join(", "))]
    NoAlarm {
        /// What it was called.
        named: String,
    },
    /// An alarm that is not raised, or that ends with its cause only.
    #[error("The alarm \"{}\" is not raised, or it ends by itself with its cause. There is nothing to take note of.", .0.as_str())]
    NotRaised(AlarmCode),
    /// A password that is not taken.
    #[error("{0}")]
    Password(#[from] PasswordError),
    /// The upload is not what it should be.
    #[error("{0}")]
    Read(#[from] cert_formats::Error),
    /// The judge refuses the certificate.
    #[error("{}", findings(.0))]
    Refused(Vec<Finding>),
    /// A request that is still needed cannot be deleted.
    #[error(
        "This request's key belongs to a certificate that serves or served last, so it stays. Install another certificate first."
    )]
    RequestInUse,
    /// The way it was asked for is not the serial console.
    #[error(
        "A password is reset only from the serial console, for whoever is there is at the unit. \
         Nothing was changed. Connect a terminal to the unit's serial port and type resetpw there."
    )]
    SerialOnly,
    /// What was typed for a setting is not taken.
    #[error("{why} Nothing was changed.")]
    Setting {
        /// The setting.
        setting: Setting,
        /// What is wrong, and what can be typed.
        why: String,
    },
    /// The store could not be read or written.
    #[error("{}", store(.0))]
    Store(#[from] StoreError),
    /// The operating system could not give what the unit needs to start.
    #[error("{what}: {why}")]
    System {
        /// What could not be done.
        what: String,
        /// The operating system's reason.
        why: std::io::Error,
    },
    /// The key of the certificate is too short for the TLS level that is set.
    #[error("This certificate cannot be served: {0} Nothing was changed.")]
    TlsLevel(String),
}

impl Error {
    /// Why a certificate cannot be served, as a sentence, where that is what it says.
    pub(crate) fn unservable(&self) -> Option<String> {
        match self {
            Self::Listener(why) | Self::TlsLevel(why) => {
                Some(format!("It cannot be served: {why}"))
            }
            _ => None,
        }
    }
}

impl From<pki_core::Error> for Error {
    fn from(error: pki_core::Error) -> Self {
        match error {
            pki_core::Error::Cancelled => Self::Cancelled,
            other => Self::Make(other),
        }
    }
}

fn store(error: &StoreError) -> String {
    match error {
        StoreError::Unsettled(why) => format!(
            "The disk failed in the middle of the change, so it may be there or not ({why}). The \
             unit shows how things stand as soon as the disk is well again."
        ),
        StoreError::Broken(why) | StoreError::Io(why) => format!(
            "The unit's disk did not take the change, so nothing was changed ({why}). Try again, \
             and if that does not help, see whether the disk is full or worn out."
        ),
        StoreError::ReadOnly(why) => format!(
            "The unit's store can only be read ({why}), so nothing was changed. See that the disk \
             can be written, then start the unit anew."
        ),
        other => format!("Nothing was changed: {other}."),
    }
}

fn fields(messages: &[FieldMessage]) -> String {
    let lines: Vec<String> = messages
        .iter()
        .map(|said| format!("{}: {}", said.field.label(), said.message))
        .collect();
    lines.join("\n")
}

fn findings(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{} {}", finding.message, finding.remedy))
        .collect();
    lines.join("\n")
}
