//! A disk with ext4 in a file, of which pictures are taken while it is in use.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::Tool;

/// How large it is, in octets. The journal takes an eighth, so that it wraps around
/// while pictures are taken.
const OCTETS: usize = 8 << 20;

/// What a picture is written in, so that it takes no room where the disk is empty.
const BLOCK: usize = 4096;

/// A picture is taken again when something was written meanwhile, so many times.
const TRIES_MAX: usize = 1000;

/// An ext4 file system in a file, mounted on a folder until this is dropped. Only root
/// may do so.
pub(super) struct LoopDisk {
    image: PathBuf,
    folder: PathBuf,
}

impl LoopDisk {
    /// Makes the file system in the file `image`, and mounts it.
    pub(super) fn make(image: &Path, folder: &Path) -> Result<Self> {
        File::create(image)?.set_len(u64::try_from(OCTETS)?)?;
        let making = Tool::new("mkfs.ext4").args("-q -F -b 1024 -J size=1");
        making.arg(image).run()?;
        Self::mount(image, folder)
    }

    /// Mounts the file system that is in the file `image`.
    pub(super) fn mount(image: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mounting = Tool::new("mount").args("-o loop").arg(image).arg(folder);
        mounting.run().context("only root may mount a file")?;
        Ok(Self {
            image: image.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// What the disk holds at one moment, however much is being written.
    ///
    /// It is read twice. Where both are the same, nothing was written between the end of
    /// the first and the beginning of the second, so that is what it held then; else it
    /// is read again.
    pub(super) fn picture(&self) -> Result<Picture> {
        let file = File::open(&self.image)?;
        let (mut octets, mut again) = (vec![0; OCTETS], vec![0; OCTETS]);
        file.read_exact_at(&mut octets, 0)?;
        for _ in 0..TRIES_MAX {
            file.read_exact_at(&mut again, 0)?;
            if octets == again {
                return Ok(Picture(octets));
            }
            std::mem::swap(&mut octets, &mut again);
        }
        anyhow::bail!("{} is written without a pause", self.image.display())
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        // Whoever worked on it has ended, but the kernel may not have noticed yet.
        for _ in 0..100 {
            let unmounted = Tool::new("umount").arg(&self.folder).try_run();
            if unmounted.is_ok_and(|ran| ran.status.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

/// The octets of a disk.
#[derive(PartialEq, Eq)]
pub(super) struct Picture(Vec<u8>);

impl Picture {
    /// Writes it to a file, from which it can be mounted.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut file = File::create(path)?;
        file.set_len(u64::try_from(self.0.len())?)?;
        for (index, block) in self.0.chunks(BLOCK).enumerate() {
            if block.iter().any(|octet| *octet != 0) {
                file.seek(SeekFrom::Start(u64::try_from(index * BLOCK)?))?;
                file.write_all(block)?;
            }
        }
        Ok(())
    }
}
