//! Which system calls the process may not make any more: seccomp.
//!
//! The list names what is refused, not what is allowed. What a program calls is up to
//! its C library, its allocator and its runtime, and changes with their versions and
//! with the processor; a list of what is allowed that lacks one of them would break a
//! unit in the field, at a moment nobody has tested. What is refused answers EPERM, as
//! the kernel does for lack of a right, so a library that tries goes another way.

use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, c_long};
use seccompiler::{BpfProgram, apply_filter, sock_filter};

/// How the kernel calls the processor that this was built for (`linux/audit.h`): the
/// ELF number of the machine, and marks for 64 bits and little-endian.
const MACHINE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "arm") {
    Some(0x4000_0028)
} else {
    None
};

/// Instructions of the kernel's filter machine (`linux/bpf_common.h`): load a word,
/// jump if equal, if not below, if a bit is set, and return.
const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
#[cfg(target_arch = "x86_64")]
const NOT_BELOW: u16 = 0x35;
const BIT_SET: u16 = 0x45;
const RETURN: u16 = 0x06;

/// Where `struct seccomp_data` keeps the number of the call, the machine, and the lower
/// half of the first argument.
const NUMBER: u32 = 0;
const MACHINE_AT: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

/// Calls that the unit never makes, and whoever has taken it over would.
const REFUSED: &[c_long] = &[
    // To run something else.
    libc::SYS_execve,
    libc::SYS_execveat,
    // To look into or change other processes.
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    // To see another system of files, or to become root in one of its own.
    libc::SYS_chroot,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_pivot_root,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    // To reach deep into the kernel.
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_move_pages,
    libc::SYS_personality,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    #[cfg(any(target_arch = "arm", target_arch = "x86_64"))]
    libc::SYS_fork,
    #[cfg(any(target_arch = "arm", target_arch = "x86_64"))]
    libc::SYS_vfork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// Numbers from here on are those of the x32 way of calling, on x86-64 only.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// Refuses those calls from now on.
pub(super) fn restrict() -> Result<(), String> {
    let machine = MACHINE.ok_or("not known on this processor")?;
    apply_filter(&program(machine)).map_err(|why| why.to_string())
}

/// The filter, for the machine inside the kernel that runs it.
fn program(machine: u32) -> BpfProgram {
    let mut program = vec![
        instruction(LOAD, MACHINE_AT),
        // The numbers below are those of this machine. Those of another, such as of
        // 32-bit programs on a 64-bit machine, are none that the unit would use.
        unless(EQUAL, machine),
        refuse(libc::EPERM),
        instruction(LOAD, NUMBER),
    ];
    #[cfg(target_arch = "x86_64")]
    program.extend([when(NOT_BELOW, X32), refuse(libc::EPERM)]);
    for call in REFUSED {
        program.extend([when(EQUAL, number(*call)), refuse(libc::EPERM)]);
    }
    program.extend([
        // The filter cannot see the flags of clone3, so the C library is told that the
        // kernel has none, and takes clone.
        when(EQUAL, number(libc::SYS_clone3)),
        refuse(libc::ENOSYS),
        // Threads may be started; processes, and namespaces with them, may not.
        unless(EQUAL, number(libc::SYS_clone)),
        instruction(RETURN, SECCOMP_RET_ALLOW),
        instruction(LOAD, FIRST_ARGUMENT),
        unless(BIT_SET, libc::CLONE_THREAD.unsigned_abs()),
        refuse(libc::EPERM),
        instruction(RETURN, SECCOMP_RET_ALLOW),
    ]);
    program
}

/// Goes on with the next instruction where the test holds, and skips it otherwise.
fn when(test: u16, value: u32) -> sock_filter {
    sock_filter {
        jf: 1,
        ..instruction(test, value)
    }
}

/// Skips the next instruction where the test holds.
fn unless(test: u16, value: u32) -> sock_filter {
    sock_filter {
        jt: 1,
        ..instruction(test, value)
    }
}

fn refuse(errno: i32) -> sock_filter {
    instruction(RETURN, SECCOMP_RET_ERRNO | errno.unsigned_abs())
}

fn instruction(code: u16, k: u32) -> sock_filter {
    sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).expect("no call has a negative number")
}
