//! What the program is told when it is built.

#![expect(clippy::print_stdout, reason = "a build script talks to cargo")]

mod documents;
mod origin;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build");
    origin::tell();
    documents::write()
}
