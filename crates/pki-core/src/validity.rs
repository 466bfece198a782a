//! How long a certificate is valid.

use core::fmt;
use core::time::Duration;

use der::DateTime;
use der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::time;

use crate::Error;

/// A number of days from 1 to 36500, a century.
///
/// ```
/// use pki_core::ValidityDays;
///
/// assert_eq!(ValidityDays::new(365)?.days(), 365);
/// assert!(ValidityDays::new(0).is_err());
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValidityDays(u16);

impl ValidityDays {
    /// The longest, 36500 days.
    pub const MAX: Self = Self(36_500);

    /// A number of days.
    ///
    /// # Errors
    ///
    /// [`Error::ValidityDays`] for 0 and above 36500.
    pub const fn new(days: u16) -> Result<Self, Error> {
        if days == 0 || days > Self::MAX.0 {
            Err(Error::ValidityDays { days })
        } else {
            Ok(Self(days))
        }
    }

    /// The number of days.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ValidityDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 9999-12-31T23:59:59Z, the last second that `GeneralizedTime` can say.
const NO_END: u64 = 253_402_300_799;

/// The first and the last second in which a certificate is valid.
///
/// They are written as RFC 5280 section 4.1.2.5 says: as `UTCTime` through the
/// year 2049, as `GeneralizedTime` from 2050.
///
/// ```
/// use pki_core::{Validity, ValidityDays};
///
/// let start = 1_767_225_600; // 2026-01-01T00:00:00Z
/// let validity = Validity::days(start, ValidityDays::new(365)?)?;
/// assert_eq!(validity.not_after().to_string(), "2027-01-01T00:00:00Z");
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    not_before: DateTime,
    not_after: DateTime,
}

impl Validity {
    /// From this second, counted from 1970-01-01T00:00:00Z without leap seconds,
    /// to the same time of day so many days later.
    ///
    /// # Errors
    ///
    /// [`Error::ValidityEnd`] when it would end after the year 9999.
    pub fn days(from_unix_seconds: u64, days: ValidityDays) -> Result<Self, Error> {
        const SECONDS_PER_DAY: u64 = 86_400;
        let seconds = u64::from(days.days()) * SECONDS_PER_DAY;
        Ok(Self {
            not_before: date_time(from_unix_seconds)?,
            not_after: date_time(from_unix_seconds.saturating_add(seconds))?,
        })
    }

    /// From this second, counted from 1970-01-01T00:00:00Z without leap seconds,
    /// without an end: to 9999-12-31T23:59:59Z, which says that there is none
    /// (RFC 5280 section 4.1.2.5).
    ///
    /// For a device that does not know the time: whatever it is, the certificate is
    /// not over.
    ///
    /// # Errors
    ///
    /// [`Error::ValidityEnd`] when it would begin after the year 9999.
    pub fn without_end(from_unix_seconds: u64) -> Result<Self, Error> {
        Ok(Self {
            not_before: date_time(from_unix_seconds)?,
            not_after: date_time(NO_END)?,
        })
    }

    /// The first second.
    #[must_use]
    pub fn not_before(&self) -> DateTime {
        self.not_before
    }

    /// The last second.
    #[must_use]
    pub fn not_after(&self) -> DateTime {
        self.not_after
    }

    pub(crate) fn to_x509(self) -> time::Validity {
        time::Validity::new(to_time(self.not_before), to_time(self.not_after))
    }
}

fn date_time(unix_seconds: u64) -> Result<DateTime, Error> {
    DateTime::from_unix_duration(Duration::from_secs(unix_seconds)).map_err(|_| Error::ValidityEnd)
}

fn to_time(date_time: DateTime) -> time::Time {
    match UtcTime::from_date_time(date_time) {
        Ok(utc) => time::Time::UtcTime(utc),
        Err(_) => time::Time::GeneralTime(GeneralizedTime::from_date_time(date_time)),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    /// 2049-12-31T23:59:59Z, the last second that `UTCTime` can say.
    const LAST_UTC_TIME: u64 = 2_524_607_999;

    #[test]
    fn times_from_2050_are_generalized() {
        for (seconds, is_utc) in [(0, true), (LAST_UTC_TIME, true), (LAST_UTC_TIME + 1, false)] {
            let validity = Validity::days(seconds, ValidityDays(1)).unwrap().to_x509();
            assert_eq!(
                matches!(validity.not_before, time::Time::UtcTime(_)),
                is_utc,
                "{seconds}"
            );
        }
    }

    #[test]
    fn it_lasts_exactly_so_many_days() {
        let validity = Validity::days(1_709_164_800, ValidityDays(365)).unwrap();
        assert_eq!(validity.not_before().to_string(), "2024-02-29T00:00:00Z");
        assert_eq!(validity.not_after().to_string(), "2025-02-28T00:00:00Z");
        for days in [1, 397, 36_500] {
            let validity = Validity::days(1_767_225_600, ValidityDays(days)).unwrap();
            let lasts =
                validity.not_after().unix_duration() - validity.not_before().unix_duration();
            assert_eq!(lasts.as_secs(), u64::from(days) * 86_400);
        }
    }

    #[test]
    fn it_ends_in_the_year_9999_at_the_latest() {
        let day = ValidityDays(1);
        assert!(Validity::days(NO_END - 86_400, day).is_ok());
        for seconds in [NO_END - 86_399, NO_END + 1, u64::MAX] {
            assert_eq!(Validity::days(seconds, day), Err(Error::ValidityEnd));
        }
    }

    #[test]
    fn without_an_end_it_ends_with_the_year_9999() {
        let validity = Validity::without_end(0).unwrap();
        assert_eq!(validity.not_before().to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(validity.not_after().to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Validity::without_end(u64::MAX), Err(Error::ValidityEnd));
    }

    #[test]
    fn days_from_1_to_36500_are_taken() {
        for (days, taken) in [(0, false), (1, true), (36_500, true), (36_501, false)] {
            assert_eq!(ValidityDays::new(days).is_ok(), taken);
        }
    }
}
