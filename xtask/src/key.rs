//! The key that upgrades are signed with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

/// Octets of an Ed25519 public key, which stands at the end of its encoding.
const PUBLIC_OCTETS: usize = 32;

/// An Ed25519 key pair. The private key stays in its file, which OpenSSL reads.
pub(crate) struct Key {
    file: PathBuf,
    public: String,
}

impl Key {
    /// The key in `file`, or that of developers, which is in the tree and protects
    /// nothing.
    pub(crate) fn of(sh: &Shell, file: Option<&Path>) -> Result<Self> {
        let developer = sh.current_dir().join("firmware/image/developer.key");
        let file = file.map_or(developer, Path::to_owned);
        let encoded = cmd!(sh, "openssl pkey -in {file} -pubout -outform DER")
            .quiet()
            .output()?
            .stdout;
        let start = encoded.len().checked_sub(PUBLIC_OCTETS);
        let public = start.and_then(|start| encoded.get(start..));
        let public = public.context("the key is not an Ed25519 key")?;
        Ok(Self {
            public: digits(public),
            file,
        })
    }

    /// The public key, in hexadecimal digits.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The signature of `message`, in hexadecimal digits. It is the same every time.
    pub(crate) fn sign(&self, sh: &Shell, message: &str, scratch: &Path) -> Result<String> {
        let file = &self.file;
        fs::write(scratch, message)?;
        let signature = cmd!(
            sh,
            "openssl pkeyutl -sign -rawin -inkey {file} -in {scratch}"
        )
        .quiet()
        .output()?
        .stdout;
        fs::remove_file(scratch)?;
        Ok(digits(&signature))
    }
}

fn digits(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
