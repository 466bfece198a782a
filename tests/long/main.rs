//! What takes too long, or needs to be root, for every run: `cargo xtask test --long`.

mod crash_images;
mod firefox;
mod scanners;
