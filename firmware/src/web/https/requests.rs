//! The tab "Certificate Request": the requests that wait for their certificates.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{KeyId, REQUESTS_MAX, RequestView};

use super::changes::{self, Change};
use super::summary::Summary;
use super::{Tab, Top};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "https/requests.html")]
struct RequestsPage {
    frame: Frame,
    summary: Summary,
    tab: Tab,
    requests: Vec<RequestView>,
    requests_max: usize,
}

impl RequestsPage {
    /// What changed since the one made before; the newest stands first.
    fn changes(&self, index0: &usize) -> Vec<Change> {
        let pair = self
            .requests
            .get(*index0)
            .zip(self.requests.get(index0 + 1));
        pair.map_or_else(Vec::new, |(this, before)| changes::between(before, this))
    }
}

#[derive(Template)]
#[template(path = "https/request_delete.html")]
struct DeletePage {
    frame: Frame,
    request: RequestView,
}

pub(super) async fn list(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let Top { frame, summary, .. } = site.top(&visit, Tab::Requests).await?;
    let requests = site.run(|unit| unit.requests()).await??;
    let list = RequestsPage {
        frame,
        summary,
        tab: Tab::Requests,
        requests,
        requests_max: REQUESTS_MAX,
    };
    Ok(page(StatusCode::OK, &list))
}

pub(super) async fn download(
    State(site): State<Arc<Site>>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    let request = find(&site, &key).await?;
    let headers = [
        (CONTENT_TYPE, "application/x-pem-file"),
        (CONTENT_DISPOSITION, "attachment; filename=\"cert.csr\""),
    ];
    Ok((headers, request.pem).into_response())
}

pub(super) async fn confirm(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    let request = find(&site, &key).await?;
    let Top { mut frame, .. } = site.top(&visit, Tab::Requests).await?;
    frame.title = "Delete a request".into();
    Ok(page(StatusCode::OK, &DeletePage { frame, request }))
}

pub(super) async fn delete(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(key): Path<String>,
    Posted(_): Posted,
) -> Result<Response, Problem> {
    let key: KeyId = key.parse()?;
    let actor = visit.actor();
    site.run(move |unit| unit.delete_request(key, &actor))
        .await??;
    Ok(Redirect::to(&Tab::Requests.link()).into_response())
}

async fn find(site: &Site, key: &str) -> Result<RequestView, Problem> {
    let key: KeyId = key.parse()?;
    let requests = site.run(|unit| unit.requests()).await??;
    requests
        .into_iter()
        .find(|request| request.key == key)
        .ok_or_else(Problem::not_found)
}
