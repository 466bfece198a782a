//! What serves while the identity that should cannot.

use crate::records::Slot;

/// An identity that serves in place of another, which cannot.
#[derive(Debug, Clone)]
pub(crate) struct StandIn {
    /// Which one.
    pub(crate) slot: Slot,
    /// Why the other cannot serve.
    pub(crate) why: String,
}
