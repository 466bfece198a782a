//! Reading a request's body whole, into memory that is wiped.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use cert_lifecycle::BACKUP_TEXT_OCTETS_MAX;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::https::upload;
use super::{software, upgrade};
use crate::limits::{
    BESIDE_OCTETS_MAX, DRAINED_OCTETS_MAX, FORM_MAX, STRANGER_OCTETS_MAX, UPLOAD_MAX,
    UPLOAD_OCTETS_MAX, UPLOADS_OCTETS_MAX,
};
use crate::sysupgrade::BUNDLE_OCTETS_MAX;
use crate::wiped;

/// The first buffer; it grows with what comes, not with what was announced.
const FIRST_OCTETS: usize = 8 * 1024;

/// How large a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// A backup, as the file or as text, of somebody who is signed in.
    Backup,
    /// New software of somebody who is signed in.
    Bundle,
    /// A form of somebody who is signed in.
    Form,
    /// Any other upload of somebody who is signed in.
    Upload,
    /// What anybody else may send.
    Stranger,
}

impl Limit {
    /// The limit of what is sent to this path.
    pub(super) fn of(path: &str, signed_in: bool) -> Self {
        match path {
            _ if !signed_in => Self::Stranger,
            software::PATH => Self::Bundle,
            upgrade::REVIEW => Self::Backup,
            upload::PASTE | upload::UPLOAD => Self::Upload,
            _ => Self::Form,
        }
    }

    /// Octets, at most.
    pub(super) fn octets(self) -> usize {
        match self {
            Self::Backup => BACKUP_TEXT_OCTETS_MAX + BESIDE_OCTETS_MAX,
            Self::Bundle => BUNDLE_OCTETS_MAX + BESIDE_OCTETS_MAX,
            Self::Form => BESIDE_OCTETS_MAX,
            Self::Upload => UPLOAD_OCTETS_MAX + BESIDE_OCTETS_MAX,
            Self::Stranger => STRANGER_OCTETS_MAX,
        }
    }

    /// How long it may take to arrive.
    fn arrival(self) -> Duration {
        match self {
            Self::Backup | Self::Bundle | Self::Upload => UPLOAD_MAX,
            Self::Form | Self::Stranger => FORM_MAX,
        }
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It broke off.
    Broken,
    /// It did not arrive in time.
    Slow,
    /// It has too many octets.
    TooLarge(Limit),
}

/// The memory for large bodies, which all of them share; but for that of new software,
/// of which there is one at a time.
pub(super) struct Uploads {
    octets: Arc<Semaphore>,
    bundles: Arc<Semaphore>,
}

/// The room that one large body has of it. What was made of the body keeps it.
pub(super) struct Room(#[expect(dead_code, reason = "held until dropped")] OwnedSemaphorePermit);

/// A body as it came.
pub(super) struct Whole {
    pub(super) octets: Zeroizing<Vec<u8>>,
    /// Of a large one.
    pub(super) room: Option<Room>,
}

impl Uploads {
    pub(super) fn new() -> Self {
        Self {
            octets: Arc::new(Semaphore::new(UPLOADS_OCTETS_MAX)),
            bundles: Arc::new(Semaphore::new(1)),
        }
    }

    /// Reads `body` into memory that is wiped on drop, up to `limit`. A large one has
    /// to wait until there is room for all that it may be, and its time runs meanwhile.
    pub(super) async fn read(&self, body: Body, limit: Limit) -> Result<Whole, Fault> {
        timeout(limit.arrival(), self.read_all(body, limit))
            .await
            .unwrap_or(Err(Fault::Slow))
    }

    async fn read_all(&self, mut body: Body, limit: Limit) -> Result<Whole, Fault> {
        let octets_max = limit.octets();
        let mut octets = Zeroizing::new(Vec::with_capacity(FIRST_OCTETS.min(octets_max)));
        let mut room = None;
        let mut came: usize = 0;
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let Ok(data) = frame.map_err(|_| Fault::Broken)?.into_data() else {
                continue;
            };
            came = came.saturating_add(data.len());
            if came <= octets_max {
                if came > STRANGER_OCTETS_MAX && room.is_none() {
                    room = Some(self.room(limit).await);
                }
                wiped::reserve(&mut octets, data.len(), octets_max);
                octets.extend_from_slice(&data);
            } else {
                octets = Zeroizing::default();
                room = None;
            }
            if came > octets_max.max(DRAINED_OCTETS_MAX) {
                break;
            }
        }
        if came > octets_max {
            Err(Fault::TooLarge(limit))
        } else {
            Ok(Whole { octets, room })
        }
    }

    async fn room(&self, limit: Limit) -> Room {
        let (places, wanted) = match limit {
            Limit::Bundle => (&self.bundles, 1),
            _ => (&self.octets, limit.octets()),
        };
        let wanted = u32::try_from(wanted).expect("no limit has so many octets");
        let room = Arc::clone(places).acquire_many_owned(wanted).await;
        Room(room.expect("the memory is never closed"))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    async fn read(uploads: &Uploads, octets: usize, limit: Limit) -> Result<Whole, Fault> {
        uploads.read(Body::from(vec![b'x'; octets]), limit).await
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit_and_not_beyond() {
        let uploads = Uploads::new();
        for limit in [
            Limit::Backup,
            Limit::Bundle,
            Limit::Form,
            Limit::Stranger,
            Limit::Upload,
        ] {
            let most = limit.octets();
            for octets in [0, most] {
                let whole = read(&uploads, octets, limit).await;
                assert_eq!(whole.map(|whole| whole.octets.len()), Ok(octets));
            }
            for octets in [most + 1, 17 << 20] {
                let whole = read(&uploads, octets, limit).await;
                assert_eq!(whole.err(), Some(Fault::TooLarge(limit)));
            }
        }
    }

    #[tokio::test]
    async fn a_large_body_waits_until_one_of_those_before_it_is_done() {
        let uploads = Uploads::new();
        let large = || read(&uploads, STRANGER_OCTETS_MAX + 1, Limit::Upload);
        let mut before = Vec::new();
        for _ in 0..UPLOADS_OCTETS_MAX / Limit::Upload.octets() {
            before.push(large().await.map_err(drop));
        }
        let mut next = pin!(large());
        let waits = poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending()));
        assert!(waits.await, "there is room for more");
        let small = read(&uploads, STRANGER_OCTETS_MAX, Limit::Upload).await;
        assert!(small.is_ok(), "small ones go past");
        before.pop();
        assert!(next.await.is_ok(), "there is room again");
    }

    #[test]
    fn only_who_is_signed_in_may_send_much() {
        for (path, signed_in, limit) in [
            ("/tools/upgrade/review", true, Limit::Backup),
            ("/tools/upgrade/review", false, Limit::Stranger),
            ("/tools/upgrade/software", true, Limit::Bundle),
            ("/tools/upgrade/software", false, Limit::Stranger),
            ("/tools/upgrade/restore", true, Limit::Form),
            ("/management/https/create", true, Limit::Form),
            ("/management/https/paste", true, Limit::Upload),
            ("/management/https/upload", true, Limit::Upload),
            ("/login", false, Limit::Stranger),
        ] {
            assert_eq!(Limit::of(path, signed_in), limit, "{path}");
        }
    }
}
