//! The request form: texts as a person typed them, checked into an order.
//!
//! The browser's form and the console's prompts both fill a [`RequestForm`];
//! [`RequestForm::parse`] is the one place where its rules are.

use pki_core::{
    ChallengePassword, CommonName, CountryCode, Digest, DirectoryName, EmailAddress, KeySpec,
    NAMES_MAX, ORGANIZATIONAL_UNITS_MAX, PassPhrase, RequestParams, RsaBits, SanExtension, Subject,
    SubjectAltName, SubjectAltNameKind, UnstructuredName, ValidityDays,
};
use zeroize::Zeroizing;

use crate::field::{Field, FieldMessage};
use crate::trial::Preflight;

/// Days a self-signed certificate is valid unless chosen otherwise: what
/// browsers accept at most from a public CA before March 2026.
pub const DAYS_DEFAULT: u16 = 397;
/// Apple's systems take no server certificate that is valid for more days, whoever issued it.
const DAYS_MAX_APPLE: u16 = 825;

/// PSS with SHA-256, the least that TLS 1.3 has for RSA (RFC 8446 section 4.2.3), needs
/// 66 octets below the highest bit (RFC 8017 section 9.1.1).
const RSA_BITS_TLS13_MIN: u16 = 522;

/// One row of further names, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    /// The type.
    pub kind: SubjectAltNameKind,
    /// The name; a directory name may stand here in one line, or in its fields.
    pub value: String,
    /// The fields of a directory name.
    pub directory: DirectoryRow,
}

/// The fields of a directory name, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryRow {
    /// Two Letter Country Code.
    pub country: String,
    /// Organization name.
    pub organization: String,
    /// Organizational Unit Name.
    pub organizational_unit: String,
    /// Common name.
    pub common_name: String,
}

impl NameRow {
    /// An empty row of this type.
    #[must_use]
    pub fn new(kind: SubjectAltNameKind) -> Self {
        Self {
            kind,
            value: String::new(),
            directory: DirectoryRow::default(),
        }
    }

    /// The row for a name that is typed in one line: "DNS:ntp1.example.net", with a
    /// directory name as "dirName:C=FR, O=Example, OU=Time, CN=ntp1". Without a type, an
    /// address is an IP and everything else a DNS name.
    #[must_use]
    pub fn read(typed: &str) -> Self {
        let typed = typed.trim();
        let kind = typed
            .split_once(':')
            .and_then(|(kind, value)| Some((kind.trim().parse().ok()?, value.trim())));
        let (kind, value) = kind.unwrap_or_else(|| {
            let kind = match typed {
                _ if typed.parse::<std::net::IpAddr>().is_ok() => SubjectAltNameKind::Ip,
                _ if typed.contains("://") => SubjectAltNameKind::Uri,
                _ if typed.contains('@') => SubjectAltNameKind::Email,
                _ => SubjectAltNameKind::Dns,
            };
            (kind, typed)
        });
        Self {
            value: value.into(),
            ..Self::new(kind)
        }
    }

    /// The name, or why it is none.
    ///
    /// # Errors
    ///
    /// When the texts are not a name of the row's type; the message is for the
    /// person who typed them.
    pub fn parse(&self) -> Result<SubjectAltName, String> {
        let parsed = match self.kind {
            // Typed in one line.
            SubjectAltNameKind::Directory if !self.value.is_empty() => {
                SubjectAltName::parse(self.kind, &self.value)
            }
            SubjectAltNameKind::Directory => DirectoryName::parse(
                &self.directory.country,
                &self.directory.organization,
                &self.directory.organizational_unit,
                &self.directory.common_name,
            )
            .map(SubjectAltName::Directory),
            kind => SubjectAltName::parse(kind, self.value.trim()),
        };
        parsed.map_err(|error| error.to_string())
    }
}

/// Everything a person can say about a new key and request, as typed.
///
/// It is not `Clone` and has no `Debug`, for it holds two secrets.
pub struct RequestForm {
    /// Whether a self-signed certificate is also made and served.
    pub self_signed: bool,
    /// The digest's name, such as `SHA-256`.
    pub signature_algorithm: String,
    /// Mixed into the key's randomness; a secret, never stored.
    pub pass_phrase: Zeroizing<String>,
    /// `RSA`, `EC P-256` or `EC P-384`.
    pub key_type: String,
    /// Bits of an RSA key.
    pub key_bits: String,
    /// Two letters.
    pub country: String,
    /// State or province.
    pub state: String,
    /// Locality.
    pub locality: String,
    /// Organization.
    pub organization: String,
    /// Any number of organizational units; empty ones are passed over.
    pub organizational_units: Vec<String>,
    /// The name or address the unit is reached by; the one required field.
    pub common_name: String,
    /// Email address.
    pub email: String,
    /// Goes into the request for the CA; a secret.
    pub challenge_password: Zeroizing<String>,
    /// The PKCS#9 unstructuredName.
    pub optional_organization: String,
    /// Days of validity of a self-signed certificate.
    pub days: String,
    /// Further subject alternative names.
    pub names: Vec<NameRow>,
    /// Leaves the subject alternative name extension out, for a CA that cannot
    /// take it.
    pub omit_names: bool,
    /// Whether a self-signed certificate that cannot pass the handshake in memory
    /// serves all the same. Only a console may ask for this.
    pub preflight: Preflight,
}

impl Default for RequestForm {
    fn default() -> Self {
        Self {
            self_signed: false,
            signature_algorithm: Digest::Sha256.to_string(),
            pass_phrase: Zeroizing::default(),
            key_type: "RSA".into(),
            key_bits: "2048".into(),
            country: String::new(),
            state: String::new(),
            locality: String::new(),
            organization: String::new(),
            organizational_units: Vec::new(),
            common_name: String::new(),
            email: String::new(),
            challenge_password: Zeroizing::default(),
            optional_organization: String::new(),
            days: DAYS_DEFAULT.to_string(),
            names: Vec::new(),
            omit_names: false,
            preflight: Preflight::Required,
        }
    }
}

/// A form without fault: what is to be made.
pub struct RequestOrder {
    pub(crate) key: KeySpec,
    pub(crate) pass_phrase: Option<PassPhrase>,
    pub(crate) request: RequestParams,
    /// `Some` when a self-signed certificate is to be served as well.
    pub(crate) self_signed: Option<ValidityDays>,
    pub(crate) preflight: Preflight,
    /// What is accepted but was perhaps not meant.
    pub advice: Vec<FieldMessage>,
}

impl RequestOrder {
    /// The kind of key to be made.
    #[must_use]
    pub fn key(&self) -> KeySpec {
        self.key
    }

    /// Whether a self-signed certificate is to be served as well.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.self_signed.is_some()
    }
}

impl RequestForm {
    /// Checks every field, and says of all that are wrong what is wrong.
    ///
    /// # Errors
    ///
    /// One message for each field that cannot be taken.
    pub fn parse(&self) -> Result<RequestOrder, Vec<FieldMessage>> {
        let mut faults = Faults::default();
        let field = match self.key_type.eq_ignore_ascii_case("RSA") {
            true => Field::KeyBits,
            false => Field::KeyType,
        };
        let key = faults.take(field, self.key());
        let digest = faults.take(Field::SignatureAlgorithm, self.digest());
        if let Some(fault) = key.and_then(|key| self.too_short_to_serve(key)) {
            faults.say(Field::KeyBits, fault);
        }
        if let (Some(key), Some(digest)) = (key, digest) {
            faults.take(Field::SignatureAlgorithm, digest.check_fits(key));
        }
        let pass_phrase = faults.optional(Field::PassPhrase, &self.pass_phrase, PassPhrase::parse);
        let subject = self.subject(&mut faults);
        let names = self.names(&mut faults);
        let challenge_password = faults.optional(
            Field::ChallengePassword,
            &self.challenge_password,
            ChallengePassword::parse,
        );
        let unstructured_name = faults.optional(
            Field::OptionalOrganization,
            &self.optional_organization,
            UnstructuredName::parse,
        );
        let days = faults.take(Field::Days, self.days());
        let (Some(key), Some(digest), Some(subject), Some(days)) = (key, digest, subject, days)
        else {
            return Err(faults.0);
        };
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        Ok(RequestOrder {
            advice: advice(
                key,
                digest,
                subject.country.as_ref(),
                self.self_signed.then_some(days),
            ),
            key,
            pass_phrase,
            request: RequestParams {
                subject,
                names,
                san: if self.omit_names {
                    SanExtension::Omit
                } else {
                    SanExtension::Include
                },
                digest,
                challenge_password,
                unstructured_name,
            },
            self_signed: self.self_signed.then_some(days),
            preflight: self.preflight,
        })
    }

    /// A key that is to serve has to sign in TLS 1.3, which is known before it is made.
    fn too_short_to_serve(&self, key: KeySpec) -> Option<String> {
        let KeySpec::Rsa(bits) = key else {
            return None;
        };
        let serves = self.self_signed && self.preflight == Preflight::Required;
        (serves && bits.bits() < RSA_BITS_TLS13_MIN).then(|| {
            format!(
                "An RSA key of {} bits is too short to sign in TLS 1.3, so it cannot serve: that takes \
                 {RSA_BITS_TLS13_MIN}. Choose more bits, or make the request alone. A console can \
                 force it, for clients that know TLS 1.2 only.",
                bits.bits()
            )
        })
    }

    fn key(&self) -> Result<KeySpec, String> {
        match &*self.key_type.to_ascii_uppercase() {
            "RSA" => {
                let typed = self.key_bits.trim();
                let bits = typed.parse::<u16>().map_err(|_| {
                    format!("\"{typed}\" is no number of bits. Type an even number from 512 to 4096, such as 2048.")
                })?;
                Ok(KeySpec::Rsa(
                    RsaBits::new(bits).map_err(|error| error.to_string())?,
                ))
            }
            "EC P-256" => Ok(KeySpec::EcP256),
            "EC P-384" => Ok(KeySpec::EcP384),
            _ => Err(format!(
                "\"{}\" is no type of key. Choose RSA, EC P-256 or EC P-384.",
                self.key_type
            )),
        }
    }

    fn digest(&self) -> Result<Digest, String> {
        self.signature_algorithm
            .parse::<Digest>()
            .map_err(|error| error.to_string())
    }

    fn days(&self) -> Result<ValidityDays, String> {
        let typed = self.days.trim();
        let days = typed.parse::<u16>().map_err(|_| {
            format!("\"{typed}\" is no number of days. Type a number from 1 to 36500, such as {DAYS_DEFAULT}.")
        })?;
        ValidityDays::new(days).map_err(|error| error.to_string())
    }

    fn subject(&self, faults: &mut Faults) -> Option<Subject> {
        let common_name = faults.take(
            Field::CommonName,
            CommonName::parse(self.common_name.trim()),
        );
        let country = faults.optional(Field::Country, &self.country, CountryCode::parse);
        let state = faults.optional(Field::State, &self.state, pki_core::StateName::parse);
        let locality = faults.optional(
            Field::Locality,
            &self.locality,
            pki_core::LocalityName::parse,
        );
        let organization = faults.optional(
            Field::Organization,
            &self.organization,
            pki_core::OrganizationName::parse,
        );
        let units: Vec<_> = self
            .organizational_units
            .iter()
            .filter_map(|unit| {
                let parse = pki_core::OrganizationalUnitName::parse;
                faults.optional(Field::OrganizationalUnit, unit, parse)
            })
            .collect();
        if units.len() > ORGANIZATIONAL_UNITS_MAX {
            faults.say(
                Field::OrganizationalUnit,
                format!(
                    "There are {} organizational units. At most {ORGANIZATIONAL_UNITS_MAX} fit.",
                    units.len()
                ),
            );
        }
        let email = faults.optional(Field::Email, &self.email, EmailAddress::parse);
        Some(Subject {
            country,
            state,
            locality,
            organization,
            organizational_units: units,
            common_name: common_name?,
            email,
        })
    }

    fn names(&self, faults: &mut Faults) -> Vec<SubjectAltName> {
        if self.names.len() > NAMES_MAX {
            let fault = format!(
                "There are {} names. At most {NAMES_MAX} fit.",
                self.names.len()
            );
            faults.say(Field::Name(NAMES_MAX), fault);
            return Vec::new();
        }
        let rows = self.names.iter().enumerate();
        rows.filter_map(|(index, row)| faults.take(Field::Name(index), row.parse()))
            .collect()
    }
}

/// The messages gathered so far: nothing stops at the first.
#[derive(Default)]
struct Faults(Vec<FieldMessage>);

impl Faults {
    fn say(&mut self, field: Field, message: String) {
        self.0.push(FieldMessage { field, message });
    }

    fn take<T, E: ToString>(&mut self, field: Field, parsed: Result<T, E>) -> Option<T> {
        parsed
            .map_err(|error| self.say(field, error.to_string()))
            .ok()
    }

    /// Nothing typed is nothing said; anything else is checked.
    fn optional<T, E: ToString>(
        &mut self,
        field: Field,
        typed: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if typed.trim().is_empty() {
            None
        } else {
            self.take(field, parse(typed))
        }
    }
}

fn advice(
    key: KeySpec,
    digest: Digest,
    country: Option<&CountryCode>,
    self_signed: Option<ValidityDays>,
) -> Vec<FieldMessage> {
    let mut advice = Faults::default();
    if digest.is_legacy() {
        advice.say(
            Field::SignatureAlgorithm,
            format!(
                "{digest} can be forged. Choose it only for a client that cannot do better: Apple's \
                 systems refuse a self-signed certificate with it, and Chrome and Firefox take one \
                 once it is trusted itself. The CA chooses what it signs with."
            ),
        );
    }
    if let KeySpec::Rsa(bits) = key
        && bits.bits() < 2048
    {
        let who = if self_signed.is_some() {
            "Apple's systems want"
        } else {
            "Public CAs and Apple's systems want"
        };
        advice.say(
            Field::KeyBits,
            format!(
                "An RSA key of {} bits can be broken. {who} 2048 or more; Chrome and Firefox \
                 refuse keys below 1024.",
                bits.bits()
            ),
        );
    }
    if let Some(days) = self_signed
        && days.days() > DAYS_MAX_APPLE
    {
        advice.say(
            Field::Days,
            format!(
                "Apple's systems refuse a server certificate of more than {DAYS_MAX_APPLE} days, and \
                 this one has {}. Choose fewer if they are to reach the unit.",
                days.days()
            ),
        );
    }
    if let Some(said) = country.and_then(CountryCode::advice) {
        advice.say(Field::Country, said.to_string());
    }
    advice.0
}
