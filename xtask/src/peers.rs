//! The other programs that the tests call as judges and as peers.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use xshell::{Shell, cmd};

use crate::debian::Debian;

/// Something the tests cannot do without.
struct Peer {
    name: &'static str,
    /// What the tests want of it.
    role: &'static str,
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    source: Source,
}

enum Source {
    /// A Debian package.
    Debian(&'static str),
    /// A package from PyPI, into a Python of our own under the build folder: Debian
    /// has older ones, and the system's Python is not ours to change.
    PyPi(&'static str),
    /// One release from PyPI, as pip pins it by its digest, without the packages it
    /// asks for: only a file in it is used.
    PyPiFile(&'static str),
}

/// The release that holds axe-core 4.12.1. Another version has other rules, which the
/// pages are then to be held against on purpose.
const AXE_CORE: &str = "axe-playwright-python==0.1.8 \
    --hash=sha256:fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8";

const PEERS: &[Peer] = &[
    Peer {
        name: "openssl",
        role: "signs as the CA, and judges requests, certificates and connections",
        probe: &["openssl", "version"],
        source: Source::Debian("openssl"),
    },
    Peer {
        name: "easy-rsa",
        role: "signs as the CA, as the user guide says",
        probe: &["test", "-x", "/usr/share/easy-rsa/easyrsa"],
        source: Source::Debian("easy-rsa"),
    },
    Peer {
        name: "certtool",
        role: "judges requests, certificates and PKCS#7",
        probe: &["certtool", "--version"],
        source: Source::Debian("gnutls-bin"),
    },
    Peer {
        name: "certutil, cmsutil and the other tools of NSS",
        role: "write certificates and PKCS#7",
        probe: &["sh", "-c", "command -v certutil && command -v cmsutil"],
        source: Source::Debian("libnss3-tools"),
    },
    Peer {
        name: "keytool and the Java compiler",
        role: "write and judge certificates and PKCS#7",
        probe: &["javac", "-version"],
        source: Source::Debian("default-jdk-headless"),
    },
    Peer {
        name: "Bouncy Castle for Java",
        role: "writes PKCS#7 as EJBCA does",
        probe: &["test", "-e", "/usr/share/java/bcpkix.jar"],
        source: Source::Debian("libbcpkix-java"),
    },
    Peer {
        name: "python3",
        role: "judges arithmetic and TLS",
        probe: &["python3", "--version"],
        source: Source::Debian("python3"),
    },
    Peer {
        name: "rsyslog",
        role: "judges syslog messages",
        probe: &["/usr/sbin/rsyslogd", "-v"],
        source: Source::Debian("rsyslog"),
    },
    Peer {
        name: "ssh",
        role: "is the SSH client of OpenSSH",
        probe: &["ssh", "-V"],
        source: Source::Debian("openssh-client"),
    },
    Peer {
        name: "sshpass",
        role: "types the password for ssh",
        probe: &["sshpass", "-V"],
        source: Source::Debian("sshpass"),
    },
    Peer {
        name: "dbclient",
        role: "is the SSH client of Dropbear",
        probe: &["sh", "-c", "command -v dbclient"],
        source: Source::Debian("dropbear-bin"),
    },
    Peer {
        name: "telnet",
        role: "is the telnet client",
        probe: &["sh", "-c", "command -v telnet"],
        source: Source::Debian("inetutils-telnet"),
    },
    Peer {
        name: "strace",
        role: "lets system calls of the unit fail",
        probe: &["strace", "--version"],
        source: Source::Debian("strace"),
    },
    Peer {
        name: "mkfs.ext4",
        role: "makes a disk whose power is cut",
        probe: &["/usr/sbin/mkfs.ext4", "-V"],
        source: Source::Debian("e2fsprogs"),
    },
    Peer {
        name: "mount and umount",
        role: "mount a disk whose power was cut",
        probe: &["sh", "-c", "command -v mount && command -v umount"],
        source: Source::Debian("mount"),
    },
    Peer {
        name: "slowhttptest",
        role: "holds a thousand slow connections",
        probe: &["sh", "-c", "command -v slowhttptest"],
        source: Source::Debian("slowhttptest"),
    },
    Peer {
        name: "testssl.sh",
        role: "scans TLS",
        probe: &["testssl", "--version"],
        source: Source::Debian("testssl.sh"),
    },
    Peer {
        name: "nmap",
        role: "scans TLS",
        probe: &["nmap", "--version"],
        source: Source::Debian("nmap"),
    },
    Peer {
        name: "chromium",
        role: "is the administrator's browser",
        probe: &["chromium", "--version"],
        source: Source::Debian("chromium"),
    },
    Peer {
        name: "chromedriver",
        role: "drives Chromium",
        probe: &["chromedriver", "--version"],
        source: Source::Debian("chromium-driver"),
    },
    Peer {
        name: "the Python package cryptography, 43 or later",
        role: "judges requests, certificates and PKCS#7",
        probe: &[
            "python3",
            "-c",
            "from cryptography.x509.verification import ClientVerifier, PolicyBuilder",
        ],
        source: Source::PyPi("cryptography"),
    },
    Peer {
        name: "the Python package sslyze",
        role: "holds TLS against Mozilla's profiles",
        probe: &["python3", "-m", "sslyze", "--help"],
        source: Source::PyPi("sslyze"),
    },
    Peer {
        name: "the Python package pyOpenSSL, 25.1 or later",
        role: "agrees on keys as newer clients than Debian's do",
        probe: &[
            "python3",
            "-c",
            "from OpenSSL import SSL; SSL.Connection.get_group_name",
        ],
        source: Source::PyPi("pyOpenSSL"),
    },
    Peer {
        name: "the Python package pexpect",
        role: "is the person at a terminal",
        probe: &["python3", "-c", "import pexpect.fdpexpect"],
        source: Source::PyPi("pexpect"),
    },
    Peer {
        name: "the Python package ssh-audit",
        role: "judges SSH",
        probe: &["ssh-audit", "--help"],
        source: Source::PyPi("ssh-audit"),
    },
    Peer {
        name: "the Python package prometheus-client",
        role: "judges metrics",
        probe: &["python3", "-c", "import prometheus_client"],
        source: Source::PyPi("prometheus-client"),
    },
    Peer {
        name: "axe-core",
        role: "judges how accessible pages are",
        probe: &[
            "python3",
            "-c",
            "from importlib.metadata import version; \
             assert version('axe_playwright_python') == '0.1.8'",
        ],
        source: Source::PyPiFile(AXE_CORE),
    },
];

/// What the long tests want besides.
const LONG: &[Peer] = &[Peer {
    name: "firefox",
    role: "is the administrator's other browser",
    probe: &["firefox-esr", "--version"],
    source: Source::Debian("firefox-esr"),
}];

/// Sees to it that every peer is there, those of the long tests included where these are
/// run, installing what is missing if it may.
///
/// # Errors
///
/// When a peer is missing in the end; the message says which and how to get it.
pub(crate) fn provide(sh: &Shell, install: bool, long: bool) -> Result<()> {
    let python = Python::beside_this_program()?;
    python.prefer(sh)?;
    if install {
        let mut debian = Debian::new(sh);
        for peer in missing(sh, long) {
            let installed = match peer.source {
                Source::Debian(package) => debian.install(sh, package),
                Source::PyPi(_) | Source::PyPiFile(_) => python.install(sh, &mut debian),
            };
            if let Err(error) = installed {
                println!("{} was not installed: {error:#}", peer.name);
            }
        }
    }
    let missing = missing(sh, long);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing.iter().map(|peer| peer.how_to_get()).collect();
    bail!("the tests need what is missing here:\n{}", lines.join("\n"))
}

fn missing(sh: &Shell, long: bool) -> Vec<&'static Peer> {
    let long = LONG.iter().filter(|_| long);
    let wanted = PEERS.iter().chain(long);
    wanted.filter(|peer| !peer.is_there(sh)).collect()
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

    fn how_to_get(&self) -> String {
        let how = match self.source {
            Source::Debian(package) => format!("apt-get install {package}"),
            Source::PyPi(package) => format!("python3 -m pip install {package}"),
            Source::PyPiFile(release) => {
                format!("echo '{release}' | python3 -m pip install --no-deps -r /dev/stdin")
            }
        };
        format!("  {} ({}): {how}", self.name, self.role)
    }
}

/// The Python of our own; it is there only where it was needed.
struct Python {
    folder: PathBuf,
}

impl Python {
    fn beside_this_program() -> Result<Self> {
        Ok(Self {
            folder: std::env::current_exe()?.with_file_name("python"),
        })
    }

    /// Lets `python3` mean this one, where it is there.
    fn prefer(&self, sh: &Shell) -> Result<()> {
        let programs = self.folder.join("bin");
        if programs.is_dir() {
            let path = sh.var_os("PATH").context("PATH is not set")?;
            let all = std::env::split_paths(&path);
            sh.set_var(
                "PATH",
                std::env::join_paths([programs].into_iter().chain(all))?,
            );
        }
        Ok(())
    }

    /// Installs every package from PyPI: once `python3` means this one, what the
    /// system's has counts no more.
    fn install(&self, sh: &Shell, debian: &mut Debian) -> Result<()> {
        let folder = &self.folder;
        let packages = PEERS.iter().filter_map(|peer| match peer.source {
            Source::PyPi(package) => Some(package),
            Source::PyPiFile(_) | Source::Debian(_) => None,
        });
        let files = PEERS.iter().filter_map(|peer| match peer.source {
            Source::PyPiFile(release) => Some(release),
            Source::PyPi(_) | Source::Debian(_) => None,
        });
        let files: Vec<&str> = files.collect();
        if cmd!(sh, "python3 -c 'import ensurepip'")
            .quiet()
            .ignore_stderr()
            .run()
            .is_err()
        {
            debian.install(sh, "python3-venv")?;
        }
        cmd!(sh, "python3 -m venv {folder}").run()?;
        self.prefer(sh)?;
        cmd!(sh, "python3 -m pip install --quiet {packages...}").run()?;
        cmd!(
            sh,
            "python3 -m pip install --quiet --no-deps --require-hashes --requirement /dev/stdin"
        )
        .stdin(files.join("\n"))
        .run()?;
        Ok(())
    }
}
