//! Why something was not made.

use alloc::string::String;

use crate::common_name::CommonName;
use crate::{
    CountryCode, Digest, DnsNameFault, EmailFault, IpAddressFault, KeySpec, RsaBits, Typed,
    UriFault,
};

/// Why something was not made.
///
/// The messages are what an administrator reads beside the field of a form:
/// whole sentences that say what came, what was expected and what to do now, in
/// the words of the pages. That is why they begin with a capital letter and end
/// with a full stop, unlike the error messages of most libraries.
///
/// No message and no variant has a character of a secret: not of a private key,
/// a pass phrase or a challenge password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller asked for an end before the key was found.
    #[error(
        "The making of the key was cancelled, so there is no new key. Start again when you want \
         one."
    )]
    Cancelled,

    /// A text that is no country code.
    #[error(
        "{typed} is not a country code of ISO 3166-1. Type two letters, such as \"US\" for the \
         United States or \"FR\" for France."
    )]
    CountryCode {
        /// What came.
        typed: Typed,
    },

    /// A country's name in place of its code.
    #[error("{typed} is the name of a country. Type its two-letter code, \"{code}\".")]
    CountryName {
        /// What came.
        typed: Typed,
        /// The country's code.
        code: CountryCode,
    },

    /// A digest that the signature algorithm of the key is not defined for.
    #[error(
        "{digest} cannot be used with an {key} key: no standard defines that signature. Choose \
         SHA-256."
    )]
    DigestForKey {
        /// What was chosen.
        digest: Digest,
        /// The kind of key it was chosen for.
        key: KeySpec,
    },

    /// A digest whose PKCS#1 v1.5 signature does not fit into the modulus.
    #[error(
        "A signature with {digest} needs an RSA key of at least {smallest} bits; this one has \
         {key}. Choose a longer key, or SHA-256."
    )]
    DigestTooLong {
        /// What was chosen.
        digest: Digest,
        /// The length of the key it was chosen for.
        key: RsaBits,
        /// The smallest length of key that it fits.
        smallest: RsaBits,
    },

    /// A text that names no digest.
    #[error(
        "{typed} is not a digest this unit signs with. Choose SHA-256, SHA-384 or SHA-512; SHA-1 \
         or MD5 only for a client that cannot do better."
    )]
    DigestUnknown {
        /// What came.
        typed: Typed,
    },

    /// A directory name without any field.
    #[error(
        "The directory name is empty. Fill in its country, organization, organizational unit or \
         common name."
    )]
    DirectoryNameEmpty,

    /// A text that is no list of fields of a directory name.
    #[error(
        "{typed} is not a directory name. Type its fields with commas between them, each of C, O, \
         OU and CN at most once, such as \"C=FR, O=Example, CN=ntp1\"; a comma within a field is \
         typed as \"\\,\"."
    )]
    DirectoryNameSyntax {
        /// What came.
        typed: Typed,
    },

    /// A text that is no DNS host name.
    #[error("{typed} is not a host name: {fault}")]
    DnsName {
        /// What came.
        typed: Typed,
        /// What is wrong with it.
        fault: DnsNameFault,
    },

    /// A text that is no email address.
    #[error("{typed} is not an email address: {fault}")]
    Email {
        /// What came.
        typed: Typed,
        /// What is wrong with it.
        fault: EmailFault,
    },

    /// Nothing, where something is needed.
    #[error("The {field} is empty. Fill it in.")]
    Empty {
        /// The field's name.
        field: &'static str,
    },

    /// A value that ASN.1 DER cannot carry, which the limits on every field
    /// should have made impossible.
    #[error(
        "The certificate or request could not be encoded. Shorten the longest names and try again."
    )]
    Encoding(#[source] der::Error),

    /// A character that cannot be seen.
    #[error(
        "Character {position} of the {field} cannot be seen. It was perhaps pasted with the text; \
         type the text instead."
    )]
    HiddenCharacter {
        /// The field's name.
        field: &'static str,
        /// Which character, counted from 1.
        position: usize,
    },

    /// A text that is no IP address.
    #[error("{typed} is not an IP address of one machine: {fault}")]
    IpAddress {
        /// What came.
        typed: Typed,
        /// What is wrong with it.
        fault: IpAddressFault,
    },

    /// Octets that are no private key in PKCS#8, or one that contradicts itself.
    #[error("The stored private key is damaged. Make a new key and request.")]
    KeyMalformed,

    /// A text that names no kind of key.
    #[error(
        "{typed} is not a kind of key this unit makes. Choose an RSA length, such as \"RSA 2048\", \
         or \"EC P-256\" or \"EC P-384\"."
    )]
    KeySpecUnknown {
        /// What came.
        typed: Typed,
    },

    /// A private key in PKCS#8 of a kind that is not made here.
    #[error(
        "The stored private key is of a kind this unit does not use. Make a new key and request."
    )]
    KeyUnsupported,

    /// A text that names no kind of subject alternative name.
    #[error("{typed} is not a type of name. Choose DNS, IP, email, URI, RID or dirName.")]
    NameKindUnknown {
        /// What came.
        typed: Typed,
    },

    /// No primes among more candidates than chance explains.
    #[error(
        "No key was found in far more attempts than are ever needed, so the unit's random \
         generator does not work. Restart the unit and try again; if this stays, it needs repair."
    )]
    Randomness,

    /// A text that is no object identifier.
    #[error(
        "{typed} is not an object identifier. Type numbers with dots between them, such as \
         \"1.3.6.1.4.1.18837\": the first is 0, 1 or 2, after 0 or 1 the second is at most 39, and \
         none is above 4294967295."
    )]
    RegisteredId {
        /// What came.
        typed: Typed,
    },

    /// An RSA key shorter or longer than those that are made.
    #[error("An RSA key here has 512 to 4096 bits, not {bits}. 2048 is the usual length.")]
    RsaBits {
        /// What came.
        bits: u16,
    },

    /// An odd RSA length.
    #[error(
        "An RSA key of {bits} bits cannot be made: FIPS 186-5 makes the key from two primes of \
         equal length, so its length is even. Choose {} or {}.", bits - 1, bits + 1
    )]
    RsaBitsOdd {
        /// What came, an odd number from 513 to 4095.
        bits: u16,
    },

    /// The private key's own computation went wrong and was discarded.
    #[error("The key did not sign correctly, so nothing was signed. Make a new key and request.")]
    Signing,

    /// More than fits into a field.
    #[error(
        "The {field} has {length} {unit}; at most {max} fit. {}",
        shorter(field)
    )]
    TooLong {
        /// The field's name.
        field: &'static str,
        /// How long it is.
        length: usize,
        /// How long it may be.
        max: usize,
        /// What is counted, such as "characters".
        unit: &'static str,
    },

    /// More entries than fit.
    #[error("There are {count} {what}; at most {max} fit. Remove those that are not needed.")]
    TooMany {
        /// What is counted, such as "names".
        what: &'static str,
        /// How many came.
        count: usize,
        /// How many may come.
        max: usize,
    },

    /// Less than a field needs.
    #[error("The {field} has {length} characters; it needs at least {min}, or leave it empty.")]
    TooShort {
        /// The field's name.
        field: &'static str,
        /// How long it is.
        length: usize,
        /// How long it must be.
        min: usize,
    },

    /// A text that is no absolute URI.
    #[error("{typed} is not a URI: {fault}")]
    Uri {
        /// What came.
        typed: Typed,
        /// What is wrong with it.
        fault: UriFault,
    },

    /// A URI with a user, and so perhaps with a password, which is not repeated.
    #[error(
        "The URI names a user before the \"@\", perhaps with a password. A certificate is public, \
         so leave out everything between \"//\" and \"@\", and the \"@\"."
    )]
    UriUser,

    /// A number of days that no certificate is made for.
    #[error("A certificate here is valid for 1 to 36500 days, not {days}. 365 is a year.")]
    ValidityDays {
        /// What came.
        days: u16,
    },

    /// An end of validity that a certificate cannot express.
    #[error(
        "A certificate cannot be valid after the year 9999, and this one would be. Check the \
         unit's clock."
    )]
    ValidityEnd,

    /// A name that stands for many units.
    #[error(
        "{typed} is a wildcard. This unit's key must be its own, so name the unit itself, such as \
         \"{example}\"."
    )]
    Wildcard {
        /// What came.
        typed: Typed,
        /// A name of one unit like it.
        example: String,
    },
}

/// What to do with a value that is too long: a host name cannot be shortened, and has another
/// place.
fn shorter(field: &str) -> &'static str {
    match field {
        CommonName::FIELD => {
            "Put a shorter one here, and a longer host name among the Subject Alternative Names."
        }
        _ => "Shorten it.",
    }
}
