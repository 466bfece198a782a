//! Times as people read them.

use std::time::Duration;

use der::DateTime;

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

#[cfg(test)]
mod tests {
    use super::utc;

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
}
