//! A second appliance: a printer that keeps its certificate with this crate, and serves
//! one page over HTTPS with rustls.
//!
//! ```console
//! $ cargo run -p cert-lifecycle --features rustls --example appliance -- /tmp/printer 8443
//! The printer answers on https://127.0.0.1:8443/. Type help.
//! ```
//!
//! Nothing in it is of another firmware. What it does with certificates stands in [`done`].

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cert_lifecycle::{
    Actor, Digest, Environment, Factory, Now, Preflight, Progress, RustlsListener, SecretFile,
    Served, Severity, Unit, UnitConfig, Via, make_state_folder,
};
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::{ServerConnection, StreamOwned};

type Anything = Box<dyn std::error::Error>;

/// Of a request, no more is read.
const REQUEST_OCTETS_MAX: u64 = 8 * 1024;
/// One client at a time, so that none may keep the others waiting.
const CLIENT_SECONDS_MAX: u64 = 5;

const HELP: &str = "\
request NAME   a new key, and a certificate request for a CA
import FILE    what the CA sent back: serves at once, where it fits
previous       the certificate that served before
reset          a new key and factory certificate
status         what serves, and what is wrong with it
quit           ends the printer";

fn main() -> Result<(), Anything> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(port)) = (arguments.next(), arguments.next()) else {
        return Err("expected a folder for the state, and a port".into());
    };
    let folder = PathBuf::from(folder);
    make_state_folder(&folder)?;
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;

    // What is served is replaced here while clients come and go.
    let served: Arc<Mutex<Option<Served>>> = Arc::default();
    let told = Arc::clone(&served);
    let listener = RustlsListener::new(Arc::new(default_provider()), Ticketer::new, move |new| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(new);
    });
    let opened = Unit::open(
        UnitConfig {
            state_dir: folder.clone(),
            factory: Factory {
                host_name: "printer".into(),
                model: "Example Printer".into(),
                ..Factory::default()
            },
            // It has no accounts: whoever is at its console may do everything.
            admin_password: None,
        },
        &SecretFile::new(folder.join("secret")),
        Arc::new(Board(Instant::now())),
        Arc::new(listener),
    )?;

    if let Some(aside) = &opened.set_aside {
        eprintln!("What was there could not be used, and is {aside}.");
    }
    let unit = Arc::clone(&opened.unit);
    thread::spawn(move || {
        loop {
            // Alarms and trials; what the disk refuses is tried again.
            let _tried = unit.tick();
            thread::sleep(Duration::from_secs(1));
        }
    });
    let address = socket.local_addr()?;
    println!("The printer answers on https://{address}/. Type help.");
    thread::spawn(move || {
        for client in socket.incoming().flatten() {
            let now = served
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            // A client that goes away, or does not speak TLS, is no fault of the printer.
            let _served = now.map(|now| answer(client, now));
        }
    });
    for line in std::io::stdin().lock().lines() {
        match line?.trim() {
            "quit" => break,
            line => match done(&opened.unit, line) {
                Ok(said) => println!("{said}"),
                Err(why) => println!("{why}"),
            },
        }
    }
    Ok(())
}

/// Answers one request, whatever it asks for, with the printer's one page.
fn answer(client: TcpStream, served: Served) -> Result<(), Anything> {
    let most = Some(Duration::from_secs(CLIENT_SECONDS_MAX));
    client.set_read_timeout(most)?;
    client.set_write_timeout(most)?;
    let mut stream = StreamOwned::new(ServerConnection::new(served.config)?, client);
    let head = BufReader::new((&mut stream).take(REQUEST_OCTETS_MAX)).lines();
    head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
        .count();
    let page = format!("I print. My certificate is {}.\n", served.certificate);
    let length = page.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close");
    write!(stream, "{head}\r\n\r\n{page}")?;
    stream.conn.send_close_notify();
    Ok(stream.flush()?)
}

/// Does what an administrator typed, and says what came of it.
fn done(unit: &Unit, line: &str) -> Result<String, Anything> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let actor = Actor {
        who: "admin".into(),
        via: Via::Console,
    };
    let must = Preflight::Required;
    let mut on_progress = |progress: Progress| {
        eprint!("\rMaking the key: {:.0} %", progress.fraction * 100.0);
        ControlFlow::Continue(())
    };
    let serves = |fingerprint| format!("From now on serves {fingerprint}.");
    Ok(match word {
        "request" => {
            let mut form = unit.proposed_form(rest)?;
            form.common_name = rest.into();
            let order = form.parse().map_err(cert_lifecycle::Error::Form)?;
            let made = unit.make(&order, &actor, &mut on_progress)?;
            let requests = unit.requests()?;
            let request = requests.into_iter().find(|request| request.key == made.key);
            request.map_or_else(String::new, |request| request.pem)
        }
        "import" => {
            let file = std::fs::read(rest)?;
            let reached_as = vec![IpAddr::from(Ipv4Addr::LOCALHOST).into()];
            let mut review = unit.review(&file, None, reached_as)?;
            // What refuses it, the error says.
            let told = review.findings().iter();
            for found in told.filter(|found| found.severity != Severity::Refuse) {
                println!("{}: {} {}", found.severity, found.message, found.remedy);
            }
            serves(unit.install(&mut review, must, &actor)?)
        }
        "previous" => serves(unit.serve_previous(must, &actor)?),
        "reset" => serves(unit.reset_to_factory(Digest::Sha256, &actor, &mut on_progress)?),
        "status" => {
            let status = unit.status()?;
            let serving = format!("Serving {}", status.serving.certificate.sha256);
            let alarms = status.alarms.into_iter().map(|alarm| alarm.message);
            alarms.fold(serving, |said, alarm| said + "\n" + &alarm)
        }
        _ => HELP.into(),
    })
}

/// What the board of a printer knows.
struct Board(Instant);

impl Environment for Board {
    fn now(&self) -> Now {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            unix_seconds: since.map_or(0, |since| since.as_secs()),
            // A printer has a clock that somebody sets: dates are not to be relied on.
            trusted: false,
        }
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn fill_random(&self, octets: &mut [u8]) {
        getrandom::fill(octets).expect("the operating system has a random generator");
    }

    fn addresses(&self) -> Vec<IpAddr> {
        vec![Ipv4Addr::LOCALHOST.into()]
    }
}
