//! What was odd about an upload that was read all the same.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::format::Format;
use crate::position::{Octets, Position};
use crate::what::What;

/// Something an administrator may want to know about a file that was read.
///
/// Every leniency of the reader has a note of its own; a file without notes is one that RFC 7468,
/// RFC 5280 and RFC 5652 allow a strict writer to write. A note tells the first place only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The text is base64 without `-----BEGIN` and `-----END` lines.
    BareBase64,
    /// PKCS#7 is written by the rules of BER instead of DER.
    Ber {
        /// Where that was first seen.
        position: Position,
    },
    /// A `-----BEGIN` or `-----END` does not have a line of its own.
    BoundaryWithinLine {
        /// On which line.
        line: usize,
    },
    /// The text begins with the byte order mark of UTF-8.
    ByteOrderMark,
    /// A certificate was not DER and was turned into it, so its octets are not those of the file.
    CertificateReencoded {
        /// Where it begins.
        position: Position,
    },
    /// Several binary objects follow each other without anything around them.
    Concatenated {
        /// How many there are.
        objects: usize,
    },
    /// The text does not end with a line end.
    FinalLineEndMissing,
    /// The file is not in the format that was selected.
    FormatDiffers {
        /// What the person selected.
        selected: Format,
        /// What the file is.
        found: Format,
    },
    /// Header lines before the base64 were not read (RFC 1421 section 4.6, RFC 2045).
    HeadersIgnored {
        /// On which line they begin.
        line: usize,
    },
    /// A block was read by what is in it, which is not what its label says, or an old name of it.
    LabelUnusual {
        /// The line of the label.
        line: usize,
        /// The label.
        label: String,
        /// What the block holds.
        found: &'static str,
    },
    /// Lines do not end with LF.
    LineEnds(LineEnds),
    /// Lines of base64 are not 64 characters wide (RFC 7468 section 2).
    LineWidth {
        /// The first such line.
        line: usize,
    },
    /// Things that are not certificates were left aside.
    ObjectsIgnored {
        /// What they are.
        what: What,
        /// How many of this kind.
        count: usize,
        /// Where the first of them begins.
        first: Position,
    },
    /// The `=` at the end of the base64 are missing or too few.
    PaddingMissing {
        /// On which line.
        line: usize,
    },
    /// The PKCS#7 has a content or signers, which were left aside; no signature was checked. NSS
    /// writes an empty content even where it packs certificates only.
    SignedMessage {
        /// Where it begins.
        position: Position,
    },
    /// Spaces or empty lines within the base64 or around its boundaries were passed over.
    SpacesIgnored {
        /// On which line.
        line: usize,
    },
    /// Text outside the blocks was passed over.
    TextIgnored {
        /// How many lines of it.
        lines: usize,
        /// On which line it begins.
        first: usize,
    },
    /// White space or zeros after the end of a binary object were passed over.
    TrailingOctets {
        /// Where they begin.
        position: Position,
        /// How many.
        octets: usize,
    },
    /// OpenSSL's trust settings after a `TRUSTED CERTIFICATE` were not read.
    TrustSettingsIgnored {
        /// The line of the label.
        line: usize,
    },
    /// The text was UTF-16.
    Utf16,
}

/// How the lines of a text end, when not all end with LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineEnds {
    /// All end with CR, as on the first Macintosh.
    Cr,
    /// All end with CR LF, as on Windows and in mail.
    CrLf,
    /// Some end one way and some another.
    Mixed,
}

impl Note {
    /// A short name that stays the same, for logs, tests and translations.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BareBase64 => "bare-base64",
            Self::Ber { .. } => "ber",
            Self::BoundaryWithinLine { .. } => "boundary-within-line",
            Self::ByteOrderMark => "byte-order-mark",
            Self::CertificateReencoded { .. } => "certificate-reencoded",
            Self::Concatenated { .. } => "concatenated",
            Self::FinalLineEndMissing => "final-line-end-missing",
            Self::FormatDiffers { .. } => "format-differs",
            Self::HeadersIgnored { .. } => "headers-ignored",
            Self::LabelUnusual { .. } => "label-unusual",
            Self::LineEnds(_) => "line-ends",
            Self::LineWidth { .. } => "line-width",
            Self::ObjectsIgnored { .. } => "objects-ignored",
            Self::PaddingMissing { .. } => "padding-missing",
            Self::SignedMessage { .. } => "signed-message",
            Self::SpacesIgnored { .. } => "spaces-ignored",
            Self::TextIgnored { .. } => "text-ignored",
            Self::TrailingOctets { .. } => "trailing-octets",
            Self::TrustSettingsIgnored { .. } => "trust-settings-ignored",
            Self::Utf16 => "utf-16",
        }
    }

    /// Whether the note is only about how the text was typed: its line ends, spaces, width.
    ///
    /// A page can fold these away; a journal keeps them.
    #[must_use]
    pub const fn is_typography(&self) -> bool {
        matches!(
            self,
            Self::BoundaryWithinLine { .. }
                | Self::ByteOrderMark
                | Self::FinalLineEndMissing
                | Self::LineEnds(_)
                | Self::LineWidth { .. }
                | Self::PaddingMissing { .. }
                | Self::SpacesIgnored { .. }
                | Self::Utf16
        )
    }
}

impl Note {
    fn is_of_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ObjectsIgnored { what, .. }, Self::ObjectsIgnored { what: other, .. }) => {
                what == other
            }
            _ => self.code() == other.code(),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareBase64 => {
                f.write_str("The text has no BEGIN and END lines. It was read as base64.")
            }
            Self::Ber { position } => write!(
                f,
                "The PKCS#7 at {position} is written as BER instead of DER. It was read all the \
                 same."
            ),
            Self::BoundaryWithinLine { line } => write!(
                f,
                "The BEGIN or END of the block on line {line} does not have a line of its own."
            ),
            Self::ByteOrderMark => f.write_str("The text begins with a byte order mark."),
            Self::CertificateReencoded { position } => write!(
                f,
                "The certificate at {position} was BER and was turned into DER, which is what its \
                 signature is for."
            ),
            Self::Concatenated { objects } => write!(
                f,
                "The file holds {objects} binary objects one after the other. All were read."
            ),
            Self::FinalLineEndMissing => f.write_str("The last line has no line end."),
            Self::FormatDiffers { selected, found } => write!(
                f,
                "The file is {found}, not {selected} as selected. It was read as what it is."
            ),
            Self::HeadersIgnored { line } => {
                write!(f, "The header lines from line {line} were not read.")
            }
            Self::LabelUnusual { line, label, found } => write!(
                f,
                "The block on line {line} is labelled \"{label}\" and holds {found}. It was read \
                 as that."
            ),
            Self::LineEnds(line_ends) => write!(f, "The lines end {line_ends}."),
            Self::LineWidth { line } => {
                write!(
                    f,
                    "The base64 is not 64 characters wide, first on line {line}."
                )
            }
            Self::ObjectsIgnored {
                what,
                count: 1,
                first,
            } => {
                write!(
                    f,
                    "The file also holds {what}, at {first}, which was left aside."
                )
            }
            Self::ObjectsIgnored { what, count, first } => write!(
                f,
                "The file also holds {what} ({count} in all, the first at {first}), which was \
                 left aside."
            ),
            Self::PaddingMissing { line } => {
                write!(
                    f,
                    "The base64 that ends on line {line} lacks its closing \"=\"."
                )
            }
            Self::SignedMessage { position } => write!(
                f,
                "The PKCS#7 at {position} has a content or signers besides its certificates. Only \
                 the certificates were read, and no signature was checked."
            ),
            Self::SpacesIgnored { line } => {
                write!(
                    f,
                    "Spaces or empty lines were passed over, first on line {line}."
                )
            }
            Self::TextIgnored { lines: 1, first } => {
                write!(
                    f,
                    "The text on line {first}, outside the certificates, was passed over."
                )
            }
            Self::TextIgnored { lines, first } => write!(
                f,
                "Outside the certificates, {lines} lines of text were passed over, the first is \
                 line {first}."
            ),
            Self::TrailingOctets { position, octets } => {
                write!(
                    f,
                    "After the end, padding of {} at {position} was passed over.",
                    Octets(*octets)
                )
            }
            Self::TrustSettingsIgnored { line } => write!(
                f,
                "OpenSSL's trust settings in the block on line {line} were not read."
            ),
            Self::Utf16 => f.write_str("The text was UTF-16, as some Windows tools save it."),
        }
    }
}

impl fmt::Display for LineEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cr => "with CR",
            Self::CrLf => "with CR LF, as on Windows",
            Self::Mixed => "in more than one way",
        })
    }
}

/// The notes so far: one of each kind, with the place where it was first met.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Adds a note, unless there is one of its kind; things that are left aside are counted.
    ///
    /// So there are never more notes than kinds of them, however long the upload is.
    pub(crate) fn add(&mut self, note: Note) {
        match self.0.iter_mut().find(|known| known.is_of_kind(&note)) {
            Some(Note::ObjectsIgnored { count, .. }) => *count = count.saturating_add(1),
            Some(_) => {}
            None => self.0.push(note),
        }
    }

    /// Adds each of these.
    pub(crate) fn extend(&mut self, notes: impl IntoIterator<Item = Note>) {
        for note in notes {
            self.add(note);
        }
    }

    /// The first thing that was left aside.
    pub(crate) fn first_ignored(&self) -> Option<What> {
        self.0.iter().find_map(|note| match note {
            Note::ObjectsIgnored { what, .. } => Some(*what),
            _ => None,
        })
    }

    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}
