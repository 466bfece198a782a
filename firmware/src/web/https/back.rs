//! Going back: to the certificate that served before, or to a factory certificate.

use std::ops::ControlFlow;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cert_lifecycle::{Digest, IdentityView, Preflight};

use super::review::installed_page;
use super::{Tab, Top};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "https/previous.html")]
struct PreviousPage {
    frame: Frame,
    previous: Option<IdentityView>,
}

#[derive(Template)]
#[template(path = "https/factory.html")]
struct FactoryPage {
    frame: Frame,
}

pub(super) async fn confirm_previous(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    let Top { mut frame, .. } = site.top(&visit, Tab::None).await?;
    frame.title = "Serve the previous certificate again".into();
    let previous = site.run(|unit| unit.status()).await??.previous;
    Ok(page(StatusCode::OK, &PreviousPage { frame, previous }))
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
    let Top { mut frame, .. } = site.top(&visit, Tab::None).await?;
    frame.title = "Back to a factory certificate".into();
    Ok(page(StatusCode::OK, &FactoryPage { frame }))
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
