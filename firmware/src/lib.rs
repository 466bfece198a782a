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
mod listeners;
mod output;
mod pasted;
mod run;
mod server;
mod syslog;
mod sysupgrade;
mod time;
mod tls;
mod web;
mod wiped;

use std::sync::Arc;

use cert_lifecycle::{Environment, Setting, Unit};
use tokio::task::JoinError;

use listeners::{Service, Standing};

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
    /// Of the serial line, which nobody on the network can make wait.
    pub(crate) serial_throttle: access::Throttle,
    pub(crate) hashing: access::Hashing,
    pub(crate) environment: Arc<dyn Environment>,
    pub(crate) syslog: syslog::State,
    pub(crate) listeners: listeners::State,
    pub(crate) connections: server::Open,
    pub(crate) upgrades: sysupgrade::Upgrades,
}

impl App {
    fn new(
        unit: Arc<Unit>,
        environment: Arc<dyn Environment>,
        upgrades: sysupgrade::Upgrades,
    ) -> Self {
        Self {
            unit,
            sessions: access::Sessions::default(),
            throttle: access::Throttle::default(),
            serial_throttle: access::Throttle::default(),
            hashing: access::Hashing::default(),
            environment,
            syslog: syslog::State::default(),
            listeners: listeners::State::default(),
            connections: server::Open::default(),
            upgrades,
        }
    }

    /// Asks the unit where it may block: most questions wait for the store, some for a long
    /// computation.
    pub(crate) async fn unblocked<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Arc<Unit>) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let unit = Arc::clone(&self.unit);
        tokio::task::spawn_blocking(move || ask(&unit)).await
    }

    /// How it stands with what `setting` sets, in a sentence, and whether it needs
    /// attention; `None` where what is set is all there is to say.
    pub(crate) fn standing(&self, setting: Setting) -> Option<(String, bool)> {
        if setting == Setting::Syslog {
            self.unit.settings().syslog.as_ref()?;
            return Some((self.syslog.to_string(), self.syslog.trouble().is_some()));
        }
        let standing = self.listeners.of(Service::of(setting)?);
        let attention = matches!(standing, Standing::Trouble(_));
        Some((standing.to_string(), attention))
    }
}
