//! Management, HTTPS Setup: what browsers see now, and the five tabs.

mod afterwards;
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
pub(super) mod upload;
mod validity;

use axum::response::Redirect;
use axum::routing::{get, post};
use cert_lifecycle::RequestView;

use super::caller::Visit;
use super::frame::{Frame, Place};
use super::problem::Problem;
use super::{Route, Site};
pub(super) use create::left_for;
pub(super) use review::installed_page;
use summary::Summary;

/// The path of the first tab.
pub(super) const HOME: &str = "/management/https";
/// Where its form is sent, by whatever leaves it.
pub(super) const CREATE: &str = "/management/https/create";

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

    /// Its path with the place of its heading, for the status stands above.
    fn link(self) -> String {
        format!("{}#tab", self.path())
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

/// The pages here that can be led to by a name, and where they are.
pub(super) fn named_pages() -> impl Iterator<Item = (&'static str, String)> {
    let tabs = Tab::ALL.into_iter().map(|tab| (tab.then(), tab.link()));
    let others = [
        ("previous", "/management/https/previous"),
        ("factory", "/management/https/factory"),
        ("trial", "/management/https/trial"),
        ("certificate", "/management/https/certificate"),
        ("making", "/management/https/making"),
    ];
    tabs.chain(others.map(|(name, path)| (name, path.to_owned())))
}

/// [`HOME`] and the pages below it.
pub(super) fn routes() -> Vec<Route> {
    let home = async || Redirect::to(HOME);
    vec![
        (HOME, get(create::show)),
        ("/management/https/certificate", get(certificate::serving)),
        (
            "/management/https/certificate/{which}",
            get(certificate::other),
        ),
        (
            "/management/https/certificate/{which}/{file}",
            get(certificate::download),
        ),
        ("/management/https/check", post(create::check)),
        (CREATE, get(home).post(create::submit)),
        (
            "/management/https/factory",
            get(back::confirm_factory).post(back::factory),
        ),
        ("/management/https/install", get(home).post(review::install)),
        ("/management/https/keep", get(home).post(trial::keep)),
        ("/management/https/making", get(making::show)),
        ("/management/https/making/cancel", post(making::cancel)),
        (
            "/management/https/names",
            get(names::list).post(names::delete),
        ),
        (
            "/management/https/names/add",
            get(names::show_add).post(names::add),
        ),
        (
            "/management/https/names/{index}",
            get(names::show_edit).post(names::edit),
        ),
        (upload::PASTE, get(upload::show_paste).post(upload::paste)),
        (
            "/management/https/previous",
            get(back::confirm_previous).post(back::previous),
        ),
        ("/management/https/requests", get(requests::list)),
        (
            "/management/https/requests/{key}/cert.csr",
            get(requests::download),
        ),
        (
            "/management/https/requests/{key}/delete",
            get(requests::confirm).post(requests::delete),
        ),
        ("/management/https/review", get(review::show)),
        ("/management/https/served", get(trial::served)),
        ("/management/https/trial", get(trial::show)),
        (
            upload::UPLOAD,
            get(upload::show_upload).post(upload::upload),
        ),
    ]
}

/// What every page of HTTPS Setup begins with.
pub(super) struct Top {
    frame: Frame,
    summary: Summary,
    /// The request that the next one takes the place of.
    gives_way: Option<RequestView>,
}

impl Site {
    /// Asks the unit what every page of HTTPS Setup begins with.
    async fn top(&self, visit: &Visit, tab: Tab) -> Result<Top, Problem> {
        let (status, conditions) = self.status_and_conditions(&visit.caller).await?;
        let asked = self.run(|unit| Ok((unit.requests()?, unit.gives_way_next()?)));
        let (requests, gives_way) = asked.await??;
        let title = match tab {
            Tab::None => "HTTPS Setup",
            tab => tab.label(),
        };
        let frame = Frame::new(&visit.caller, &status, Place::Https, title);
        let waits = |request: &&RequestView| !(request.serving || request.answered);
        let waiting = requests.iter().filter(waits).count();
        Ok(Top {
            frame,
            summary: Summary::new(&status, waiting, conditions),
            gives_way,
        })
    }
}
