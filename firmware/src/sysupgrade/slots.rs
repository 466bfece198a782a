//! The slots on the disk. A folder describes them: `a`, `b` and `record` are the
//! partitions, or links to them, `running` says which slot runs, `kept` is made once the
//! unit is healthy, and `restart` is made to have the board started.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Software;
use super::bundle::hex;
use super::record::{OCTETS, Record, Slot};

/// So much is written at a time.
const CHUNK_OCTETS: usize = 256 * 1024;

pub(super) struct Slots {
    folder: PathBuf,
    running: Slot,
}

impl Slots {
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let path = folder.join("running");
        let running = fs::read_to_string(&path).map_err(|why| failed(&path, &why))?;
        let running = Slot::of(running.trim());
        let running = running.ok_or_else(|| failed(&path, &"neither a nor b is in it"))?;
        let slots = Self {
            folder: folder.into(),
            running,
        };
        slots.record()?;
        Ok(slots)
    }

    pub(super) fn software(&self) -> Result<Software, String> {
        let record = self.record()?;
        Ok(Software {
            running: self.running,
            kept: record.good == self.running,
            fell_back: self.fell_back(record),
        })
    }

    fn fell_back(&self, record: Record) -> bool {
        record.good == self.running
            && record.tried == Some(self.running.other())
            && record.next.is_none()
    }

    /// Whether the journal has yet to be told that the board went back to this slot.
    pub(super) fn has_to_tell(&self) -> Result<bool, String> {
        let record = self.record()?;
        Ok(self.fell_back(record) && !record.told)
    }

    /// Remembers that the journal was told.
    pub(super) fn told(&self) -> Result<(), String> {
        let record = self.record()?;
        self.put(Record {
            told: true,
            ..record
        })
    }

    /// Writes an image to the slot that does not run, and reads it back.
    pub(super) fn write(
        &self,
        image: &[u8],
        sha256: &str,
        told: impl Fn(u8),
    ) -> Result<(), String> {
        let path = self.folder.join(self.running.other().letter());
        let refused = |why: &dyn std::fmt::Display| failed(&path, why);
        if self.record()?.good != self.running {
            return Err(refused(
                &"it is what the board goes back to until the slot that runs is kept",
            ));
        }
        // A slot that is half written must not start.
        self.stay()?;
        let mut slot = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|why| refused(&why))?;
        let room = slot.seek(SeekFrom::End(0)).map_err(|why| refused(&why))?;
        let length = u64::try_from(image.len()).unwrap_or(u64::MAX);
        if length > room {
            return Err(refused(&format_args!(
                "the image has {length} octets, and there is room for {room}"
            )));
        }
        slot.seek(SeekFrom::Start(0)).map_err(|why| refused(&why))?;
        let mut done = 0;
        for chunk in image.chunks(CHUNK_OCTETS) {
            slot.write_all(chunk)
                .and_then(|()| slot.sync_data())
                .map_err(|why| refused(&why))?;
            done += chunk.len();
            told(percent(done, image.len()));
        }
        if read_back(&mut slot, length).map_err(|why| refused(&why))? != sha256 {
            return Err(refused(&"what was read back is not what was written"));
        }
        Ok(())
    }

    /// Has the other slot started once.
    pub(super) fn try_once(&self) -> Result<(), String> {
        self.put(Record {
            good: self.running,
            next: Some(self.running.other()),
            ..Record::NEW
        })
    }

    /// Has the slot that runs started the next time.
    pub(super) fn stay(&self) -> Result<(), String> {
        self.put(Record {
            good: self.running,
            ..Record::NEW
        })
    }

    /// Has the slot that runs started from now on, and tells the board so, which starts
    /// one that is not kept in time anew. Whether that is new.
    pub(super) fn keep(&self) -> Result<bool, String> {
        let is_new = self.record()?.good != self.running;
        if is_new {
            self.stay()?;
        }
        self.make("kept")?;
        Ok(is_new)
    }

    /// Asks for the board to be started.
    pub(super) fn restart(&self) -> Result<(), String> {
        self.make("restart")
    }

    fn make(&self, name: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        File::create(&path)
            .map(drop)
            .map_err(|why| failed(&path, &why))
    }

    fn record(&self) -> Result<Record, String> {
        let path = self.folder.join("record");
        let mut sector = [0; OCTETS];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut sector));
        read.map_err(|why| failed(&path, &why))?;
        Ok(Record::read(&sector))
    }

    fn put(&self, record: Record) -> Result<(), String> {
        let path = self.folder.join("record");
        let put = || {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            file.write_all(&record.sector())?;
            file.sync_all()
        };
        put().map_err(|why| failed(&path, &why))
    }
}

fn failed(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

fn percent(done: usize, all: usize) -> u8 {
    u8::try_from(done.saturating_mul(100) / all.max(1)).unwrap_or(100)
}

/// The SHA-256 of what is on the disk, in hexadecimal digits.
fn read_back(slot: &mut File, length: u64) -> std::io::Result<String> {
    slot.seek(SeekFrom::Start(0))?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK_OCTETS];
    let mut content = slot.take(length);
    loop {
        let read = content.read(&mut chunk)?;
        if read == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(chunk.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const ROOM: usize = 4096;

    /// A board that runs slot a, whose partitions are files.
    pub(in crate::sysupgrade) fn board() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, content: &[u8]| {
            fs::write(folder.path().join(name), content).expect("written");
        };
        put("running", b"a\n");
        put("record", &[0; 1024]);
        put("a", &[1; ROOM]);
        put("b", &[0; ROOM]);
        folder
    }

    fn sha256(image: &[u8]) -> String {
        hex(&Sha256::digest(image))
    }

    /// The board after U-Boot has started what the record says.
    pub(in crate::sysupgrade) fn started(folder: &Path) -> Slots {
        let slots = Slots::open(folder).expect("slots");
        let record = slots.record().expect("a record");
        let slot = match record.next {
            Some(next) => {
                slots
                    .put(Record {
                        good: record.good,
                        tried: Some(next),
                        ..Record::NEW
                    })
                    .expect("written");
                next
            }
            None => record.good,
        };
        fs::write(folder.join("running"), slot.letter()).expect("written");
        Slots::open(folder).expect("slots")
    }

    #[test]
    fn a_new_slot_is_started_once_and_kept_when_it_is_healthy() {
        let board = board();
        let slots = Slots::open(board.path()).expect("slots");
        slots
            .write(b"new", &sha256(b"new"), |_| ())
            .expect("written");
        slots.try_once().expect("recorded");
        let slots = started(board.path());
        let software = slots.software().expect("known");
        assert_eq!((software.running, software.kept), (Slot::B, false));
        assert!(!board.path().join("kept").exists());
        // The slot before is the only way back, and is not written to until then.
        let before = fs::read(board.path().join("a")).expect("there");
        let refused = slots.write(b"newer", &sha256(b"newer"), |_| ());
        assert!(refused.expect_err("refused").contains("goes back to"));
        assert_eq!(fs::read(board.path().join("a")).expect("there"), before);
        assert_eq!(slots.record().expect("a record").good, Slot::A);
        assert!(slots.keep().expect("kept"));
        slots
            .write(b"newer", &sha256(b"newer"), |_| ())
            .expect("written");
        assert!(board.path().join("kept").exists());
        assert!(!slots.keep().expect("kept"), "nothing is new");
        assert!(started(board.path()).software().expect("known").kept);
    }

    #[test]
    fn a_slot_that_nobody_kept_gives_way_to_the_one_before() {
        let board = board();
        let slots = Slots::open(board.path()).expect("slots");
        slots
            .write(b"new", &sha256(b"new"), |_| ())
            .expect("written");
        slots.try_once().expect("recorded");
        assert_eq!(started(board.path()).running, Slot::B);
        let slots = started(board.path());
        let software = slots.software().expect("known");
        assert_eq!(software.running, Slot::A);
        assert!(software.kept && software.fell_back);

        // The journal is told once, whatever starts afterwards.
        assert!(slots.has_to_tell().expect("known"));
        slots.told().expect("recorded");
        let slots = started(board.path());
        assert!(slots.software().expect("known").fell_back);
        assert!(!slots.has_to_tell().expect("known"));
        slots.try_once().expect("recorded");
        assert_eq!(started(board.path()).running, Slot::B);
        assert!(started(board.path()).has_to_tell().expect("known"));
    }

    #[test]
    fn what_does_not_fit_or_cannot_be_read_back_is_refused() {
        let board = board();
        let slots = Slots::open(board.path()).expect("slots");
        let large = vec![1; ROOM + 1];
        let refused = slots.write(&large, &sha256(&large), |_| ());
        assert!(
            refused
                .expect_err("refused")
                .contains("there is room for 4096")
        );
        let refused = slots.write(b"new", &sha256(b"old"), |_| ());
        assert!(refused.expect_err("refused").contains("read back"));
        assert_eq!(slots.record().expect("a record"), Record::NEW);
    }
}
