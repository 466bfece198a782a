//! Sends the journal, and with it every alarm, to a syslog collector.
//!
//! The journal itself is the queue: the entries that a collector has not got yet
//! stay there, bounded as the journal is, and a few at a time are read from it. So an
//! operation never waits for a collector, and a collector that is away costs no memory.
//! Sending begins with the first entry that is written after the start: what an earlier
//! run of the program wrote is not sent again.

mod link;
mod message;

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, fs};

use cert_lifecycle::{Collector, Followed};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::App;
use crate::output::log;
use link::Link;
use message::{Message, Origin};

/// So many entries are read from the journal at a time.
const BATCH_MAX: usize = 32;
/// A collector that has said nothing against it for this long has got what was sent.
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// The first wait before a collector that is away is tried again; it doubles.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How it stands with the collector.
#[derive(Default)]
pub(crate) struct State {
    sent: AtomicU64,
    lost: AtomicU64,
    waiting: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl State {
    /// Entries sent since the start; one that was sent twice counts twice.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Entries that the journal let go before they could be sent, since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Entries that wait to be sent.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Why nothing is sent, while the collector is away.
    pub(crate) fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }

    fn set_trouble(&self, why: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

impl fmt::Display for State {
    /// Sentences for the administrator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trouble() {
            Some(why) => write!(
                f,
                "The collector takes no messages at this moment ({why}). Entries of the journal that \
                 wait: {}.",
                self.waiting()
            )?,
            None => write!(f, "Entries sent since the start: {}.", self.sent())?,
        }
        match self.lost() {
            0 => Ok(()),
            lost => write!(f, " Entries lost while it was away: {lost}."),
        }
    }
}

/// Begins to send what is written to the journal from now on, for as long as the
/// runtime runs.
pub(crate) fn start(app: &Arc<App>) -> Result<(), String> {
    let newest = app.unit.follow(u64::MAX, 0);
    let newest = newest.map_err(|error| error.to_string())?;
    let sender = Sender::new(Arc::clone(app), newest.last);
    app.unit.on_change({
        let changed = Arc::clone(&sender.changed);
        move || changed.notify_one()
    });
    tokio::spawn(sender.run());
    Ok(())
}

struct Sender {
    app: Arc<App>,
    changed: Arc<Notify>,
    /// The host name that the system has.
    system_name: String,
    origin: Origin,
    /// The entry that was sent last, or passed over while there was no collector.
    done: u64,
    /// The last entry of which the collector has had time to say that it takes nothing.
    /// What was sent later is sent again when the link breaks.
    settled: u64,
    /// What `done` was at some moment, to become `settled`.
    checkpoint: (u64, Instant),
    /// Entries lost of which the collector has not been told.
    lost: u64,
    collector: Option<Collector>,
    link: Option<Link>,
    away: Option<Away>,
}

/// A collector that could not be reached, or not for long enough yet.
struct Away {
    wait: Duration,
    next_try: Instant,
}

impl Sender {
    /// One that sends what is written after entry `done`.
    fn new(app: Arc<App>, done: u64) -> Self {
        Self {
            app,
            changed: Arc::default(),
            system_name: system_name(),
            origin: Origin::new(std::process::id()),
            done,
            settled: done,
            checkpoint: (done, Instant::now()),
            lost: 0,
            collector: None,
            link: None,
            away: None,
        }
    }

    async fn run(mut self) {
        loop {
            let outcome = match self.send_some().await {
                Ok(true) => continue,
                Ok(false) => self.wait().await,
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                self.back_off(&error);
            }
        }
    }

    /// Sends what is new, a batch at most. Returns whether there is more to send now.
    async fn send_some(&mut self) -> io::Result<bool> {
        let followed = self.read().await?;
        let names = &followed.settings.names;
        let hostname = names.first().unwrap_or(&self.system_name);
        self.origin.rename(hostname);
        if followed.settings.syslog != self.collector {
            self.turn_to(followed.settings.syslog.clone());
        }
        if self.collector.is_none() {
            self.pass_over(followed.last);
        }
        self.settle();
        let waiting = followed.last.saturating_sub(self.done);
        self.app.syslog.waiting.store(waiting, Ordering::Relaxed);
        let may_try = |away: &Away| self.link.is_some() || Instant::now() >= away.next_try;
        if waiting == 0 || !self.away.as_ref().is_none_or(may_try) {
            return Ok(false);
        }
        self.send_all(&followed).await?;
        let waiting = followed.last.saturating_sub(self.done);
        self.app.syslog.waiting.store(waiting, Ordering::Relaxed);
        Ok(waiting > 0)
    }

    async fn send_all(&mut self, followed: &Followed) -> io::Result<()> {
        for entry in &followed.entries {
            let missed = entry.number.saturating_sub(self.done + 1);
            if missed > 0 {
                self.lost += missed;
                self.app.syslog.lost.fetch_add(missed, Ordering::Relaxed);
                self.done += missed;
            }
            if self.lost > 0 {
                let message = Message::lost(self.lost, self.app.unit.now());
                self.send(&message).await?;
                self.lost = 0;
            }
            self.send(&Message::of(entry)).await?;
            self.done = entry.number;
            self.app.syslog.sent.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn send(&mut self, message: &Message) -> io::Result<()> {
        let link = match &mut self.link {
            Some(link) => link,
            None => {
                let Some(collector) = &self.collector else {
                    return Ok(());
                };
                let link = Link::open(collector).await?;
                self.checkpoint = (self.done, Instant::now());
                self.link.insert(link)
            }
        };
        link.send(&message.write(&mut self.origin)).await
    }

    async fn read(&self) -> io::Result<Followed> {
        let (unit, done) = (Arc::clone(&self.app.unit), self.done);
        let read = tokio::task::spawn_blocking(move || unit.follow(done, BATCH_MAX));
        read.await?.map_err(io::Error::other)
    }

    fn turn_to(&mut self, collector: Option<Collector>) {
        self.collector = collector;
        self.link = None;
        self.away = None;
        self.app.syslog.set_trouble(None);
    }

    fn pass_over(&mut self, last: u64) {
        self.done = last;
        self.settled = last;
        self.checkpoint = (last, Instant::now());
        self.lost = 0;
    }

    /// Holds for received what was sent long enough ago, and a collector for present
    /// that has been so for long enough.
    fn settle(&mut self) {
        let (done, at) = self.checkpoint;
        let now = Instant::now();
        if self.link.is_none() || now.saturating_duration_since(at) < SETTLED_AFTER {
            return;
        }
        self.settled = done;
        self.checkpoint = (self.done, now);
        if let (Some(_), Some(collector)) = (self.away.take(), &self.collector) {
            self.app.syslog.set_trouble(None);
            log(format_args!("syslog: {collector} takes messages again"));
        }
    }

    /// Waits until there may be something to do; an error when the link broke.
    async fn wait(&mut self) -> io::Result<()> {
        let unsettled = self.settled != self.done || self.away.is_some();
        let next = match (&self.link, &self.away) {
            (Some(_), _) if unsettled => Some(self.checkpoint.1 + SETTLED_AFTER),
            (None, Some(away)) => Some(away.next_try),
            _ => None,
        };
        let later = async {
            match next {
                Some(moment) => sleep_until(moment).await,
                None => pending().await,
            }
        };
        let ended = async {
            match &mut self.link {
                Some(link) => link.ended().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.changed.notified() => Ok(()),
            () = later => Ok(()),
            error = ended => Err(error),
        }
    }

    fn back_off(&mut self, error: &io::Error) {
        self.link = None;
        self.done = self.settled;
        let wait = match &self.away {
            Some(away) => (away.wait * 2).min(WAIT_MAX),
            None => WAIT_MIN,
        };
        let now = Instant::now();
        self.checkpoint = (self.done, now);
        if let (None, Some(collector)) = (&self.away, &self.collector) {
            log(format_args!(
                "syslog: {collector} takes no messages: {error}; they wait in the journal"
            ));
        }
        // People do not look up the system's numbers.
        let why = error.to_string();
        let why = why.split(" (os error").next().unwrap_or_default();
        self.app.syslog.set_trouble(Some(why.to_owned()));
        let next_try = now + wait;
        self.away = Some(Away { wait, next_try });
    }
}

/// The host name that the system has, unless it is what a system has that nobody
/// named.
fn system_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "(none)" | "localhost" => String::new(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
