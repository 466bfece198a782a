//! The crate needs no operating system.

use std::path::Path;
use std::process::Command;

/// Without `std` a program defines what happens on a panic. `std` defines it too,
/// and the compiler does not take two definitions: so this compiles only while
/// neither the crate nor anything it depends on links `std`.
const SOURCE: &str = "
#![no_std]

use pki_core as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
";

const PACKAGE: &str = r#"
[package]
name = "without-std"
edition = "2024"

[dependencies]
pki-core.path = "@crate@"

[workspace]
"#;

#[test]
fn neither_the_crate_nor_a_dependency_links_std() {
    let pki_core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without-std");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/lib.rs"), SOURCE).unwrap();
    let package = PACKAGE.replace("@crate@", pki_core.to_str().unwrap());
    std::fs::write(folder.join("Cargo.toml"), package).unwrap();
    // The same versions as here, so that nothing has to be fetched.
    std::fs::copy(pki_core.join("../../Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
