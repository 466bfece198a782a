//! What the process gives up once it has what it needs, so that whoever takes it over
//! through a hole gains as little as possible.
//!
//! Each measure is taken where the kernel has it, and one line of the log says which
//! were. None of them is a reason not to serve: a unit on an old kernel has to be
//! reached too.
//!
//! The measures bind the thread that takes them and those that it starts, so they are
//! taken before there is a second one.

mod calls;
mod files;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, geteuid, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use crate::limits::OPEN_FILES;

/// What the process goes on to need.
pub(crate) struct Needs<'a> {
    /// The one folder in which it writes. It has to exist.
    pub(crate) state_dir: &'a Path,
    /// The folders of the configuration, which it reads again on SIGHUP.
    pub(crate) config_dirs: &'a [PathBuf],
    /// The serial line of the console, which it opens again whenever it was away.
    pub(crate) serial: Option<&'a Path>,
    /// The folder of the board's slots, and what its links lead to.
    pub(crate) slots: Option<&'a Path>,
    /// Whether it listens on a port below 1024, or may have to.
    pub(crate) low_ports: bool,
}

/// Keeps what is in memory out of core dumps and away from the debuggers of the same
/// user. To be called before there is a secret in memory.
///
/// # Errors
///
/// What is not kept, for the log.
pub(crate) fn conceal() -> Result<(), String> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|why| format!("core dumps could not be switched off: {why}"))
}

/// Gives up everything but `needs`, and says in a line what was given up and what
/// could not be.
///
/// # Errors
///
/// When the state folder belongs to another user than the process: without the
/// capabilities of root it could not be read any more.
pub(crate) fn confine(needs: &Needs<'_>) -> Result<String, String> {
    check_owner(needs.state_dir)?;
    raise_open_files();
    let locked = lock_memory();
    let mut kept = locked.clone().unwrap_or(CapabilitySet::empty());
    kept.set(CapabilitySet::NET_BIND_SERVICE, needs.low_ports);
    let measures = [
        ("memory locked", locked.map(drop)),
        ("capabilities dropped", drop_capabilities_but(kept)),
        (
            "no new privileges",
            set_no_new_privs(true).map_err(|why| why.to_string()),
        ),
        ("files restricted", files::restrict(needs)),
        ("system calls restricted", calls::restrict()),
    ];
    let said = measures.map(|(measure, taken)| match taken {
        Ok(()) => measure.to_owned(),
        Err(why) => format!("not {measure} ({why})"),
    });
    Ok(format!("confined: {}", said.join(", ")))
}

/// Root without capabilities is a user like any other.
fn check_owner(folder: &Path) -> Result<(), String> {
    let metadata = fs::metadata(folder);
    let owner = metadata
        .map_err(|why| format!("{}: {why}", folder.display()))?
        .uid();
    let own = geteuid();
    if own.is_root() && owner != own.as_raw() {
        return Err(format!(
            "the state folder {} belongs to the user with the number {owner}. Start the unit as that \
             user, or give the folder to root with chown",
            folder.display()
        ));
    }
    Ok(())
}

fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit
        .maximum
        .map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            ..limit
        };
        // Below the limit there are fewer connections, and the log tells of each.
        setrlimit(Resource::Nofile, raised).ok();
    }
}

/// Keeps all memory out of the swap, and returns the capability that has to be kept for
/// it. Only pages that are in use are locked, so it costs nothing where nothing would
/// have been swapped; but the kernel counts the whole address space, so no limit may
/// hold.
fn lock_memory() -> Result<CapabilitySet, String> {
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    let kept = match setrlimit(Resource::Memlock, unlimited) {
        Ok(()) => CapabilitySet::empty(),
        Err(_) if holds(CapabilitySet::IPC_LOCK) => CapabilitySet::IPC_LOCK,
        Err(_) => return Err("RLIMIT_MEMLOCK is too low".into()),
    };
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map(|()| kept)
        .map_err(|why| why.to_string())
}

fn holds(capability: CapabilitySet) -> bool {
    capabilities(None).is_ok_and(|held| held.effective.contains(capability))
}

fn drop_capabilities_but(kept: CapabilitySet) -> Result<(), String> {
    // Needs a capability itself, and without it matters little: it is about programs
    // that are run later, and none can be.
    for capability in CapabilitySet::all().difference(kept).iter() {
        remove_capability_from_bounding_set(capability).ok();
    }
    let drop_rest = || {
        clear_ambient_capability_set()?;
        let held = capabilities(None)?;
        set_capabilities(
            None,
            CapabilitySets {
                effective: held.effective & kept,
                permitted: held.permitted & kept,
                inheritable: CapabilitySet::empty(),
            },
        )
    };
    drop_rest().map_err(|why: rustix::io::Errno| why.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::thread;

    use super::*;

    /// What is given up binds a thread and those that it starts, so a test can give it
    /// up in a thread of its own.
    fn in_a_thread<T: Send>(act: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let acting = scope.spawn(act);
            acting.join().expect("no panic")
        })
    }

    #[test]
    fn capabilities_that_are_not_needed_are_gone() {
        let low_ports = CapabilitySet::NET_BIND_SERVICE;
        let held = in_a_thread(|| {
            [low_ports, CapabilitySet::empty()].map(|kept| {
                drop_capabilities_but(kept).expect("dropped");
                let sets = capabilities(None).expect("read");
                sets.permitted | sets.effective | sets.inheritable
            })
        });
        assert!(low_ports.contains(held[0]), "{held:?}");
        assert_eq!(held[1], CapabilitySet::empty());
    }

    #[test]
    fn only_the_state_folder_can_be_written_and_nobody_elses_files_read() {
        let state = tempfile::tempdir().expect("a folder");
        let config = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        for folder in [&state, &config, &other] {
            fs::write(folder.path().join("file"), "text").expect("written");
        }
        let needs = Needs {
            state_dir: state.path(),
            config_dirs: &[config.path().into()],
            serial: None,
            slots: None,
            low_ports: false,
        };
        let inherited = in_a_thread(|| {
            let taken = files::restrict(&needs);
            assert_eq!(
                taken,
                Ok(()),
                "this kernel has no Landlock, which this test needs"
            );
            // The rules bind the threads that are started later, as those of the runtime.
            in_a_thread(|| {
                [&state, &config, &other].map(|folder| {
                    let file = folder.path().join("file");
                    let new = folder.path().join("new");
                    let renamed = folder.path().join("renamed");
                    let changed = fs::write(&new, "text").and_then(|()| fs::rename(&new, renamed));
                    (fs::read(&file).is_ok(), changed.is_ok())
                })
            })
        });
        assert_eq!(inherited, [(true, true), (true, false), (false, false)]);
    }

    #[test]
    fn no_program_can_be_run_and_no_process_looked_into() {
        in_a_thread(|| {
            set_no_new_privs(true).expect("set");
            assert_eq!(calls::restrict(), Ok(()));
            let refused = Some(libc::EPERM);
            let child = Command::new("true").status();
            assert_eq!(child.expect_err("no process").raw_os_error(), refused);
            // Where this is not refused, the program takes the place of the test.
            assert_eq!(Command::new("false").exec().raw_os_error(), refused);
            assert_eq!(rustix::process::chroot("/"), Err(rustix::io::Errno::PERM));
            // What the unit does all the time goes on.
            in_a_thread(|| fs::read("/proc/self/status").expect("files can be read"));
        });
    }
}
