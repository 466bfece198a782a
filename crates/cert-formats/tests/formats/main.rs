//! What the crate does, seen from outside. OpenSSL, GnuTLS, NSS, Java and Python make what is read
//! here and judge what is written; a test whose tool is missing fails and says what to install.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod armour;
mod differential;
mod java;
mod limits;
mod mutation;
mod nss;
mod pkcs7;
mod refusals;
mod support;
mod voice;
mod write;
mod x509;
