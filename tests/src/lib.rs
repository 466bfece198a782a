//! A harness that drives the unit from outside: it starts the program, visits it
//! as a browser and as a console, and lets OpenSSL and GnuTLS judge what came.
//!
//! `cargo xtask test` runs it with everything else. Alone, and only what has "defcert"
//! in its name, for instance:
//!
//! ```text
//! cargo build --package firmware && cargo test --package acceptance defcert
//! ```
//!
//! Nothing here knows the unit's code. What it must know of the pages, the names
//! of fields and where a form leads, it reads from the pages themselves.

#![expect(
    clippy::missing_errors_doc,
    reason = "every error fails the test that met it"
)]
#![expect(clippy::print_stdout, reason = "a test that fails shows what was done")]

/// The examples of the project's README, which have to hold.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

mod administrator;
mod authority;
mod board;
mod browser;
mod chromium;
mod collector;
pub mod faults;
mod firefox;
mod form;
mod html;
mod http;
pub mod judge;
mod process;
pub mod scanners;
mod secrets;
pub mod syslog;
pub mod terminal;
mod tool;
mod unit;

pub use administrator::{Administrator, Name, sign_in};
pub use authority::{Authority, Encoding, Issued, foreign_request};
pub use board::{Board, Disk, made};
pub use browser::{Browser, Page};
pub use chromium::{Chromium, Home, NO_SCRIPT};
pub use collector::{Rsyslog, TcpCollector, UdpCollector};
pub use firefox::{Firefox, Profile};
pub use form::Form;
pub use html::Element;
pub use http::{Connection, Response, client_hello, connect};
pub use process::Ended;
pub use secrets::{Canary, Transcript};
pub use terminal::{Cable, Terminal};
pub use tool::{Ran, Running, Tool};
pub use unit::{PASSWORD, SlowedDown, Unit};
