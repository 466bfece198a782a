//! The page "Services": every setting of the unit.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{Error, Setting, Settings};
use zeroize::Zeroizing;

use super::Site;
use super::caller::{Posted, Visit};
use super::form::Form;
use super::frame::{Frame, Place, page};
use super::problem::{Problem, status_of};
use crate::App;

/// What the field is named by that holds how a setting stood when the page was
/// made: only what differs from it was typed, so that nothing is set back that
/// was changed elsewhere meanwhile.
const BEFORE: &str = "before_";

#[derive(Template)]
#[template(path = "services.html")]
struct ServicesPage {
    frame: Frame,
    fields: Vec<Field>,
    /// What is said above the form.
    said: Option<&'static str>,
}

impl ServicesPage {
    fn faulty(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.faults.is_empty())
    }
}

/// One setting, as the form shows it.
struct Field {
    setting: Setting,
    /// How it stood when the page was first made.
    before: String,
    value: String,
    faults: Vec<String>,
    /// How it stands with the service that is set.
    note: Option<Note>,
}

/// What is worth knowing of a service beside what is set.
struct Note {
    said: String,
    attention: bool,
}

impl Field {
    fn all(app: &App, settings: &Settings) -> [Self; Setting::ALL.len()] {
        Setting::ALL.map(|setting| {
            let text = settings.text(setting);
            Self {
                setting,
                before: text.clone(),
                value: text,
                faults: Vec::new(),
                note: note(setting, app, settings),
            }
        })
    }

    /// The name of the field that holds `before`.
    fn before_name(&self) -> String {
        format!("{BEFORE}{}", self.setting.name())
    }

    /// What was typed, if anything was; tried on `settings`, which shows what is wrong.
    fn take(&mut self, form: &Form, settings: &mut Settings) -> Option<(Setting, String)> {
        let name = self.setting.name();
        let (typed, before) = (form.text(name), form.text(&self.before_name()));
        if !form.has(name) || typed == before {
            return None;
        }
        if let Err(fault) = settings.set(self.setting, typed) {
            self.faults.push(fault);
        }
        self.before = before.into();
        // A secret that was taken reads otherwise than it was typed.
        if !self.setting.is_secret() || typed == settings.text(self.setting) {
            self.value = typed.into();
        }
        Some((self.setting, typed.to_owned()))
    }

    /// Says of a secret that it has to be typed again: it never stands in a page.
    fn ask_again(&mut self, form: &Form) {
        let name = self.setting.name();
        let lost = form.has(name) && form.text(name) != self.value;
        if self.setting.is_secret() && lost && self.faults.is_empty() {
            let again =
                "Type it again: what you typed here is a secret and never stands in a page.";
            self.faults.push(again.into());
        }
    }
}

fn note(setting: Setting, app: &App, settings: &Settings) -> Option<Note> {
    if setting == Setting::Metrics {
        return settings.metrics.as_ref().map(|_| Note {
            said: "A token is set. Leave \"on\" to keep it, or type another.".into(),
            attention: false,
        });
    }
    let (said, attention) = app.standing(setting)?;
    Some(Note { said, attention })
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    uri: Uri,
) -> Result<Response, Problem> {
    let said = match uri.query() {
        Some("saved") => Some("Saved. It is in force from now on."),
        Some("unchanged") => Some("Nothing was changed: every field stands as it stood."),
        _ => None,
    };
    let settings = site.app.unit.settings();
    let fields = Field::all(&site.app, &settings);
    services_page(&site, &visit, StatusCode::OK, fields.into(), said).await
}

pub(super) async fn save(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let before = site.app.unit.settings();
    let mut settings = (*before).clone();
    let mut fields = Field::all(&site.app, &before);
    // A token that was typed is a secret, so all is wiped.
    let mut typed: Vec<(Setting, Zeroizing<String>)> = Vec::new();
    for field in &mut fields {
        let taken = field.take(&form, &mut settings);
        typed.extend(taken.map(|(setting, typed)| (setting, Zeroizing::new(typed))));
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if fields.iter().all(|field| field.faults.is_empty()) {
        let actor = visit.actor();
        let changed = site.run(move |unit| {
            let typed = typed
                .iter()
                .map(|(setting, typed)| (*setting, typed.as_str()));
            unit.change_settings(&typed.collect::<Vec<_>>(), &actor)
        });
        match changed.await? {
            Ok(changed) if changed.is_empty() => {
                return Ok(Redirect::to("/management/services?unchanged").into_response());
            }
            Ok(_) => return Ok(Redirect::to("/management/services?saved").into_response()),
            // Only the TLS level can be more than the certificate that serves is fit for.
            Err(error @ (Error::TlsLevel(_) | Error::Listener(_))) => {
                status = status_of(&error);
                let level = fields
                    .iter_mut()
                    .find(|field| field.setting == Setting::Tls);
                if let Some(level) = level {
                    level.faults.push(error.to_string());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    for field in &mut fields {
        field.ask_again(&form);
    }
    services_page(&site, &visit, status, fields.into(), None).await
}

async fn services_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    fields: Vec<Field>,
    said: Option<&'static str>,
) -> Result<Response, Problem> {
    let stand = site.run(|unit| unit.status()).await??;
    let frame = Frame::new(&visit.caller, &stand, Place::Services, "Services");
    Ok(page(
        status,
        &ServicesPage {
            frame,
            fields,
            said,
        },
    ))
}
