//! Which files the process may open from now on: Landlock.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::Needs;

/// What can be read besides: what the resolver of names needs, wherever a system keeps
/// it, and what the process can learn of itself and its machine. `/etc` is named as a whole, since the
/// files in it are replaced by others of the same name. A static program for 32-bit ARM
/// has its randomness from the devices, for lack of a symbol to look up.
const READ: [&str; 12] = [
    "/dev/random",
    "/dev/urandom",
    "/etc",
    "/lib",
    "/lib64",
    "/proc/self",
    "/proc/sys/kernel/hostname",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/sys/fs/cgroup",
    "/usr/lib",
];

/// Restricts what can be opened to the state folder, and to what is only read.
/// Everything that is open already stays so.
pub(super) fn restrict(needs: &Needs<'_>) -> Result<(), String> {
    let status = enforce(needs).map_err(|why| why.to_string())?;
    match status {
        RulesetStatus::NotEnforced => Err("the kernel has no Landlock".into()),
        // An older kernel lacks some of the rights; the paths are the same.
        _ => Ok(()),
    }
}

fn enforce(needs: &Needs<'_>) -> Result<RulesetStatus, RulesetError> {
    let abi = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules([needs.state_dir], write()))?
        .add_rules(path_beneath_rules(
            needs.serial.map(serial),
            AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev,
        ))?
        .add_rules(path_beneath_rules(
            needs.slots,
            AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::MakeReg | AccessFs::WriteFile,
        ))?
        .add_rules(path_beneath_rules(
            slot_devices(needs),
            AccessFs::ReadFile | AccessFs::WriteFile,
        ))?
        .add_rules(path_beneath_rules(
            read(needs),
            AccessFs::ReadFile | AccessFs::ReadDir,
        ))?
        .restrict_self()?;
    Ok(status.ruleset)
}

fn read(needs: &Needs<'_>) -> impl Iterator<Item = PathBuf> {
    let fixed = READ.iter().map(|path| Path::new(path).to_owned());
    fixed.chain(needs.config_dirs.iter().cloned())
}

/// The partitions that the links in the folder of the slots lead to.
fn slot_devices(needs: &Needs<'_>) -> impl Iterator<Item = PathBuf> {
    let links = ["a", "b", "record"].into_iter();
    links.filter_map(|link| needs.slots?.join(link).canonicalize().ok())
}

/// What has to be opened for the serial line. A port of the board is always the same
/// file. Any other is made anew whenever it is plugged in, and only its folder stays;
/// what else is in there the process may open as far as its user may.
fn serial(device: &Path) -> PathBuf {
    let device = device.canonicalize().unwrap_or_else(|_| device.into());
    let name = device.file_name().unwrap_or_default().to_string_lossy();
    let is_of_the_board = ["ttyS", "ttyAMA"].iter().any(|port| name.starts_with(port));
    match device.parent() {
        Some(folder) if !is_of_the_board => folder.into(),
        _ => device.clone(),
    }
}

/// The store, its secret and the console's socket. No programs, and no devices.
fn write() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
}
