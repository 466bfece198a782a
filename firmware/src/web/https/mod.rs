//! Management, HTTPS Setup: what browsers see now, and the five tabs.

mod back;
pub(super) mod certificate;
mod changes;
mod create;
mod draft;
mod faults;
mod making;
mod names;
mod requests;
mod review;
mod summary;
mod trial;
mod upload;
mod validity;

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::Site;
use super::caller::Visit;
use super::frame::{Frame, Place};
use super::problem::Problem;
pub(super) use review::installed_page;
use summary::Summary;

/// The path of the first tab.
pub(super) const HOME: &str = "/management/https";

/// A tab, under the name that the note on the product gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Create,
    Names,
    Requests,
    Paste,
    Upload,
    /// A page that belongs to no tab.
    None,
}

impl Tab {
    const ALL: [Self; 5] = [
        Self::Create,
        Self::Names,
        Self::Requests,
        Self::Paste,
        Self::Upload,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Create => "Create Certificate Request",
            Self::Names => "Subject Alternative Name Extension",
            Self::Requests => "Certificate Request",
            Self::Paste => "Upload X.509 PEM Certificate",
            Self::Upload => "Upload Certificate File",
            Self::None => "",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Create | Self::None => HOME,
            Self::Names => "/management/https/names",
            Self::Requests => "/management/https/requests",
            Self::Paste => "/management/https/paste",
            Self::Upload => "/management/https/upload",
        }
    }

    /// What a button of the form names it by.
    fn then(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Names => "names",
            Self::Requests => "requests",
            Self::Paste => "paste",
            Self::Upload => "upload",
            Self::None => "",
        }
    }
}

/// The pages below [`HOME`].
pub(super) fn router() -> Router<Arc<Site>> {
    let home = async || Redirect::to(HOME);
    Router::new()
        .route("/", get(create::show))
        .route("/create", get(home).post(create::submit))
        .route("/making", get(making::show))
        .route("/making/cancel", post(making::cancel))
        .route("/names", get(names::list).post(names::delete))
        .route("/names/add", get(names::show_add).post(names::add))
        .route("/names/{index}", get(names::show_edit).post(names::edit))
        .route("/requests", get(requests::list))
        .route("/requests/{key}/cert.csr", get(requests::download))
        .route(
            "/requests/{key}/delete",
            get(requests::confirm).post(requests::delete),
        )
        .route("/paste", get(upload::show_paste).post(upload::paste))
        .route("/upload", get(upload::show_upload).post(upload::upload))
        .route("/review", get(review::show))
        .route("/install", get(home).post(review::install))
        .route("/certificate", get(certificate::serving))
        .route("/certificate/{which}", get(certificate::other))
        .route("/certificate/{which}/{file}", get(certificate::download))
        .route("/trial", get(trial::show))
        .route("/keep", get(home).post(trial::keep))
        .route(
            "/previous",
            get(back::confirm_previous).post(back::previous),
        )
        .route("/factory", get(back::confirm_factory).post(back::factory))
}

/// What every page of HTTPS Setup begins with.
pub(super) struct Top {
    frame: Frame,
    summary: Summary,
}

impl Site {
    /// Asks the unit what every page of HTTPS Setup begins with.
    async fn top(&self, visit: &Visit, tab: Tab) -> Result<Top, Problem> {
        let (status, requests) = self
            .run(|unit| Ok((unit.status()?, unit.requests()?)))
            .await??;
        let title = match tab {
            Tab::None => "HTTPS Setup",
            tab => tab.label(),
        };
        let frame = Frame::new(&visit.caller, &status, Place::Https, title);
        let waiting = requests.iter().filter(|request| !request.serving).count();
        Ok(Top {
            frame,
            summary: Summary::new(&status, waiting),
        })
    }
}
