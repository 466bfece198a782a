//! Starting, with a fault in the middle of it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::look::{self, Look};
use super::records::make_format_1;
use super::seed::Seed;
use super::strace::Strace;
use super::{Answer, Subject};
use crate::{Ended, Unit, judge};

/// A start of the unit, traced from its first system call on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Starting {
    /// On an empty folder: the secret, the account and a factory identity are made.
    First,
    /// On the state of a unit that was killed, whose store has to be repaired.
    Again,
    /// On such a state whose secret is cut in half, so that both are set aside.
    Damaged,
    /// On such a state in format 1, which is brought to the present one.
    Upgrade,
}

impl Subject for Starting {
    fn lay(&self, state: &Path) -> Result<()> {
        match self {
            Self::First => Ok(()),
            Self::Again => Seed::shared()?.lay(state),
            Self::Upgrade => {
                Seed::shared()?.lay(state)?;
                make_format_1(state)
            }
            Self::Damaged => {
                Seed::shared()?.lay(state)?;
                Ok(fs::write(state.join("secret"), half_of_the_secret()?)?)
            }
        }
    }

    fn run(&self, state: &Path, strace: &Strace) -> Result<Answer> {
        strace.keep_what_is_there(state)?;
        let mut unit = match Unit::start_on(state, strace.command(&Unit::program()?)) {
            Ok(unit) => unit,
            Err(error) => {
                let said = format!("{error:#}");
                let ended = error.downcast::<Ended>().with_context(|| said.clone())?;
                return how_it_ended(&ended, &said, strace);
            }
        };
        // The greeting comes before the console; a page comes after it.
        if let Err(error) = unit.browser().open("/login") {
            let ended = unit.ends_soon()?.context(error)?;
            let said = unit.transcript.text_of("standard error");
            return how_it_ended(&ended, &said, strace);
        }
        let answer = Answer::Done(unit.printed_fingerprint.clone());
        let process_id = unit.process_id();
        unit.kill()?;
        strace.wait_for_end(process_id)?;
        Ok(answer)
    }

    fn check(&self, state: &Path, answer: &Answer) -> Result<()> {
        let look = Look::at(state)?;
        if let Answer::Done(fingerprint) = answer {
            let serves = judge::fingerprint(look.leaf())?;
            ensure!(
                serves == *fingerprint,
                "it said {fingerprint}, and serves {serves}"
            );
        }
        let first_starts = look.entries("first start");
        match self {
            Self::First => ensure!(
                look.requests.is_empty() && first_starts == 1 && look.set_aside == 0,
                "not as after one first start: {look:?}"
            ),
            Self::Again => ensure!(look == Seed::shared()?.look, "not as before: {look:?}"),
            Self::Upgrade => {
                let mut before = look.clone();
                before
                    .journal
                    .retain(|entry| !entry.contains("store upgraded"));
                ensure!(
                    look.entries("store upgraded") == 1 && before == Seed::shared()?.look,
                    "not as before, but for the upgrade: {look:?}"
                );
            }
            Self::Damaged => {
                let is_new = look.requests.is_empty()
                    && first_starts == 1
                    && look.entries("store set aside") == 1;
                ensure!(is_new, "not as after a new beginning: {look:?}");
                let there = [half_of_the_secret()?, Seed::shared()?.file("store.redb")?];
                ensure!(
                    look::set_aside(state)? == there,
                    "what was set aside is not what was there"
                );
            }
        }
        Ok(())
    }
}

fn half_of_the_secret() -> Result<Vec<u8>> {
    let mut secret = Seed::shared()?.file("secret")?;
    secret.truncate(secret.len() / 2);
    Ok(secret)
}

/// A unit may refuse to start on a disk that fails, with a reason, but not panic.
fn how_it_ended(ended: &Ended, said: &str, strace: &Strace) -> Result<Answer> {
    strace.wait_for_end(ended.process_id)?;
    match ended.status.code() {
        None => Ok(Answer::None),
        Some(1) if !said.contains("panicked") => Ok(Answer::Refused(said.to_owned())),
        Some(_) => bail!("it ended badly: {said}"),
    }
}
