//! What an upload is, before anything is changed; and its installation.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{CertificateView, Error, Finding, Preflight, RequestView, Review, Severity};

use super::{Tab, Top};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, page};
use crate::web::problem::{Problem, status_of};

/// Findings of one weight.
struct Group {
    title: &'static str,
    class: &'static str,
    findings: Vec<Finding>,
}

#[derive(Template)]
#[template(path = "https/review.html")]
struct ReviewPage {
    frame: Frame,
    /// Why it was not installed just now.
    said: Option<String>,
    format: String,
    refused: bool,
    /// Leaf first.
    chain: Vec<CertificateView>,
    groups: Vec<Group>,
    notes: Vec<String>,
    pairing: Pairing,
}

/// What the certificate answers.
enum Pairing {
    /// This request.
    Request(Box<RequestView>),
    /// A key of the unit whose request is gone.
    Key(String),
    /// No key of the unit.
    None,
}

impl ReviewPage {
    /// The certificate that is to be installed, for the form that installs it.
    fn leaf(&self) -> &str {
        self.chain.first().map_or("", |leaf| leaf.sha256.as_str())
    }
}

#[derive(Template)]
#[template(path = "https/installed.html")]
struct InstalledPage {
    frame: Frame,
    fingerprint: String,
    /// What serves now, in a few words.
    what: &'static str,
}

/// Says what serves now, and how to get there.
pub(in crate::web) async fn installed_page(
    site: &Site,
    visit: &Visit,
    fingerprint: String,
    title: &str,
    what: &'static str,
) -> Result<Response, Problem> {
    let Top { mut frame, .. } = site.top(visit, Tab::None).await?;
    frame.title = title.into();
    let installed = InstalledPage {
        fingerprint,
        what,
        frame,
    };
    Ok(page(StatusCode::OK, &installed))
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    review_page(&site, &visit, StatusCode::OK, None).await
}

pub(super) async fn install(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let (session, actor) = (Arc::clone(&visit.session), visit.actor());
    let installed = site
        .run(move |unit| {
            let mut kept = session.review();
            let Some(review) = kept.as_mut() else {
                return Ok(None);
            };
            // Another window may have uploaded something else meanwhile.
            if leaf_of(review).as_deref() != Some(form.text("sha256")) {
                return Ok(None);
            }
            let fingerprint = unit.install(review, Preflight::Required, &actor)?;
            *kept = None;
            Ok(Some(fingerprint))
        })
        .await?;
    match installed {
        Ok(Some(fingerprint)) => {
            let what = "The certificate was installed";
            installed_page(&site, &visit, fingerprint, "Installed", what).await
        }
        Ok(None) => {
            let said = "This is not what you were looking at: another upload has taken its place. \
                        Nothing was changed. Look at this one, then install it.";
            review_page(&site, &visit, StatusCode::CONFLICT, Some(said.into())).await
        }
        Err(error @ Error::Refused(_)) => {
            let said = "It is refused now, so nothing was changed. The reasons are below.";
            review_page(&site, &visit, status_of(&error), Some(said.into())).await
        }
        Err(error) => {
            let problem = Problem::not_done(&error);
            review_page(&site, &visit, problem.status, Some(problem.said)).await
        }
    }
}

fn leaf_of(review: &Review) -> Option<String> {
    Some(review.chain().first()?.sha256.clone())
}

async fn review_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    said: Option<String>,
) -> Result<Response, Problem> {
    let Top { mut frame, .. } = site.top(visit, Tab::None).await?;
    let requests = site.run(|unit| unit.requests()).await??;
    frame.title = "Review before install".into();
    let shown = visit.session.review().as_ref().map(|review| ReviewPage {
        frame,
        said,
        format: review.format().to_string(),
        refused: review.is_refused(),
        chain: review.chain(),
        groups: groups(review),
        notes: review.reading_notes(),
        pairing: pairing(review, requests),
    });
    match shown {
        Some(shown) => Ok(page(status, &shown)),
        None => Ok(Redirect::to(Tab::Upload.path()).into_response()),
    }
}

fn groups(review: &Review) -> Vec<Group> {
    let group = |title, class, severity| Group {
        title,
        class,
        findings: review.findings_of(severity).cloned().collect(),
    };
    let groups = [
        group("Refused", "refused", Severity::Refuse),
        group("Attention", "attention", Severity::Warn),
        group("Good to know", "information", Severity::Note),
    ];
    groups
        .into_iter()
        .filter(|group| !group.findings.is_empty())
        .collect()
}

fn pairing(review: &Review, requests: Vec<RequestView>) -> Pairing {
    let Some(key) = review.key() else {
        return Pairing::None;
    };
    match requests.into_iter().find(|request| request.key == key) {
        Some(request) => Pairing::Request(Box::new(request)),
        None => Pairing::Key(key.fingerprint()),
    }
}
