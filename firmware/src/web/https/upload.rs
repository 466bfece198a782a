//! The tabs "Upload X.509 PEM Certificate" and "Upload Certificate File". Both lead
//! to the review; neither changes anything.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{Error, Format, ServerName};
use zeroize::Zeroizing;

use super::summary::Summary;
use super::{Tab, Top};
use crate::limits::UPLOAD_OCTETS_MAX;
use crate::pasted;
use crate::web::Site;
use crate::web::body::{Fault, Limit};
use crate::web::caller::{Posted, Visit};
use crate::web::form::Form;
use crate::web::frame::{Frame, page};
use crate::web::problem::{Problem, status_of};

/// Where certificates come in.
pub(in crate::web) const PASTE: &str = "/management/https/paste";
pub(in crate::web) const UPLOAD: &str = "/management/https/upload";

/// The formats, as "Certificate Type" offers them: the value and the label.
const FORMATS: [(&str, &str, Option<Format>); 5] = [
    ("automatic", "Automatic", None),
    ("x509-pem", "X.509 PEM", Some(Format::X509Pem)),
    ("x509-der", "X.509 DER", Some(Format::X509Der)),
    ("pkcs7-pem", "PKCS7 PEM", Some(Format::Pkcs7Pem)),
    ("pkcs7-der", "PKCS7 DER", Some(Format::Pkcs7Der)),
];

#[derive(Template)]
#[template(path = "https/paste.html")]
struct PastePage {
    frame: Frame,
    summary: Summary,
    tab: Tab,
    /// Why what was pasted was not taken. It is not shown again, for it may hold a
    /// private key.
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "https/upload.html")]
struct UploadPage {
    frame: Frame,
    summary: Summary,
    tab: Tab,
    selected: String,
    /// Why what was to be done was not, when it was not for the file.
    said: Option<String>,
    fault: Option<String>,
}

impl UploadPage {
    fn formats(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        FORMATS.into_iter().map(|(value, label, _)| (value, label))
    }
}

pub(super) async fn show_paste(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    paste_page(&site, &visit, StatusCode::OK, None).await
}

pub(super) async fn paste(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    // Nobody has chosen a format here.
    match review(&site, &visit, pasted(&form), None).await? {
        Ok(to_review) => Ok(to_review),
        Err(error) => {
            let fault = Some(pasted::not_taken(&error));
            paste_page(&site, &visit, status_of(&error), fault).await
        }
    }
}

pub(super) async fn show_upload(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    upload_page(&site, &visit, StatusCode::OK, "automatic", None).await
}

pub(super) async fn upload(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let selected = form.text("type").to_owned();
    let format = FORMATS.into_iter().find(|(value, ..)| *value == selected);
    let format = format.and_then(|(_, _, format)| format);
    let octets = Zeroizing::new(form.octets("certificate").unwrap_or_default().to_vec());
    match review(&site, &visit, octets, format).await? {
        Ok(to_review) => Ok(to_review),
        Err(error) => {
            let fault = Some(error.to_string());
            upload_page(&site, &visit, status_of(&error), &selected, fault).await
        }
    }
}

/// Says why there is nothing to install.
pub(super) async fn nothing_under_review(site: &Site, visit: &Visit) -> Result<Response, Problem> {
    let mut shown = upload_tab(site, visit, "automatic").await?;
    shown.said = Some(
        "No upload is under review any more: it was installed already, or you have signed in anew \
         since. Nothing was changed. What serves now is above; to install something else, choose the \
         file again."
            .into(),
    );
    Ok(page(StatusCode::CONFLICT, &shown))
}

/// What was pasted, with the line ends it had: a browser sends every line of a
/// text field with CR LF (HTML, "constructing the entry list").
fn pasted(form: &Form) -> Zeroizing<Vec<u8>> {
    let sent = form.octets("certificate").unwrap_or_default();
    let mut octets = Zeroizing::new(Vec::with_capacity(sent.len()));
    for (index, octet) in sent.iter().enumerate() {
        let ends_line = *octet == b'\r' && sent.get(index + 1) == Some(&b'\n');
        if !ends_line {
            octets.push(*octet);
        }
    }
    octets
}

/// Has an upload reviewed and keeps the review in the session.
async fn review(
    site: &Site,
    visit: &Visit,
    octets: Zeroizing<Vec<u8>>,
    selected: Option<Format>,
) -> Result<Result<Response, Error>, Problem> {
    if octets.len() > UPLOAD_OCTETS_MAX {
        return Err(Fault::TooLarge(Limit::Upload).into());
    }
    let reached_as: Vec<ServerName> = ServerName::parse(visit.caller.host.name())
        .into_iter()
        .collect();
    let reviewed = site
        .run(move |unit| unit.review(&octets, selected, reached_as))
        .await?;
    Ok(reviewed.map(|review| {
        *visit.session.review() = Some(review);
        Redirect::to("/management/https/review").into_response()
    }))
}

async fn paste_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let Top { frame, summary, .. } = site.top(visit, Tab::Paste).await?;
    Ok(page(
        status,
        &PastePage {
            frame,
            summary,
            tab: Tab::Paste,
            fault,
        },
    ))
}

async fn upload_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    selected: &str,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let mut shown = upload_tab(site, visit, selected).await?;
    shown.fault = fault;
    Ok(page(status, &shown))
}

async fn upload_tab(site: &Site, visit: &Visit, selected: &str) -> Result<UploadPage, Problem> {
    let Top { frame, summary, .. } = site.top(visit, Tab::Upload).await?;
    Ok(UploadPage {
        frame,
        summary,
        tab: Tab::Upload,
        selected: selected.into(),
        said: None,
        fault: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_ends_that_a_browser_adds_are_taken_off() {
        let body = "certificate=a%0D%0Ab%0D%0Dc%0Ad%0D";
        let form = Form::parse("application/x-www-form-urlencoded", body.as_bytes());
        let form = form.expect("a form");
        assert_eq!(pasted(&form).as_slice(), b"a\nb\r\rc\nd\r");
    }
}
