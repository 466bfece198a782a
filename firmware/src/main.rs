//! The program `countersign`: reads the command line and runs what it says.

use std::process::ExitCode;

use firmware::Invocation;
use std::alloc::System;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed. Secrets of our own are wiped where they end; this is for the copies
/// that libraries make on the way: the HTTP parser, the form decoder, whatever grows.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    match Invocation::parse(std::env::args_os()) {
        Ok(invocation) => invocation.run(),
        Err(refusal) => refusal.report(),
    }
}
