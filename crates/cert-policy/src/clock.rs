//! Times as an administrator reads them: "in 86 days (12 Feb 2027, 14:05 UTC)".

use crate::quote::count;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;
use der::DateTime;
use x509_cert::time::Time;

pub(crate) const DAY_SECONDS: u64 = 86_400;

/// Seconds since 1970, as [`Now`](crate::Now) counts them.
pub(crate) fn unix_seconds(time: Time) -> u64 {
    time.to_unix_duration().as_secs()
}

/// `12 Feb 2027, 14:05 UTC`.
pub(crate) fn date(unix_seconds: u64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let Ok(time) = DateTime::from_unix_duration(Duration::from_secs(unix_seconds)) else {
        return "after the year 9999".to_string();
    };
    let month = usize::from(time.month())
        .checked_sub(1)
        .and_then(|month| MONTHS.get(month));
    let (day, month, year) = (time.day(), month.unwrap_or(&""), time.year());
    format!(
        "{day} {month} {year}, {:02}:{:02} UTC",
        time.hour(),
        time.minutes()
    )
}

/// `in 86 days (…)` or `3 days ago (…)`.
pub(crate) fn relative(then: u64, now: u64) -> String {
    let span = span(then.abs_diff(now));
    let date = date(then);
    if then >= now {
        format!("in {span} ({date})")
    } else {
        format!("{span} ago ({date})")
    }
}

/// The largest unit that fits, rounded down: `86 days`, `1 hour`, `less than a minute`.
pub(crate) fn span(seconds: u64) -> String {
    let units = [(DAY_SECONDS, "day"), (3_600, "hour"), (60, "minute")];
    match units.into_iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => count(usize::try_from(seconds / unit).unwrap_or(usize::MAX), name),
        None => "less than a minute".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_the_pages_say() {
        const NOW: u64 = 1_795_000_000; // 18 Nov 2026, 11:06:40 UTC
        for (then, text) in [
            (
                NOW + 86 * DAY_SECONDS,
                "in 86 days (12 Feb 2027, 11:06 UTC)",
            ),
            (NOW - 3 * DAY_SECONDS, "3 days ago (15 Nov 2026, 11:06 UTC)"),
            (NOW - DAY_SECONDS, "1 day ago (17 Nov 2026, 11:06 UTC)"),
            (NOW + 3_599, "in 59 minutes (18 Nov 2026, 12:06 UTC)"),
            (NOW - 59, "less than a minute ago (18 Nov 2026, 11:05 UTC)"),
            (0, "20775 days ago (1 Jan 1970, 00:00 UTC)"),
        ] {
            assert_eq!(relative(then, NOW), text);
        }
        assert_eq!(date(u64::MAX), "after the year 9999");
    }
}
