//! The trial of a new certificate, and keeping it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{Status, Trial};

use super::HOME;
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, Place, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "https/trial.html")]
struct TrialPage {
    frame: Frame,
    status: Status,
    trial: Trial,
    /// Whether this page came over the certificate on trial, which can then be kept.
    over_it: bool,
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let status = site.run(|unit| unit.status()).await??;
    let frame = Frame::new(
        &visit.caller,
        &status,
        Place::Https,
        "A certificate on trial",
    );
    let Some(trial) = status.trial.clone() else {
        return Ok(Redirect::to(HOME).into_response());
    };
    let over_it = *visit.caller.certificate == *status.serving.certificate.sha256;
    let shown = TrialPage {
        frame,
        status,
        trial,
        over_it,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// The fingerprint of the certificate that this very connection was opened with, so
/// that a script can tell when the browser has accepted a new one.
pub(super) async fn served(visit: Visit) -> String {
    visit.caller.certificate.to_string()
}

/// Keeps what is on trial: whoever pressed the button came in over it.
pub(super) async fn keep(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(_): Posted,
) -> Result<Response, Problem> {
    let (accepted, actor) = (Arc::clone(&visit.caller.certificate), visit.actor());
    let kept = site
        .run(move |unit| unit.confirm(&accepted, &actor))
        .await??;
    // Over another certificate, the page says how to come in over this one.
    let next = if kept {
        HOME
    } else {
        "/management/https/trial"
    };
    Ok(Redirect::to(next).into_response())
}
