//! What the crate makes, judged by OpenSSL, GnuTLS and Python: by other people's
//! parsers and arithmetic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod judge;
mod keys;
mod requests;
mod signatures;
