#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod certificate;
mod common_name;
mod country;
mod country_table;
mod digest;
mod directory_name;
mod directory_text;
mod dns_name;
mod email;
mod encode;
mod entropy;
mod error;
mod ip_address;
mod key;
mod key_spec;
mod montgomery;
mod names;
mod primality;
mod request;
mod rsa_generate;
mod secret;
mod sieve;
mod signer;
mod subject;
mod typed;
mod uri;
mod validity;
mod words;

pub use certificate::{CertificateParams, self_signed};
pub use common_name::CommonName;
pub use country::CountryCode;
pub use digest::Digest;
pub use directory_name::{DirectoryCommonName, DirectoryName};
pub use directory_text::{
    LocalityName, OrganizationName, OrganizationalUnitName, StateName, UnstructuredName,
};
pub use dns_name::{DnsName, DnsNameFault};
pub use email::{EmailAddress, EmailFault};
pub use entropy::MixedRng;
pub use error::Error;
pub use ip_address::IpAddressFault;
pub use key::{PrivateKey, Progress};
pub use key_spec::{KeySpec, RsaBits};
pub use names::{NAMES_MAX, SanExtension, SubjectAltName, SubjectAltNameKind};
pub use request::{RequestParams, certificate_request};
pub use secret::{ChallengePassword, PassPhrase};
pub use signer::Signer;
pub use subject::{ORGANIZATIONAL_UNITS_MAX, Subject};
pub use typed::Typed;
pub use uri::{Uri, UriFault};
pub use validity::{Validity, ValidityDays};

#[cfg(test)]
pub(crate) mod tests {
    //! What several tests need.

    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng;

    /// Randomness that is the same in each run, so that a failure comes again.
    pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
        ChaCha20Rng::from_seed([seed; 32])
    }
}
