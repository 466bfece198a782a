//! "Trust this unit": why a browser warns, and what makes it stop. It is open to
//! everybody: a certificate is no secret, and whoever sees the warning has not signed
//! in yet.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use cert_lifecycle::Which;

use super::Site;
use super::caller::Caller;
use super::conditions::Condition;
use super::frame::{Frame, Place, page};
use super::https::certificate::file;
use super::problem::Problem;

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
    let (status, conditions) = site.status_and_conditions(&caller).await?;
    let frame = Frame::new(&caller, &status, Place::Trust, "Trust this unit");
    let certificate = &status.serving.certificate;
    let shown = TrustPage {
        conditions,
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
