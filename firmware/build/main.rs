//! What the program is told when it is built.

mod documents;
mod origin;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build");
    origin::tell();
    documents::write()
}
