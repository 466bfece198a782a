//! What recorded system calls do to a disk, step by step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::call::{Call, Effect};

/// Something that changes a disk, or makes a change durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An entry of a folder.
    Entry(Entry),
    /// The contents of a file.
    Data {
        /// Which file, by the order in which files were first seen.
        file: usize,
        change: Data,
    },
    /// What was done to the contents of this file is durable.
    SyncFile(usize),
    /// What was done to the entries of this folder is durable.
    SyncFolder(PathBuf),
}

/// A change of an entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    MakeFile { path: PathBuf, file: usize },
    MakeFolder(PathBuf),
    Rename { from: PathBuf, to: PathBuf },
    Remove(PathBuf),
}

/// A change of the contents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    Write { offset: usize, octets: Vec<u8> },
    SetLen(usize),
}

/// The files and folders of a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Disk {
    names: BTreeMap<PathBuf, Node>,
    files: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(usize),
    Folder,
}

impl Disk {
    /// Adds a file that was there before anything was recorded.
    pub(super) fn add_file(&mut self, path: PathBuf, octets: Vec<u8>) {
        self.names.insert(path, Node::File(self.files.len()));
        self.files.push(octets);
    }

    /// Adds a folder that was there before anything was recorded.
    pub(super) fn add_folder(&mut self, path: PathBuf) {
        self.names.insert(path, Node::Folder);
    }

    /// The folders, and the files with their octets.
    pub(super) fn contents(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let content = |node: &Node| match node {
            Node::File(file) => Some(self.files.get(*file).cloned().unwrap_or_default()),
            Node::Folder => None,
        };
        let named = self.names.iter();
        named
            .map(|(path, node)| (path.clone(), content(node)))
            .collect()
    }

    /// Does a step. What a lost step has left without its object does nothing.
    pub(super) fn apply(&mut self, step: &Step) {
        match step {
            Step::Entry(Entry::MakeFile { path, file }) => {
                self.names.insert(path.clone(), Node::File(*file));
                self.content(*file);
            }
            Step::Entry(Entry::MakeFolder(path)) => {
                self.names.insert(path.clone(), Node::Folder);
            }
            Step::Entry(Entry::Rename { from, to }) => {
                if let Some(node) = self.names.remove(from) {
                    self.names.insert(to.clone(), node);
                }
            }
            Step::Entry(Entry::Remove(path)) => {
                self.names.remove(path);
            }
            Step::Data { file, change } => {
                let content = self.content(*file);
                match change {
                    Data::SetLen(len) => content.resize(*len, 0),
                    Data::Write { offset, octets } => {
                        let end = offset + octets.len();
                        content.resize(content.len().max(end), 0);
                        if let Some(there) = content.get_mut(*offset..end) {
                            there.copy_from_slice(octets);
                        }
                    }
                }
            }
            Step::SyncFile(_) | Step::SyncFolder(_) => {}
        }
    }

    fn content(&mut self, file: usize) -> &mut Vec<u8> {
        if self.files.len() <= file {
            self.files.resize(file + 1, Vec::new());
        }
        &mut self.files[file]
    }

    fn file_at(&self, path: &Path) -> Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            other => bail!("{} is no file but {other:?}", path.display()),
        }
    }
}

impl Step {
    /// The steps that recorded calls took on a disk that was like `disk`.
    pub(super) fn all_of(calls: &[Call], mut disk: Disk) -> Result<Vec<Self>> {
        let mut steps = Vec::new();
        // How far each file is written that is written from its beginning to its end.
        let mut written = BTreeMap::new();
        let done = calls
            .iter()
            .filter(|call| call.done && call.effect == Effect::Changes);
        for call in done {
            let of_call = Self::of(call, &disk, &mut written);
            for step in of_call.with_context(|| call.text.chars().take(200).collect::<String>())? {
                disk.apply(&step);
                steps.push(step);
            }
        }
        Ok(steps)
    }

    fn of(call: &Call, disk: &Disk, written: &mut BTreeMap<usize, usize>) -> Result<Vec<Self>> {
        let path = call.paths.first().context("no path")?;
        let data = |change| -> Result<Vec<Self>> {
            let file = disk.file_at(path)?;
            Ok(vec![Self::Data { file, change }])
        };
        Ok(match call.name.as_str() {
            "mkdir" | "mkdirat" => vec![Self::Entry(Entry::MakeFolder(path.clone()))],
            "open" | "openat" | "creat" => {
                let Ok(file) = disk.file_at(path) else {
                    let (path, file) = (path.clone(), disk.files.len());
                    written.insert(file, 0);
                    return Ok(vec![Self::Entry(Entry::MakeFile { path, file })]);
                };
                written.insert(file, 0);
                if !call.text.contains("O_TRUNC") {
                    return Ok(Vec::new());
                }
                data(Data::SetLen(0))?
            }
            "write" => {
                let file = disk.file_at(path)?;
                let offset = *written.get(&file).unwrap_or(&0);
                let octets = octets_of(&call.text)?.0;
                written.insert(file, offset + octets.len());
                data(Data::Write { offset, octets })?
            }
            "pwrite64" => {
                let (octets, rest) = octets_of(&call.text)?;
                let offset = numbers_in(rest).nth(1).context("no offset")?;
                data(Data::Write { offset, octets })?
            }
            "ftruncate" => {
                let (_, rest) = call.text.split_once(">, ").context("no length")?;
                data(Data::SetLen(numbers_in(rest).next().context("no length")?))?
            }
            "fsync" | "fdatasync" => match disk.file_at(path) {
                Ok(file) => vec![Self::SyncFile(file)],
                Err(_) => vec![Self::SyncFolder(path.clone())],
            },
            "rename" | "renameat" | "renameat2" => {
                let [from, to] = call.paths.as_slice() else {
                    bail!("not two paths: {:?}", call.paths)
                };
                let (from, to) = (from.clone(), to.clone());
                vec![Self::Entry(Entry::Rename { from, to })]
            }
            "unlink" | "unlinkat" => vec![Self::Entry(Entry::Remove(path.clone()))],
            // Who may read a file has no bearing on what is in it.
            "chmod" | "fchmod" | "fchmodat" | "utimensat" => Vec::new(),
            other => bail!("what {other} leaves after a power cut is not known here"),
        })
    }

    /// The folder whose entries it changes.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Entry(
                Entry::MakeFile { path, .. }
                | Entry::MakeFolder(path)
                | Entry::Rename { to: path, .. }
                | Entry::Remove(path),
            ) => path.parent(),
            _ => None,
        }
    }

    /// Whether this one makes `earlier` durable.
    pub(super) fn settles(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::SyncFile(synced), Self::Data { file, .. }) => synced == file,
            (Self::SyncFolder(synced), Self::Entry(_)) => {
                earlier.folder() == Some(synced.as_path())
            }
            _ => false,
        }
    }
}

/// The octets that a call writes, and the arguments after them.
fn octets_of(text: &str) -> Result<(Vec<u8>, &str)> {
    let (_, quoted) = text.split_once('"').context("no octets")?;
    let mut octets = Vec::new();
    let mut rest = quoted;
    loop {
        let octet = rest.bytes().next().context("the octets do not end")?;
        rest = rest.get(1..).context("octets that are no ASCII")?;
        match octet {
            b'"' => break,
            b'\\' => rest = unescape(rest, &mut octets)?,
            octet => octets.push(octet),
        }
    }
    let count = numbers_in(rest).next().context("no count")?;
    let whole = count == octets.len() && !rest.starts_with("...");
    ensure!(whole, "{} octets of {count} are recorded", octets.len());
    Ok((octets, rest))
}

/// Takes what follows a backslash, as C writes it.
fn unescape<'a>(text: &'a str, octets: &mut Vec<u8>) -> Result<&'a str> {
    let octal = text
        .bytes()
        .take(3)
        .take_while(|octet| (b'0'..=b'7').contains(octet));
    let digits = octal.count();
    if digits > 0 {
        octets.push(u8::from_str_radix(&text[..digits], 8)?);
        return Ok(&text[digits..]);
    }
    octets.push(
        match text.bytes().next().context("nothing after a backslash")? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'f' => 0x0c,
            octet @ (b'"' | b'\\') => octet,
            other => bail!("a backslash before {other}"),
        },
    );
    Ok(&text[1..])
}

/// The decimal numbers in a list of arguments.
fn numbers_in(arguments: &str) -> impl Iterator<Item = usize> {
    let words = arguments.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
9  mkdir(\"/d/state\", 0700) = 0
9  openat(AT_FDCWD</>, \"/d/state/new\", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 3</d/state/new>
9  write(3</d/state/new>, \"a\\0001\\n\\\"\\\\\", 6) = 6
9  write(3</d/state/new>, \"end\", 3) = 3
9  pwrite64(3</d/state/new>, \"\\377\\1\", 2, 1) = 2
9  fsync(3</d/state/new>) = 0
9  rename(\"/d/state/new\", \"/d/state/value\") = 0
9  unlink(\"/d/state/none\") = -1 ENOENT (No such file or directory)
9  fsync(4</d/state>) = 0
";

    #[test]
    fn recorded_calls_become_the_disk_that_they_left() {
        let calls = Call::all_in(LOG, Path::new("/d"));
        let steps = Step::all_of(&calls, Disk::default()).expect("understood");
        assert_eq!(steps.len(), 8);
        let mut disk = Disk::default();
        steps.iter().for_each(|step| disk.apply(step));
        let contents: Vec<_> = disk.contents().into_iter().collect();
        assert_eq!(
            contents,
            [
                (PathBuf::from("state"), None),
                (
                    PathBuf::from("state/value"),
                    Some(b"a\xff\x01\n\"\\end".to_vec())
                ),
            ]
        );
        let settled_by = |step: usize| {
            let syncs = steps.iter().enumerate();
            let mut syncs = syncs.filter(|(_, sync)| sync.settles(&steps[step]));
            syncs.next().map(|(index, _)| index)
        };
        let made_durable: Vec<_> = (0..8).map(settled_by).collect();
        let (file, folder) = (Some(5), Some(7));
        assert_eq!(
            made_durable,
            [None, folder, file, file, file, None, folder, None]
        );
    }
}
