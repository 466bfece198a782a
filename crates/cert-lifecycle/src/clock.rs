//! What the unit knows of the time, with a clock that is right and without.

use pki_core::{Validity, ValidityDays};

use cert_policy::Now;

use crate::environment::NOT_BEFORE_THIS_SOFTWARE;
use crate::store::{Change, Records, StoreError};
use crate::{Error, Unit};

/// The last time that was known to be right, in seconds since 1970.
const RECORD: &str = "meta/time";

/// It is written down anew when it is so many seconds old: a day.
const RECORD_AGE_MAX: u64 = 86_400;

/// A certificate begins so many seconds before it is made, so that a browser whose
/// clock is a little late takes it at once: an hour.
pub const NOT_BEFORE_SLACK_SECONDS: u64 = 3600;

/// The `notAfter` of a certificate without an end, 9999-12-31 23:59:59 UTC (RFC 5280
/// section 4.1.2.5), in seconds since 1970-01-01 UTC.
pub const NO_END_SECONDS: u64 = 253_402_300_799;

impl Unit {
    /// The validity of a certificate that the unit makes now.
    ///
    /// While the clock is not known to be right, it begins at the last time that was,
    /// and has no end: however late it is in truth, the certificate is not over.
    pub(crate) fn validity(&self, days: ValidityDays) -> Result<Validity, Error> {
        let now = self.environment.now();
        let known = known(&self.store.snapshot()?)?;
        Ok(match now.trusted {
            true => Validity::days(
                now.unix_seconds.saturating_sub(NOT_BEFORE_SLACK_SECONDS),
                days,
            ),
            false => Validity::without_end(known),
        }?)
    }

    /// Writes the time down once a day while it is known to be right.
    pub(crate) fn note_time(&self, now: Now) -> Result<(), Error> {
        let known = known(&self.store.snapshot()?)?;
        if now.trusted && now.unix_seconds >= known.saturating_add(RECORD_AGE_MAX) {
            self.store
                .change(|change: &Change| change.put(RECORD, &now.unix_seconds))?;
        }
        Ok(())
    }
}

/// The last time that was known to be right, or else the time of this software.
fn known(records: &impl Records) -> Result<u64, StoreError> {
    let kept: Option<u64> = records.get(RECORD)?;
    Ok(kept.unwrap_or(0).max(NOT_BEFORE_THIS_SOFTWARE))
}
