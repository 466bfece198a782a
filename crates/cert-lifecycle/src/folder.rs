//! The state folder: one unit at a time holds it, and what is of no use is set aside in it.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::store::StoreError;

/// Part of the name of a file that was set aside.
const DAMAGED: &str = ".damaged-";

/// The state folder, which is this unit's alone until it ends.
pub(crate) struct Folder {
    path: PathBuf,
    /// The folder itself, which is locked as long as this is open.
    _locked: fs::File,
}

impl Folder {
    /// Makes the folder where it is missing, for its owner only, and locks it.
    ///
    /// # Errors
    ///
    /// - [`StoreError::InUse`] when another unit holds it.
    /// - [`Error::System`] when it can be neither made nor locked.
    pub(crate) fn hold(path: &Path) -> Result<Self, Error> {
        make_state_folder(path)?;
        let refused = |verb, why| refused(path, verb, why);
        let folder = fs::File::open(path).map_err(|why| refused("opened", why))?;
        match folder.try_lock() {
            Ok(()) => Ok(Self {
                path: path.into(),
                _locked: folder,
            }),
            Err(fs::TryLockError::WouldBlock) => {
                Err(StoreError::InUse { path: path.into() }.into())
            }
            Err(fs::TryLockError::Error(why)) => Err(refused("locked", why)),
        }
    }

    /// The file of this name in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What was ever set aside and is still there, sorted.
    pub(crate) fn set_aside(&self) -> io::Result<Vec<PathBuf>> {
        let entries: Vec<fs::DirEntry> = fs::read_dir(&self.path)?.collect::<io::Result<_>>()?;
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.retain(|path| path.to_string_lossy().contains(DAMAGED));
        paths.sort();
        Ok(paths)
    }
}

/// Makes the state folder where it is missing, for its owner only. [`Unit::open`] does it
/// too; this is for who has to name the folder to somebody before.
///
/// [`Unit::open`]: crate::Unit::open
///
/// # Errors
///
/// [`Error::System`] when it cannot be made.
pub fn make_state_folder(path: &Path) -> Result<(), Error> {
    make(path).map_err(|why| refused(path, "made", why))
}

fn refused(path: &Path, verb: &str, why: io::Error) -> Error {
    Error::System {
        what: format!("the state folder {} cannot be {verb}", path.display()),
        why,
    }
}

/// Makes a folder and those above it, so that a power cut does not take them away.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make(above)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.and_then(|()| sync_folder_of(path)),
    }
}

/// Moves a file to a name beside it that nothing has yet, such as
/// `secret.damaged-1767225600-0`, and returns the new path.
pub(crate) fn set_aside(path: &Path, unix_seconds: u64) -> io::Result<PathBuf> {
    let name = |count: u32| format!("{}{DAMAGED}{unix_seconds}-{count}", path.display());
    let free = (0..u32::MAX)
        .map(|count| PathBuf::from(name(count)))
        .find(|candidate| !candidate.exists());
    let aside = free.ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(path, &aside)?;
    sync_folder_of(path)?;
    Ok(aside)
}

/// Gives a file another name in its folder, for good.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Makes a rename or a new file in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_unit_at_a_time() {
        let above = tempfile::tempdir().expect("a folder");
        let path = above.path().join("a/state");
        let held = Folder::hold(&path).expect("held");
        let second = Folder::hold(&path).err();
        assert!(matches!(
            second,
            Some(Error::Store(StoreError::InUse { .. }))
        ));
        drop(held);
        Folder::hold(&path).expect("held again");
    }

    #[test]
    fn what_is_set_aside_keeps_its_octets_and_overwrites_nothing() {
        let above = tempfile::tempdir().expect("a folder");
        let folder = Folder::hold(above.path()).expect("held");
        let path = folder.file("secret");
        for octets in [b"first", b"other"] {
            fs::write(&path, octets).expect("written");
            set_aside(&path, 7).expect("moved");
            assert!(!path.exists());
        }
        let kept = folder.set_aside().expect("listed");
        let kept: Vec<_> = kept
            .iter()
            .map(|path| fs::read(path).expect("kept"))
            .collect();
        assert_eq!(kept, [b"first", b"other"]);
    }
}
