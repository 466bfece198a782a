//! How long a person waits for a page, alone, beside many connections that do nothing, and
//! while a key is made.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use acceptance::{Browser, Transcript, sign_in};
use anyhow::{Context as _, Result, ensure};

use crate::Extent;
use crate::import::Chain;
use crate::measure::shown;
use crate::server::{Client, PASSWORD, Server};
use crate::unit::IDLE;

const PAGES: [(&str, &str); 6] = [
    ("HTTPS Certificate", "/management/https"),
    ("Services", "/management/services"),
    ("Alarms", "/management/alarms"),
    ("History", "/tools/history"),
    ("Upgrade/Backup", "/tools/upgrade"),
    ("Signed-in browsers", "/access/sessions"),
];

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let server = Server::countersign(&state)?;
    let mut person = Person {
        address: server.address,
        browser: Browser::new(server.address, Transcript::default()),
        chain: Chain::make(3)?.pem(),
    };
    let client = Client::new(server.address)?;
    let rounds = extent.rounds(200);

    let mut columns = Vec::new();
    columns.push(person.all(rounds, || Ok(()))?);
    // A connection on which nobody asks for anything is ended after a while.
    let mut open = Vec::new();
    columns.push(person.all(rounds, || {
        open.clear();
        open = client.open_idle(IDLE)?;
        Ok(())
    })?);
    drop(open);
    columns.push(while_keys_are_made(&state, || {
        person.all(rounds, || Ok(()))
    })?);

    let mut table = String::from(
        "| what | alone: half within, 99 of 100 within | beside 200 idle connections | while 4096 bits are made |\n\
         |---|---|---|---|\n",
    );
    for (index, (what, _)) in columns[0].iter().enumerate() {
        write!(table, "| {what}")?;
        for column in &columns {
            let [half, most] = column[index].1;
            write!(table, " | {}, {}", shown(half), shown(most))?;
        }
        writeln!(table, " |")?;
    }
    Ok(table)
}

/// What was waited for, and within what time half and 99 of 100 answers came.
type Waits = Vec<(String, [f64; 2])>;

struct Person {
    address: SocketAddr,
    browser: Browser,
    chain: String,
}

impl Person {
    fn all(&mut self, rounds: usize, mut before: impl FnMut() -> Result<()>) -> Result<Waits> {
        // Each sign-in of the last time may have taken the place of an older one.
        self.browser = Browser::new(self.address, Transcript::default());
        sign_in(&mut self.browser, PASSWORD)?;
        let mut waits = Waits::new();
        for (name, path) in PAGES {
            before()?;
            let browser = &mut self.browser;
            let wait = many(rounds, || {
                let start = Instant::now();
                let answer = browser.download(path)?;
                let waited = start.elapsed();
                ensure!(answer.status == 200, "{path}: {}", answer.status);
                Ok(waited)
            })?;
            waits.push((format!("the page {name}"), wait));
        }
        before()?;
        let mut form = self
            .browser
            .open("/management/https/paste")?
            .form("/paste")?;
        form.fill("certificate", &self.chain)?;
        let browser = &mut self.browser;
        let wait = many(rounds, || {
            let start = Instant::now();
            let answer = browser.fetch(&form)?;
            let waited = start.elapsed();
            ensure!(
                answer.status < 400 || answer.status == 422,
                "the review: {}",
                answer.status
            );
            Ok(waited)
        })?;
        waits.push((
            "the review of a chain of three that was pasted".into(),
            wait,
        ));
        before()?;
        let address = self.address;
        let wait = many(rounds / 8, || {
            let mut browser = Browser::new(address, Transcript::default());
            let mut form = browser.open("/login")?.form("/login")?;
            form.fill("name", "admin")?;
            form.fill("password", PASSWORD)?;
            let start = Instant::now();
            let answer = browser.fetch(&form)?;
            let waited = start.elapsed();
            ensure!(answer.status == 303, "the sign-in: {}", answer.status);
            Ok(waited)
        })?;
        waits.push(("a sign-in".into(), wait));
        Ok(waits)
    }
}

fn many(rounds: usize, mut once: impl FnMut() -> Result<Duration>) -> Result<[f64; 2]> {
    let mut waits = (0..rounds.max(3))
        .map(|_| Ok(once()?.as_secs_f64()))
        .collect::<Result<Vec<_>>>()?;
    waits.sort_by(f64::total_cmp);
    Ok([50, 99].map(|percent| waits[(waits.len() - 1) * percent / 100]))
}

/// Has the unit make one key after the other meanwhile.
fn while_keys_are_made<T>(state: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let program = std::env::var_os("COUNTERSIGN_BIN").context("COUNTERSIGN_BIN names none")?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let mut console = Command::new(&program);
                console.args(["console", "--state"]).arg(state);
                console.args(["-c", "request new cn=ntp1.example.net bits=4096"]);
                let made = console.stdout(Stdio::null()).stderr(Stdio::null()).status();
                assert!(made.is_ok_and(|made| made.success()), "no key was made");
            }
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        worked
    })
}
