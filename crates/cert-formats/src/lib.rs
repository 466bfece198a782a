#![no_std]
#![doc = include_str!("../README.md")]

extern crate alloc;

mod armour;
mod base64;
mod ber;
mod bundle;
mod certificate;
mod cms;
mod collect;
mod diagnose;
mod error;
mod format;
mod label;
mod limits;
mod note;
mod object;
mod position;
mod read;
mod sniff;
mod text;
mod tlv;
mod what;
mod work;
mod write;

pub use bundle::Bundle;
pub use certificate::{RawCertificate, ReadCertificate};
pub use error::Error;
pub use format::Format;
pub use limits::{MAX_CERTIFICATES, MAX_DEPTH, MAX_ELEMENTS, MAX_OCTETS, MAX_OID_OCTETS};
pub use note::{LineEnds, Note};
pub use position::Position;
pub use read::{read, read_and_wipe};
pub use what::{CmsType, KeyKind, What};
pub use write::{
    certificates_to_pem, certificates_to_pkcs7_der, certificates_to_pkcs7_pem, request_to_pem,
};
