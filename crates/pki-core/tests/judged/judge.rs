//! The judges, and what they are given to judge.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chacha20::ChaCha20Rng;
use pki_core::{KeySpec, PrivateKey, RsaBits};
use rand_core::SeedableRng;
use tempfile::TempDir;

/// A folder for the files of one test, in which the judges run.
pub(crate) struct Bench(TempDir);

impl Bench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file.
    pub(crate) fn put(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What OpenSSL says, on standard output and error, when it is content.
    #[track_caller]
    pub(crate) fn openssl(&self, arguments: &str) -> String {
        let output = self.run("openssl", arguments);
        let said = said(&output);
        assert!(output.status.success(), "openssl {arguments}\n{said}");
        said
    }

    /// What OpenSSL says when it is not content.
    #[track_caller]
    pub(crate) fn openssl_refuses(&self, arguments: &str) -> String {
        let output = self.run("openssl", arguments);
        let said = said(&output);
        assert!(
            !output.status.success(),
            "openssl {arguments} was to fail\n{said}"
        );
        said
    }

    /// What certtool of GnuTLS says when it is content.
    #[track_caller]
    pub(crate) fn certtool(&self, arguments: &str) -> String {
        let output = self.run("certtool", arguments);
        let said = said(&output);
        assert!(output.status.success(), "certtool {arguments}\n{said}");
        said
    }

    /// Runs a Python script, which is content when it ends without an exception.
    #[track_caller]
    pub(crate) fn python(&self, script: &str, arguments: &str) {
        self.put("judge.py", script);
        let output = self.run("python3", &format!("judge.py {arguments}"));
        assert!(output.status.success(), "{}", said(&output));
    }

    /// No argument here has a space in it, except within one pair of quotation
    /// marks.
    fn run(&self, program: &str, arguments: &str) -> Output {
        let arguments = arguments.split('\'').enumerate().flat_map(|(index, part)| {
            if index % 2 == 1 {
                vec![part]
            } else {
                part.split_whitespace().collect()
            }
        });
        Command::new(program)
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|why| panic!("{program} cannot be run: {why}. {}", package_of(program)))
    }
}

impl AsRef<Path> for Bench {
    fn as_ref(&self) -> &Path {
        self.0.path()
    }
}

fn package_of(program: &str) -> String {
    let package = if program == "certtool" {
        "gnutls-bin"
    } else {
        program
    };
    format!("These tests need it; in Debian it is in the package {package}.")
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Randomness that is the same in each run, so that a failure comes again.
pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

pub(crate) fn key(spec: KeySpec) -> PrivateKey {
    PrivateKey::generate(spec, &mut rng(1), &mut |_| ControlFlow::Continue(())).unwrap()
}

pub(crate) fn rsa(bits: u16) -> KeySpec {
    KeySpec::Rsa(RsaBits::new(bits).unwrap())
}
