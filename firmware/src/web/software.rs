//! Tools, Upgrade/Backup: new software for the board.

use std::cell::Cell;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::sync::oneshot;

use super::caller::{Posted, Visit};
use super::form::Form;
use super::frame::{Frame, Place, page};
use super::problem::Problem;
use super::upgrade::software_refused;
use super::{Route, Site};
use crate::App;
use crate::output::log;
use crate::sysupgrade::{Progress, UpgradeError};

/// Where a bundle is uploaded to, and then watched.
pub(super) const PATH: &str = "/tools/upgrade/software";

#[derive(Template)]
#[template(path = "upgrade/software.html")]
struct SoftwarePage {
    frame: Frame,
    progress: Progress,
}

/// The pages of an upgrade.
pub(super) fn routes() -> Vec<Route> {
    vec![(PATH, get(show).post(upload))]
}

/// How the upgrade stands.
async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let progress = site.app.upgrades.progress();
    if progress == Progress::None {
        return Ok(Redirect::to(Place::Upgrade.path()).into_response());
    }
    let status = site.run(|unit| unit.status()).await??;
    let frame = Frame::new(&visit.caller, &status, Place::Upgrade, "Upgrade");
    Ok(page(StatusCode::OK, &SoftwarePage { frame, progress }))
}

/// Checks a bundle, and begins to write it.
async fn upload(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let (app, actor) = (Arc::clone(&site.app), visit.actor());
    let (checked, answer) = oneshot::channel();
    // It goes on when nobody waits for it any more.
    tokio::task::spawn_blocking(move || install(&app, &form, &actor, checked));
    match answer.await {
        Ok(Ok(())) => Ok(Redirect::to(PATH).into_response()),
        Ok(Err(error)) => software_refused(&site, &visit, error.to_string()).await,
        Err(_) => Err(Problem::own_fault()),
    }
}

/// Does the upgrade, and says as soon as it is known whether it is begun.
fn install(
    app: &App,
    form: &Form,
    actor: &cert_lifecycle::Actor,
    checked: oneshot::Sender<Result<(), UpgradeError>>,
) {
    let older_too = form.has("older");
    let bundle = app
        .upgrades
        .check(form.octets("bundle").unwrap_or_default(), older_too);
    let begun = Cell::new(Some(checked));
    let tell = |told| {
        if let Some(checked) = begun.take() {
            drop(checked.send(told));
        }
    };
    let done = bundle.and_then(|bundle| app.upgrade(&bundle, actor, || tell(Ok(()))));
    if let Err(error) = done {
        log(&error);
        tell(Err(error));
    }
}
