//! The journal: who did what.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cert_lifecycle::Entry;

use super::Site;
use super::caller::Visit;
use super::frame::{Frame, Place, page};
use super::problem::Problem;

/// So many entries are shown, the newest.
const ENTRIES_MAX: usize = 200;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    entries: Vec<Entry>,
    entries_max: usize,
    has_previous: bool,
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let (status, entries) = site
        .run(|unit| Ok((unit.status()?, unit.journal(ENTRIES_MAX)?)))
        .await??;
    let frame = Frame::new(&visit.caller, &status, Place::History, "History");
    let has_previous = status.previous.is_some();
    let history = HistoryPage {
        frame,
        entries,
        entries_max: ENTRIES_MAX,
        has_previous,
    };
    Ok(page(StatusCode::OK, &history))
}
