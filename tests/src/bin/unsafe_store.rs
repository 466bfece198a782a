//! Keeps a text in a file, badly, so that the tests of the store can show that they
//! find such a store: `unsafe_store FILE WAY TEXT`.

use std::fs;
use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, way, text] = arguments.as_slice() else {
        return Err(io::Error::other("expected FILE WAY TEXT"));
    };
    let beside = format!("{file}.new");
    match way.as_str() {
        "in-place" => {
            let (first, second) = text.split_at(text.len() / 2);
            let mut file = fs::OpenOptions::new().write(true).open(file)?;
            file.write_all(first.as_bytes())?;
            file.write_all(second.as_bytes())?;
            file.sync_all()
        }
        "without-sync" => {
            fs::write(&beside, text)?;
            fs::rename(beside, file)
        }
        "without-sync-of-the-folder" => {
            let mut new = fs::File::create(&beside)?;
            new.write_all(text.as_bytes())?;
            new.sync_all()?;
            fs::rename(beside, file)
        }
        _ => Err(io::Error::other(format!("{way} is no way to keep a text"))),
    }
}
