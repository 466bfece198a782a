//! Why an upload is refused, in sentences for an administrator.

use alloc::borrow::Cow;
use core::fmt;

use crate::position::{Octets, Position};
use crate::what::What;

/// Why nothing was read.
///
/// `Display` says what happened and what to do now, in whole sentences that can be shown as they
/// are. It never contains octets of the upload: at most one character that should not be there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing in the upload, or nothing but white space.
    #[error(
        "The file is empty. Choose the file that your CA sent, or paste its text, beginning with \
         the line -----BEGIN CERTIFICATE-----."
    )]
    Empty,

    /// Something stands where it cannot stand.
    #[error(
        "The file is damaged at {position}: expected {expected}, found {found}. Download or copy \
         it again, whole and unchanged."
    )]
    Malformed {
        /// Where.
        position: Position,
        /// What would have been right there.
        expected: Cow<'static, str>,
        /// What is there.
        found: Cow<'static, str>,
    },

    /// The file is PKCS#7, but its certificate field is empty.
    #[error(
        "The file is PKCS#7 but holds no certificate. Ask the CA for the certificate with its \
         chain, or for X.509."
    )]
    NoCertificates,

    /// The file is something else, which is named.
    #[error("{}", Refusal(*.0))]
    NotACertificate(What),

    /// The file is nothing that is known here.
    #[error(
        "The file is neither a certificate nor anything else that is known here. Upload the file \
         that your CA sent, as X.509 or PKCS#7, in PEM or DER."
    )]
    NotRecognized,

    /// ASN.1 elements are nested deeper than any certificate needs.
    #[error(
        "The file nests more than {limit} levels deep at {position}, which no certificate does. \
         Upload the file that your CA sent."
    )]
    TooDeep {
        /// Where the level was reached.
        position: Position,
        /// [`MAX_DEPTH`](crate::MAX_DEPTH).
        limit: usize,
    },

    /// The file is longer than what is read.
    #[error(
        "The file has {octets} octets; at most {limit} are read. A certificate with its chain has \
         a few thousand, so this is probably another file."
    )]
    TooLarge {
        /// How long the upload is, in octets.
        octets: usize,
        /// [`MAX_OCTETS`](crate::MAX_OCTETS).
        limit: usize,
    },

    /// The file holds more certificates than are read.
    #[error(
        "The file holds more than {limit} certificates. Upload only the unit's own and those of \
         the CAs between it and the root."
    )]
    TooManyCertificates {
        /// [`MAX_CERTIFICATES`](crate::MAX_CERTIFICATES).
        limit: usize,
    },

    /// The file holds more ASN.1 elements than are looked at.
    #[error(
        "The file has more than {limit} parts up to {position}, far more than certificates have. \
         Upload only the unit's own certificate and those of the CAs above it."
    )]
    TooManyElements {
        /// Where the limit was reached.
        position: Position,
        /// [`MAX_ELEMENTS`](crate::MAX_ELEMENTS).
        limit: usize,
    },

    /// The file ends too early.
    #[error(
        "The file was cut off: what begins at {position} is {}. Download or copy it again, whole.",
        Missing(*.missing)
    )]
    Truncated {
        /// Where that begins which is not complete.
        position: Position,
        /// How many octets are missing, where that can be known.
        missing: Option<usize>,
    },

    /// What should be written is no single DER element.
    #[error(
        "Certificate {index}, counted from 0, was not written: it is not one SEQUENCE of DER. Give \
         the octets of one certificate each."
    )]
    Unwritable {
        /// Which of the certificates given, counted from 0.
        index: usize,
    },
}

impl Error {
    /// A short name that stays the same, for logs, tests and translations.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Malformed { .. } => "malformed",
            Self::NoCertificates => "no-certificates",
            Self::NotACertificate(_) => "not-a-certificate",
            Self::NotRecognized => "not-recognized",
            Self::TooDeep { .. } => "too-deep",
            Self::TooLarge { .. } => "too-large",
            Self::TooManyCertificates { .. } => "too-many-certificates",
            Self::TooManyElements { .. } => "too-many-elements",
            Self::Truncated { .. } => "truncated",
            Self::Unwritable { .. } => "unwritable",
        }
    }

    pub(crate) fn malformed(
        position: Position,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Malformed {
            position,
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// The same error seen from the upload, when it was met in the block that begins on `line`.
    pub(crate) fn in_block(mut self, line: usize) -> Self {
        match &mut self {
            Self::Malformed { position, .. }
            | Self::TooDeep { position, .. }
            | Self::TooManyElements { position, .. }
            | Self::Truncated { position, .. } => *position = position.in_block(line),
            _ => {}
        }
        self
    }
}

/// Lets the derived `Display` of [`Error`] write what [`What`] knows to say.
struct Refusal(What);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_refusal(f)
    }
}

/// How much is missing, in words.
struct Missing(Option<usize>);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("not complete"),
            Some(missing) => write!(f, "{} short", Octets(missing)),
        }
    }
}
