//! A new password, asked for at the first sign-in and open to everybody later.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cert_lifecycle::{ADMIN, Error, PASSWORD_CHARS_MIN, PasswordError};

use super::Site;
use super::caller::{Posted, Visit};
use super::form::Form;
use super::frame::{Frame, Place, page};
use super::login::{begin_again, too_many};
use super::problem::{Problem, status_of};
use crate::access::{Place as HashingPlace, present_was_right};

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    name: &'static str,
    /// Whether nothing else is open before the password is changed.
    forced: bool,
    said: Said,
}

impl PasswordPage {
    fn new_help(&self) -> String {
        format!("At least {PASSWORD_CHARS_MIN} characters. Length helps more than odd signs.")
    }
}

/// What is said beside each field.
#[derive(Default)]
struct Said {
    present: Option<String>,
    new: Option<String>,
    again: Option<String>,
}

impl Said {
    /// The fields with something said, for the summary: the id, the label, the
    /// message.
    fn all(&self) -> Vec<(&'static str, &'static str, &str)> {
        let fields = [
            ("present", "Present password", &self.present),
            ("new", "New password", &self.new),
            ("again", "New password again", &self.again),
        ];
        let said = fields.into_iter();
        said.filter_map(|(id, label, said)| Some((id, label, said.as_deref()?)))
            .collect()
    }
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Response {
    password_page(&site, &visit, StatusCode::OK, Said::default())
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    if form.text("new") != form.text("again") {
        let again = "This is not what stands above. Type the new password twice alike.";
        let said = Said {
            again: Some(again.into()),
            ..Said::default()
        };
        return Ok(password_page(
            &site,
            &visit,
            StatusCode::UNPROCESSABLE_ENTITY,
            said,
        ));
    }
    let place = match site.begin_attempt(&visit.caller).await {
        Ok(place) => place,
        Err(pause) => {
            let said = Said {
                present: Some(too_many(pause)),
                ..Said::default()
            };
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Ok(password_page(&site, &visit, status, said));
        }
    };
    let changed = replace(&site, &visit, form, place).await?;
    if present_was_right(&changed) {
        let now = Instant::now();
        site.app.throttle.succeeded(visit.caller.peer, now);
    }
    match changed {
        Ok(()) => Ok(begin_again(&site, &visit)),
        Err(error @ Error::Password(why)) => {
            let (message, status) = (Some(error.to_string()), status_of(&error));
            let said = match why {
                PasswordError::PresentWrong => Said {
                    present: message,
                    ..Said::default()
                },
                _ => Said {
                    new: message,
                    ..Said::default()
                },
            };
            Ok(password_page(&site, &visit, status, said))
        }
        Err(error) => Err(error.into()),
    }
}

async fn replace(
    site: &Site,
    visit: &Visit,
    form: Arc<Form>,
    place: HashingPlace,
) -> Result<Result<(), Error>, Problem> {
    let actor = visit.actor();
    site.run(move |unit| {
        let _place = place;
        unit.change_password(form.text("present"), form.text("new"), &actor)
    })
    .await
}

fn password_page(site: &Site, visit: &Visit, status: StatusCode, said: Said) -> Response {
    let now = site.app.unit.now();
    let frame = Frame::without_status(&visit.caller, now, Place::Password, "Password");
    let forced = visit.session.must_change_password;
    page(
        status,
        &PasswordPage {
            frame,
            name: ADMIN,
            forced,
            said,
        },
    )
}
