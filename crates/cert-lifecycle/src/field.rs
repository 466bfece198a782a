//! The fields of the request form: their labels, the words for them in a request of a
//! browser or a line of a console, and what may be chosen.

use pki_core::Digest;
use zeroize::{Zeroize, Zeroizing};

use crate::{NameRow, RequestForm};

/// The kinds of key, as [`RequestForm::key_type`] takes them.
const KEY_TYPES: [&str; 3] = ["RSA", "EC P-256", "EC P-384"];

/// A field of the form, under the label that the page and the console share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// Signature Algorithm.
    SignatureAlgorithm,
    /// Private Key Pass Phrase.
    PassPhrase,
    /// The kind of key.
    KeyType,
    /// RSA Private Key Bit Length.
    KeyBits,
    /// Two Letter Country Code.
    Country,
    /// State Or Province Name.
    State,
    /// Locality Name.
    Locality,
    /// Organization Name.
    Organization,
    /// Organizational Unit Name.
    OrganizationalUnit,
    /// Common Name.
    CommonName,
    /// Email Address.
    Email,
    /// Challenge Password.
    ChallengePassword,
    /// Optional Organization Name.
    OptionalOrganization,
    /// Self Signed Certificate Expiration (Days).
    Days,
    /// The subject alternative name in this row, from 0.
    Name(usize),
}

impl Field {
    /// The label, as the note on the product has it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SignatureAlgorithm => "Signature Algorithm",
            Self::PassPhrase => "Private Key Pass Phrase",
            Self::KeyType => "Private Key Type",
            Self::KeyBits => "RSA Private Key Bit Length",
            Self::Country => "Two Letter Country Code (ISO 3166-1)",
            Self::State => "State Or Province Name",
            Self::Locality => "Locality Name",
            Self::Organization => "Organization Name",
            Self::OrganizationalUnit => "Organizational Unit Name",
            Self::CommonName => "Common Name (e.g. Hostname or IP)",
            Self::Email => "Email Address",
            Self::ChallengePassword => "Challenge Password",
            Self::OptionalOrganization => "Optional Organization Name",
            Self::Days => "Self Signed Certificate Expiration (Days)",
            Self::Name(_) => "Subject Alternative Name",
        }
    }

    /// Every field but the further names, in the order in which people meet them.
    pub const ALL: [Self; 14] = [
        Self::CommonName,
        Self::Country,
        Self::State,
        Self::Locality,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::Email,
        Self::KeyType,
        Self::KeyBits,
        Self::SignatureAlgorithm,
        Self::Days,
        Self::ChallengePassword,
        Self::OptionalOrganization,
        Self::PassPhrase,
    ];

    /// The word for it, such as `common_name`; `name` for every further name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignatureAlgorithm => "signature_algorithm",
            Self::PassPhrase => "pass_phrase",
            Self::KeyType => "key_type",
            Self::KeyBits => "key_bits",
            Self::Country => "country",
            Self::State => "state",
            Self::Locality => "locality",
            Self::Organization => "organization",
            Self::OrganizationalUnit => "organizational_unit",
            Self::CommonName => "common_name",
            Self::Email => "email",
            Self::ChallengePassword => "challenge_password",
            Self::OptionalOrganization => "optional_organization",
            Self::Days => "days",
            Self::Name(_) => "name",
        }
    }

    /// Whether what is typed for it is a secret.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::ChallengePassword | Self::PassPhrase)
    }

    /// The texts to choose from, where there are only some.
    #[must_use]
    pub fn choices(self) -> Vec<String> {
        match self {
            Self::KeyType => KEY_TYPES.map(ToOwned::to_owned).into(),
            Self::SignatureAlgorithm => Digest::ALL.map(|digest| digest.to_string()).into(),
            _ => Vec::new(),
        }
    }
}

impl RequestForm {
    /// What stands in the field; the units with commas between them, nothing for a
    /// further name.
    #[must_use]
    pub fn text(&self, field: Field) -> Zeroizing<String> {
        let text: &str = match field {
            Field::SignatureAlgorithm => self.signature_algorithm.as_str(),
            Field::PassPhrase => self.pass_phrase.as_str(),
            Field::KeyType => self.key_type.as_str(),
            Field::KeyBits => self.key_bits.as_str(),
            Field::Country => self.country.as_str(),
            Field::State => self.state.as_str(),
            Field::Locality => self.locality.as_str(),
            Field::Organization => self.organization.as_str(),
            Field::OrganizationalUnit => return self.organizational_units.join(", ").into(),
            Field::CommonName => self.common_name.as_str(),
            Field::Email => self.email.as_str(),
            Field::ChallengePassword => self.challenge_password.as_str(),
            Field::OptionalOrganization => self.optional_organization.as_str(),
            Field::Days => self.days.as_str(),
            Field::Name(_) => "",
        };
        Zeroizing::new(text.to_owned())
    }

    /// Puts `text` into the field, unchecked; an organizational unit or a further name
    /// is added to those that are there, unless it is empty.
    pub fn set(&mut self, field: Field, text: &str) {
        let place = match field {
            Field::SignatureAlgorithm => &mut self.signature_algorithm,
            Field::PassPhrase => &mut *self.pass_phrase,
            Field::KeyType => &mut self.key_type,
            Field::KeyBits => &mut self.key_bits,
            Field::Country => &mut self.country,
            Field::State => &mut self.state,
            Field::Locality => &mut self.locality,
            Field::Organization => &mut self.organization,
            Field::OrganizationalUnit => {
                if !text.trim().is_empty() {
                    self.organizational_units.push(text.into());
                }
                return;
            }
            Field::CommonName => &mut self.common_name,
            Field::Email => &mut self.email,
            Field::ChallengePassword => &mut *self.challenge_password,
            Field::OptionalOrganization => &mut self.optional_organization,
            Field::Days => &mut self.days,
            Field::Name(_) => {
                if !text.trim().is_empty() {
                    self.names.push(NameRow::read(text));
                }
                return;
            }
        };
        if field.is_secret() {
            // What it held is wiped, not freed as it is.
            place.zeroize();
        }
        *place = text.into();
    }
}

/// What is said beside a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMessage {
    /// The field it is about.
    pub field: Field,
    /// What was expected, what came, and what to do.
    pub message: String,
}
