//! The record that says which slot starts: one sector, an environment of U-Boot with a
//! checksum, as `env export -c` writes it and `firmware/image/boot.cmd` reads it.

use std::fmt;

/// The sector. It is written whole or not at all.
pub(super) const OCTETS: usize = 512;
/// The checksum before the text.
const CHECKSUM_OCTETS: usize = 4;

/// A root slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    A,
    B,
}

impl Slot {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The letter for it, `a` or `b`.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    pub(super) fn of(letter: &str) -> Option<Self> {
        match letter {
            "a" => Some(Self::A),
            "b" => Some(Self::B),
            _ => None,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letter())
    }
}

/// What the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// The slot that has shown itself healthy.
    pub(super) good: Slot,
    /// The slot to be started once.
    pub(super) next: Option<Slot>,
    /// The slot that was started once last.
    pub(super) tried: Option<Slot>,
    /// Whether the journal was told that `tried` was not kept. U-Boot's script, which
    /// knows nothing of it, drops it when it tries another.
    pub(super) told: bool,
}

impl Record {
    /// What a new disk has: nothing is written, and the first slot is good.
    pub(super) const NEW: Self = Self {
        good: Slot::A,
        next: None,
        tried: None,
        told: false,
    };

    /// Reads a sector; one without its checksum is a new disk's.
    pub(super) fn read(sector: &[u8; OCTETS]) -> Self {
        let (checksum, text) = sector.split_at(CHECKSUM_OCTETS);
        if checksum != crc32fast::hash(text).to_le_bytes() {
            return Self::NEW;
        }
        let value = |key: &str| {
            let lines = text.split(|octet| *octet == 0);
            let mut values =
                lines.filter_map(|line| std::str::from_utf8(line).ok()?.split_once('='));
            values
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value)
        };
        let slot = |key: &str| value(key).and_then(Slot::of);
        Self {
            good: slot("good").unwrap_or(Slot::A),
            next: slot("next"),
            tried: slot("tried"),
            told: value("told").is_some(),
        }
    }

    /// The sector that says this.
    pub(super) fn sector(self) -> [u8; OCTETS] {
        let mut text = format!("good={}\0", self.good);
        for (key, slot) in [("next", self.next), ("tried", self.tried)] {
            if let Some(slot) = slot {
                text.push_str(&format!("{key}={slot}\0"));
            }
        }
        if self.told {
            text.push_str("told=yes\0");
        }
        let mut sector = [0; OCTETS];
        let (checksum, rest) = sector.split_at_mut(CHECKSUM_OCTETS);
        for (octet, letter) in rest.iter_mut().zip(text.bytes()) {
            *octet = letter;
        }
        checksum.copy_from_slice(&crc32fast::hash(rest).to_le_bytes());
        sector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for good in [Slot::A, Slot::B] {
            for next in [None, Some(Slot::A), Some(Slot::B)] {
                for (tried, told) in [(None, false), (Some(Slot::B), false), (Some(Slot::B), true)]
                {
                    let record = Record {
                        good,
                        next,
                        tried,
                        told,
                    };
                    assert_eq!(Record::read(&record.sector()), record);
                }
            }
        }
    }

    #[test]
    fn a_sector_that_is_empty_or_damaged_is_that_of_a_new_disk() {
        assert_eq!(Record::read(&[0; OCTETS]), Record::NEW);
        let record = Record {
            good: Slot::B,
            ..Record::NEW
        };
        let mut sector = record.sector();
        sector[40] ^= 1;
        assert_eq!(Record::read(&sector), Record::NEW);
    }

    #[test]
    fn the_record_is_what_u_boot_reads() {
        let record = Record {
            good: Slot::A,
            next: Some(Slot::B),
            ..Record::NEW
        };
        let sector = record.sector();
        assert!(sector[4..].starts_with(b"good=a\0next=b\0\0"));
    }
}
