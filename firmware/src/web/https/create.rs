//! The tab "Create Certificate Request".

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{
    Digest, Error, Field, NAMES_MAX, NameRow, REQUESTS_MAX, RequestForm, RequestView,
    SubjectAltNameKind,
};
use serde::Serialize;

use super::draft::{self, Then};
use super::faults::{self, Faults};
use super::summary::Summary;
use super::{HOME, Tab, Top};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::form::Form;
use crate::web::frame::{Frame, page};
use crate::web::leads;
use crate::web::problem::{Problem, status_of};

#[derive(Template)]
#[template(path = "https/create.html")]
struct CreatePage<'a> {
    frame: Frame,
    summary: Summary,
    tab: Tab,
    draft: &'a RequestForm,
    faults: &'a Faults,
    /// Why the form as a whole was not taken.
    said: Option<String>,
    /// The request that this one would take the place of.
    gives_way: Option<RequestView>,
}

/// One row of further names on the page.
struct Row<'a> {
    index: usize,
    id: String,
    name: &'a NameRow,
    faults: Vec<&'a str>,
}

impl CreatePage<'_> {
    fn digests(&self, legacy: bool) -> impl Iterator<Item = String> {
        let all = Digest::ALL.into_iter();
        all.filter(move |digest| digest.is_legacy() == legacy)
            .map(|digest| digest.to_string())
    }

    fn key_types(&self) -> Vec<String> {
        Field::KeyType.choices()
    }

    fn kinds(&self) -> [SubjectAltNameKind; 6] {
        SubjectAltNameKind::ALL
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.draft.names.iter().enumerate();
        rows.map(|(index, name)| {
            let id = faults::id(Field::Name(index));
            let faults = self.faults.of(&id);
            Row {
                index,
                id,
                name,
                faults,
            }
        })
        .collect()
    }

    /// The organizational units, an empty one where there are none.
    fn units(&self) -> Vec<&str> {
        let units: Vec<&str> = self
            .draft
            .organizational_units
            .iter()
            .map(String::as_str)
            .collect();
        if units.is_empty() { vec![""] } else { units }
    }

    /// Whether the folded group holds something to be seen.
    fn opens_ca_group(&self) -> bool {
        let ids = [
            Field::ChallengePassword,
            Field::OptionalOrganization,
            Field::PassPhrase,
        ];
        let typed = !self.draft.challenge_password.is_empty()
            || !self.draft.optional_organization.is_empty()
            || !self.draft.pass_phrase.is_empty();
        typed
            || ids
                .into_iter()
                .any(|field| !self.faults.of(&faults::id(field)).is_empty())
    }

    fn has_room_for_names(&self) -> bool {
        self.draft.names.len() < NAMES_MAX
    }
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let top = site.top(&visit, Tab::Create).await?;
    Ok(create_page(
        top,
        &visit,
        StatusCode::OK,
        &Faults::default(),
        None,
    ))
}

/// Keeps the form in any case, then does what the button says.
pub(super) async fn submit(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let then = Then::of(&form);
    let order = {
        let mut draft = visit.session.draft();
        *draft = draft::read(&form, std::mem::take(&mut draft), then);
        match then {
            Then::Make => draft.parse(),
            then => return Ok(Redirect::to(&destination(then, &draft)).into_response()),
        }
    };
    let order = match order {
        Ok(order) => order,
        Err(messages) => {
            let top = site.top(&visit, Tab::Create).await?;
            let status = status_of(&Error::Form(Vec::new()));
            return Ok(create_page(
                top,
                &visit,
                status,
                &Faults::new(messages),
                None,
            ));
        }
    };
    let actor = visit.actor();
    match site
        .run(move |unit| unit.start_making(order, actor))
        .await?
    {
        Ok(_) => {
            let mut draft = visit.session.draft();
            draft.pass_phrase = Default::default();
            draft.challenge_password = Default::default();
            Ok(Redirect::to("/management/https/making").into_response())
        }
        Err(error) => {
            let top = site.top(&visit, Tab::Create).await?;
            let said = Some(error.to_string());
            Ok(create_page(
                top,
                &visit,
                status_of(&error),
                &Faults::default(),
                said,
            ))
        }
    }
}

/// What is said of one field, for the script of the page.
#[derive(Serialize)]
struct Said {
    id: String,
    message: String,
}

/// Says what the form as it stands would be refused for. Nothing is kept or changed.
pub(super) async fn check(_: Visit, Posted(form): Posted) -> Response {
    let typed = draft::read(&form, RequestForm::default(), Then::Make);
    let rows = draft::filled_rows(&form);
    let messages = typed.parse().err().unwrap_or_default();
    let said = messages.into_iter().map(|said| Said {
        id: match said.field {
            // Empty rows were passed over; the page counts them.
            Field::Name(row) => faults::id(Field::Name(*rows.get(row).unwrap_or(&row))),
            field => faults::id(field),
        },
        message: said.message,
    });
    let said = serde_json::to_string(&said.collect::<Vec<_>>()).unwrap_or_else(|_| "[]".into());
    ([(CONTENT_TYPE, "application/json")], said).into_response()
}

/// Where a button of the form leads.
fn destination(then: Then<'_>, draft: &RequestForm) -> String {
    let last = |rows: usize| rows.saturating_sub(1);
    match then {
        Then::AddName => format!("{HOME}#name-{}", last(draft.names.len())),
        Then::AddUnit => {
            format!(
                "{HOME}#organizational_unit-{}",
                last(draft.organizational_units.len())
            )
        }
        Then::DeleteName(_) => format!("{HOME}#names"),
        Then::Make => HOME.into(),
        Then::Go(name) => leads::to(name),
    }
}

/// The name of the page for which the form was left, where it was sent for that alone.
pub(in crate::web) fn left_for(form: &Form) -> Option<&'static str> {
    match Then::of(form) {
        Then::Go(name) => leads::known(name),
        _ => None,
    }
}

fn create_page(
    top: Top,
    visit: &Visit,
    status: StatusCode,
    faults: &Faults,
    said: Option<String>,
) -> Response {
    let draft = visit.session.draft();
    let frame = Frame {
        keeps_form: true,
        ..top.frame
    };
    let (summary, gives_way) = (top.summary, top.gives_way);
    page(
        status,
        &CreatePage {
            frame,
            summary,
            tab: Tab::Create,
            draft: &draft,
            faults,
            said,
            gives_way,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_leads_only_to_pages_of_the_unit() {
        let draft = RequestForm::default();
        for (then, path) in [
            (Then::Go("names"), "/management/https/names#tab"),
            (Then::Go("history"), "/tools/history"),
            (Then::Go("services"), "/management/services"),
            (Then::Go("https://evil.example/"), HOME),
            (Then::Go("//evil.example/"), HOME),
            (Then::AddName, "/management/https#name-0"),
        ] {
            assert_eq!(destination(then, &draft), path);
        }
    }
}
