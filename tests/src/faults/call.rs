//! System calls, as `strace` writes them down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Calls that change what is on the disk.
const CHANGING: &[&str] = &[
    "chmod",
    "copy_file_range",
    "creat",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fdatasync",
    "fsync",
    "ftruncate",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "symlink",
    "symlinkat",
    "sync_file_range",
    "truncate",
    "unlink",
    "unlinkat",
    "utimensat",
    "write",
    "writev",
];

/// Calls that open, read and lock.
const READING: &[&str] = &[
    "fcntl",
    "flock",
    "fstat",
    "getdents64",
    "lseek",
    "lstat",
    "newfstatat",
    "open",
    "openat",
    "pread64",
    "preadv",
    "read",
    "readv",
    "stat",
    "statx",
];

/// A system call on what stands for the disk, or on a file or folder on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The thread that made it.
    pub thread: u32,
    /// Its name, such as `pwrite64`.
    pub name: String,
    /// Which call of this name by this thread it is, counted from 1, as strace counts.
    pub nth: usize,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The paths it is about, as seen from the disk: `state/secret`.
    pub paths: Vec<PathBuf>,
    /// The call with its arguments, and the result where it is on the same line.
    pub text: String,
    /// Whether strace says that it has put its own result in place of the system's.
    pub injected: bool,
    /// Whether the system has done it.
    pub done: bool,
}

/// What a system call does to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It changes something, or makes it durable.
    Changes,
    /// It reads, opens or locks.
    Reads,
}

impl Call {
    /// The names of all calls that are looked at, as strace takes them.
    pub(super) fn names() -> String {
        let all: Vec<&str> = CHANGING.iter().chain(READING).copied().collect();
        // The question mark lets strace pass over calls that this machine has not.
        all.iter()
            .map(|name| format!("?{name}"))
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The calls in `log` on the folder `disk` and what is in it, in the order in which
    /// they began.
    #[must_use]
    pub fn all_in(log: &str, disk: &Path) -> Vec<Self> {
        let mut calls: Vec<Self> = Vec::new();
        let mut counts = BTreeMap::new();
        for line in log.lines() {
            let Some((thread, text)) = line.split_once(' ') else {
                continue;
            };
            let (Ok(thread), text) = (thread.parse::<u32>(), text.trim_start()) else {
                continue;
            };
            if text.starts_with("<... ") {
                let begun = calls.iter_mut().rev().find(|call| call.thread == thread);
                if let Some(call) = begun.filter(|call| text.contains(&call.name)) {
                    call.injected |= text.contains("(INJECTED)");
                    call.done = is_done(text);
                }
            } else if let Some(mut call) = Self::parse(thread, text, disk) {
                let count: &mut usize = counts.entry((thread, call.name.clone())).or_default();
                *count += 1;
                call.nth = *count;
                calls.push(call);
            }
        }
        calls
    }

    fn parse(thread: u32, text: &str, disk: &Path) -> Option<Self> {
        let (name, arguments) = text.split_once('(')?;
        let changes = CHANGING.contains(&name)
            || (name == "openat" && ["O_CREAT", "O_TRUNC"].iter().any(|o| text.contains(o)));
        if !changes && !READING.contains(&name) {
            return None;
        }
        let paths = paths_below(disk, arguments);
        (!paths.is_empty()).then(|| Self {
            thread,
            name: name.to_owned(),
            nth: 0,
            effect: if changes {
                Effect::Changes
            } else {
                Effect::Reads
            },
            paths,
            text: text.to_owned(),
            injected: text.contains("(INJECTED)"),
            done: is_done(text),
        })
    }
}

/// Whether the result at the end of the line is one of success.
fn is_done(text: &str) -> bool {
    let result = text.rsplit_once(") ").map(|(_, rest)| rest.trim_start());
    result.is_some_and(|result| {
        result.starts_with("= ") && !result.starts_with("= -") && !result.starts_with("= ?")
    })
}

/// The paths at or below `disk` among the arguments: quoted, or that of a descriptor.
fn paths_below(disk: &Path, arguments: &str) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    // What is read or written is no path, whatever it looks like.
    let arguments = match arguments.starts_with(|first: char| first.is_ascii_digit()) {
        true => arguments.split('"').next().unwrap_or_default(),
        false => arguments,
    };
    for (open, close) in [('"', '"'), ('<', '>')] {
        for part in arguments.split(open).skip(1) {
            let path = part.split(close).next().unwrap_or_default();
            paths.extend(Path::new(path).strip_prefix(disk).map(Path::to_owned));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
9  mkdir(\"/d/state\", 0700)      = 0
9  openat(AT_FDCWD</>, \"/d/state/store\", O_RDWR|O_CREAT, 0600) = 11</d/state/store>
9  write(1<pipe:[5]>, \"see /d/state/store\\n\", 19) = 19
9  pwrite64(11</d/state/store>, \"\\1\\0\\\"/d/state/none\"..., 4096, 0) = 4096
8  pwrite64(11</d/state/store>, \"\\1\\0\"..., 4096, 0 <unfinished ...>
9  pwrite64(11</d/state/store>, \"\\1\\0\"..., 4096, 0) = -1 EIO (Input/output error) (INJECTED)
8  <... pwrite64 resumed>)           = -1 EIO (Input/output error) (INJECTED)
9  openat(AT_FDCWD</>, \"/d-of-another/state\", O_RDONLY) = 12</d-of-another/state>
9  rename(\"/d/state/secret.new\", \"/d/state/secret\") = 0
9  fsync(12</d/state>) = ?
9  +++ killed by SIGKILL +++
";

    #[test]
    fn calls_on_the_disk_are_counted_by_thread_and_name() {
        let calls = Call::all_in(LOG, Path::new("/d"));
        let seen: Vec<_> = calls
            .iter()
            .map(|call| {
                (
                    call.thread,
                    call.name.as_str(),
                    call.nth,
                    call.injected,
                    call.done,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (9, "mkdir", 1, false, true),
                (9, "openat", 1, false, true),
                (9, "pwrite64", 1, false, true),
                (8, "pwrite64", 1, true, false),
                (9, "pwrite64", 2, true, false),
                (9, "rename", 1, false, true),
                (9, "fsync", 1, false, false),
            ]
        );
        assert!(calls.iter().all(|call| call.effect == Effect::Changes));
        let written = calls.get(2).map(|call| call.paths.len());
        assert_eq!(written, Some(1), "what is written is no path");
        let renamed = calls
            .iter()
            .find(|call| call.name == "rename")
            .expect("there");
        assert_eq!(
            renamed.paths,
            [Path::new("state/secret.new"), Path::new("state/secret")]
        );
    }
}
