//! How many passwords are hashed at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Standing;

/// So many passwords are hashed at a time, for each takes 7 MiB of memory and a
/// processor.
const HASHING_MAX: usize = 2;
/// So many of them are from strangers: whoever has signed in before need not stand
/// behind a crowd of them.
const STRANGERS_MAX: usize = 1;

/// The places where passwords are hashed. Who has to wait is served in the order
/// of coming; there are never more of them than connections.
pub(crate) struct Hashing {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

/// A place, for as long as it is held. It has to go where the work is done, since
/// whoever asked for the work may be gone before it ends.
pub(crate) struct Place {
    _all: Option<OwnedSemaphorePermit>,
    _strangers: Option<OwnedSemaphorePermit>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(HASHING_MAX)),
            strangers: Arc::new(Semaphore::new(STRANGERS_MAX)),
        }
    }
}

impl Hashing {
    /// Waits for a place.
    pub(crate) async fn place(&self, standing: Standing) -> Place {
        // Nobody closes the semaphores, so there is always a permit.
        let acquire = async |from: &Arc<Semaphore>| Arc::clone(from).acquire_owned().await.ok();
        let strangers = match standing {
            Standing::Known => None,
            Standing::Stranger => acquire(&self.strangers).await,
        };
        Place {
            _strangers: strangers,
            _all: acquire(&self.all).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    /// Whether there is a place at once.
    fn has_place(hashing: &Hashing, standing: Standing) -> Option<Place> {
        let mut place = pin!(hashing.place(standing));
        match place.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(place) => Some(place),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn strangers_leave_a_place_for_who_is_known() {
        let hashing = Hashing::default();
        let stranger = has_place(&hashing, Standing::Stranger);
        assert!(stranger.is_some());
        assert!(has_place(&hashing, Standing::Stranger).is_none());
        let known = has_place(&hashing, Standing::Known);
        assert!(known.is_some());
        assert!(has_place(&hashing, Standing::Known).is_none());
        drop(stranger);
        assert!(has_place(&hashing, Standing::Stranger).is_some());
    }
}
