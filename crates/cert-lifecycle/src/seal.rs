//! Private keys at rest: sealed with a secret of the unit.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::KeyId;
use crate::environment::Environment;
use crate::folder;
use crate::subkeys::Subkeys;

const NONCE_OCTETS: usize = 24;
const SECRET_OCTETS: usize = 32;

/// A secret of 256 bits, wiped from memory on drop.
pub(crate) type Secret = Zeroizing<[u8; SECRET_OCTETS]>;

/// Where the unit's own secret of 256 bits lives.
///
/// [`SecretFile`] keeps it in a file; hardware with a fuse, a secure element or
/// a TPM implements this instead. The secret must survive restarts and must
/// never leave the unit: whoever has it and the store has the private keys.
pub trait UnitSecret: Send + Sync {
    /// The secret, or `None` where none was made yet.
    ///
    /// # Errors
    ///
    /// - Of the kind [`InvalidData`](io::ErrorKind::InvalidData), when what is there
    ///   cannot be a secret.
    /// - Of another kind, when it cannot be read.
    fn read(&self) -> io::Result<Option<Zeroizing<[u8; 32]>>>;

    /// Makes the secret. A power cut from then on does not take it away.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    fn make(&self, environment: &dyn Environment) -> io::Result<Zeroizing<[u8; 32]>>;

    /// Whether `secret`, which was read, is the one that was made, as far as something
    /// beside it tells; `None` where nothing does.
    fn is_whole(&self, secret: &[u8; 32]) -> Option<bool> {
        let _ = secret;
        None
    }

    /// Keeps beside the secret what [`is_whole`](Self::is_whole) goes by. It says nothing
    /// about the secret.
    ///
    /// # Errors
    ///
    /// When it cannot be kept; the secret is of use all the same.
    fn keep_check(&self, secret: &[u8; 32]) -> io::Result<()> {
        let _ = secret;
        Ok(())
    }

    /// Keeps a secret that is of no use in another place, so that another one can be
    /// made, and returns that place; `None` where this secret cannot be replaced.
    ///
    /// `unix_seconds` is the time now, to tell such places apart.
    ///
    /// # Errors
    ///
    /// When it cannot be moved.
    fn set_aside(&self, unix_seconds: u64) -> io::Result<Option<PathBuf>>;
}

/// The unit's secret in a file that only its owner can read (mode 0600).
#[derive(Debug, Clone)]
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// Keeps the secret at `path`, whose folder must exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where the check value is: not in the file itself, whose length is that of the secret
    /// in every version.
    fn check(&self) -> PathBuf {
        self.0.with_extension("check")
    }
}

/// Writes to a file beside it and renames, so that a power cut leaves no half of it.
fn write_whole(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(octets)?;
    file.sync_all()?;
    folder::rename(Path::new(&partial), path)
}

impl UnitSecret for SecretFile {
    fn read(&self) -> io::Result<Option<Secret>> {
        let mut file = match fs::File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut octets = Zeroizing::new([0; SECRET_OCTETS + 1]);
        let mut count = 0;
        while let Some(free) = octets.get_mut(count..).filter(|free| !free.is_empty()) {
            match file.read(free)? {
                0 => break,
                read => count += read,
            }
        }
        match octets.first_chunk() {
            Some(secret) if count == SECRET_OCTETS => Ok(Some(Zeroizing::new(*secret))),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "it has {} octets, not {SECRET_OCTETS}",
                    file.metadata()?.len()
                ),
            )),
        }
    }

    /// The check value comes first: one that is left alone by a power cut is replaced with
    /// the secret.
    fn make(&self, environment: &dyn Environment) -> io::Result<Secret> {
        let mut secret = Zeroizing::new([0; SECRET_OCTETS]);
        environment.fill_random(secret.as_mut_slice());
        self.keep_check(&secret)?;
        write_whole(&self.0, secret.as_slice())?;
        Ok(secret)
    }

    fn is_whole(&self, secret: &[u8; 32]) -> Option<bool> {
        let kept = fs::read_to_string(self.check()).ok()?;
        Some(kept == Subkeys::of(secret).fingerprint)
    }

    fn keep_check(&self, secret: &[u8; 32]) -> io::Result<()> {
        write_whole(&self.check(), Subkeys::of(secret).fingerprint.as_bytes())
    }

    fn set_aside(&self, unix_seconds: u64) -> io::Result<Option<PathBuf>> {
        folder::set_aside(&self.0, unix_seconds).map(Some)
    }
}

/// Seals and opens private keys with XChaCha20-Poly1305, each bound to the id
/// of its public key, so that sealed keys cannot be exchanged in the store.
pub(crate) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    pub(crate) fn new(key: &[u8; SECRET_OCTETS]) -> Self {
        Self(XChaCha20Poly1305::new(&Key::from(*key)))
    }

    /// A random nonce followed by the sealed key.
    pub(crate) fn seal(
        &self,
        id: &KeyId,
        pkcs8_der: &[u8],
        environment: &dyn Environment,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_OCTETS];
        environment.fill_random(&mut nonce);
        let payload = Payload {
            msg: pkcs8_der,
            aad: id.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a private key is far shorter than the cipher's limit of 256 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// The private key, or `None` when it was sealed with another secret, for
    /// another key, or was changed since.
    pub(crate) fn open(&self, id: &KeyId, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_OCTETS>()?;
        let payload = Payload {
            msg: sealed,
            aad: id.as_bytes(),
        };
        self.0
            .decrypt(&XNonce::from(*nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::fixed::FixedEnvironment;

    fn id(octet: &str) -> KeyId {
        octet.repeat(32).parse().expect("64 digits")
    }

    #[test]
    fn a_sealed_key_opens_only_for_its_own_public_key_and_secret() {
        let environment = FixedEnvironment::default();
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(&id("aa"), b"the private key", &environment);
        assert_eq!(
            sealer
                .open(&id("aa"), &sealed)
                .as_deref()
                .map(Vec::as_slice),
            Some(b"the private key".as_slice())
        );
        assert!(sealer.open(&id("bb"), &sealed).is_none());
        assert!(Sealer::new(&[8; 32]).open(&id("aa"), &sealed).is_none());
        for cut in [0, NONCE_OCTETS, sealed.len() - 1] {
            assert!(sealer.open(&id("aa"), &sealed[..cut]).is_none());
        }
    }

    #[test]
    fn the_secret_is_made_once_and_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let file = SecretFile::new(folder.path().join("secret"));
        assert!(file.read().expect("nothing there").is_none());
        let made = file.make(&FixedEnvironment::default()).expect("made");
        assert_eq!(file.read().expect("read"), Some(made));
        let mode = fs::metadata(&file.0).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_of_the_wrong_length_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        for length in [0, 31, 33, 70] {
            fs::write(&path, vec![1; length]).expect("written");
            let refused = SecretFile::new(&path).read().expect_err("refused");
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
            assert!(
                refused.to_string().contains(&format!("{length} octets")),
                "{refused}"
            );
            assert_eq!(fs::read(&path).expect("kept").len(), length);
        }
    }
}
