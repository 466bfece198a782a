//! The other programs that the tests call as judges and as peers.

use std::path::Path;

use anyhow::bail;
use xshell::{Shell, cmd};

/// Something the tests cannot do without.
struct Peer {
    name: &'static str,
    /// What the tests want of it.
    role: &'static str,
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    /// Where to get it, the first choice first.
    sources: &'static [Source],
}

enum Source {
    Debian(&'static str),
    /// Into the Python that `python3` names, which may not be Debian's.
    Pip(&'static str),
}

const PEERS: &[Peer] = &[
    Peer {
        name: "openssl",
        role: "signs as the CA, and judges requests, certificates and connections",
        probe: &["openssl", "version"],
        sources: &[Source::Debian("openssl")],
    },
    Peer {
        name: "certtool",
        role: "judges requests and PKCS#7",
        probe: &["certtool", "--version"],
        sources: &[Source::Debian("gnutls-bin")],
    },
    Peer {
        name: "python3",
        role: "runs pyca/cryptography",
        probe: &["python3", "--version"],
        sources: &[Source::Debian("python3")],
    },
    Peer {
        name: "the Python package cryptography",
        role: "judges requests, certificates and PKCS#7",
        probe: &["python3", "-c", "import cryptography"],
        sources: &[
            Source::Debian("python3-cryptography"),
            Source::Pip("cryptography"),
        ],
    },
];

/// Sees to it that every peer is there, installing what is missing if it may.
///
/// # Errors
///
/// When a peer is missing in the end; the message says which and how to get it.
pub(crate) fn provide(sh: &Shell, install: bool) -> anyhow::Result<()> {
    let missing = || {
        PEERS
            .iter()
            .filter(|peer| !peer.is_there(sh))
            .collect::<Vec<_>>()
    };
    let mut debian = DebianPackages {
        lists_are_new: false,
    };
    if install && may_install(sh) {
        for peer in missing() {
            peer.install(sh, &mut debian);
        }
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing.iter().map(|peer| peer.how_to_get()).collect();
    bail!("the tests need what is missing here:\n{}", lines.join("\n"))
}

impl Peer {
    fn is_there(&self, sh: &Shell) -> bool {
        let [program, arguments @ ..] = self.probe else {
            return false;
        };
        sh.cmd(program)
            .args(arguments)
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_ok()
    }

    /// Tries the sources until one has it. What went wrong with one is printed
    /// by its installer, and what is still missing is said at the end.
    fn install(&self, sh: &Shell, debian: &mut DebianPackages) {
        for source in self.sources {
            let installed = match source {
                Source::Debian(package) => debian.install(sh, package),
                Source::Pip(package) => cmd!(sh, "python3 -m pip install --quiet {package}")
                    .run()
                    .map_err(Into::into),
            };
            if installed.is_ok() && self.is_there(sh) {
                return;
            }
        }
    }

    fn how_to_get(&self) -> String {
        let sources: Vec<String> = self
            .sources
            .iter()
            .map(|source| match source {
                Source::Debian(package) => format!("apt-get install {package}"),
                Source::Pip(package) => format!("python3 -m pip install {package}"),
            })
            .collect();
        format!("  {} ({}): {}", self.name, self.role, sources.join(", or "))
    }
}

/// Debian's packages, whose lists are fetched before the first is installed.
struct DebianPackages {
    lists_are_new: bool,
}

impl DebianPackages {
    fn install(&mut self, sh: &Shell, package: &str) -> anyhow::Result<()> {
        if !self.lists_are_new {
            cmd!(sh, "apt-get update --quiet").run()?;
            self.lists_are_new = true;
        }
        cmd!(
            sh,
            "apt-get install --quiet --yes --no-install-recommends {package}"
        )
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
        Ok(())
    }
}

/// Root on a Debian system may; anybody else is told what to do.
fn may_install(sh: &Shell) -> bool {
    let root = cmd!(sh, "id --user")
        .quiet()
        .read()
        .is_ok_and(|id| id == "0");
    root && Path::new("/usr/bin/apt-get").exists()
}
