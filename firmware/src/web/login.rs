//! Signing in and out.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::State;
use axum::http::header::{HeaderMap, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{ADMIN, Actor, RequestForm, SignIn, Via};

use super::caller::{Caller, Posted, Visit};
use super::form::Form;
use super::frame::{Frame, Place, page};
use super::problem::Problem;
use super::times::span;
use super::{Site, cookie, https, leads};
use crate::access::{Beginning, Opening, Pause, Place as HashingPlace};
use crate::output::log;

/// Where people sign in.
pub(super) const PATH: &str = "/login";

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    name: String,
    /// Why the last attempt opened nothing, or what came was not taken.
    said: Option<String>,
    /// That a sign-in has ended, where that is all.
    ended: Option<&'static str>,
    /// The name of the page that follows, or nothing.
    to: &'static str,
}

/// What was going on when it was found that a sign-in had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// A form was sent.
    Form,
    /// A link was followed that sends a form along, so that it is kept.
    Link,
    /// A page was opened.
    Page,
}

impl Ended {
    const ALL: [Self; 3] = [Self::Form, Self::Link, Self::Page];

    fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Link => "link",
            Self::Page => "page",
        }
    }
}

/// The path of the sign-in that says what has ended and leads on to the page of this name.
pub(super) fn leading_to(ended: Option<Ended>, to: Option<&str>) -> String {
    let ended = ended.map(|ended| format!("ended={}", ended.name()));
    let to = to.map(|name| format!("to={name}"));
    let query: Vec<String> = [ended, to].into_iter().flatten().collect();
    match query.as_slice() {
        [] => PATH.into(),
        query => format!("{PATH}?{}", query.join("&")),
    }
}

pub(super) async fn show(State(site): State<Arc<Site>>, caller: Caller, uri: Uri) -> Response {
    let asked = |wanted: &str| {
        let query = uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(name, _)| name == wanted);
        found.map_or_else(String::new, |(_, value)| value.into_owned())
    };
    let to = asked("to");
    if caller.session.is_some() {
        return Redirect::to(&leads::to(&to)).into_response();
    }
    let ended = asked("ended");
    let ended = Ended::ALL.into_iter().find(|known| known.name() == ended);
    let mut shown = login_form(&site, &caller, ADMIN, &to);
    match ended {
        Some(Ended::Form) => {
            let said = "Your sign-in has ended, so the form was not taken. Sign in, then fill it in \
                        again.";
            shown.said = Some(said.into());
        }
        Some(Ended::Link) => {
            shown.ended = Some(
                "Your sign-in has ended. Sign in to go on. What was typed into the form was not kept.",
            );
        }
        Some(Ended::Page) => shown.ended = Some("Your sign-in has ended. Sign in to go on."),
        None => {}
    }
    page(StatusCode::OK, &shown)
}

pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    caller: Caller,
    headers: HeaderMap,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let name = form.text("name").trim().to_owned();
    let place = match site.begin_attempt(&caller).await {
        Ok(place) => place,
        Err(pause) => {
            let said = too_many(pause);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = refused(&site, &caller, status, &form, said);
            let seconds = HeaderValue::from(pause.wait.as_secs() + 1);
            response.headers_mut().insert(RETRY_AFTER, seconds);
            return Ok(response);
        }
    };
    // A name that is not the account's may be a password typed into the wrong
    // field, so the journal does not repeat it.
    let who = if name == ADMIN { ADMIN } else { "unknown" };
    let actor = Actor {
        who: who.into(),
        ..caller.actor()
    };
    let given = name.clone();
    let opening = site.app.sessions.opening();
    let accepted = Arc::clone(&caller.certificate);
    let typed = Arc::clone(&form);
    let granted = site
        .run(move |unit| {
            let _place = place;
            let granted = unit.sign_in(&given, typed.text("password"), &actor)?;
            if granted.is_some()
                && let Err(why) = unit.confirm(&accepted, &actor)
            {
                // The disk; whoever can mend it must get in.
                log(format_args!(
                    "the certificate on trial is not confirmed: {why}"
                ));
            }
            Ok(granted)
        })
        .await??;
    let Some(granted) = granted else {
        let said =
            "Name and password do not belong together. Check both; capital and small letters \
                    count."
                .to_owned();
        let status = StatusCode::UNAUTHORIZED;
        return Ok(refused(&site, &caller, status, &form, said));
    };
    site.app.throttle.succeeded(caller.peer, Instant::now());
    if let Some(old) = cookie::session_token(&headers) {
        site.app.sessions.end(old);
    }
    let must_change = matches!(granted, SignIn::ChangePassword);
    let reached_as = caller.host.name().to_owned();
    let draft = site.run(move |unit| unit.proposed_form(&reached_as));
    let draft = draft.await??;
    let to = leads::to(form.text("to"));
    Ok(site.begin_session(&caller, opening, must_change, draft, &to))
}

pub(super) async fn sign_out(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    if let Some(token) = cookie::session_token(&headers) {
        site.app.sessions.end(token);
    }
    (
        [(SET_COOKIE, cookie::taking_back())],
        Redirect::to("/login"),
    )
        .into_response()
}

impl Site {
    /// Counts an attempt at a password and waits for a place to hash it, or says how
    /// long to wait before the next attempt; that costs no hash.
    pub(super) async fn begin_attempt(&self, caller: &Caller) -> Result<HashingPlace, Pause> {
        let standing = self.app.throttle.begin(caller.peer, Instant::now())?;
        Ok(self.app.hashing.place(standing).await)
    }

    /// Begins a session and sends the browser to a page of the unit.
    pub(super) fn begin_session(
        &self,
        caller: &Caller,
        opening: Opening,
        must_change_password: bool,
        draft: RequestForm,
        to: &str,
    ) -> Response {
        let random = || {
            let mut octets = [0; 32];
            self.app.environment.fill_random(&mut octets);
            octets
        };
        let beginning = Beginning {
            opening,
            via: Via::Web(caller.peer),
            address: caller.peer,
            must_change_password,
            draft,
        };
        let timing = self.app.timing();
        let Some(token) = self.app.sessions.begin(beginning, timing, random) else {
            return Redirect::to("/login").into_response();
        };
        (
            [(SET_COOKIE, cookie::handing_over(&token))],
            Redirect::to(to),
        )
            .into_response()
    }
}

/// What is said to who has tried too often.
pub(super) fn too_many(pause: Pause) -> String {
    let why = if pause.attacked {
        "Wrong passwords come from many addresses now, so after a wrong one each address waits long."
    } else {
        "There were too many wrong passwords from your address."
    };
    let wait = span(pause.wait.as_secs() + 1);
    format!("{why} Wait {wait}, then try again; nobody is locked out for good.")
}

/// The form to sign in; it leads on to the page called `to`, if there is one.
fn login_form(site: &Site, caller: &Caller, name: &str, to: &str) -> LoginPage {
    LoginPage {
        frame: Frame::without_status(caller, site.app.unit.now(), Place::Elsewhere, "Sign in"),
        name: name.into(),
        said: None,
        ended: None,
        to: leads::known(to).unwrap_or_default(),
    }
}

/// Says why this form opened nothing.
fn refused(
    site: &Site,
    caller: &Caller,
    status: StatusCode,
    form: &Form,
    said: String,
) -> Response {
    let shown = LoginPage {
        said: Some(said),
        ..login_form(site, caller, form.text("name").trim(), form.text("to"))
    };
    page(status, &shown)
}

/// Ends every session, as a new password does, and begins one for who set it.
pub(super) fn begin_again(site: &Site, visit: &Visit) -> Response {
    let draft = std::mem::take(&mut *visit.session.draft());
    site.app.sessions.end_all();
    let opening = site.app.sessions.opening();
    site.begin_session(&visit.caller, opening, false, draft, https::HOME)
}
