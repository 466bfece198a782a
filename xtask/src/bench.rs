//! `cargo xtask bench`: how fast it is, beside its peers.

use std::path::PathBuf;

use xshell::{Shell, cmd};

use crate::debian::{self, Tool};
use crate::flags;

/// Where the tables are.
const PAGE: &str = "docs/performance.md";

/// What is measured against, or judges, and is no crate.
const PEERS: &[Tool] = &[
    Tool {
        program: "nginx",
        package: "nginx-light",
    },
    Tool {
        program: "openssl",
        package: "openssl",
    },
    Tool {
        program: "/usr/include/openssl/ssl.h",
        package: "libssl-dev",
    },
    Tool {
        program: "valgrind",
        package: "valgrind",
    },
];

impl flags::Bench {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        debian::provide(sh, PEERS, self.install)?;
        // A folder of its own: the peers are built for nothing else, and for other features.
        let target = sh.current_dir().join("target/bench");
        let program = match sh.var_os("COUNTERSIGN_BIN") {
            Some(other) => PathBuf::from(other),
            None => {
                cmd!(
                    sh,
                    "cargo build --release --package firmware --bin countersign"
                )
                .run()?;
                sh.current_dir().join("target/release/countersign")
            }
        };
        let page = sh.current_dir().join(PAGE);
        let mut bench = cmd!(
            sh,
            "cargo run --release --manifest-path bench/Cargo.toml --target-dir {target} --"
        )
        .env("COUNTERSIGN_BIN", program);
        if self.quick {
            bench = bench.arg("--quick");
        } else {
            bench = bench.arg("--page").arg(page);
        }
        bench.args(self.part).run()?;
        Ok(())
    }
}
