//! The bar from a certificate's first to its last second, with today on it.

/// The last part of the bar is marked, in which a new certificate is to be made: 30 days.
const LAST_SECONDS: u64 = 30 * 24 * 60 * 60;
/// The width of the bar in units of its drawing.
const WIDTH: u64 = 1000;

/// Places on the bar, from 0 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValidityBar {
    /// Where the last 30 days begin.
    pub(super) last_from: u64,
    /// Today; `None` while the clock is not known to be right.
    pub(super) today: Option<u64>,
}

impl ValidityBar {
    /// For a certificate with these dates, in seconds since 1970-01-01 UTC.
    pub(super) fn new(not_before: u64, not_after: u64, now: Option<u64>) -> Self {
        let length = not_after.saturating_sub(not_before).max(1);
        let place = |at: u64| {
            let since = at.clamp(not_before, not_after.max(not_before)) - not_before;
            let place = u128::from(since) * u128::from(WIDTH) / u128::from(length);
            u64::try_from(place).unwrap_or(WIDTH).min(WIDTH)
        };
        Self {
            last_from: place(not_after.saturating_sub(LAST_SECONDS)),
            today: now.map(place),
        }
    }

    pub(super) fn last_width(self) -> u64 {
        WIDTH - self.last_from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    #[test]
    fn today_stands_between_the_first_and_the_last_second() {
        let bar = |now| ValidityBar::new(100 * DAY, 200 * DAY, Some(now * DAY));
        assert_eq!(bar(100).today, Some(0));
        assert_eq!(bar(150).today, Some(500));
        assert_eq!(bar(200).today, Some(1000));
        assert_eq!(bar(150).last_from, 700);
        assert_eq!(bar(150).last_width(), 300);
    }

    #[test]
    fn what_is_outside_or_absurd_stays_on_the_bar() {
        let early = ValidityBar::new(100 * DAY, 200 * DAY, Some(0));
        assert_eq!(early.today, Some(0));
        let late = ValidityBar::new(100 * DAY, 200 * DAY, Some(u64::MAX));
        assert_eq!(late.today, Some(1000));
        let short = ValidityBar::new(100 * DAY, 101 * DAY, None);
        assert_eq!((short.last_from, short.today), (0, None));
        let inverted = ValidityBar::new(200 * DAY, 100 * DAY, Some(150 * DAY));
        assert!(inverted.last_from <= 1000 && inverted.today <= Some(1000));
    }
}
