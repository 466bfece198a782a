//! The alarms, and taking note of those that stand until somebody does.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{Alarm, AlarmCode, Severity};

use super::Site;
use super::caller::{Posted, Visit};
use super::frame::{Frame, Place, page};
use super::problem::Problem;

#[derive(Template)]
#[template(path = "alarms.html")]
struct AlarmsPage {
    frame: Frame,
    alarms: Vec<Alarm>,
}

/// The style's class for an alarm.
pub(super) fn class_of(alarm: &Alarm) -> &'static str {
    match alarm.code.severity() {
        Severity::Refuse => "refused",
        Severity::Warn => "attention",
        _ => "information",
    }
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let status = site.run(|unit| unit.status()).await??;
    let frame = Frame::new(&visit.caller, &status, Place::Alarms, "Alarms");
    let alarms = status.alarms;
    Ok(page(StatusCode::OK, &AlarmsPage { frame, alarms }))
}

pub(super) async fn acknowledge(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let code: AlarmCode = form.text("alarm").parse()?;
    let actor = visit.actor();
    site.run(move |unit| unit.acknowledge(code, &actor))
        .await??;
    Ok(Redirect::to(Place::Alarms.path()).into_response())
}
