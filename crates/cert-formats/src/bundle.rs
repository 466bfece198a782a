//! What was read.

use alloc::vec::Vec;

use crate::certificate::ReadCertificate;
use crate::format::Format;
use crate::note::Note;

/// The certificates of an upload, in the order in which they stand there.
///
/// Nothing has been judged: the order may be wrong, a certificate may be there twice, expired, or
/// somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bundle {
    /// What the upload was. Where blocks of both kinds stand in one file, the first decides.
    pub format: Format,
    /// At least 1 and at most [`MAX_CERTIFICATES`](crate::MAX_CERTIFICATES).
    pub certificates: Vec<ReadCertificate>,
    /// What was odd. Empty for a file as a strict writer writes it.
    pub notes: Vec<Note>,
}
