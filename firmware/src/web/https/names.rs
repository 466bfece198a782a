//! The tab "Subject Alternative Name Extension": the same names as in the form of
//! "Create Certificate Request".

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{NAMES_MAX, NameRow, SubjectAltNameKind};

use super::draft::{self, Then};
use super::summary::Summary;
use super::{Tab, Top};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::form::Form;
use crate::web::frame::{Frame, page};
use crate::web::problem::Problem;

/// A name in the list.
struct Listed {
    index: usize,
    kind: String,
    /// As typed; a directory name as its fields.
    value: String,
    /// Why it is none, if it is none.
    fault: Option<String>,
}

impl Listed {
    fn new(index: usize, row: &NameRow) -> Self {
        let value = match row.kind {
            SubjectAltNameKind::Directory => directory(row),
            _ => row.value.clone(),
        };
        Self {
            index,
            kind: row.kind.to_string(),
            value,
            fault: row.parse().err(),
        }
    }
}

#[derive(Template)]
#[template(path = "https/names.html")]
struct NamesPage {
    frame: Frame,
    summary: Summary,
    tab: Tab,
    names: Vec<Listed>,
    common_name: String,
    names_max: usize,
}

#[derive(Template)]
#[template(path = "https/name.html")]
struct NamePage {
    frame: Frame,
    summary: Summary,
    tab: Tab,
    /// The row that is edited; none when one is added.
    index: Option<usize>,
    row: NameRow,
    fault: Option<String>,
}

impl NamePage {
    fn kinds(&self) -> [SubjectAltNameKind; 6] {
        SubjectAltNameKind::ALL
    }

    fn is_directory(&self) -> bool {
        self.row.kind == SubjectAltNameKind::Directory
    }

    fn action(&self) -> String {
        match self.index {
            Some(index) => format!("{}/{index}", Tab::Names.path()),
            None => format!("{}/add", Tab::Names.path()),
        }
    }
}

pub(super) async fn list(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let Top { frame, summary, .. } = site.top(&visit, Tab::Names).await?;
    let (names, common_name) = {
        let draft = visit.session.draft();
        let rows = draft.names.iter().enumerate();
        let names = rows.map(|(index, row)| Listed::new(index, row)).collect();
        (names, draft.common_name.trim().to_owned())
    };
    let list = NamesPage {
        frame,
        summary,
        tab: Tab::Names,
        names,
        common_name,
        names_max: NAMES_MAX,
    };
    Ok(page(StatusCode::OK, &list))
}

pub(super) async fn delete(visit: Visit, Posted(form): Posted) -> Response {
    if let Then::DeleteName(index) = Then::of(&form) {
        let mut draft = visit.session.draft();
        if index < draft.names.len() {
            draft.names.remove(index);
        }
    }
    back_to_list()
}

pub(super) async fn show_add(
    State(site): State<Arc<Site>>,
    visit: Visit,
) -> Result<Response, Problem> {
    let row = NameRow::new(SubjectAltNameKind::Dns);
    name_page(&site, &visit, StatusCode::OK, None, row, None).await
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let fault = {
        let mut draft = visit.session.draft();
        checked(&form).and_then(|row| {
            if draft.names.len() >= NAMES_MAX {
                return Err(format!(
                    "There are {NAMES_MAX} names already, and no more fit."
                ));
            }
            draft.names.push(row);
            Ok(())
        })
    };
    match fault {
        Ok(()) => Ok(back_to_list()),
        Err(fault) => refused(&site, &visit, None, &form, fault).await,
    }
}

pub(super) async fn show_edit(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(index): Path<String>,
) -> Result<Response, Problem> {
    let (index, row) = existing(&visit, &index)?;
    let fault = row.parse().err();
    name_page(&site, &visit, StatusCode::OK, Some(index), row, fault).await
}

pub(super) async fn edit(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(index): Path<String>,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let (index, _) = existing(&visit, &index)?;
    match checked(&form) {
        Ok(row) => {
            if let Some(place) = visit.session.draft().names.get_mut(index) {
                *place = row;
            }
            Ok(back_to_list())
        }
        Err(fault) => refused(&site, &visit, Some(index), &form, fault).await,
    }
}

fn back_to_list() -> Response {
    Redirect::to(&Tab::Names.link()).into_response()
}

/// The row that was typed, or why it is no name.
fn checked(form: &Form) -> Result<NameRow, String> {
    let row = draft::row(form);
    row.parse().map(|_| row)
}

fn existing(visit: &Visit, index: &str) -> Result<(usize, NameRow), Problem> {
    let index = index.parse().map_err(|_| Problem::not_found())?;
    let row = visit.session.draft().names.get(index).cloned();
    Ok((index, row.ok_or_else(Problem::not_found)?))
}

async fn refused(
    site: &Site,
    visit: &Visit,
    index: Option<usize>,
    form: &Form,
    fault: String,
) -> Result<Response, Problem> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    name_page(site, visit, status, index, draft::row(form), Some(fault)).await
}

async fn name_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    index: Option<usize>,
    row: NameRow,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let Top {
        mut frame, summary, ..
    } = site.top(visit, Tab::Names).await?;
    frame.title = match index {
        Some(_) => "Edit Subject Alternative Name".into(),
        None => "Add Subject Alternative Name".into(),
    };
    Ok(page(
        status,
        &NamePage {
            frame,
            summary,
            tab: Tab::Names,
            index,
            row,
            fault,
        },
    ))
}

/// "C=FR, O=Example", of what was typed.
fn directory(row: &NameRow) -> String {
    let fields = [
        ("C", &row.directory.country),
        ("O", &row.directory.organization),
        ("OU", &row.directory.organizational_unit),
        ("CN", &row.directory.common_name),
    ];
    let typed = fields.into_iter().filter(|(_, value)| !value.is_empty());
    typed
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(", ")
}
