//! The user guide, and what it leads to. It is open to everybody: whoever cannot get in
//! needs it most, and nothing in it is about this unit.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::caller::Caller;
use super::frame::{Frame, Place, page};
use super::problem::Problem;
use super::{Route, Site};

/// A document of `docs`.
struct Document {
    path: &'static str,
    title: &'static str,
    /// The anchor and the text, in HTML, of each chapter.
    chapters: &'static [(&'static str, &'static str)],
    /// HTML, made of Markdown when the program was built.
    content: &'static str,
}

/// The first is the user guide.
const DOCUMENTS: &[Document] = include!(concat!(env!("OUT_DIR"), "/documents.rs"));

#[derive(Template)]
#[template(path = "help/guide.html")]
struct GuidePage {
    frame: Frame,
    document: &'static Document,
}

/// A path for each document.
pub(super) fn routes() -> Vec<Route> {
    let route = |document: &'static Document| {
        let shown = async move |State(site): State<Arc<Site>>, caller: Caller| {
            show(&site, &caller, document).await
        };
        (document.path, get(shown))
    };
    DOCUMENTS.iter().map(route).collect()
}

/// Whether a document is at this path.
pub(super) fn is_at(path: &str) -> bool {
    DOCUMENTS.iter().any(|document| document.path == path)
}

async fn show(
    site: &Site,
    caller: &Caller,
    document: &'static Document,
) -> Result<Response, Problem> {
    let status = site.run(|unit| unit.status()).await??;
    let place = match document.path == Place::Guide.path() {
        true => Place::Guide,
        false => Place::Elsewhere,
    };
    let frame = Frame::new(caller, &status, place, document.title);
    Ok(page(StatusCode::OK, &GuidePage { frame, document }))
}
