//! Who is signed in, and signing them out.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::Site;
use super::caller::{Posted, Visit};
use super::frame::{Frame, Place, page};
use super::problem::Problem;
use super::times::span;
use crate::access::{AGE_MAX, SessionView};

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    sessions: Vec<SessionView>,
    /// The number of the one who asks.
    own: u64,
    idle_minutes_max: u16,
}

impl SessionsPage {
    fn age_max(&self) -> String {
        span(AGE_MAX.as_secs())
    }

    fn is_own(&self, session: &SessionView) -> bool {
        session.number == self.own
    }

    fn ago(&self, past: &std::time::Duration) -> String {
        format!("{} ago", span(past.as_secs()))
    }
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let status = site.run(|unit| unit.status()).await??;
    let list = SessionsPage {
        frame: Frame::new(&visit.caller, &status, Place::Sessions, "Sessions"),
        sessions: site.app.signed_in(),
        own: visit.session.number,
        idle_minutes_max: site.app.unit.settings().session_minutes,
    };
    Ok(page(StatusCode::OK, &list))
}

pub(super) async fn end(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let numbers: Vec<u64> = match form.text("end") {
        "others" => {
            let all = site.app.signed_in().into_iter();
            let numbers = all.map(|session| session.number);
            numbers.filter(|one| *one != visit.session.number).collect()
        }
        number => number.parse().into_iter().collect(),
    };
    let (app, actor) = (Arc::clone(&site.app), visit.actor());
    site.run(move |_| Ok(app.sign_out(&numbers, &actor)))
        .await??;
    Ok(Redirect::to(Place::Sessions.path()).into_response())
}
