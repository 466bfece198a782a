//! Whether a certificate is valid now, and not for too long
//! ([RFC 5280 section 4.1.2.5](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5)).

use crate::Now;
use crate::certificate::Certificate;
use crate::clock::{DAY_SECONDS, date, relative, unix_seconds};
use crate::finding::{Code, Finding, Severity};
use alloc::format;
use alloc::vec::Vec;

/// The longest life browsers accept, by the moment it begins: CA/Browser Forum BR 6.3.2 since
/// ballot SC-081, and before it Apple's limit of 2020 and the ballot of 2018.
const LIFETIME_DAYS_MAX: [(u64, u64); 5] = [
    (1_868_227_200, 47),  // from 15 March 2029
    (1_805_068_800, 100), // from 15 March 2027
    (1_773_532_800, 200), // from 15 March 2026
    (1_598_918_400, 398), // from 1 September 2020
    (0, LIFETIME_DAYS_MAX_PRIVATE),
];

/// The longest life Apple's systems accept from any issuer, in days
/// (<https://support.apple.com/en-us/103769>). Self-signed certificates have no other limit.
const LIFETIME_DAYS_MAX_PRIVATE: u64 = 825;

/// Judges the period of the leaf.
pub(crate) fn leaf(leaf: &Certificate<'_>, is_self_signed: bool, now: Now) -> Vec<Finding> {
    let period = Period::of(leaf);
    if period.is_inverted() {
        return Vec::from([inverted(leaf, &period)]);
    }
    let expired = (now.unix_seconds > period.end).then(|| {
        let when = relative(period.end, now.unix_seconds);
        let message = format!("The certificate expired {when}.{}", doubt(now));
        expiry(Code::Expired, leaf, &period, now, message)
    });
    [
        expired,
        not_yet(leaf, &period, now),
        too_long(leaf, &period, is_self_signed),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Judges the period of a CA certificate in the chain.
pub(crate) fn issuer(issuer: &Certificate<'_>, now: Now) -> Option<Finding> {
    let period = Period::of(issuer);
    if period.is_inverted() {
        return Some(inverted(issuer, &period));
    }
    if now.unix_seconds > period.end {
        let when = relative(period.end, now.unix_seconds);
        let called = issuer.called();
        let message = format!("The CA certificate {called} expired {when}.{}", doubt(now));
        return Some(expiry(Code::IssuerExpired, issuer, &period, now, message));
    }
    not_yet(issuer, &period, now)
}

/// How long a leaf lives, for choosing among several: whether it is valid now, and since when.
pub(crate) fn freshness(certificate: &Certificate<'_>, now: Now) -> (bool, u64) {
    let period = Period::of(certificate);
    (
        (period.start..=period.end).contains(&now.unix_seconds),
        period.start,
    )
}

/// Both ends are part of it.
struct Period {
    start: u64,
    end: u64,
}

impl Period {
    fn of(certificate: &Certificate<'_>) -> Self {
        let validity = certificate.tbs().validity();
        Self {
            start: unix_seconds(validity.not_before),
            end: unix_seconds(validity.not_after),
        }
    }

    fn is_inverted(&self) -> bool {
        self.end < self.start
    }
}

fn inverted(certificate: &Certificate<'_>, period: &Period) -> Finding {
    let (start, end) = (date(period.start), date(period.end));
    let called = certificate.called();
    let message = format!("{called} begins to be valid {start} and ends before that, {end}.");
    Finding::new(Code::ValidityInverted, message)
        .about(certificate.index)
        .expected(format!("an end after {start}"))
        .came(end)
}

fn expiry(
    code: Code,
    certificate: &Certificate<'_>,
    period: &Period,
    now: Now,
    message: alloc::string::String,
) -> Finding {
    let finding = Finding::new(code, message)
        .about(certificate.index)
        .expected(format!("an end after {}", date(now.unix_seconds)))
        .came(date(period.end));
    // A wrong clock must not keep a right certificate out.
    if now.trusted {
        finding
    } else {
        finding.severity(Severity::Warn)
    }
}

fn not_yet(certificate: &Certificate<'_>, period: &Period, now: Now) -> Option<Finding> {
    let when = relative(period.start, now.unix_seconds);
    let called = certificate.called();
    (now.unix_seconds < period.start).then(|| {
        let message = format!("{called} begins to be valid {when}.{}", doubt(now));
        Finding::new(Code::NotYetValid, message)
            .about(certificate.index)
            .expected(format!("a beginning before {}", date(now.unix_seconds)))
            .came(date(period.start))
    })
}

fn doubt(now: Now) -> &'static str {
    if now.trusted {
        ""
    } else {
        " It is not known whether this unit's clock is right, though."
    }
}

/// Compared as Chromium does: the difference of the two times, without the second that is in
/// both, so that `openssl -days 200` makes 200 days.
fn too_long(leaf: &Certificate<'_>, period: &Period, is_self_signed: bool) -> Option<Finding> {
    let days_max = if is_self_signed {
        LIFETIME_DAYS_MAX_PRIVATE
    } else {
        let limits = LIFETIME_DAYS_MAX.into_iter();
        limits
            .filter(|(from, _)| period.start >= *from)
            .map(|(_, days)| days)
            .next()?
    };
    let seconds = period.end.saturating_sub(period.start);
    if seconds <= days_max * DAY_SECONDS {
        return None;
    }
    let days = seconds.div_ceil(DAY_SECONDS);
    let keeps_private_limit = seconds <= LIFETIME_DAYS_MAX_PRIVATE * DAY_SECONDS;
    let is_private = keeps_private_limit && !leaf.extensions.is_public;
    let message = if is_self_signed {
        format!(
            "The certificate is valid for {days} days. Apple's systems accept a server \
             certificate for {days_max} at most, also a self-signed one."
        )
    } else {
        let whose = if leaf.extensions.is_public {
            "The certificate says that a public CA issued it."
        } else if is_private {
            "That binds public CAs only; whether one issued this certificate cannot be told for \
             certain, and nothing in it says so. From a CA of your own it is fine: there is only \
             Apple's limit of 825 days, which it keeps."
        } else {
            "A CA of your own is held only to Apple's 825, which are exceeded too."
        };
        format!(
            "The certificate is valid for {days} days. Issued when it was, browsers accept \
             {days_max} from a public CA. The limit is 200 days from 15 Mar 2026, 100 from \
             15 Mar 2027 and 47 from 15 Mar 2029. {whose}"
        )
    };
    let finding = Finding::new(Code::LifetimeTooLong, message).about(leaf.index);
    let finding = if is_private {
        finding.severity(Severity::Note)
    } else {
        finding
    };
    Some(
        finding
            .expected(format!("at most {days_max} days"))
            .came(format!("{days} days")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::DateTime;

    #[test]
    fn the_schedule_begins_on_the_days_of_the_ballots() {
        let from = |year, month, day| {
            DateTime::new(year, month, day, 0, 0, 0)
                .unwrap()
                .unix_duration()
                .as_secs()
        };
        let days = [(2029, 3, 15), (2027, 3, 15), (2026, 3, 15), (2020, 9, 1)];
        for ((limit, _), (year, month, day)) in LIFETIME_DAYS_MAX.into_iter().zip(days) {
            assert_eq!(limit, from(year, month, day), "{day}.{month}.{year}");
        }
    }
}
