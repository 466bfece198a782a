//! A trial that goes back by itself, with a fault in the middle of it.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use tempfile::TempDir;

use super::look::Look;
use super::records::leave_of_trial;
use super::seed::{Seed, copy, wait_until_quiet};
use super::strace::Strace;
use super::{Answer, Subject};
use crate::{Administrator, Unit, judge};

/// What a unit finds of its trial. A start takes 15 seconds off, so there are three
/// seconds left in which strace attaches.
const SECONDS_LEFT: u64 = 18;

/// The unit goes back within this time, or tells why it cannot.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the journal calls it.
const ENTRY: &str = "trial ended";

/// Nobody signs in over a certificate that was installed from a browser, so the one
/// before serves again.
#[derive(Debug, Clone, Copy)]
pub struct EndOfTrial;

/// The state of a unit that was killed while a certificate is on trial.
struct OnTrial {
    folder: TempDir,
    /// How the unit looks on it; whoever looks signs in, so the certificate stays.
    look: Look,
}

impl OnTrial {
    fn shared() -> Result<&'static Self> {
        static STATE: OnceLock<Result<OnTrial, String>> = OnceLock::new();
        let state = STATE.get_or_init(|| Self::make().map_err(|error| format!("{error:#}")));
        state.as_ref().map_err(|error| anyhow!("a trial: {error}"))
    }

    fn make() -> Result<Self> {
        let seed = Seed::shared()?;
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state");
        seed.lay(&state)?;
        let unit = Unit::start_on(&state, Command::new(Unit::program()?))?;
        let mut admin = Administrator::sign_in(&unit)?;
        let review = admin.paste(seed.next.as_bytes())?;
        admin.install(&review)?;
        // It has written that a trial runs, which it would else write at the next start.
        wait_until_quiet(&state.join("store.redb"))?;
        unit.kill()?;
        let looked_at = folder.path().join("looked at");
        copy(&state, &looked_at)?;
        leave_of_trial(&state, SECONDS_LEFT)?;
        Ok(Self {
            look: Look::at(&looked_at)?,
            folder,
        })
    }
}

impl Subject for EndOfTrial {
    fn lay(&self, state: &Path) -> Result<()> {
        copy(&OnTrial::shared()?.folder.path().join("state"), state)
    }

    fn run(&self, state: &Path, strace: &Strace) -> Result<Answer> {
        let mut unit = Unit::start_on(state, Command::new(Unit::program()?))?;
        strace.keep_what_is_there(state)?;
        let mut attached = strace.attach(unit.process_id())?;
        let ended = came_to_something(&mut unit)?;
        if !ended {
            attached.finish()?;
            return Ok(Answer::None);
        }
        // From here on the disk is well again, and the unit has to be as well.
        attached.detach()?;
        if let Err(error) = is_over(&unit) {
            // It may have been killed after the previous certificate served.
            return match unit.ends_soon()? {
                Some(_) => Ok(Answer::None),
                None => Err(error.context("the same process")),
            };
        }
        unit.kill()?;
        Ok(Answer::Done("the previous certificate serves".into()))
    }

    /// Whatever was cut off, nobody has signed in over the certificate on trial, so the
    /// one before serves in the end.
    fn check(&self, state: &Path, _: &Answer) -> Result<()> {
        let unit = Unit::start_on(state, Command::new(Unit::program()?)).context("a new start")?;
        is_over(&unit)?;
        unit.kill()
    }

    /// It waits most of the time.
    fn at_a_time(&self) -> usize {
        4
    }
}

/// Waits for the previous certificate, and fails when anything else was changed than that
/// it serves.
fn is_over(unit: &Unit) -> Result<()> {
    let (before, on_trial) = (&Seed::shared()?.look, &OnTrial::shared()?.look);
    let deadline = Instant::now() + PATIENCE;
    while judge::presented_chain(unit.address)? != before.chain {
        ensure!(Instant::now() < deadline, "the trial does not end");
        thread::sleep(Duration::from_millis(50));
    }
    // It serves before that is written, where the disk was ill, and whoever looks then
    // finds his sign-in before it.
    wait_until_quiet(&unit.state().join("store.redb"))?;
    let look = Look::of(unit)?;
    let is_over = look.chain == before.chain
        && look.entries(ENTRY) == 1
        && look.journal.ends_with(&on_trial.journal)
        && look.requests == on_trial.requests
        && look.settings == on_trial.settings
        && look.set_aside == 0;
    ensure!(is_over, "not as after the end of the trial: {look:#?}");
    Ok(())
}

/// Waits until the previous certificate serves, or the unit tells that something was in
/// the way. False where it was killed.
fn came_to_something(unit: &mut Unit) -> Result<bool> {
    let before = &Seed::shared()?.look.chain;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = unit.transcript.text_of("standard error");
        if said.contains("what was due could not be done") {
            return Ok(true);
        }
        match judge::presented_chain(unit.address) {
            Ok(chain) if chain == *before => return Ok(true),
            Err(_) if unit.ends_soon()?.is_some() => return Ok(false),
            _ => {}
        }
        ensure!(Instant::now() < deadline, "the trial does not end: {said}");
        thread::sleep(Duration::from_millis(50));
    }
}
