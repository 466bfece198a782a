//! Reading a request's body whole, into memory that is wiped.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use cert_lifecycle::BACKUP_TEXT_OCTETS_MAX;
use tokio::time::timeout;
use zeroize::{Zeroize, Zeroizing};

use super::upgrade;

/// Octets of an upload, at most.
pub(super) const UPLOAD_OCTETS_MAX: usize = 1024 * 1024;
/// Octets of the fields beside an upload, at most.
const FIELDS_OCTETS_MAX: usize = 64 * 1024;
/// Octets of the body of somebody who is not signed in, at most: a sign-in.
const STRANGER_OCTETS_MAX: usize = 16 * 1024;
/// A body that is too large is read and thrown away up to here, for a browser
/// shows the answer only after it has sent the body.
const DRAINED_OCTETS_MAX: usize = 8 * 1024 * 1024;
/// A body has this long to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(120);
/// The first buffer; it grows with what comes, not with what was announced.
const FIRST_OCTETS: usize = 8 * 1024;

/// How large a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// A backup, as the file or as text, of somebody who is signed in.
    Backup,
    /// Any other upload or form of somebody who is signed in.
    Upload,
    /// What anybody else may send.
    Stranger,
}

impl Limit {
    /// The limit of what is sent to this path.
    pub(super) fn of(path: &str, signed_in: bool) -> Self {
        match path {
            _ if !signed_in => Self::Stranger,
            upgrade::REVIEW => Self::Backup,
            _ => Self::Upload,
        }
    }

    /// Octets, at most.
    pub(super) fn octets(self) -> usize {
        match self {
            Self::Backup => BACKUP_TEXT_OCTETS_MAX + FIELDS_OCTETS_MAX,
            Self::Upload => UPLOAD_OCTETS_MAX + FIELDS_OCTETS_MAX,
            Self::Stranger => STRANGER_OCTETS_MAX,
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

/// Reads `body` into memory that is wiped on drop, up to `limit`.
pub(super) async fn read(body: Body, limit: Limit) -> Result<Zeroizing<Vec<u8>>, Fault> {
    timeout(ARRIVAL_MAX, read_all(body, limit))
        .await
        .unwrap_or(Err(Fault::Slow))
}

async fn read_all(mut body: Body, limit: Limit) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let octets_max = limit.octets();
    let mut kept = Zeroizing::new(Vec::with_capacity(FIRST_OCTETS.min(octets_max)));
    let mut came: usize = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Fault::Broken)?.into_data() else {
            continue;
        };
        came = came.saturating_add(data.len());
        if came <= octets_max {
            append(&mut kept, &data, octets_max);
        } else {
            kept.zeroize();
        }
        wipe(data);
        if came > DRAINED_OCTETS_MAX {
            break;
        }
    }
    if came > octets_max {
        Err(Fault::TooLarge(limit))
    } else {
        Ok(kept)
    }
}

/// Appends `data`. When the buffer has to grow, the old one is wiped, which a
/// `Vec` that grows by itself does not do.
fn append(kept: &mut Zeroizing<Vec<u8>>, data: &[u8], octets_max: usize) {
    let needed = kept.len().saturating_add(data.len());
    if needed > kept.capacity() {
        let doubled = kept.capacity().saturating_mul(2).min(octets_max);
        let mut larger = Zeroizing::new(Vec::with_capacity(doubled.max(needed)));
        larger.extend_from_slice(kept);
        *kept = larger;
    }
    kept.extend_from_slice(data);
}

/// Wipes what came from the connection, where nothing else holds on to it.
fn wipe(data: Bytes) {
    if let Ok(mut data) = data.try_into_mut() {
        data.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_grows_keeps_every_octet() {
        let mut kept = Zeroizing::new(Vec::with_capacity(4));
        let mut expected = Vec::new();
        for part in [&b"abc"[..], b"", b"defgh", &[b'x'; 300], b"end"] {
            append(&mut kept, part, 1000);
            expected.extend_from_slice(part);
        }
        assert_eq!(*kept, expected);
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit_and_not_beyond() {
        for limit in [Limit::Backup, Limit::Stranger, Limit::Upload] {
            let most = limit.octets();
            let read = async |octets: usize| {
                let kept = read(Body::from(vec![b'x'; octets]), limit).await;
                kept.map(|kept| kept.len())
            };
            for octets in [0, most] {
                assert_eq!(read(octets).await, Ok(octets));
            }
            for octets in [most + 1, 9 << 20] {
                assert_eq!(read(octets).await, Err(Fault::TooLarge(limit)));
            }
        }
    }

    #[test]
    fn only_who_is_signed_in_may_send_much() {
        for (path, signed_in, limit) in [
            ("/tools/upgrade/review", true, Limit::Backup),
            ("/tools/upgrade/review", false, Limit::Stranger),
            ("/tools/upgrade/restore", true, Limit::Upload),
            ("/management/https/upload", true, Limit::Upload),
            ("/login", false, Limit::Stranger),
        ] {
            assert_eq!(Limit::of(path, signed_in), limit, "{path}");
        }
    }
}
