//! The judge, on certificates made with OpenSSL: every refusal, warning and note is seen on a
//! certificate with that fault, and nothing else is said of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;
mod form;
mod issuers;
mod leaf;
mod limits;
mod names;
mod pairing;
mod requested;
mod robustness;
mod signatures;
mod support;
mod uses;
