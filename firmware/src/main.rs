//! The program `countersign`: reads the command line and runs what it says.

use std::process::ExitCode;

use firmware::Invocation;

fn main() -> ExitCode {
    match Invocation::parse(std::env::args_os()) {
        Ok(invocation) => invocation.run(),
        Err(refusal) => refusal.report(),
    }
}
