//! Times as people read them.

use std::time::Duration;

use der::DateTime;

/// The seconds of a day.
pub(crate) const DAY_SECONDS: u64 = 24 * 60 * 60;

/// "2027-02-12 14:05:00 UTC" for seconds since 1970-01-01 UTC.
pub(crate) fn utc(unix_seconds: u64) -> String {
    let Ok(time) = DateTime::from_unix_duration(Duration::from_secs(unix_seconds)) else {
        return "after the year 9999".into();
    };
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minutes(),
        time.seconds()
    )
}

/// "86 days", "3 hours": one unit, rounded down.
pub(crate) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..DAY_SECONDS => (seconds / 3600, "hour"),
        _ if seconds < 2 * 365 * DAY_SECONDS => (seconds / DAY_SECONDS, "day"),
        _ => (seconds / (365 * DAY_SECONDS), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// "2027-02-12T14:05:05Z" for seconds since 1970-01-01 UTC (RFC 3339); the last second
/// it can write for what is later.
pub(crate) fn rfc3339(unix_seconds: u64) -> String {
    let time = DateTime::from_unix_duration(Duration::from_secs(unix_seconds));
    time.unwrap_or(DateTime::INFINITY).to_string()
}

#[cfg(test)]
mod tests {
    use super::{DAY_SECONDS, rfc3339, span, utc};

    #[test]
    fn seconds_are_written_for_machines() {
        for (seconds, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_802_441_105, "2027-02-12T14:05:05Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), written);
        }
    }

    #[test]
    fn seconds_become_civil_dates() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
            (253_402_300_800, "after the year 9999"),
        ] {
            assert_eq!(utc(seconds), shown);
        }
    }

    #[test]
    fn spans_are_rounded_down_to_one_unit() {
        for (seconds, written) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7200, "2 hours"),
            (86 * DAY_SECONDS + 5, "86 days"),
            (729 * DAY_SECONDS, "729 days"),
            (10 * 365 * DAY_SECONDS, "10 years"),
        ] {
            assert_eq!(span(seconds), written);
        }
    }
}
