//! The making of a key as a job: it shows progress and can be cancelled.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::field::FieldMessage;
use crate::journal::Actor;
use crate::{Error, Made, RequestOrder, Unit};

/// The job of making a key, as the page and the console show it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Making {
    /// No key was made since the unit started.
    None,
    /// A key is being made.
    Running {
        /// The kind of key, such as "RSA 4096".
        key: String,
        /// Since when, in seconds since 1970-01-01 UTC.
        since: u64,
        /// The expected work done so far, in percent. Luck decides: it may end
        /// early, or stand at 99 for a while.
        percent: u8,
    },
    /// The last key was made.
    Done {
        /// What was made.
        made: Made,
        /// What was accepted but was perhaps not meant.
        advice: Vec<FieldMessage>,
    },
    /// The last key was not made, or not stored.
    Failed(String),
}

/// The one job of a unit.
#[derive(Default)]
pub(crate) struct Job {
    state: Mutex<State>,
    percent: AtomicU32,
    cancelled: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Of the job that runs or was the last one; 0 before the first.
    number: u64,
    phase: Phase,
}

#[derive(Default)]
enum Phase {
    #[default]
    None,
    Running {
        key: String,
        since: u64,
    },
    Ended(Making),
}

impl Job {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, key: String, since: u64) -> Result<u64, Error> {
        let mut state = self.state();
        if matches!(state.phase, Phase::Running { .. }) {
            return Err(Error::Busy);
        }
        state.number = state.number.wrapping_add(1);
        state.phase = Phase::Running { key, since };
        self.percent.store(0, Ordering::Relaxed);
        self.cancelled.store(false, Ordering::Relaxed);
        Ok(state.number)
    }

    fn making(&self, phase: &Phase) -> Making {
        match phase {
            Phase::None => Making::None,
            Phase::Running { key, since } => Making::Running {
                key: key.clone(),
                since: *since,
                percent: u8::try_from(self.percent.load(Ordering::Relaxed)).unwrap_or(99),
            },
            Phase::Ended(making) => making.clone(),
        }
    }
}

impl Unit {
    /// Makes what the form ordered on a thread of its own; see
    /// [`making`](Self::making) for how far it is. Returns the number of the job, for
    /// [`making_of`](Self::making_of).
    ///
    /// # Errors
    ///
    /// - [`Error::Busy`] while another key is being made.
    /// - [`Error::System`] when no thread can be started.
    pub fn start_making(self: &Arc<Self>, order: RequestOrder, actor: Actor) -> Result<u64, Error> {
        let number = self
            .job
            .begin(order.key.to_string(), self.environment.now().unix_seconds)?;
        let unit = Arc::clone(self);
        let work = move || {
            let advice = order.advice.clone();
            let mut progress = |progress: pki_core::Progress| {
                unit.job
                    .percent
                    .store(percent(progress.fraction), Ordering::Relaxed);
                if unit.job.cancelled.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let ended = match unit.make(&order, &actor, &mut progress) {
                Ok(made) => Making::Done { made, advice },
                Err(error) => Making::Failed(error.to_string()),
            };
            unit.job.state().phase = Phase::Ended(ended);
        };
        let spawned = std::thread::Builder::new()
            .name("make-key".into())
            .spawn(work);
        spawned.map(|_| number).map_err(|why| {
            self.job.state().phase = Phase::None;
            no_thread(why)
        })
    }

    /// How far the making of a key is.
    #[must_use]
    pub fn making(&self) -> Making {
        self.job.making(&self.job.state().phase)
    }

    /// How far the job with this number is; `None` once another has followed it.
    #[must_use]
    pub fn making_of(&self, number: u64) -> Option<Making> {
        let state = self.job.state();
        (state.number == number).then(|| self.job.making(&state.phase))
    }

    /// Asks the job to end without a key. It ends within the test of one
    /// candidate; without a job nothing happens.
    pub fn cancel_making(&self) {
        self.job.cancelled.store(true, Ordering::Relaxed);
    }

    /// The same, if the job with this number is the one that runs: another is somebody else's.
    pub fn cancel_making_of(&self, number: u64) {
        let state = self.job.state();
        if state.number == number {
            self.job.cancelled.store(true, Ordering::Relaxed);
        }
    }
}

pub(crate) fn no_thread(why: std::io::Error) -> Error {
    Error::System {
        what: "no thread could be started to make the key".into(),
        why,
    }
}

/// 0 to 99: only the end is the end.
fn percent(fraction: f32) -> u32 {
    let steps = (0_u16..=99).take_while(|step| f32::from(*step) <= fraction * 100.0);
    u32::from(steps.last().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn progress_is_shown_from_0_to_99() {
        for (fraction, shown) in [
            (-1.0, 0),
            (0.0, 0),
            (0.5, 50),
            (0.999, 99),
            (1.0, 99),
            (7.0, 99),
        ] {
            assert_eq!(percent(fraction), shown, "{fraction}");
        }
        assert_eq!(percent(f32::NAN), 0);
    }
}
