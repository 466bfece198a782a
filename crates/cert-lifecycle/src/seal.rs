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

const NONCE_OCTETS: usize = 24;
const SECRET_OCTETS: usize = 32;

/// Where the unit's own secret of 256 bits lives.
///
/// [`SecretFile`] keeps it in a file; hardware with a fuse, a secure element or
/// a TPM implements this instead. The secret must survive restarts and must
/// never leave the unit: whoever has it and the store has the private keys.
pub trait UnitSecret: Send + Sync {
    /// The secret, made at the first call.
    ///
    /// # Errors
    ///
    /// When the secret can be neither read nor made.
    fn secret(&self, environment: &dyn Environment) -> io::Result<Zeroizing<[u8; 32]>>;
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

    fn read(&self) -> io::Result<Zeroizing<[u8; SECRET_OCTETS]>> {
        let mut secret = Zeroizing::new([0; SECRET_OCTETS]);
        let mut file = fs::File::open(&self.0)?;
        file.read_exact(secret.as_mut_slice())?;
        if file.read(&mut [0])? != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is longer than {SECRET_OCTETS} octets", self.0.display()),
            ));
        }
        Ok(secret)
    }

    /// Writes to a file beside it and renames, so that a power cut leaves no
    /// half a secret.
    fn make(&self, environment: &dyn Environment) -> io::Result<Zeroizing<[u8; SECRET_OCTETS]>> {
        let mut secret = Zeroizing::new([0; SECRET_OCTETS]);
        environment.fill_random(secret.as_mut_slice());
        let partial = self.0.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(secret.as_slice())?;
        file.sync_all()?;
        fs::rename(&partial, &self.0)?;
        sync_folder_of(&self.0)?;
        Ok(secret)
    }
}

impl UnitSecret for SecretFile {
    fn secret(&self, environment: &dyn Environment) -> io::Result<Zeroizing<[u8; 32]>> {
        match self.read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(environment),
            read => read,
        }
    }
}

/// Makes a rename or a new file in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
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
        let environment = FixedEnvironment::default();
        let first = file.secret(&environment).expect("made");
        assert_eq!(*first, *file.secret(&environment).expect("read"));
        let mode = fs::metadata(&file.0).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_of_the_wrong_length_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        fs::write(&path, [1; 31]).expect("written");
        let environment = FixedEnvironment::default();
        assert!(SecretFile::new(&path).secret(&environment).is_err());
        fs::write(&path, [1; 33]).expect("written");
        assert!(SecretFile::new(&path).secret(&environment).is_err());
        assert_eq!(fs::read(&path).expect("kept").len(), 33);
    }
}
