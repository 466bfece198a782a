//! What can be typed after `cargo xtask`.

xflags::xflags! {
    /// The commands of this workspace.
    cmd xtask {
        /// Check what needs no running: formatting, clippy, rustdoc, the crates
        /// without std, and the licences and sources of the dependencies.
        cmd check {}

        /// Fuzz what reads and judges uploads, each target for so many seconds.
        ///
        /// Needs the nightly compiler and cargo-fuzz. What is found stays in
        /// fuzz/artifacts, what was learned in fuzz/corpus.
        cmd fuzz {
            /// Seconds for each target; an hour where nothing is said.
            optional --seconds seconds: u32
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
        /// faults of the disk tries all of them (COUNTERSIGN_EXTENT=every), and units
        /// are started on pictures of a disk that was in use. It needs to be root, to
        /// mount that disk, and takes a quarter of an hour more on two cores.
        cmd test {
            /// Install nothing; only say what is missing.
            optional --no-install
            /// Run the long tests as well.
            optional --long
        }
    }
}
