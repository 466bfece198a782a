//! What has to hold for a browser not to warn, for the way a page was reached.

use cert_lifecycle::{ServerName, Status};

use super::Site;
use super::caller::Caller;
use super::problem::Problem;
use super::times::Moment;

/// One of the three conditions of a browser.
pub(super) struct Condition {
    pub(super) question: &'static str,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) said: String,
}

impl Site {
    /// How the unit stands, and the conditions for the way this caller has reached it.
    pub(super) async fn status_and_conditions(
        &self,
        caller: &Caller,
    ) -> Result<(Status, [Condition; 3]), Problem> {
        let name = ServerName::parse(caller.host.name()).ok();
        let (status, covered) = self
            .run(move |unit| {
                let covered = match &name {
                    Some(name) => unit.covers(name)?,
                    None => false,
                };
                Ok((unit.status()?, covered))
            })
            .await??;
        let conditions = [
            trusted(&status),
            name_matches(caller, &status, covered),
            date(&status),
        ];
        Ok((status, conditions))
    }
}

/// The unit cannot know what a browser trusts; it says what would make it so.
fn trusted(status: &Status) -> Condition {
    let certificate = &status.serving.certificate;
    let (word, said) = if certificate.self_issued {
        (
            "Only where it was imported",
            "The unit signed the certificate itself. A browser trusts it once it is in the browser's \
             store."
                .into(),
        )
    } else {
        (
            "Where the CA is known",
            format!("It was issued by {}.", certificate.issuer),
        )
    };
    Condition {
        question: "Trusted?",
        class: "information",
        word,
        said,
    }
}

fn name_matches(caller: &Caller, status: &Status, covered: bool) -> Condition {
    let names = status.serving.certificate.names.join(", ");
    let (class, word, said) = if covered {
        ("good", "Yes", format!("It covers {names}."))
    } else {
        (
            "attention",
            "No",
            format!(
                "You reached the unit as \"{}\". The certificate covers {}, so the browser warns here \
                 whatever else holds.",
                caller.host.name(),
                if names.is_empty() { "no name" } else { &names }
            ),
        )
    };
    Condition {
        question: "Name matches?",
        class,
        word,
        said,
    }
}

fn date(status: &Status) -> Condition {
    let certificate = &status.serving.certificate;
    let (from, to) = (
        Moment(certificate.not_before),
        Moment(certificate.not_after),
    );
    let span = format!("From {from} to {to}.");
    let (class, word, said) = match status.clock_trusted {
        false => (
            "attention",
            "Unknown",
            format!("The unit's clock is not set; your browser judges by its own. {span}"),
        ),
        true if status.now > certificate.not_after => ("refused", "No, it has expired", span),
        true if status.now < certificate.not_before => ("attention", "Not yet", span),
        true => ("good", "Yes", span),
    };
    Condition {
        question: "Date valid?",
        class,
        word,
        said,
    }
}
