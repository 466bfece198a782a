//! The public keys that may sign in over SSH, as `authorized_keys` of OpenSSH has them.
//!
//! A backup does not hold them: there is nothing in it that lets anybody in.

use base64ct::{Base64Unpadded, Encoding};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{EcdsaCurve, PublicKey};

use crate::journal::{self, Action, Actor, Event};
use crate::store::Records;
use crate::view::shown;
use crate::{Error, Unit};

/// So many keys may sign in, at most.
pub const AUTHORIZED_KEYS_MAX: usize = 16;
/// A line with a key has at most this many octets; one of RSA 16384, which is then
/// refused by name, has 2.8 KB.
pub const AUTHORIZED_KEY_OCTETS_MAX: usize = 4096;
/// Characters of a comment that are kept.
const COMMENT_CHARS_MAX: usize = 64;

/// Where the store keeps them.
const RECORD: &str = "account/authorized-keys";

/// What is taken, for messages.
const TAKEN: &str = "Paste one line as it stands in a .pub file, of Ed25519 or ECDSA P-256 or P-384; \
                     ssh-keygen -t ed25519 makes one";

/// A public key that may sign in over SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizedKey {
    /// The algorithm and the key in Base64, as a line of `authorized_keys` has them.
    pub key: String,
    /// Whose it is, as its line said; bounded, and perhaps empty.
    pub comment: String,
    /// Its fingerprint, as OpenSSH writes it: "SHA256:" and Base64.
    pub sha256: String,
    /// The kind and size, such as "ECDSA P-256".
    pub kind: String,
    /// When it was added, in seconds since 1970-01-01 UTC.
    pub added_at: u64,
    /// Who added it.
    pub added_by: String,
}

/// Why a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizedKeyError {
    /// It is there already.
    #[error("This key, {sha256}, may sign in already. Nothing was changed.")]
    Known {
        /// Its fingerprint.
        sha256: String,
    },
    /// It is longer than any key.
    #[error(
        "This is longer than {AUTHORIZED_KEY_OCTETS_MAX} octets, so it is no public key. {TAKEN}."
    )]
    Long,
    /// It is no line with a public key.
    #[error("This is no public key of SSH. {TAKEN}.")]
    NotAKey,
    /// Options stand before the key.
    #[error(
        "Options before a key, such as from=\"…\", are not known to this unit, and a key that was \
         meant to be restricted must not be taken without them. Give the key alone."
    )]
    Options,
    /// It is a private key.
    #[error(
        "This is a private key, so it was discarded. The unit wants the public one, which stands in \
         the file that ends with .pub. Treat the private one as exposed."
    )]
    Private,
    /// There are as many as there may be.
    #[error("{AUTHORIZED_KEYS_MAX} keys may sign in already, and no more fit. Delete one first.")]
    TooMany,
    /// It is of a kind that is not taken.
    #[error("This key is of the kind {kind}, which is not taken. {TAKEN}.")]
    Unfit {
        /// The kind and size.
        kind: String,
    },
}

impl AuthorizedKey {
    /// Whether this is the key with these octets (RFC 4253 section 6.6).
    #[must_use]
    pub fn is(&self, octets: &[u8]) -> bool {
        self.sha256 == fingerprint(octets)
    }

    /// Reads a line of `authorized_keys`, or says why it is not taken.
    fn parse(line: &str) -> Result<Self, AuthorizedKeyError> {
        let line = line.trim();
        if line.contains("PRIVATE KEY") {
            return Err(AuthorizedKeyError::Private);
        }
        if line.len() > AUTHORIZED_KEY_OCTETS_MAX {
            return Err(AuthorizedKeyError::Long);
        }
        // A line with options cannot be read as a key, but what stands behind them can.
        let key = PublicKey::from_openssh(line).map_err(|_| match options_before(line) {
            true => AuthorizedKeyError::Options,
            false => AuthorizedKeyError::NotAKey,
        })?;
        let kind = checked_kind(key.key_data())?;
        let octets = key.to_bytes().map_err(|_| AuthorizedKeyError::NotAKey)?;
        let mut words = line.split_whitespace();
        let mut word = || words.next().unwrap_or_default();
        let written = format!("{} {}", word(), word());
        let comment: String = words.collect::<Vec<_>>().join(" ");
        Ok(Self {
            key: written,
            comment: shown(&comment.chars().take(COMMENT_CHARS_MAX).collect::<String>()),
            sha256: fingerprint(&octets),
            kind,
            added_at: 0,
            added_by: String::new(),
        })
    }
}

/// The kind of a key that is taken.
fn checked_kind(key: &KeyData) -> Result<String, AuthorizedKeyError> {
    let unfit = |kind: String| Err(AuthorizedKeyError::Unfit { kind });
    match key {
        KeyData::Ed25519(_) => Ok("Ed25519".into()),
        KeyData::Ecdsa(key) => match key.curve() {
            EcdsaCurve::NistP256 => Ok("ECDSA P-256".into()),
            EcdsaCurve::NistP384 => Ok("ECDSA P-384".into()),
            other => unfit(shown(other.as_ref())),
        },
        // The SSH server checks no RSA signatures.
        KeyData::Rsa(key) => unfit(format!("RSA {}", key.key_size())),
        other => unfit(shown(other.algorithm().as_str())),
    }
}

fn options_before(line: &str) -> bool {
    let mut rest = line;
    while let Some((_, after)) = rest.split_once(' ') {
        if PublicKey::from_openssh(after).is_ok() {
            return true;
        }
        rest = after;
    }
    false
}

/// As `ssh-keygen -l` writes it.
pub(crate) fn fingerprint(octets: &[u8]) -> String {
    let digest = Sha256::digest(octets);
    format!("SHA256:{}", Base64Unpadded::encode_string(&digest))
}

impl Unit {
    /// The keys that may sign in over SSH, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn authorized_keys(&self) -> Result<Vec<AuthorizedKey>, Error> {
        Ok(self.store.snapshot()?.get(RECORD)?.unwrap_or_default())
    }

    /// Lets whoever has the private key to this line of `authorized_keys` sign in over
    /// SSH.
    ///
    /// # Errors
    ///
    /// - [`Error::AuthorizedKey`] when it is not a key of a kind that is taken, is there
    ///   already, or no more fit.
    /// - [`Error::Store`] when the store does not take it.
    pub fn authorize_key(&self, line: &str, actor: &Actor) -> Result<AuthorizedKey, Error> {
        let mut new = AuthorizedKey::parse(line)?;
        let _changing = self.lock();
        let mut keys = self.authorized_keys()?;
        if keys.iter().any(|key| key.sha256 == new.sha256) {
            return Err(AuthorizedKeyError::Known { sha256: new.sha256 }.into());
        }
        if keys.len() >= AUTHORIZED_KEYS_MAX {
            return Err(AuthorizedKeyError::TooMany.into());
        }
        new.added_at = self.environment.now().unix_seconds;
        new.added_by.clone_from(&actor.who);
        keys.push(new.clone());
        self.put_authorized_keys(&keys, Action::KeyAuthorized, &new, actor)?;
        Ok(new)
    }

    /// Takes the leave to sign in from the key with this fingerprint. Whoever has
    /// signed in with it stays until they leave.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] when no such key may sign in.
    /// - [`Error::Store`] when the store does not take it.
    pub fn revoke_key(&self, sha256: &str, actor: &Actor) -> Result<AuthorizedKey, Error> {
        let _changing = self.lock();
        let mut keys = self.authorized_keys()?;
        let Some(place) = keys.iter().position(|key| key.sha256 == sha256) else {
            return Err(Error::NotFound {
                what: "The key",
                named: shown(sha256),
            });
        };
        let revoked = keys.remove(place);
        self.put_authorized_keys(&keys, Action::KeyRevoked, &revoked, actor)?;
        Ok(revoked)
    }

    fn put_authorized_keys(
        &self,
        keys: &[AuthorizedKey],
        action: Action,
        which: &AuthorizedKey,
        actor: &Actor,
    ) -> Result<(), Error> {
        self.store.change(|change| {
            change.put(RECORD, &keys)?;
            let event = Event::of(
                actor,
                action,
                format!("{}, {} {}", which.kind, which.sha256, which.comment).trim_end(),
            );
            Ok(journal::append(change, self.environment.now(), event)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC5GJJIcx74ZCyStppB+iIkcb7A7vwZ3oW0FwMe9YLEE";

    #[track_caller]
    fn refused(line: &str) -> AuthorizedKeyError {
        AuthorizedKey::parse(line).expect_err("refused")
    }

    #[test]
    fn what_is_no_public_key_is_refused_with_the_reason() {
        let key =
            AuthorizedKey::parse(&format!("  {ED25519} a\u{1b}[2J person \n")).expect("taken");
        assert_eq!(key.key, ED25519);
        assert_eq!(key.comment, "a\\u{1b}[2J person");
        assert_eq!(key.kind, "Ed25519");
        for (line, why) in [
            ("", AuthorizedKeyError::NotAKey),
            ("ssh-ed25519", AuthorizedKeyError::NotAKey),
            ("ssh-ed25519 AAAA", AuthorizedKeyError::NotAKey),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----",
                AuthorizedKeyError::Private,
            ),
            (
                &format!("from=\"10.0.0.7\" {ED25519}"),
                AuthorizedKeyError::Options,
            ),
            (&"x".repeat(4097), AuthorizedKeyError::Long),
        ] {
            assert_eq!(refused(line), why, "{line}");
            assert!(!why.to_string().is_empty());
        }
    }

    #[test]
    fn a_comment_is_bounded() {
        let key = AuthorizedKey::parse(&format!("{ED25519} {}", "c".repeat(300))).expect("taken");
        assert_eq!(key.comment.chars().count(), COMMENT_CHARS_MAX);
    }
}
