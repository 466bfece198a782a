//! The trial: a certificate that was put in service from a browser has to show that
//! somebody can sign in over it, or the one before comes back by itself.

use std::sync::PoisonError;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identity::Identity;
use crate::journal::{self, Action, Actor, Event, Via};
use crate::key_id::sha256_of;
use crate::records::{IdentityRecord, Slot};
use crate::stand_in::StandIn;
use crate::store::{Change, Records, StoreError};
use crate::{Error, Unit};

/// What is left of a trial that runs.
const RECORD: &str = "trial";
/// That a trial has ended without anybody signing in.
const ENDED: &str = "meta/trial-ended";

/// What is left is written down so often: a power cut gives back no more.
const WRITE_EVERY: Duration = Duration::from_secs(15);

/// Whether an identity that cannot pass the handshake in memory is put in service
/// all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preflight {
    /// It is refused.
    #[default]
    Required,
    /// It serves, as far as the TLS stack can. Only a console may ask for this.
    Forced,
}

/// A trial that runs, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Trial {
    /// Seconds until the previous certificate serves again.
    pub remaining_seconds: u64,
    /// The SHA-256 fingerprint of the certificate that would then serve.
    pub falls_back_to: String,
}

/// The running trial in memory.
pub(crate) struct Running {
    /// On the clock that nobody sets.
    ends_at: Duration,
    /// What was last written down as left.
    written: Duration,
}

#[derive(Serialize, Deserialize)]
struct Record {
    remaining_seconds: u64,
}

impl Unit {
    /// Ends the trial for good: the certificate with this SHA-256 fingerprint stays.
    ///
    /// A surface calls it when somebody has signed in over a connection that this
    /// certificate opened. Returns whether a trial ended; without one, or for another
    /// certificate, nothing happens.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it.
    pub fn confirm(&self, certificate: &str, actor: &Actor) -> Result<bool, Error> {
        let _changing = self.lock();
        let serving: Option<IdentityRecord> = self.store.snapshot()?.get(Slot::Serving.key())?;
        let Some(mut serving) = serving.filter(|serving| !serving.confirmed) else {
            return Ok(false);
        };
        if sha256_of(serving.leaf()) != certificate {
            return Ok(false);
        }
        serving.confirmed = true;
        self.store.change(|change| {
            change.put(Slot::Serving.key(), &serving)?;
            change.remove(RECORD)?;
            let event = Event {
                actor,
                action: Action::Confirm,
                outcome: match actor.via {
                    Via::Web(_) => "somebody is signed in over it, so it stays",
                    _ => "somebody said so, so it stays",
                }
                .into(),
                key: Some(serving.key),
                certificate: Some(certificate.to_owned()),
            };
            journal::append(change, self.environment.now(), event)
        })?;
        self.keep_trial(None);
        Ok(true)
    }

    /// Confirms whatever serves, for somebody at a console: that way in does not hang
    /// on the certificate. Returns whether a trial ended.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store does not take it.
    pub fn confirm_serving(&self, actor: &Actor) -> Result<bool, Error> {
        let serving: Option<IdentityRecord> = self.store.snapshot()?.get(Slot::Serving.key())?;
        let serving = serving.ok_or(Error::NoIdentity("serves"))?;
        self.confirm(&sha256_of(serving.leaf()), actor)
    }

    /// Whether an identity that `actor` puts in service counts as confirmed at once:
    /// from anywhere but a browser, and where trials are switched off.
    pub(crate) fn confirms_at_once(&self, actor: &Actor) -> bool {
        !matches!(actor.via, Via::Web(_)) || self.settings().trial_minutes == 0
    }

    /// Writes into `change` that `serving` begins its trial, or that none runs. What an
    /// earlier trial has left to be said is settled by it.
    pub(crate) fn put_trial(
        &self,
        change: &Change,
        serving: &IdentityRecord,
    ) -> Result<(), StoreError> {
        change.remove(ENDED)?;
        if serving.confirmed {
            change.remove(RECORD)
        } else {
            let remaining_seconds = self.trial_length().as_secs();
            change.put(RECORD, &Record { remaining_seconds })
        }
    }

    /// Starts the clock of the trial that [`put_trial`](Self::put_trial) has written.
    pub(crate) fn start_trial(&self, serving: &IdentityRecord) {
        let length = self.trial_length();
        self.keep_trial((!serving.confirmed).then(|| Running {
            ends_at: self.environment.monotonic() + length,
            written: length,
        }));
    }

    /// Goes on with the trial that ran before the restart. Each start costs it as much
    /// as a power cut can give back, so that it ends however often the unit restarts.
    pub(crate) fn resume_trial(&self) -> Result<(), Error> {
        let record: Option<Record> = self.store.snapshot()?.get(RECORD)?;
        let Some(record) = record else {
            return Ok(());
        };
        let remaining = Duration::from_secs(record.remaining_seconds).saturating_sub(WRITE_EVERY);
        // It goes on where the disk does not take this; it then only lasts a little longer.
        drop(self.write_trial(remaining));
        self.keep_trial(Some(Running {
            ends_at: self.environment.monotonic() + remaining,
            written: remaining,
        }));
        Ok(())
    }

    /// What is left of the trial that runs.
    pub(crate) fn trial_remaining(&self) -> Option<Duration> {
        let trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
        let ends_at = trial.as_ref()?.ends_at;
        Some(ends_at.saturating_sub(self.environment.monotonic()))
    }

    /// The trial that runs, for the status.
    pub(crate) fn trial_view(&self, records: &impl Records) -> Result<Option<Trial>, Error> {
        let Some(remaining) = self.trial_remaining() else {
            return Ok(None);
        };
        let fallback = fallbacks(records)?;
        Ok(Some(Trial {
            remaining_seconds: remaining.as_secs(),
            falls_back_to: fallback
                .first()
                .map_or_else(String::new, |(_, record)| sha256_of(record.leaf())),
        }))
    }

    /// Writes down what is left, or has the previous identity serve again when nothing
    /// is.
    pub(crate) fn tick_trial(&self) -> Result<(), Error> {
        let Some(remaining) = self.trial_remaining() else {
            return Ok(());
        };
        if remaining.is_zero() {
            return self.go_back();
        }
        let due = {
            let mut trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
            let running = trial
                .as_mut()
                .filter(|running| running.written >= remaining + WRITE_EVERY);
            running.map(|running| running.written = remaining).is_some()
        };
        if due {
            self.write_trial(remaining)?;
        }
        Ok(())
    }

    /// Nobody has signed in: the previous identity serves again, or the factory one
    /// where that cannot.
    fn go_back(&self) -> Result<(), Error> {
        let _changing = self.lock();
        // Somebody may have signed in while this waited.
        if self
            .trial_remaining()
            .is_none_or(|remaining| !remaining.is_zero())
        {
            return Ok(());
        }
        let snapshot = self.store.snapshot()?;
        let tried: Option<IdentityRecord> = snapshot.get(Slot::Serving.key())?;
        let tried = tried.ok_or(Error::NoIdentity("serves"))?;
        let (slot, mut record, identity) =
            self.first_that_opens(&snapshot, fallbacks(&snapshot)?)?;
        let now = self.environment.now();
        record.since = now.unix_seconds;
        record.confirmed = true;
        let written = self.store.change(|change| {
            change.put(Slot::Previous.key(), &tried)?;
            change.put(Slot::Serving.key(), &record)?;
            change.remove(RECORD)?;
            change.put(ENDED, &sha256_of(tried.leaf()))?;
            let event = Event {
                actor: &Actor::unit(),
                action: Action::TrialEnded,
                outcome: "nobody signed in over it in time, so the previous one serves again"
                    .into(),
                key: Some(tried.key),
                certificate: Some(sha256_of(tried.leaf())),
            };
            journal::append(change, now, event)
        });
        // Nobody could get in over what is on trial, whatever the disk says. It is written
        // at the next tick that the disk allows.
        if let Err::<(), StoreError>(why) = written {
            if self.stand_in().is_none() {
                let stand_in = StandIn {
                    slot,
                    why: "nobody signed in over it in time.".into(),
                };
                self.serve_for(&identity, Some(stand_in))?;
            }
            return Err(why.into());
        }
        self.keep_trial(None);
        self.serve(&identity)
    }

    fn first_that_opens(
        &self,
        records: &impl Records,
        candidates: Vec<(Slot, IdentityRecord)>,
    ) -> Result<(Slot, IdentityRecord, Identity), Error> {
        let mut last = Error::NoIdentity("served before");
        for (slot, record) in candidates {
            match self.identity(records, &record) {
                Ok(identity) => return Ok((slot, record, identity)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn write_trial(&self, remaining: Duration) -> Result<(), Error> {
        let _changing = self.lock();
        self.store.change(|change| {
            // It may have been confirmed meanwhile.
            if change.octets(RECORD)?.is_some() {
                let remaining_seconds = remaining.as_secs();
                change.put(RECORD, &Record { remaining_seconds })?;
            }
            Ok(())
        })
    }

    fn trial_length(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings().trial_minutes) * 60)
    }

    pub(crate) fn keep_trial(&self, running: Option<Running>) {
        *self.trial.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

/// The fingerprint of the certificate over which nobody signed in, until that was
/// acknowledged or something else was put in service.
pub(crate) fn ended(records: &impl Records) -> Result<Option<String>, StoreError> {
    records.get(ENDED)
}

/// Forgets that a trial has ended.
pub(crate) fn acknowledge_end(change: &Change) -> Result<(), StoreError> {
    change.remove(ENDED)
}

/// What serves again when a trial ends, the best first.
fn fallbacks(records: &impl Records) -> Result<Vec<(Slot, IdentityRecord)>, StoreError> {
    let mut found = Vec::new();
    for slot in [Slot::Previous, Slot::Factory] {
        let record: Option<IdentityRecord> = records.get(slot.key())?;
        found.extend(record.map(|record| (slot, record)));
    }
    Ok(found)
}
