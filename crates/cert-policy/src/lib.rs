#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod budget;
mod certificate;
mod chain;
mod clock;
mod constraints;
mod dn;
mod extensions;
mod finding;
mod identity;
mod judge;
mod key;
mod links;
mod names;
mod pairing;
mod profile;
mod purpose;
mod quote;
mod request;
mod san;
mod signature;
mod strength;
mod tlv;
mod validity;

pub use finding::{Code, Finding, Severity};
pub use judge::{Input, Now, OurKey, Pairing, Presented, Verdict, judge};
pub use key::public_key_sha256;
pub use names::{Coverage, DnsName, ServerName, ServerNameError, covers};
pub use request::requested_names;
pub use spki::SubjectPublicKeyInfoOwned;

/// A certificate decoded without the checks of `x509-cert`, so that odd ones (a negative serial
/// number, one above 20 octets) are judged and explained, not just refused as unreadable.
pub type RawCertificate = x509_cert::certificate::CertificateInner<x509_cert::certificate::Raw>;
