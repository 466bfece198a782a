//! Going back: to the certificate that served before, or to a factory certificate.

use std::ops::ControlFlow;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cert_lifecycle::{Comes, Digest, IdentityView, Preflight, Status};

use super::afterwards::sentences;
use super::review::installed_page;
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, Place, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "https/previous.html")]
struct PreviousPage {
    frame: Frame,
    previous: Option<IdentityView>,
    /// What will be so then.
    then: Vec<String>,
}

#[derive(Template)]
#[template(path = "https/factory.html")]
struct FactoryPage {
    frame: Frame,
    then: Vec<String>,
}

/// How the unit stands, and what will be so then.
async fn before(site: &Site, comes: Comes<'static>) -> Result<(Status, Vec<String>), Problem> {
    let (status, settings, then) = site
        .run(move |unit| Ok((unit.status()?, unit.settings(), unit.afterwards(comes)?)))
        .await??;
    let then = sentences(&status, then.as_ref(), settings.trial_minutes, comes);
    Ok((status, then))
}

pub(super) async fn confirm_previous(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    let title = "Serve the previous certificate again";
    let (status, then) = before(&site, Comes::Previous).await?;
    let asked = PreviousPage {
        frame: Frame::new(&visit.caller, &status, Place::Https, title),
        previous: status.previous,
        then,
    };
    Ok(page(StatusCode::OK, &asked))
}

pub(super) async fn previous(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(_): Posted,
) -> Result<Response, Problem> {
    let actor = visit.actor();
    let fingerprint = site
        .run(move |unit| unit.serve_previous(Preflight::Required, &actor))
        .await??;
    let what = "The previous certificate serves again";
    installed_page(&site, &visit, fingerprint, what, what).await
}

pub(super) async fn confirm_factory(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    let title = "Back to a factory certificate";
    let (status, then) = before(&site, Comes::Factory).await?;
    let frame = Frame::new(&visit.caller, &status, Place::Https, title);
    Ok(page(StatusCode::OK, &FactoryPage { frame, then }))
}

pub(super) async fn factory(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let digest = match form.text("digest") {
        "sha1" => Digest::Sha1,
        _ => Digest::Sha256,
    };
    let actor = visit.actor();
    let fingerprint = site
        .run(move |unit| unit.reset_to_factory(digest, &actor, &mut |_| ControlFlow::Continue(())))
        .await??;
    let what = "A new factory certificate serves";
    installed_page(&site, &visit, fingerprint, what, what).await
}
