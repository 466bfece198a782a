//! What a person types and nobody else may see.

use alloc::string::String;
use core::fmt;

use const_oid::db::rfc2985;
use x509_cert::attr::Attribute;
use zeroize::Zeroizing;

use crate::directory_text::{check_length, check_visible};
use crate::{Error, encode};

/// A pass phrase that adds to the randomness of a new key; see
/// [`MixedRng`](crate::MixedRng).
///
/// It is wiped from memory when dropped, cannot be cloned, and does not show
/// itself in `Debug`.
///
/// ```
/// use pki_core::PassPhrase;
///
/// let phrase = PassPhrase::parse("correct horse")?;
/// assert_eq!(format!("{phrase:?}"), "PassPhrase([secret elided])");
/// assert!(PassPhrase::parse("abc").is_err());
/// # Ok::<(), pki_core::Error>(())
/// ```
pub struct PassPhrase(Zeroizing<String>);

impl PassPhrase {
    /// Characters at least.
    pub const CHARS_MIN: usize = 4;
    /// Octets at most, in UTF-8.
    pub const OCTETS_MAX: usize = 1024;
    const FIELD: &'static str = "Private Key Pass Phrase";

    /// Takes a pass phrase as it was typed, white space included.
    ///
    /// # Errors
    ///
    /// - [`Error::TooShort`] for fewer than 4 characters.
    /// - [`Error::TooLong`] for more than 1024 octets.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let length = typed.chars().count();
        if length < Self::CHARS_MIN {
            return Err(Error::TooShort {
                field: Self::FIELD,
                length,
                min: Self::CHARS_MIN,
            });
        }
        if typed.len() > Self::OCTETS_MAX {
            return Err(Error::TooLong {
                field: Self::FIELD,
                length: typed.len(),
                max: Self::OCTETS_MAX,
                unit: "octets",
            });
        }
        Ok(Self(Zeroizing::new(typed.into())))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for PassPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassPhrase([secret elided])")
    }
}

/// A password that a CA may ask for when the certificate is to be revoked: the
/// `challengePassword` of PKCS#9 (RFC 2985 section 5.4.1), 1 to 255 characters.
///
/// The request carries it as it is, readable for everybody who has the request.
/// Here it is wiped from memory when dropped, cannot be cloned, and does not
/// show itself in `Debug`.
pub struct ChallengePassword(Zeroizing<String>);

impl ChallengePassword {
    /// Characters at most.
    pub const CHARS_MAX: usize = 255;
    const FIELD: &'static str = "Challenge Password";

    /// Takes a password as it was typed, white space included.
    ///
    /// # Errors
    ///
    /// - [`Error::Empty`] when nothing was typed.
    /// - [`Error::TooLong`] for more than 255 characters.
    /// - [`Error::HiddenCharacter`] when it has a character that cannot be seen.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        if typed.is_empty() {
            return Err(Error::Empty { field: Self::FIELD });
        }
        check_length(Self::FIELD, typed, Self::CHARS_MAX)?;
        check_visible(Self::FIELD, typed)?;
        Ok(Self(Zeroizing::new(typed.into())))
    }

    /// A `PrintableString` when its characters allow it, else a `UTF8String`.
    pub(crate) fn to_attribute(&self) -> Result<Attribute, Error> {
        let value = encode::printable_or_utf8_string(&self.0)?;
        encode::attribute(rfc2985::PKCS_9_AT_CHALLENGE_PASSWORD, value)
    }
}

impl fmt::Debug for ChallengePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengePassword([secret elided])")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_pass_phrase_has_4_characters_to_1024_octets() {
        for (typed, taken) in [
            ("", false),
            ("äöü", false),
            ("äöüß", true),
            ("    ", true),
            (&*"a".repeat(1024), true),
            (&*"a".repeat(1025), false),
            (&*"ä".repeat(513), false),
        ] {
            assert_eq!(PassPhrase::parse(typed).is_ok(), taken, "{typed}");
        }
    }

    #[test]
    fn a_challenge_password_has_1_to_255_characters() {
        for (typed, taken) in [
            ("", false),
            ("a", true),
            (" a ", true),
            ("a\0", false),
            (&*"ä".repeat(255), true),
            (&*"ä".repeat(256), false),
        ] {
            assert_eq!(ChallengePassword::parse(typed).is_ok(), taken, "{typed}");
        }
    }

    #[test]
    fn a_refused_secret_is_not_repeated() {
        let long = "canary".repeat(200);
        for error in [
            PassPhrase::parse("cny").unwrap_err(),
            PassPhrase::parse(&long).unwrap_err(),
            ChallengePassword::parse(&long).unwrap_err(),
            ChallengePassword::parse("canary\u{7}").unwrap_err(),
        ] {
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("canary") && !shown.contains("cny"),
                "{shown}"
            );
        }
    }
}
