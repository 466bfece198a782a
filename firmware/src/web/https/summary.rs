//! "What browsers see now", and the one thing to do next.

use cert_lifecycle::{AlarmCode, CertificateView, NO_END_SECONDS, Origin, Status};

use super::Tab;
use super::validity::ValidityBar;
use crate::web::conditions::Condition;
use crate::web::times::Moment;

/// A certificate that ends within so many days is to be replaced.
const DAYS_LEFT_MIN: u64 = 30;

/// What serves now, for the card on top of the page.
pub(super) struct Summary {
    pub(super) certificate: CertificateView,
    pub(super) intermediates: usize,
    pub(super) provenance: String,
    pub(super) conditions: [Condition; 3],
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
    /// "Expires in 86 days"; without a clock that is right nobody can tell.
    pub(super) validity: String,
    pub(super) bar: ValidityBar,
    pub(super) state: State,
    pub(super) next: Next,
    pub(super) has_previous: bool,
}

/// What the dates say of the certificate, for the card's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Valid,
    EndsSoon,
    Expired,
    /// Whatever the dates say, browsers dislike the key or the signature.
    Refused,
    /// The clock is not set.
    Unknown,
}

impl State {
    /// The style's class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Valid => "good",
            Self::EndsSoon | Self::Refused | Self::Unknown => "attention",
            Self::Expired => "refused",
        }
    }

    /// The word that goes with the colour and the shape, where it takes one more than
    /// the three conditions have.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::EndsSoon => Some("Ends soon"),
            Self::Refused => Some("Browsers refuse it"),
            Self::Expired => Some("Expired"),
            Self::Unknown => Some("Date unknown"),
        }
    }
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) said: String,
    /// The tab where it is taken, and what taking it is called.
    pub(super) link: Option<(Tab, &'static str)>,
}

impl Summary {
    /// The style's class of the whole card: good is only what its conditions find good,
    /// too. What this browser trusts, the unit cannot know.
    pub(super) fn class(&self) -> &'static str {
        class(self.state, self.conditions.iter().map(|one| one.class))
    }

    pub(super) fn new(status: &Status, waiting: usize, conditions: [Condition; 3]) -> Self {
        let serving = &status.serving;
        let certificate = serving.certificate.clone();
        let not_after = Moment(certificate.not_after);
        let now = status.clock_trusted.then_some(Moment(status.now));
        let raised = |code| status.alarms.iter().any(|alarm| alarm.code == code);
        Self {
            intermediates: serving.intermediates,
            conditions,
            provenance: provenance(serving.origin, &certificate),
            not_before: Moment(certificate.not_before),
            not_after,
            validity: match now {
                _ if certificate.not_after == NO_END_SECONDS => {
                    "It has no end, since the clock was not set when it was made".into()
                }
                Some(now) if not_after < now => format!("Expired {}", not_after.seen_from(now)),
                Some(now) => format!("Expires {}", not_after.seen_from(now)),
                None => {
                    "The clock is not set, so the unit cannot tell whether it is valid today".into()
                }
            },
            bar: ValidityBar::new(
                certificate.not_before,
                certificate.not_after,
                status.clock_trusted.then_some(status.now),
            ),
            state: match state(not_after, now) {
                State::Valid if raised(AlarmCode::BrowsersRefuse) => State::Refused,
                state => state,
            },
            next: match &status.trial {
                Some(_) => Next {
                    said: "Keep this certificate, or let the previous one come back.".into(),
                    link: None,
                },
                None if raised(AlarmCode::BrowsersRefuse) && waiting == 0 => Next {
                    said: "Make a certificate your browser will accept.".into(),
                    link: Some(REQUEST),
                },
                None => next(serving.origin, not_after, now, waiting),
            },
            has_previous: status.previous.is_some(),
            certificate,
        }
    }
}

fn class(state: State, mut conditions: impl Iterator<Item = &'static str>) -> &'static str {
    let doubted = conditions.any(|class| matches!(class, "attention" | "refused"));
    match state {
        State::Valid if doubted => "attention",
        state => state.class(),
    }
}

fn provenance(origin: Origin, certificate: &CertificateView) -> String {
    match origin {
        Origin::Factory => "Factory certificate, self-signed by this unit".into(),
        Origin::SelfSigned => "Self-signed by this unit".into(),
        _ if certificate.self_issued => "Self-signed".into(),
        _ => format!("Issued by {}", certificate.issuer),
    }
}

fn state(not_after: Moment, now: Option<Moment>) -> State {
    match now.map(|now| not_after.days_from(now)) {
        None => State::Unknown,
        Some(None) => State::Expired,
        Some(Some(days)) if days < DAYS_LEFT_MIN => State::EndsSoon,
        Some(Some(_)) => State::Valid,
    }
}

const UPLOAD: (Tab, &str) = (Tab::Upload, "Upload a certificate");
const REQUEST: (Tab, &str) = (Tab::Create, "Make a request");

fn next(origin: Origin, not_after: Moment, now: Option<Moment>, waiting: usize) -> Next {
    let days_left = now.map(|now| not_after.days_from(now));
    let (said, link) = match (days_left, waiting) {
        (Some(None), _) => (
            "It is still served so that you can get in. Make a request, or serve a self-signed \
             certificate meanwhile."
                .into(),
            Some(REQUEST),
        ),
        (_, 1) => (
            "One request waits for its certificate.".into(),
            Some(UPLOAD),
        ),
        (_, 2..) => (
            format!("{waiting} requests wait for their certificates."),
            Some(UPLOAD),
        ),
        (Some(Some(days)), 0) if days < DAYS_LEFT_MIN => (
            format!("Make a new request soon: after {not_after} browsers refuse this certificate."),
            Some(REQUEST),
        ),
        _ if origin == Origin::Factory => (
            "Make a certificate your browser will accept.".into(),
            Some(REQUEST),
        ),
        _ => {
            let early = Moment(not_after.0.saturating_sub(DAYS_LEFT_MIN * 24 * 60 * 60));
            (format!("Nothing to do until {}.", early.month()), None)
        }
    };
    Next { said, link }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const NOW: Option<Moment> = Some(Moment(20_000 * DAY));

    #[track_caller]
    fn check(origin: Origin, days_left: i64, waiting: usize, begins: &str) {
        let not_after = Moment(20_000_u64.saturating_add_signed(days_left) * DAY);
        let next = next(origin, not_after, NOW, waiting);
        assert!(next.said.starts_with(begins), "{}", next.said);
    }

    #[test]
    fn the_next_step_is_the_most_pressing_one() {
        check(Origin::Factory, 3000, 0, "Make a certificate");
        check(Origin::Factory, 3000, 1, "One request waits");
        check(Origin::Imported, 300, 2, "2 requests wait");
        check(Origin::Imported, 300, 0, "Nothing to do until Jul 2025");
        check(Origin::Imported, 29, 0, "Make a new request soon");
        check(Origin::Imported, -1, 3, "It is still served");
    }

    #[test]
    fn the_card_is_good_only_where_nothing_speaks_against_it() {
        for (state, condition, expected) in [
            (State::Valid, "good", "good"),
            (State::Valid, "attention", "attention"),
            (State::EndsSoon, "good", "attention"),
            (State::Expired, "attention", "refused"),
        ] {
            let conditions = ["information", condition, "good"];
            assert_eq!(class(state, conditions.into_iter()), expected);
        }
    }

    #[test]
    fn the_mark_tells_the_dates() {
        let now = Moment(20_000 * DAY);
        let state = |days: u64| state(Moment(days * DAY), Some(now));
        assert_eq!(state(20_030), State::Valid);
        assert_eq!(state(20_029), State::EndsSoon);
        assert_eq!(state(19_999), State::Expired);
        assert_eq!(super::state(now, None), State::Unknown);
    }
}
