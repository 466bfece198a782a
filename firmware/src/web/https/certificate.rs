//! A certificate with every field, and the files in which it is handed out.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use cert_lifecycle::{CertificateDetails, Detail, Format, Which};

use super::{Tab, Top};
use crate::web::Site;
use crate::web::caller::Visit;
use crate::web::frame::{Frame, page};
use crate::web::problem::Problem;

/// The files under the names that the note on the product gives them.
const FILES: [(&str, Format, &str); 4] = [
    ("cert.pem", Format::X509Pem, "X.509 PEM, with the chain"),
    (
        "cert.der",
        Format::X509Der,
        "X.509 DER, this certificate alone",
    ),
    (
        "certpem.p7c",
        Format::Pkcs7Pem,
        "PKCS#7 PEM, with the chain",
    ),
    (
        "certder.p7c",
        Format::Pkcs7Der,
        "PKCS#7 DER, with the chain",
    ),
];

#[derive(Template)]
#[template(path = "https/certificate.html")]
struct CertificatePage {
    frame: Frame,
    which: &'static str,
    /// Leaf first.
    chain: Vec<CertificateDetails>,
    pem: String,
}

impl CertificatePage {
    fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        FILES.into_iter().map(|(name, _, help)| (name, help))
    }
}

/// The fields as the page groups them.
pub(super) fn groups(certificate: &CertificateDetails) -> [(&'static str, &[Detail]); 3] {
    [
        ("Fields", &certificate.fields),
        ("Extensions", &certificate.extensions),
        ("Over the whole certificate", &certificate.thumbprints),
    ]
}

/// Whether a line of a value is octets in pairs of digits, which stand under each other.
pub(super) fn is_octets(line: &str) -> bool {
    line.len() > 2
        && line
            .split(':')
            .all(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

pub(super) async fn serving(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    show(&site, &visit, "serving").await
}

pub(super) async fn other(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(which): Path<String>,
) -> Result<Response, Problem> {
    let named = ["serving", "previous", "factory"];
    let which = named.into_iter().find(|name| *name == which);
    show(&site, &visit, which.ok_or_else(Problem::not_found)?).await
}

pub(super) async fn download(
    State(site): State<Arc<Site>>,
    _: Visit,
    Path((which, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let which = which_of(&which).ok_or_else(Problem::not_found)?;
    file(&site, which, &name).await
}

/// The certificates of an identity under one of the names of [`FILES`].
pub(in crate::web) async fn file(
    site: &Site,
    which: Which,
    name: &str,
) -> Result<Response, Problem> {
    let file = FILES.into_iter().find(|(file, ..)| *file == name);
    let (name, format, _) = file.ok_or_else(Problem::not_found)?;
    let octets = site.run(move |unit| unit.export(which, format)).await??;
    let media_type = match format {
        Format::X509Der => "application/pkix-cert",
        Format::Pkcs7Pem | Format::Pkcs7Der => "application/pkcs7-mime",
        _ => "application/x-pem-file",
    };
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, octets).into_response())
}

async fn show(site: &Site, visit: &Visit, name: &'static str) -> Result<Response, Problem> {
    let which = which_of(name).ok_or_else(Problem::not_found)?;
    let Top { mut frame, .. } = site.top(visit, Tab::None).await?;
    frame.title = match which {
        Which::Previous => "The previous certificate",
        Which::Factory => "The factory certificate",
        _ => "The certificate that serves",
    }
    .into();
    let (chain, pem) = site
        .run(move |unit| Ok((unit.chain(which)?, unit.export(which, Format::X509Pem)?)))
        .await??;
    let shown = CertificatePage {
        frame,
        which: name,
        chain: chain
            .iter()
            .filter_map(|der| CertificateDetails::of(der.as_bytes()))
            .collect(),
        pem: String::from_utf8_lossy(&pem).into_owned(),
    };
    Ok(page(StatusCode::OK, &shown))
}

fn which_of(name: &str) -> Option<Which> {
    match name {
        "serving" => Some(Which::Serving),
        "previous" => Some(Which::Previous),
        "factory" => Some(Which::Factory),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_octets;

    #[test]
    fn octets_are_told_from_words() {
        for (line, octets) in [
            ("3F:9A", true),
            ("3F:9A:0", false),
            ("IP: 2001:db8::7", false),
            ("DNS: ab:cd", false),
            ("V3", false),
            ("", false),
        ] {
            assert_eq!(is_octets(line), octets, "{line}");
        }
    }
}
