//! What an upload is, before anything is changed; and its installation.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{
    CertificateView, ChainStep, Comes, Error, Finding, NameCovered, Preflight, RequestView, Review,
    Severity, Signed, Status, Way, Which,
};

use super::afterwards::sentences;
use super::validity::ValidityBar;
use super::{Tab, Top, upload};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, page};
use crate::web::problem::{Problem, status_of};
use crate::web::times::Moment;

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
    /// Why the TLS stack cannot serve it, where nothing else speaks against it.
    unservable: Option<String>,
    /// The unit's own certificate, or the one that was probably meant.
    leaf: Option<CertificateView>,
    /// From the root down to it.
    steps: Vec<ChainStep>,
    names: Vec<NameCovered>,
    groups: Vec<Group>,
    notes: Vec<String>,
    pairing: Pairing,
    /// The keys of this unit, of which another one was expected.
    keys: Vec<OwnKey>,
    /// What will be so once it is installed.
    then: Vec<String>,
}

/// The code of the finding that the file is for none of this unit's keys.
const OTHER_KEY: &str = "other-key";

/// A key of this unit.
#[derive(Debug, PartialEq, Eq)]
struct OwnKey {
    fingerprint: String,
    /// "request 4, for ntp1.example.net, and of the certificate that serves".
    whose: String,
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
    /// What a step of the chain is.
    fn role(&self, step: &ChainStep, is_last: &bool) -> &'static str {
        match (step.sent, is_last) {
            (true, true) if matches!(self.pairing, Pairing::None) => {
                "The one that was probably meant; it fits no key of this unit."
            }
            (true, true) => "This unit's certificate.",
            (true, false) => "CA certificate, sent with it.",
            (false, _) if step.certificate.is_some() => {
                "The root. It is not sent: browsers must know it already."
            }
            (false, _) => "Not in the file, so not sent: browsers must know it already.",
        }
    }

    /// What is written on the edge down to a step, with the style of its meaning.
    fn edge(&self, step: &ChainStep) -> (&'static str, &'static str) {
        match step.signed {
            Signed::ByAbove => ("good", "signed"),
            Signed::ByAbsent => ("information", "is named as the issuer of"),
            Signed::ByAnother => ("refused", "is named as the issuer, but did not sign"),
            Signed::Unchecked => ("attention", "signed, in a way that cannot be checked here"),
            _ => ("", ""),
        }
    }

    /// How it is known that people reach the unit by a name.
    fn way(&self, way: &Way) -> &'static str {
        match way {
            Way::Now => "this page",
            Way::Set => "set under Services",
            _ => "an address of the unit",
        }
    }

    fn bar(&self, leaf: &CertificateView) -> ValidityBar {
        let now = self.frame.clock_trusted.then_some(self.frame.clock.0);
        ValidityBar::new(leaf.not_before, leaf.not_after, now)
    }

    /// "Expires in 86 days"; without a clock that is right nobody can tell.
    fn validity(&self, leaf: &CertificateView) -> String {
        let (from, to) = (Moment(leaf.not_before), Moment(leaf.not_after));
        match self.frame.clock {
            _ if !self.frame.clock_trusted => {
                "The clock is not set, so the unit cannot tell whether it is valid today".into()
            }
            now if to < now => format!("Expired {}", to.seen_from(now)),
            now if now < from => format!("Valid {}", from.seen_from(now)),
            now => format!("Expires {}", to.seen_from(now)),
        }
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
            // Taken out, so that nobody who looks at it waits for the installation.
            let Some(mut review) = session.review().take() else {
                return Ok(None);
            };
            // Another window may have uploaded something else meanwhile.
            let is_other = leaf_of(&review).is_none_or(|leaf| leaf.sha256 != form.text("sha256"));
            let installed = match is_other {
                true => Ok(Some(None)),
                false => {
                    let installed = unit.install(&mut review, Preflight::Required, &actor);
                    installed.map(|fingerprint| Some(Some(fingerprint)))
                }
            };
            if !matches!(installed, Ok(Some(Some(_)))) {
                session.review().get_or_insert(review);
            }
            installed
        })
        .await?;
    match installed {
        Ok(Some(Some(fingerprint))) => {
            let what = "The certificate was installed, and serves";
            installed_page(&site, &visit, fingerprint, "Installed", what).await
        }
        Ok(None) => upload::nothing_under_review(&site, &visit).await,
        Ok(Some(None)) => {
            let kept = visit.session.review().as_ref().map(Review::is_installable);
            let next = match kept.unwrap_or(false) {
                true => "Look at this one, then install it.",
                false => "It is refused: the reasons are below.",
            };
            let said = format!(
                "This is not what you were looking at: another upload has taken its place. Nothing was \
                 changed. {next}"
            );
            review_page(&site, &visit, StatusCode::CONFLICT, Some(said)).await
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

fn leaf_of(review: &Review) -> Option<CertificateView> {
    review.chain().into_iter().next()
}

async fn review_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    said: Option<String>,
) -> Result<Response, Problem> {
    let Top { mut frame, .. } = site.top(visit, Tab::None).await?;
    let leaf = visit.session.review().as_ref().and_then(leaf_of);
    let (requests, of_unit, factory, then) = site
        .run(move |unit| {
            let of_unit = unit.status()?;
            let mut then = Vec::new();
            if let Some(leaf) = leaf {
                let comes = Comes::Reviewed(&leaf.sha256);
                let minutes = unit.settings().trial_minutes;
                then = sentences(&of_unit, unit.afterwards(comes)?.as_ref(), minutes, comes);
            }
            let factory = unit.chain(Which::Factory).unwrap_or_default();
            let factory = factory.first();
            let factory = factory.and_then(|leaf| CertificateView::of(leaf.as_bytes()));
            Ok((unit.requests()?, of_unit, factory, then))
        })
        .await??;
    frame.title = "Review before install".into();
    let shown = visit.session.review().as_ref().map(|review| ReviewPage {
        then,
        keys: own_keys(&requests, &of_unit, factory.as_ref()),
        frame,
        said,
        format: review.format().to_string(),
        refused: !review.is_installable(),
        unservable: review.unservable().map(str::to_owned),
        leaf: leaf_of(review),
        steps: review.steps(),
        names: review.names_covered(),
        groups: groups(review),
        notes: review.reading_notes(),
        pairing: pairing(review, requests),
    });
    match shown {
        Some(shown) => Ok(page(status, &shown)),
        None => Ok(Redirect::to(&Tab::Upload.link()).into_response()),
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

/// Every key of the unit once, and what it is for.
fn own_keys(
    requests: &[RequestView],
    status: &Status,
    factory: Option<&CertificateView>,
) -> Vec<OwnKey> {
    let requests = requests.iter().map(|request| {
        let whose = format!("request {}, for {}", request.number, request.common_name);
        (request.key, whose)
    });
    let serving = Some(&status.serving.certificate);
    let previous = status.previous.as_ref();
    let previous = previous.map(|previous| &previous.certificate);
    let certificates = [
        (serving, "the certificate that serves"),
        (previous, "the previous certificate"),
        (factory, "the factory certificate"),
    ];
    let certificates = certificates
        .into_iter()
        .filter_map(|(certificate, whose)| Some((certificate?.key, whose.to_owned())));
    let mut keys: Vec<OwnKey> = Vec::new();
    for (key, whose) in requests.chain(certificates) {
        let fingerprint = key.fingerprint();
        match keys.iter_mut().find(|own| own.fingerprint == fingerprint) {
            Some(own) => own.whose = format!("{}, and of {whose}", own.whose),
            None => keys.push(OwnKey { fingerprint, whose }),
        }
    }
    keys
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
