//! What can be typed after `cargo xtask`.

use std::path::PathBuf;

use crate::build::Toolchain;
use crate::target::Target;

xflags::xflags! {
    /// The commands of this workspace.
    cmd xtask {
        /// Start the pure crates on a microcontroller without an operating system, a
        /// Cortex-M4 in QEMU: they make a request, and read and judge a certificate. Says
        /// how much flash and heap that takes.
        cmd bare-metal {
            /// Install what is missing.
            optional --install
        }

        /// Measure against the peers (AWS-LC, OpenSSL, x509-parser, rcgen, nginx), and write
        /// the tables of docs/performance.md anew.
        ///
        /// COUNTERSIGN_BIN names another program than the one built for it.
        cmd bench {
            /// What to measure: keys, parse, sign, import, server, pages, unit, growth; all of
            /// them where nothing is said.
            repeated part: String
            /// Only to see that it runs: few rounds, and nothing is written.
            optional --quick
            /// Install what is missing.
            optional --install
        }

        /// Start the image of a target in QEMU: its serial line on this terminal, HTTPS
        /// on port 8443 and SSH on port 8022 of loopback. What the unit keeps, it keeps
        /// from one start to the next.
        cmd boot {
            /// The board: armv7 or aarch64.
            required --target target: Target
            /// Begin with a new disk.
            optional --fresh
            /// Install what is missing.
            optional --install
        }

        /// Build the program for an appliance, static and stripped.
        cmd build {
            /// The board: armv7 or aarch64.
            required --target target: Target
            /// Whose compiler: rustup, or debian, which builds the standard library
            /// too. Where nothing is said, rustup if it has or can fetch the target.
            optional --toolchain toolchain: Toolchain
            /// Install what is missing.
            optional --install
        }

        /// Check what needs no running: formatting, clippy, rustdoc, what the crates
        /// offer, the crates without std, and the licences and sources of the
        /// dependencies.
        cmd check {}

        /// Write docs/console.md and docs/countersign-console.7 anew, from the table of
        /// commands in firmware/src/console/table.rs.
        cmd docs {}

        /// Fuzz what reads and judges uploads, each target for so many seconds.
        ///
        /// Needs the nightly compiler and cargo-fuzz. What is found stays in
        /// fuzz/artifacts, what was learned in fuzz/corpus.
        cmd fuzz {
            /// Seconds for each target; an hour where nothing is said.
            optional --seconds seconds: u32
        }

        /// Make the image that is flashed: target/image/TARGET/disk.img, with the
        /// manifest, the bill of materials and the checksums beside it.
        cmd image {
            /// The board: armv7 or aarch64.
            required --target target: Target
            /// Only write a new lock of the packages, of what Debian has today.
            optional --update
            /// Whose compiler: rustup or debian.
            optional --toolchain toolchain: Toolchain
            /// The maker's Ed25519 private key, a PEM file, whose upgrades the unit
            /// takes; that of firmware/image for developers where nothing is said.
            optional --key key: PathBuf
            /// Install what is missing.
            optional --install
        }

        /// Check everything that has to hold before a version is published, and print what
        /// is then to do: nothing uncommitted, a section in each changelog, `check`, the
        /// packages of the crates built from what is in them, no break of what was tagged
        /// last, `test`.
        cmd release {
            /// Publish nothing. The only way there is.
            optional --dry-run
            /// Leave out `test`, for where it has just run.
            optional --no-test
        }

        /// Write crates/*/surface.txt anew: every public item of the crates that others
        /// link. `cargo xtask check` fails where they offer something else.
        cmd surface {}

        /// How large what is flashed is, beside its budget and what was recorded last.
        /// Makes the images first.
        cmd size {
            /// The board: armv7 or aarch64; both where nothing is said.
            optional --target target: Target
            /// Keep the sizes in firmware/image/sizes.toml, for the next to be compared
            /// with.
            optional --record
            /// Install what is missing.
            optional --install
        }

        /// Run every test: unit tests, examples in the documentation, and the
        /// acceptance tests, which start the unit and drive it from outside.
        ///
        /// The tests are judged by other programs (OpenSSL, GnuTLS, Java, Python).
        /// Missing ones are installed when this runs as root on a Debian
        /// system; otherwise it says what is missing and how to get it. A test
        /// that was ignored counts as a failure.
        ///
        /// Dependencies are optimised, since arithmetic on keys is slow without;
        /// so the first build takes some minutes, and the tests do not.
        ///
        /// COUNTERSIGN_CORPUS names a folder of foreign certificates that the
        /// reader is tried on as well. COUNTERSIGN_BIN names another program
        /// for the acceptance tests than the one just built.
        ///
        /// With --long, what takes too long for every run: each test that chooses among
        /// faults of the disk tries all of them (COUNTERSIGN_EXTENT=every), units are
        /// started on pictures of a disk that was in use, scanners take their time, and
        /// Firefox opens the unit. It needs to be root, to mount that disk, and takes a
        /// quarter of an hour more on two cores. The pure crates run on a microcontroller
        /// as well (`cargo xtask bare-metal`).
        ///
        /// Pictures of every page are left in target/screenshots.
        cmd test {
            /// Install nothing; only say what is missing.
            optional --no-install
            /// Run the long tests as well.
            optional --long
            /// Make the image of the ARM appliance, boot it in QEMU, and run only the
            /// tests that do. With --long also the second board, a program that hangs, 50
            /// power cuts instead of 10, and a second build whose octets are compared.
            optional --image
        }
    }
}
