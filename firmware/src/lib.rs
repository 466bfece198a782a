//! The firmware of the appliance: the operations of [`cert_lifecycle`], served
//! to browsers and consoles.
//!
//! It is thin: a surface parses what came, calls an operation and renders what
//! the operation returned. No rule about certificates is here.

mod access;
mod clock;
mod config;
mod confinement;
mod console;
mod environment;
mod first_password;
mod invocation;
mod limits;
mod output;
mod run;
mod server;
mod syslog;
mod time;
mod tls;
mod web;
mod wiped;

use std::sync::Arc;

use cert_lifecycle::{Environment, Unit};

pub use invocation::{Invocation, Refusal};

/// The software version, as `version` and the pages show it.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit and the target that this program was built from and for; `build/origin.rs` tells.
pub(crate) const BUILD: &str =
    concat!(env!("COUNTERSIGN_COMMIT"), ", ", env!("COUNTERSIGN_TARGET"));

/// What made a backup, as the backup says it.
pub(crate) fn software() -> String {
    format!("Countersign {VERSION}")
}

/// What every surface works with.
pub(crate) struct App {
    pub(crate) unit: Arc<Unit>,
    pub(crate) sessions: access::Sessions,
    pub(crate) throttle: access::Throttle,
    pub(crate) hashing: access::Hashing,
    pub(crate) environment: Arc<dyn Environment>,
    pub(crate) syslog: syslog::State,
    pub(crate) connections: server::Open,
}

impl App {
    fn new(unit: Arc<Unit>, environment: Arc<dyn Environment>) -> Self {
        Self {
            unit,
            sessions: access::Sessions::default(),
            throttle: access::Throttle::default(),
            hashing: access::Hashing::default(),
            environment,
            syslog: syslog::State::default(),
            connections: server::Open::default(),
        }
    }
}
