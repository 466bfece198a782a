//! The search on all cores: whoever is free takes the next task.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rand_core::CryptoRng;

use super::OnProgress;
use super::search::Search;
use crate::Error;

/// Threads at most: beyond, they would wait for each other at the end.
const THREADS_MAX: usize = 16;

/// A thread needs a tenth of it, for the powers of a base; where memory is locked, all of
/// a stack is taken.
const STACK_OCTETS: usize = 256 * 1024;

/// What the threads share.
struct Race<'a, const N: usize> {
    state: Mutex<State<'a, N>>,
    /// Told of each task that was done.
    changed: Condvar,
}

struct State<'a, const N: usize> {
    search: &'a mut Search<N>,
    rng: &'a mut (dyn CryptoRng + Send),
    failed: Option<Error>,
}

/// Works on the search until it is complete, on this thread and as many others as there
/// are further cores. They inherit this thread's priority; where none can be started, this
/// one works alone.
pub(super) fn run<const N: usize>(
    search: &mut Search<N>,
    rng: &mut (dyn CryptoRng + Send),
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let race = Race {
        state: Mutex::new(State {
            search,
            rng,
            failed: None,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..cores.min(THREADS_MAX) {
            let helper = thread::Builder::new().name("make-key".into());
            let helper = helper.stack_size(STACK_OCTETS);
            let started = helper.spawn_scoped(scope, || while race.step() {});
            if started.is_err() {
                break;
            }
        }
        while race.step() {
            let so_far = race.state().search.progress();
            if progress(so_far).is_break() {
                race.end(Error::Cancelled);
            }
        }
    });
    let failed = race.state().failed.take();
    failed.map_or(Ok(()), Err)
}

impl<'a, const N: usize> Race<'a, N> {
    fn state(&self) -> MutexGuard<'_, State<'a, N>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one task, or waits until somebody else has done one; false at the end.
    fn step(&self) -> bool {
        let mut state = self.state();
        let State {
            search,
            rng,
            failed,
        } = &mut *state;
        if failed.is_some() || search.is_complete() {
            return false;
        }
        match search.next_task(*rng) {
            Ok(Some(task)) => {
                drop(state);
                let outcome = task.run();
                self.state().search.settle(outcome);
                self.changed.notify_all();
                true
            }
            Ok(None) => {
                let woken = self.changed.wait(state);
                drop(woken.unwrap_or_else(PoisonError::into_inner));
                true
            }
            Err(error) => {
                drop(state);
                self.end(error);
                false
            }
        }
    }

    /// Ends the search without a key.
    fn end(&self, error: Error) {
        self.state().failed = Some(error);
        self.changed.notify_all();
    }
}
