//! What becomes of the certificates once another serves, told beforehand.

use crate::identity::Origin;
use crate::key_id::sha256_of;
use crate::records::{Coming, IdentityRecord, Slot, gives_way_to, previous_after};
use crate::store::Records as _;
use crate::unit::IdentityView;
use crate::{Error, Unit};

/// What is to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comes<'a> {
    /// A factory certificate, which is still to be made.
    Factory,
    /// The previous one.
    Previous,
    /// One that is to be installed, with this SHA-256 fingerprint.
    Reviewed(&'a str),
}

/// What the others are once it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Afterwards {
    /// The previous identity then.
    pub previous: Option<IdentityView>,
    /// The identity that serves or is the previous one now, and is gone then.
    pub gives_way: Option<IdentityView>,
}

impl Unit {
    /// What becomes of what serves and what served before, once something else serves; none
    /// where that is the previous one and there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn afterwards(&self, comes: Comes<'_>) -> Result<Option<Afterwards>, Error> {
        let snapshot = self.store.snapshot()?;
        let serving: Option<IdentityRecord> = snapshot.get(Slot::Serving.key())?;
        let previous: Option<IdentityRecord> = snapshot.get(Slot::Previous.key())?;
        let (serving, previous) = (serving.as_ref(), previous.as_ref());
        let new = |origin| Coming { leaf: &[], origin };
        let comes = match comes {
            Comes::Factory => Some(new(Origin::Factory)),
            Comes::Previous => previous.map(Coming::from),
            Comes::Reviewed(sha256) => {
                let mut known = [serving, previous].into_iter().flatten();
                let known = known.find(|record| sha256_of(record.leaf()) == sha256);
                Some(known.map_or_else(|| new(Origin::Imported), Coming::from))
            }
        };
        Ok(comes.map(|comes| Afterwards {
            previous: previous_after(comes, serving, previous).and_then(IdentityView::of),
            gives_way: gives_way_to(comes, serving, previous).and_then(IdentityView::of),
        }))
    }
}
