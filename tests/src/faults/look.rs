//! How a unit looks from outside after it was started anew on a state.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::seed::NEW_PASSWORD;
use crate::{Administrator, Browser, PASSWORD, Unit, judge, sign_in};

/// Everything about a state that must not be lost.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Look {
    /// The certificates that it serves, leaf first, as PEM. OpenSSL has completed a
    /// handshake, so the key is the one that belongs to the leaf.
    pub chain: Vec<String>,
    /// The requests that it keeps, as PEM, sorted.
    pub requests: Vec<String>,
    /// The password that is right.
    pub password: Which,
    /// The journal, the newest entry first, without alarms and those of looking.
    pub journal: Vec<String>,
    /// The settings, as the page shows them.
    pub settings: BTreeMap<String, String>,
    /// How many files were set aside as damaged.
    pub set_aside: usize,
}

/// Which of two passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// The one that was there first.
    Old,
    /// The one that it was changed to.
    New,
}

impl Look {
    /// Starts a unit on `state` without faults, looks, and kills it. It fails when the
    /// unit does not start, or nobody can sign in.
    pub fn at(state: &Path) -> Result<Self> {
        let unit = Unit::start_on(state, Command::new(Unit::program()?)).context("a new start")?;
        let look = Self::of(&unit)?;
        unit.kill()?;
        Ok(look)
    }

    /// Looks at a unit that runs.
    pub fn of(unit: &Unit) -> Result<Self> {
        let (browser, password) = whoever_is_let_in(unit)?;
        let mut look = Self::by(&mut Administrator { browser }, unit, password)?;
        let looking = match password {
            Which::Old => 1,
            Which::New => 2,
        };
        ensure!(look.journal.len() > looking, "a short journal: {look:?}");
        let newest = look.journal.drain(..looking);
        let sign_ins = newest.filter(|entry| entry.contains("sign-in")).count();
        ensure!(sign_ins == looking, "the journal ends otherwise");
        Ok(look)
    }

    /// What this person sees, who is signed in with this password. The journal is whole.
    pub(super) fn by(admin: &mut Administrator, unit: &Unit, password: Which) -> Result<Self> {
        let chain = judge::presented_chain(unit.address)?;
        ensure!(!chain.is_empty(), "it serves no certificate");
        let mut requests = admin.requests()?;
        requests.sort();
        let said = unit.transcript.text_of("standard error");
        ensure!(!said.contains("panicked"), "it panicked: {said}");
        // Alarms come and go by themselves, and whoever looks confirms a trial.
        let mut journal = admin.journal()?;
        journal.retain(|entry| !entry.contains(" alarm") && !entry.contains("confirmed"));
        Ok(Self {
            chain,
            requests,
            password,
            journal,
            settings: admin.settings()?,
            set_aside: set_aside(unit.state())?.len(),
        })
    }

    /// The certificate that it serves.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.chain.first().map_or("", String::as_str)
    }

    /// How many entries of the journal contain `words`.
    #[must_use]
    pub fn entries(&self, words: &str) -> usize {
        self.journal
            .iter()
            .filter(|entry| entry.contains(words))
            .count()
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough of each to tell them apart.
        let brief = |pem: &Vec<String>| -> Vec<String> {
            let lines = pem.iter().map(|pem| pem.lines().rev().nth(1));
            lines
                .map(|line| format!("…{}", line.unwrap_or_default()))
                .collect()
        };
        f.debug_struct("Look")
            .field("chain", &brief(&self.chain))
            .field("requests", &brief(&self.requests))
            .field("password", &self.password)
            .field("journal", &self.journal)
            .field("settings", &self.settings)
            .field("set_aside", &self.set_aside)
            .finish()
    }
}

/// What the files in `state` hold that were set aside as damaged, sorted by their names.
pub(super) fn set_aside(state: &Path) -> Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(state)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.to_string_lossy().contains("damaged"));
    paths.sort();
    let contents = paths.iter().map(fs::read);
    Ok(contents.collect::<std::io::Result<_>>()?)
}

/// A browser that is signed in, with the password that was right.
fn whoever_is_let_in(unit: &Unit) -> Result<(Browser, Which)> {
    for (password, which) in [(PASSWORD, Which::Old), (NEW_PASSWORD, Which::New)] {
        let mut browser = unit.browser();
        let page = sign_in(&mut browser, password)?;
        if page.path == "/management/https" {
            return Ok((browser, which));
        }
        ensure!(
            page.status == 401,
            "signing in: {} {}",
            page.status,
            page.text()
        );
    }
    bail!("neither password is right")
}
