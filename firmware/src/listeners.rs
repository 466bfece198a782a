//! The listeners besides that of HTTPS: HTTP, SSH and telnet.
//!
//! The configuration says where each listens, the settings whether it does. Each has a
//! task of its own that has the listener follow both, at once and for as long as the
//! unit runs. An address that cannot be had is no reason to end: what is wrong is
//! logged and shown beside the setting, and it is tried again.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cert_lifecycle::{Setting, Settings};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::App;
use crate::config::{Config, Place};
use crate::console::{ssh, telnet};
use crate::output::log;
use crate::server::{self, Carrier, Running};
use crate::web;

/// An address that could not be had is tried again after this long.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A listener that can be switched on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Http,
    Ssh,
    Telnet,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::Http, Self::Ssh, Self::Telnet];

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Ssh => "SSH",
            Self::Telnet => "telnet",
        }
    }

    /// The one that this setting switches.
    pub(crate) fn of(setting: Setting) -> Option<Self> {
        match setting {
            Setting::Http => Some(Self::Http),
            Setting::Ssh => Some(Self::Ssh),
            Setting::Telnet => Some(Self::Telnet),
            _ => None,
        }
    }

    fn place(self, config: &Config) -> Place {
        match self {
            Self::Http => config.http,
            Self::Ssh => config.ssh,
            Self::Telnet => config.telnet,
        }
    }

    /// Where it is to listen now, if it is to.
    fn wanted(self, config: &Config, settings: &Settings) -> Result<SocketAddr, Standing> {
        let switch = match self {
            Self::Http => settings.http,
            Self::Ssh => settings.ssh,
            Self::Telnet => settings.telnet,
        };
        match self.place(config) {
            Place::Off => Err(Standing::OffForGood),
            Place::At(address) if switch.is_on(true) => Ok(address),
            Place::Usually(address) if switch.is_on(self == Self::Ssh) => Ok(address),
            Place::At(_) | Place::Usually(_) => Err(Standing::Off),
        }
    }
}

/// How it stands with a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Off,
    /// The configuration has it off.
    OffForGood,
    At(SocketAddr),
    Trouble(String),
}

impl fmt::Display for Standing {
    /// A sentence for the administrator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("It is off."),
            Self::OffForGood => f.write_str(
                "The configuration of the unit has it off, so it cannot be switched on here.",
            ),
            Self::At(address) => write!(f, "It listens on {address}."),
            Self::Trouble(why) => write!(f, "{why} It is tried again every few seconds."),
        }
    }
}

/// How it stands with all of them, and where HTTPS is.
pub(crate) struct State {
    standings: [Mutex<Standing>; Service::ALL.len()],
    https: watch::Sender<Option<SocketAddr>>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            standings: Service::ALL.map(|_| Mutex::new(Standing::Off)),
            https: watch::Sender::new(None),
        }
    }
}

impl State {
    pub(crate) fn of(&self, service: Service) -> Standing {
        let standing = self.slot(service);
        standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The port of HTTPS, to which HTTP leads.
    pub(crate) fn https_port(&self) -> Option<u16> {
        self.https.borrow().map(|address| address.port())
    }

    /// Where HTTPS listens.
    pub(crate) fn https(&self) -> Option<SocketAddr> {
        *self.https.borrow()
    }

    /// HTTPS listens here from now on.
    pub(crate) fn set_https(&self, address: SocketAddr) {
        self.https.send_replace(Some(address));
    }

    /// Keeps how it stands, and says in the log what is new.
    fn set(&self, service: Service, standing: Standing) {
        let slot = self.slot(service);
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if *kept == standing {
            return;
        }
        let name = service.name();
        match &standing {
            Standing::At(address) => log(format_args!("{name} listens on {address}")),
            Standing::Trouble(why) => log(why),
            Standing::Off | Standing::OffForGood => {
                if matches!(*kept, Standing::At(_)) {
                    log(format_args!("{name} is switched off"));
                }
            }
        }
        *kept = standing;
    }

    fn slot(&self, service: Service) -> &Mutex<Standing> {
        let [http, ssh, telnet] = &self.standings;
        match service {
            Service::Http => http,
            Service::Ssh => ssh,
            Service::Telnet => telnet,
        }
    }
}

/// All of them, while they run.
pub(crate) struct Listeners {
    config: watch::Sender<Config>,
    ending: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Listeners {
    /// Has every listener follow `config` and the settings from now on.
    pub(crate) fn start(app: &Arc<App>, config: &Config) -> Self {
        let config = watch::Sender::new(config.clone());
        let ending = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        for service in Service::ALL {
            let changed = Arc::new(Notify::new());
            app.unit.on_change({
                let changed = Arc::clone(&changed);
                move || changed.notify_one()
            });
            let supervisor = Supervisor {
                service,
                app: Arc::clone(app),
                changed,
                running: None,
                asked: None,
            };
            tasks.spawn(supervisor.run(config.subscribe(), ending.subscribe()));
        }
        Self {
            config,
            ending,
            tasks,
        }
    }

    /// The configuration was read again.
    pub(crate) fn follow(&self, config: &Config) {
        self.config.send_replace(config.clone());
    }

    /// Ends all of them, and waits until they have.
    pub(crate) async fn end(mut self) {
        self.ending.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Has one listener follow what is wanted.
struct Supervisor {
    service: Service,
    app: Arc<App>,
    /// Something in the store has changed, perhaps a setting.
    changed: Arc<Notify>,
    running: Option<Running>,
    /// The address that `running` was asked for; its port may have been 0.
    asked: Option<SocketAddr>,
}

impl Supervisor {
    async fn run(mut self, mut config: watch::Receiver<Config>, mut ended: watch::Receiver<bool>) {
        loop {
            let settings = self.settings().await;
            let wanted = {
                let config = config.borrow_and_update();
                settings.map(|settings| self.service.wanted(&config, &settings))
            };
            let is_there = match wanted {
                Some(wanted) => self.follow(wanted).await,
                None => false,
            };
            let retry = async {
                match is_there {
                    true => std::future::pending().await,
                    false => tokio::time::sleep(RETRY_AFTER).await,
                }
            };
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => break,
                Ok(()) = config.changed() => {}
                () = self.changed.notified() => {}
                () = retry => {}
            }
        }
        self.stop().await;
    }

    /// The settings as the store has them, for it tells of a change before the unit has
    /// put it in force.
    async fn settings(&self) -> Option<Settings> {
        let unit = Arc::clone(&self.app.unit);
        let read = tokio::task::spawn_blocking(move || unit.follow(u64::MAX, 0));
        match read.await {
            Ok(Ok(followed)) => Some(followed.settings),
            // The store's own trouble is told by whoever changes something.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Whether it is now as wanted.
    async fn follow(&mut self, wanted: Result<SocketAddr, Standing>) -> bool {
        let address = match wanted {
            Ok(address) => address,
            Err(off) => {
                // Said before what is open ends, which may take a moment.
                self.app.listeners.set(self.service, off);
                self.stop().await;
                return true;
            }
        };
        if self.asked == Some(address) {
            return true;
        }
        self.stop().await;
        let (standing, is_there) = match self.start(address) {
            Ok(running) => {
                let standing = Standing::At(running.address);
                self.running = Some(running);
                self.asked = Some(address);
                (standing, true)
            }
            Err(error) => {
                let name = self.service.name();
                let why = format!("{name} cannot listen on {address}: {error}.");
                (Standing::Trouble(why), false)
            }
        };
        self.app.listeners.set(self.service, standing);
        is_there
    }

    async fn stop(&mut self) {
        self.asked = None;
        if let Some(running) = self.running.take() {
            running.end().await;
        }
    }

    fn start(&self, address: SocketAddr) -> io::Result<Running> {
        let listener = bind(address)?;
        let app = Arc::clone(&self.app);
        match self.service {
            Service::Http => Running::start(listener, |listener: TcpListener, ended| {
                let router = web::plain_router(Arc::clone(&app));
                let open = app.connections.clone();
                server::serve(listener, Carrier::Tcp, router, open, ended)
            }),
            Service::Ssh => {
                let host = ssh::Host::of(&app.unit)?;
                Running::start(listener, |listener, ended| {
                    ssh::serve(listener, host, app, ended)
                })
            }
            Service::Telnet => Running::start(listener, |listener, ended| {
                telnet::serve(listener, app, ended)
            }),
        }
    }
}

/// Listens, so that connections wait until they are served.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use cert_lifecycle::Switch;

    use super::*;
    use crate::config::Flags;

    fn config(http: Place, ssh: Place) -> Config {
        Config {
            http,
            ssh,
            ..Config::load(&Flags::default()).expect("defaults")
        }
    }

    /// Whether HTTP and SSH are on.
    fn are_on(place: fn(SocketAddr) -> Place, switch: Switch) -> [bool; 2] {
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut settings = Settings::default();
        settings.http = switch;
        settings.ssh = switch;
        let config = config(place(address), place(address));
        [Service::Http, Service::Ssh].map(|service| service.wanted(&config, &settings).is_ok())
    }

    #[test]
    fn until_somebody_sets_it_a_listener_is_on_where_the_configuration_names_an_address() {
        assert_eq!(are_on(Place::Usually, Switch::Default), [false, true]);
        assert_eq!(are_on(Place::At, Switch::Default), [true, true]);
        assert_eq!(are_on(Place::Usually, Switch::On), [true, true]);
        assert_eq!(are_on(Place::At, Switch::Off), [false, false]);
        for switch in [Switch::Default, Switch::On] {
            assert_eq!(are_on(|_| Place::Off, switch), [false, false]);
        }
    }
}
