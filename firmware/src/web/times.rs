//! Dates and spans of time as the pages write them.

use std::fmt;
use std::time::Duration;

use der::DateTime;

use crate::time::DAY_SECONDS;
pub(super) use crate::time::span;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment, in seconds since 1970-01-01 UTC. `Display` is "12 Feb 2027, 14:05 UTC".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64);

impl Moment {
    /// The form that templates can call.
    pub(super) fn at(unix_seconds: &u64) -> Self {
        Self(*unix_seconds)
    }

    /// The moment for the `datetime` attribute, such as "2027-02-12T14:05:00Z".
    pub(super) fn machine(self) -> String {
        crate::time::rfc3339(self.0)
    }

    /// "Feb 2027".
    pub(super) fn month(self) -> String {
        let Some(time) = self.civil() else {
            return "the year 9999".into();
        };
        format!("{} {}", month(&time), time.year())
    }

    /// "in 86 days" or "3 days ago", seen from `now`.
    pub(super) fn seen_from(self, now: Self) -> String {
        if self >= now {
            format!("in {}", span(self.0.saturating_sub(now.0)))
        } else {
            format!("{} ago", span(now.0.saturating_sub(self.0)))
        }
    }

    /// Whole days from `now` until this moment; `None` when it is over.
    pub(super) fn days_from(self, now: Self) -> Option<u64> {
        self.0
            .checked_sub(now.0)
            .map(|seconds| seconds / DAY_SECONDS)
    }

    fn civil(self) -> Option<DateTime> {
        DateTime::from_unix_duration(Duration::from_secs(self.0)).ok()
    }
}

/// "10 minutes": rounded up, as the alarm of a trial has it.
pub(super) fn minutes_left(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    let plural = if minutes == 1 { "" } else { "s" };
    format!("{minutes} minute{plural}")
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time) = self.civil() else {
            return f.write_str("after the year 9999");
        };
        let (day, hour, minutes) = (time.day(), time.hour(), time.minutes());
        write!(
            f,
            "{day} {} {}, {hour:02}:{minutes:02} UTC",
            month(&time),
            time.year()
        )
    }
}

fn month(time: &DateTime) -> &'static str {
    let index = usize::from(time.month()).saturating_sub(1);
    MONTHS.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_for_people_and_for_machines() {
        for (seconds, people, machines) in [
            (0, "1 Jan 1970, 00:00 UTC", "1970-01-01T00:00:00Z"),
            (
                1_802_441_105,
                "12 Feb 2027, 14:05 UTC",
                "2027-02-12T14:05:05Z",
            ),
            (
                253_402_300_799,
                "31 Dec 9999, 23:59 UTC",
                "9999-12-31T23:59:59Z",
            ),
            (u64::MAX, "after the year 9999", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Moment(seconds).to_string(), people);
            assert_eq!(Moment(seconds).machine(), machines);
        }
    }

    #[test]
    fn minutes_that_are_left_are_rounded_up() {
        for (seconds, said) in [
            (0, "0 minutes"),
            (1, "1 minute"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (599, "10 minutes"),
        ] {
            assert_eq!(minutes_left(seconds), said);
        }
    }

    #[test]
    fn a_moment_is_seen_from_another() {
        let now = Moment(100 * DAY_SECONDS);
        assert_eq!(Moment(103 * DAY_SECONDS).seen_from(now), "in 3 days");
        assert_eq!(Moment(97 * DAY_SECONDS).seen_from(now), "3 days ago");
        assert_eq!(Moment(103 * DAY_SECONDS).days_from(now), Some(3));
        assert_eq!(Moment(97 * DAY_SECONDS).days_from(now), None);
    }
}
