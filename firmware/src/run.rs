//! Running the unit: opening it, starting its surfaces, ending them.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cert_lifecycle::{Opened, RustlsListener, SecretFile, Unit, UnitConfig, make_state_folder};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::config::{Config, Flags};
use crate::confinement::{self, Needs};
use crate::console::serial;
use crate::environment::SystemEnvironment;
use crate::listeners::{self, Listeners};
use crate::output::{log, print};
use crate::server::{Carrier, Running};
use crate::sysupgrade::Upgrades;
use crate::tls::{self, Current};
use crate::{App, VERSION, console, first_password, server, syslog, web};

/// Ports below this one ask for a capability.
const LOW_PORTS_END: u16 = 1024;
/// So much is read of what the board says of the state.
const NOTICE_OCTETS_MAX: u64 = 4096;

/// Runs the unit until SIGTERM or SIGINT. SIGHUP re-reads the configuration.
///
/// What can fail for a reason that is quickly mended, such as an address in use,
/// comes before the first start, and what the person at the unit has to know is
/// printed right after it: a first password that nobody saw would lock them out.
pub(crate) fn run(flags: &Flags) -> Result<(), String> {
    let config = Config::load(flags)?;
    let listener = bind(config.https)?;
    make_state_folder(&config.state_dir).map_err(|error| error.to_string())?;
    let notice = config.state_set_aside.as_deref().and_then(notice);
    let confined = confinement::confine(&Needs {
        state_dir: &config.state_dir,
        config_dirs: &config.folders,
        serial: config.serial.as_ref().map(|line| line.device.as_path()),
        slots: config.slots.as_deref(),
        low_ports: config
            .ports()
            .any(|port| (1..LOW_PORTS_END).contains(&port)),
    });
    log(confined?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime could not be started: {error}"))?;
    let (tls, served) = tls::listener();
    let environment = Arc::new(SystemEnvironment::new(config.https, config.clock.clone()));
    let opened = open(&config, Arc::clone(&environment), Arc::new(tls))?;
    if let Some(Err(error)) = notice.map(|notice| opened.unit.state_was_set_aside(&notice)) {
        log(format_args!(
            "that the state was set aside could not be kept: {error}"
        ));
    }
    let upgrades = Upgrades::new(config.slots.as_deref(), &config.board)?;
    let app = App::new(Arc::clone(&opened.unit), environment.clone(), upgrades);
    let app = Arc::new(app);
    // Whoever has read the greeting may open a console at once, and what is done
    // there is to be told; or send a signal, which would end the unit before.
    let (socket, signals) = {
        let _inside = runtime.enter();
        let socket =
            syslog::start(&app).and_then(|()| console::listen(&config.state_dir, Arc::clone(&app)));
        (socket, Signals::new())
    };
    greet(&listener, &opened)?;
    let signals = signals.map_err(|error| format!("signals: {error}"))?;
    let socket = match socket {
        // Its folder is read-only too, and the pages are a way in.
        Err(why) if app.unit.is_read_only() => {
            log(why);
            None
        }
        socket => Some(socket?),
    };
    runtime.block_on(async {
        let https = Https::start(listener, app, environment, served)?;
        serve(flags, config, https, socket, signals).await
    })
}

/// What the board says of the state that it set aside; nothing where it has not. To be
/// read before files are restricted.
fn notice(path: &Path) -> Option<String> {
    let mut octets = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(NOTICE_OCTETS_MAX).read_to_end(&mut octets));
    match read {
        Ok(_) => Some(String::from_utf8_lossy(&octets).into_owned()),
        Err(why) if why.kind() == io::ErrorKind::NotFound => None,
        Err(why) => {
            log(format_args!("{}: {why}", path.display()));
            None
        }
    }
}

fn bind(address: SocketAddr) -> Result<std::net::TcpListener, String> {
    listeners::bind(address).map_err(|error| {
        format!("HTTPS cannot listen on {address}: {error}. Choose another with --https")
    })
}

fn open(
    config: &Config,
    environment: Arc<SystemEnvironment>,
    tls: Arc<RustlsListener>,
) -> Result<Opened, String> {
    let secret = SecretFile::new(config.state_dir.join("secret"));
    let unit = UnitConfig {
        state_dir: config.state_dir.clone(),
        factory: config.factory.clone(),
        admin_password: first_password::given(),
    };
    Unit::open(unit, &secret, environment, tls).map_err(|error| match error {
        cert_lifecycle::Error::Store(store) => store.to_string(),
        other => other.to_string(),
    })
}

async fn serve(
    flags: &Flags,
    mut config: Config,
    mut https: Https,
    socket: Option<console::Socket>,
    mut signals: Signals,
) -> Result<(), String> {
    let app = Arc::clone(&https.app);
    let listeners = Listeners::start(&app, &config);
    let serial = config.serial.clone().map(|line| serial::start(line, &app));
    let ticking = tokio::spawn(tick(Arc::clone(&app.unit)));
    app.keep_software();
    while signals.reload_asked().await {
        let Some(mut new) = Config::load(flags).map_err(log).ok() else {
            continue;
        };
        if new.https != config.https
            && let Err(why) = https.listen_on(new.https).await
        {
            let stays = https.running.address;
            log(format_args!("{why}; HTTPS stays on {stays}"));
            // The next SIGHUP tries it again.
            new.https = config.https;
        }
        listeners.follow(&new);
        log("the configuration was read again");
        let later = new.wants_a_start(&config).join(", ");
        if !later.is_empty() {
            log(format_args!(
                "what it says of {later} holds once the unit is started again"
            ));
        }
        config.follow(new);
    }
    ticking.abort();
    if let Some(serial) = serial {
        serial.abort();
    }
    tokio::join!(https.running.end(), listeners.end());
    if let Some(socket) = socket {
        socket.end();
    }
    Ok(())
}

/// Has the unit do what is due, once a second. What goes wrong is said once, until it
/// goes well again.
async fn tick(unit: Arc<Unit>) {
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        every_second.tick().await;
        let unit = Arc::clone(&unit);
        let ticked = tokio::task::spawn_blocking(move || unit.tick()).await;
        let why = match ticked {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(broken) => Some(broken.to_string()),
        };
        if let Some(why) = why.as_ref().filter(|_| why != last) {
            log(format_args!("what was due could not be done: {why}"));
        }
        last = why;
    }
}

/// The pages, served over HTTPS.
struct Https {
    app: Arc<App>,
    environment: Arc<SystemEnvironment>,
    served: Current,
    running: Running,
}

impl Https {
    fn start(
        listener: std::net::TcpListener,
        app: Arc<App>,
        environment: Arc<SystemEnvironment>,
        served: Current,
    ) -> Result<Self, String> {
        let running = Self::run(listener, &app, &environment, &served)?;
        Ok(Self {
            app,
            environment,
            served,
            running,
        })
    }

    /// Moves to another address; where that cannot be had, it stays.
    async fn listen_on(&mut self, address: SocketAddr) -> Result<(), String> {
        let started = Self::run(bind(address)?, &self.app, &self.environment, &self.served)?;
        log(format_args!(
            "HTTPS listens on {} from now on",
            started.address
        ));
        std::mem::replace(&mut self.running, started).end().await;
        Ok(())
    }

    fn run(
        listener: std::net::TcpListener,
        app: &Arc<App>,
        environment: &SystemEnvironment,
        served: &Current,
    ) -> Result<Running, String> {
        let carrier = Carrier::Tls(served.clone());
        let router = web::router(Arc::clone(app));
        let open = app.connections.clone();
        let running = Running::start(listener, |listener, ended| {
            server::serve(listener, carrier, router, open, ended)
        });
        let running = running.map_err(|error| format!("HTTPS cannot listen: {error}"))?;
        // Names and alarms are about where it listens, and others lead there.
        environment.listens_on(running.address);
        app.listeners.set_https(running.address);
        Ok(running)
    }
}

/// Says where the unit is, how to be sure that it is the one, and what was lost.
fn greet(listener: &std::net::TcpListener, opened: &Opened) -> Result<(), String> {
    if let Some(aside) = &opened.set_aside {
        log(format_args!(
            "what was there could not be used, and is {aside}"
        ));
    }
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    print(format_args!(
        "Countersign {VERSION} serves https://{address}/"
    ));
    let status = opened.unit.status().map_err(|error| error.to_string())?;
    print(format_args!(
        "certificate SHA-256 {}",
        status.serving.certificate.sha256
    ));
    print(format_args!("SSH host key {}", status.host_key));
    if let Some(password) = &opened.first_password {
        print(format_args!(
            "first password for admin: {} (to be changed at the first sign-in)",
            password.as_str()
        ));
    }
    Ok(())
}

struct Signals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// True on SIGHUP, false when the unit is to end.
    async fn reload_asked(&mut self) -> bool {
        tokio::select! {
            _ = self.hangup.recv() => true,
            _ = self.interrupt.recv() => false,
            _ = self.terminate.recv() => false,
        }
    }
}
