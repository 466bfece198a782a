//! What goes on behind the line that began it: the making of a key. It shows progress,
//! and can be cancelled.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use cert_lifecycle::{Digest, Error, Making};

use super::desk::Desk;
use super::dialogue::Reply;
use super::{certificates, requests};

/// How often it is looked whether it has ended.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// The making of a key ends so soon after it was cancelled, or goes on by itself.
const CANCELLING_MAX: Duration = Duration::from_secs(5);

/// What goes on.
pub(super) enum Work {
    /// The job with this number makes a key and a request.
    Request { job: u64, json: bool },
    /// A factory certificate is made.
    Reset(Reset),
}

/// A factory certificate that is being made, with a key of its own. It is no job of the
/// unit: whoever repairs waits for nobody else's key.
pub(super) struct Reset {
    cancelled: Arc<AtomicBool>,
    ended: Receiver<Result<String, Error>>,
    digest: Digest,
    /// The certificate is to be shown.
    verbose: bool,
}

impl Reset {
    /// Begins to make one.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when no thread can be started.
    pub(super) fn begin(desk: &Desk, digest: Digest, verbose: bool) -> Result<Self, Error> {
        let (unit, actor) = (Arc::clone(&desk.app.unit), desk.actor.clone());
        let cancelled = Arc::new(AtomicBool::new(false));
        let (tell, ended) = sync_channel(1);
        let is_cancelled = Arc::clone(&cancelled);
        let make = move || {
            let made = unit.reset_to_factory(digest, &actor, &mut |_| match is_cancelled
                .load(Ordering::Relaxed)
            {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            });
            // Whoever asked may be gone.
            drop(tell.send(made));
        };
        let spawned = std::thread::Builder::new()
            .name("make-factory".into())
            .spawn(make);
        spawned.map_err(|why| Error::System {
            what: "no thread could be started to make the key".into(),
            why,
        })?;
        Ok(Self {
            cancelled,
            ended,
            digest,
            verbose,
        })
    }

    fn reply(&self, desk: &Desk) -> Option<Reply> {
        match self.ended.try_recv() {
            Ok(ended) => Some(certificates::reset(desk, ended, self.digest, self.verbose)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Reply::not_done(
                "The making of the certificate broke off. Type status for what serves now.",
            )),
        }
    }
}

impl Work {
    /// What is being made, before the first mark of progress.
    pub(super) fn says(&self, desk: &Desk) -> String {
        let key = match self {
            Self::Request { job, .. } => match desk.app.unit.making_of(*job) {
                Some(Making::Running { key, .. }) => format!("a key of {key}"),
                _ => "a key".into(),
            },
            Self::Reset(_) => "a key for the factory certificate".into(),
        };
        format!("Making {key}; Ctrl-C cancels. ")
    }

    /// How it ended; `None` while it goes on.
    pub(super) fn reply(&self, desk: &Desk) -> Option<Reply> {
        match self {
            Self::Request { job, json } => match desk.app.unit.making_of(*job) {
                Some(Making::Running { .. }) => None,
                ended => Some(requests::made(desk, ended, *json)),
            },
            Self::Reset(reset) => reset.reply(desk),
        }
    }

    /// Asks it to end.
    pub(super) fn cancel(&self, desk: &Desk) {
        let unit = &desk.app.unit;
        match self {
            Self::Request { job, .. } => unit.cancel_making_of(*job),
            Self::Reset(reset) => reset.cancelled.store(true, Ordering::Relaxed),
        }
    }

    /// Cancels it and waits for its end, which may have come before.
    pub(super) fn cancelled(&self, desk: &Desk) -> Reply {
        let began = Instant::now();
        while began.elapsed() < CANCELLING_MAX {
            if let Some(reply) = self.reply(desk) {
                return reply;
            }
            self.cancel(desk);
            std::thread::sleep(LOOK);
        }
        Reply::not_done(match self {
            Self::Request { .. } => {
                "The key is still being made. Type request making for how far it is."
            }
            Self::Reset(_) => {
                "The key is still being made, and is given up at its next step. Type status for \
                 what serves now."
            }
        })
    }
}
