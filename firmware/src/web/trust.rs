//! "Trust this unit": why a browser warns, and what makes it stop. It is open to
//! everybody: a certificate is no secret, and whoever sees the warning has not signed
//! in yet.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use cert_lifecycle::{ServerName, Status, Which};

use super::Site;
use super::caller::Caller;
use super::frame::{Frame, Place, page};
use super::https::certificate::file;
use super::problem::Problem;
use super::times::Moment;

/// One of the three conditions of a browser.
struct Condition {
    question: &'static str,
    class: &'static str,
    word: &'static str,
    said: String,
}

#[derive(Template)]
#[template(path = "help/trust.html")]
struct TrustPage {
    frame: Frame,
    conditions: [Condition; 3],
    sha256: String,
    issuer: String,
    self_issued: bool,
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    caller: Caller,
) -> Result<Response, Problem> {
    let name = ServerName::parse(caller.host.name()).ok();
    let (status, covered) = site
        .run(move |unit| {
            let covered = match &name {
                Some(name) => unit.covers(name)?,
                None => false,
            };
            Ok((unit.status()?, covered))
        })
        .await??;
    let frame = Frame::new(&caller, &status, Place::Trust, "Trust this unit");
    let certificate = &status.serving.certificate;
    let shown = TrustPage {
        conditions: [
            trusted(&status),
            name_matches(&caller, &status, covered),
            date(&status),
        ],
        sha256: certificate.sha256.clone(),
        issuer: certificate.issuer.clone(),
        self_issued: certificate.self_issued,
        frame,
    };
    Ok(page(StatusCode::OK, &shown))
}

pub(super) async fn download(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    file(&site, Which::Serving, &name).await
}

/// The unit cannot know what a browser trusts; it says what would make it so.
fn trusted(status: &Status) -> Condition {
    let certificate = &status.serving.certificate;
    let (word, said) = if certificate.self_issued {
        (
            "Only where it was imported",
            "The unit signed the certificate itself. A browser trusts it once it is in its store: the \
             steps are below."
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
