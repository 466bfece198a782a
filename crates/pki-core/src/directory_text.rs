//! Texts of a subject that may be anything a person calls them.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::Error;
use crate::typed::is_hidden;

/// Makes the type of one text field: its name in messages and its limit are all
/// that tells them apart.
macro_rules! directory_text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $chars_max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Characters at most.
            pub const CHARS_MAX: usize = $chars_max;

            /// Takes a text; white space around it is left out.
            ///
            /// # Errors
            ///
            /// - [`Error::Empty`] when nothing was typed.
            /// - [`Error::TooLong`] when it has more than
            ///   [`CHARS_MAX`](Self::CHARS_MAX) characters.
            /// - [`Error::HiddenCharacter`] when it has a character that cannot be
            ///   seen.
            pub fn parse(typed: &str) -> Result<Self, Error> {
                parse_text($field, typed, Self::CHARS_MAX).map(|text| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use directory_text;

directory_text! {
    /// The state or province of a subject, at most 128 characters (RFC 5280
    /// appendix A, `ub-state-name`).
    StateName, "State or Province Name", 128
}
directory_text! {
    /// The city or place of a subject, at most 128 characters (RFC 5280 appendix
    /// A, `ub-locality-name`).
    LocalityName, "Locality Name", 128
}
directory_text! {
    /// The organization of a subject, at most 64 characters (RFC 5280 appendix A,
    /// `ub-organization-name`).
    OrganizationName, "Organization Name", 64
}
directory_text! {
    /// A part of the organization, at most 64 characters (RFC 5280 appendix A,
    /// `ub-organizational-unit-name`).
    OrganizationalUnitName, "Organizational Unit Name", 64
}
directory_text! {
    /// The PKCS#9 `unstructuredName` (RFC 2985 section 5.2.2), at most 255
    /// characters: the form's "Optional Organization Name".
    UnstructuredName, "Optional Organization Name", 255
}

/// A text without white space around it, of 1 to `chars_max` characters that can
/// be seen.
pub(crate) fn parse_text<'a>(
    field: &'static str,
    typed: &'a str,
    chars_max: usize,
) -> Result<&'a str, Error> {
    let text = typed.trim();
    if text.is_empty() {
        return Err(Error::Empty { field });
    }
    check_length(field, text, chars_max)?;
    check_visible(field, text)?;
    Ok(text)
}

pub(crate) fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), Error> {
    match text.chars().count() {
        length if length > max => Err(Error::TooLong {
            field,
            length,
            max,
            unit: "characters",
        }),
        _ => Ok(()),
    }
}

pub(crate) fn check_visible(field: &'static str, text: &str) -> Result<(), Error> {
    match text.chars().position(is_hidden) {
        Some(index) => Err(Error::HiddenCharacter {
            field,
            position: index + 1,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_text_may_be_as_long_as_its_limit_counted_in_characters() {
        let fits = "é".repeat(64);
        assert_eq!(OrganizationName::parse(&fits).unwrap().as_str(), fits);
        assert_eq!(
            OrganizationName::parse(&"é".repeat(65))
                .unwrap_err()
                .to_string(),
            "The Organization Name has 65 characters; at most 64 fit. Shorten it."
        );
        assert!(StateName::parse(&"a".repeat(128)).is_ok());
        assert!(StateName::parse(&"a".repeat(129)).is_err());
        assert!(UnstructuredName::parse(&"a".repeat(255)).is_ok());
        assert!(UnstructuredName::parse(&"a".repeat(256)).is_err());
    }

    #[test]
    fn white_space_around_a_text_is_left_out() {
        assert_eq!(
            LocalityName::parse(" West Henrietta\t").unwrap().as_str(),
            "West Henrietta"
        );
        for typed in ["", " ", "\t\n"] {
            let error = LocalityName::parse(typed).unwrap_err();
            assert_eq!(error.to_string(), "The Locality Name is empty. Fill it in.");
        }
    }

    #[test]
    fn a_character_that_cannot_be_seen_is_pointed_at() {
        for typed in [
            "ab\0c",
            "ab\ncd",
            "ab\u{202e}cd",
            "ab\u{200b}cd",
            "éa\u{feff}",
        ] {
            assert_eq!(
                OrganizationalUnitName::parse(typed),
                Err(Error::HiddenCharacter {
                    field: "Organizational Unit Name",
                    position: 3
                })
            );
        }
    }
}
