//! Where in an upload something is.

use core::fmt;

/// A place in an upload, as an editor or a hex viewer shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// A line of a text file, counted from 1.
    Line(usize),
    /// An octet of a binary file, counted from 0.
    Offset(usize),
    /// An octet, counted from 0, of what a block of base64 decodes to.
    InBlock {
        /// The line of the upload on which the block begins, counted from 1.
        line: usize,
        /// The octet within the decoded block, counted from 0.
        offset: usize,
    },
}

impl Position {
    /// The same place seen from the upload, when it was found in the block that begins on `line`.
    pub(crate) const fn in_block(self, line: usize) -> Self {
        match self {
            Self::Offset(offset) => Self::InBlock { line, offset },
            Self::Line(_) | Self::InBlock { .. } => self,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Offset(offset) => write!(f, "offset {offset}"),
            Self::InBlock { line, offset } => {
                write!(f, "offset {offset} of the block that begins on line {line}")
            }
        }
    }
}

/// A number of octets, in words.
pub(crate) struct Octets(pub(crate) usize);

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 octet"),
            count => write!(f, "{count} octets"),
        }
    }
}
