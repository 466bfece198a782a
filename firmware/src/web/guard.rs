//! What every request passes before a page sees it, and every response after.
//!
//! The host comes first: a page of another site that has its own name resolve to the
//! unit's address (DNS rebinding) gets nothing, for the unit answers only to names it
//! knows, and to addresses. `Strict-Transport-Security` is said only where it cannot
//! lock anybody out. Both rules are [`cert_lifecycle`]'s.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::Unit;

use super::body::{Limit, Whole};
use super::caller::Caller;
use super::form::Form;
use super::frame::problem_page;
use super::guide;
use super::login::Ended;
use super::origin::{self, Host};
use super::problem::Problem;
use super::{Site, cookie, https, leads, login, metrics};
use crate::access::Session;
use crate::server::Peer;

/// The headers of every response, unless the page has set its own.
const HEADERS: [(HeaderName, &str); 9] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    // "no-referrer" would make browsers send "Origin: null" with our own forms
    // (Fetch, "append a request Origin header"), which could not be told from a
    // foreign one.
    (header::REFERRER_POLICY, "same-origin"),
    // What the pages do not use, a page that was tampered with shall not have.
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), autoplay=(), bluetooth=(), camera=(), display-capture=(), \
         encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), screen-wake-lock=(), serial=(), usb=(), \
         xr-spatial-tracking=()",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Lets a request through to its page, or answers it.
pub(super) async fn admit(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let host = Host::of(request.headers(), request.uri());
    let reached = reached(&site, host.as_ref()).await;
    let caller = caller(&site, &request, host, reached.is_ok());
    let mut strict_transport = None;
    let checked = match reached {
        Ok(seconds) => {
            strict_transport = seconds;
            check(&site, &caller, request).await
        }
        Err(problem) => Err(problem.into_response()),
    };
    let mut response = match checked {
        Ok(request) => next.run(request).await,
        Err(response) => response,
    };
    response = finish(&site, &caller, response);
    if let Some(value) = strict_transport {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// Renders a problem as a page, and sets the headers that every response has.
pub(super) fn finish(site: &Site, caller: &Caller, mut response: Response) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem_page(caller, site.app.unit.now(), &problem);
        response
            .headers_mut()
            .extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The value of `Strict-Transport-Security` for who asks for `host`, if there is to
/// be one; or why the unit does not answer.
pub(super) async fn reached(
    site: &Site,
    host: Option<&Host>,
) -> Result<Option<HeaderValue>, Problem> {
    let host = host.ok_or_else(Problem::bad_host)?;
    let Some(name) = host.server_name() else {
        return Err(Problem::unknown_name(host.name()));
    };
    let ask = move |unit: &Arc<Unit>| {
        let answers = unit.answers_to(&name)?;
        Ok((answers, unit.strict_transport_seconds(&name)?))
    };
    // Of every request: to hand it to another thread would cost as much as a page.
    let unit = &site.app.unit;
    let asked = match unit.knows_names() {
        true => ask(unit),
        false => site.run(ask).await?,
    };
    match asked? {
        (false, _) => Err(Problem::unknown_name(host.name())),
        (true, seconds) => Ok(seconds.map(|seconds| {
            let value = format!("max-age={seconds}");
            HeaderValue::from_str(&value).expect("letters and digits")
        })),
    }
}

/// Who asks. The session is looked for only where the unit answers.
pub(super) fn caller(site: &Site, request: &Request, host: Option<Host>, answers: bool) -> Caller {
    let peer = request.extensions().get::<Peer>();
    let address = peer.map(|peer| peer.address.ip().to_canonical());
    let address = address.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let certificate = peer.map(|peer| Arc::clone(&peer.certificate));
    let token = cookie::session_token(request.headers()).filter(|_| answers);
    let find = |token| site.app.sessions.find(token, address, site.app.timing());
    let session = token.and_then(find);
    if let Some(peer) = peer {
        peer.mark.set(session.is_some());
    }
    Caller {
        peer: address,
        certificate: certificate.unwrap_or_else(|| "".into()),
        host: host.unwrap_or_else(Host::unknown),
        session,
    }
}

/// Which sign-in a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// None.
    Open,
    /// Any, also with a first password that is still to be changed.
    Password,
    /// One with a password of one's own.
    Full,
    /// None, but a token, where one is set; before, there is no such page. Programs ask
    /// for it, which a way to the sign-in would lead astray.
    Token,
}

impl Access {
    pub(super) fn of(path: &str) -> Self {
        match path {
            login::PATH => Self::Open,
            "/static/style.css" | "/static/script.js" | "/static/icon.svg" => Self::Open,
            "/help/trust" | "/help/trust/cert.der" | "/help/trust/cert.pem" => Self::Open,
            path if guide::is_at(path) => Self::Open,
            "/password" | "/logout" => Self::Password,
            metrics::PATH => Self::Token,
            _ => Self::Full,
        }
    }
}

/// Reads the body, then checks who asks for what, from where, in this order: a
/// browser shows an answer only after it has sent the body.
async fn check(site: &Site, caller: &Caller, request: Request) -> Result<Request, Response> {
    let (mut parts, body) = request.into_parts();
    let access = Access::of(parts.uri.path());
    let limit = Limit::of(parts.uri.path(), caller.session.is_some());
    // Whatever is no reading is a change, and has to come from a page of the unit.
    let posted = match parts.method {
        Method::GET | Method::HEAD => None,
        _ => Some(site.uploads.read(body, limit).await),
    };
    match (access, &caller.session) {
        (Access::Open | Access::Token, _) => {}
        (_, None) => {
            let leads = match posted {
                Some(body) => after_a_form(&parts, body.ok()),
                None => after_a_page(&parts),
            };
            return Err(Redirect::to(&leads).into_response());
        }
        (Access::Full, Some(session)) if session.must_change_password => {
            return Err(Redirect::to("/password").into_response());
        }
        _ => {}
    }
    if let Some(posted) = posted {
        let body = posted.map_err(|fault| Problem::from(fault).into_response())?;
        let form = own_form(caller, access, &parts, body).map_err(IntoResponse::into_response)?;
        parts.extensions.insert(Arc::new(form));
    }
    parts.extensions.insert(caller.clone());
    Ok(Request::from_parts(parts, Body::empty()))
}

/// Where to sign in, and go on to the page that was asked for.
fn after_a_page(parts: &Parts) -> String {
    let had_session = cookie::session_token(&parts.headers).is_some_and(|token| !token.is_empty());
    let ended = had_session.then_some(Ended::Page);
    login::leading_to(ended, leads::name_of(parts.uri.path()))
}

/// The same for who has sent a form; its links send the form of a request along.
fn after_a_form(parts: &Parts, body: Option<Whole>) -> String {
    let path = parts.uri.path();
    let left_for = body
        .filter(|_| path == https::CREATE)
        .and_then(|body| Form::of(content_type(parts), body).ok())
        .and_then(|form| https::left_for(&form));
    match left_for {
        Some(name) => login::leading_to(Some(Ended::Link), Some(name)),
        None => login::leading_to(Some(Ended::Form), leads::name_of(path)),
    }
}

fn content_type(parts: &Parts) -> &str {
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The form, when a page of this unit sent it.
fn own_form(caller: &Caller, access: Access, parts: &Parts, body: Whole) -> Result<Form, Problem> {
    if !origin::is_own(&parts.headers, &caller.host) {
        return Err(Problem::foreign_page());
    }
    let form = Form::of(content_type(parts), body)?;
    // Before the sign-in there is no session whose token a form could carry.
    let needs_token = access != Access::Open;
    let fits = |session: &Arc<Session>| session.csrf_fits(form.text("csrf"));
    if needs_token && !caller.session.as_ref().is_some_and(fits) {
        return Err(Problem::old_page());
    }
    Ok(form)
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn only_the_sign_in_and_its_looks_are_open() {
        for (path, access) in [
            ("/login", Access::Open),
            ("/static/style.css", Access::Open),
            ("/metrics", Access::Token),
            ("/metrics/", Access::Full),
            ("/static/script.js", Access::Open),
            ("/password", Access::Password),
            ("/logout", Access::Password),
            ("/", Access::Full),
            ("/login/", Access::Full),
            ("//login", Access::Full),
            ("/management/https", Access::Full),
            ("/management/https/../../login", Access::Full),
            ("/static/", Access::Full),
        ] {
            assert_eq!(Access::of(path), access, "{path}");
        }
    }
}
