//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::State;
use axum::http::header::{HeaderMap, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{ADMIN, Actor, RequestForm, SignIn};

use super::caller::{Caller, Posted, Visit};
use super::frame::{Frame, Place, page};
use super::origin::Host;
use super::problem::Problem;
use super::times::span;
use super::{Site, cookie, https};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    name: String,
    /// Why the last attempt opened nothing.
    said: Option<String>,
}

pub(super) async fn show(State(site): State<Arc<Site>>, caller: Caller, uri: Uri) -> Response {
    if caller.session.is_some() {
        return Redirect::to(https::HOME).into_response();
    }
    let said = (uri.query() == Some("ended")).then(|| {
        "Your sign-in has ended, so the form was not taken. Sign in, then fill it in again.".into()
    });
    login_page(&site, &caller, StatusCode::OK, ADMIN, said)
}

pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    caller: Caller,
    headers: HeaderMap,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let name = form.text("name").trim().to_owned();
    if let Err(wait) = site.begin_attempt(caller.peer) {
        let said = too_many(wait);
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = login_page(&site, &caller, status, &name, Some(said));
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
        return Ok(response);
    }
    // A name that is not the account's may be a password typed into the wrong
    // field, so the journal does not repeat it.
    let who = if name == ADMIN { ADMIN } else { "unknown" };
    let actor = Actor {
        who: who.into(),
        ..caller.actor()
    };
    let given = name.clone();
    let place = site.hashing.acquire().await;
    let accepted = Arc::clone(&caller.certificate);
    let granted = site
        .run(move |unit| {
            let granted = unit.sign_in(&given, form.text("password"), &actor)?;
            if granted.is_some() {
                unit.confirm(&accepted, &actor)?;
            }
            Ok(granted)
        })
        .await??;
    drop(place);
    let Some(granted) = granted else {
        let said =
            "Name and password do not belong together. Check both; capital and small letters \
                    count."
                .to_owned();
        return Ok(login_page(
            &site,
            &caller,
            StatusCode::UNAUTHORIZED,
            &name,
            Some(said),
        ));
    };
    site.app.throttle.succeeded(caller.peer);
    if let Some(old) = cookie::session_token(&headers) {
        site.app.sessions.end(old);
    }
    let must_change = matches!(granted, SignIn::ChangePassword);
    Ok(site.begin_session(&caller, must_change, first_draft(&caller.host)))
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
    /// Counts an attempt at a password, or says how long to wait before the next.
    ///
    /// It counts as failed until it is known to be right; otherwise many made at
    /// once would all pass before the first of them has failed.
    pub(super) fn begin_attempt(&self, peer: IpAddr) -> Result<(), Duration> {
        let now = Instant::now();
        if let Some(wait) = self.app.throttle.wait(peer, now) {
            return Err(wait);
        }
        self.app.throttle.failed(peer, now);
        Ok(())
    }

    /// Begins a session and sends the browser to the first page.
    pub(super) fn begin_session(
        &self,
        caller: &Caller,
        must_change_password: bool,
        draft: RequestForm,
    ) -> Response {
        let random = || {
            let mut octets = [0; 32];
            self.app.environment.fill_random(&mut octets);
            octets
        };
        let now = Instant::now();
        let sessions = &self.app.sessions;
        let token = sessions.begin(caller.peer, must_change_password, draft, now, random);
        (
            [(SET_COOKIE, cookie::handing_over(&token))],
            Redirect::to(https::HOME),
        )
            .into_response()
    }
}

/// What is said to who has tried too often.
pub(super) fn too_many(wait: Duration) -> String {
    let wait = span(wait.as_secs() + 1);
    format!(
        "There were too many wrong passwords from your address. Wait {wait}, then try again; nobody is \
         locked out for good."
    )
}

/// The form as it is proposed: for the name under which the page was reached.
fn first_draft(host: &Host) -> RequestForm {
    RequestForm {
        common_name: host.name().into(),
        ..RequestForm::default()
    }
}

fn login_page(
    site: &Site,
    caller: &Caller,
    status: StatusCode,
    name: &str,
    said: Option<String>,
) -> Response {
    let frame = Frame::without_status(caller, site.app.unit.now(), Place::Elsewhere, "Sign in");
    page(
        status,
        &LoginPage {
            frame,
            name: name.into(),
            said,
        },
    )
}

/// Ends every session, as a new password does, and begins one for who set it.
pub(super) fn begin_again(site: &Site, visit: &Visit) -> Response {
    let draft = std::mem::take(&mut *visit.session.draft());
    site.app.sessions.end_all();
    site.begin_session(&visit.caller, false, draft)
}
