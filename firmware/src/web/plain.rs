//! HTTP without TLS: it leads to HTTPS, shows how to trust the unit, and nothing else.
//!
//! Whoever asks here may be anybody, and so may whoever answers: nothing that is typed
//! belongs here, nobody is signed in here, and a browser is never told here to insist on
//! HTTPS (RFC 6797 section 7.2).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};

use super::guard::{self, Access};
use super::origin::Host;
use super::problem::Problem;
use super::{Site, login};
use crate::App;

/// What is said to whoever sends something.
const NO_FORMS: &str = "Nothing is taken over HTTP: what you type would cross the network for everybody to \
                        read. Open the unit with https:// instead.\n";

/// The pages of the unit that are open to everybody, and the way to the others.
pub(crate) fn plain_router(app: Arc<App>) -> Router {
    let site = Arc::new(Site::new(app));
    super::all_routes()
        .layer(from_fn_with_state(Arc::clone(&site), admit))
        .with_state(site)
}

/// Lets a request through to its page where that is open to everybody, or answers it.
async fn admit(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let host = Host::of(request.headers(), request.uri());
    let reached = guard::reached(&site, host.as_ref()).await;
    // Whatever cookie there is: nobody is signed in here.
    let caller = guard::caller(&site, &request, host, false);
    let answered = match reached {
        Err(problem) => problem.into_response(),
        Ok(_) if !matches!(*request.method(), Method::GET | Method::HEAD) => {
            let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
            (StatusCode::METHOD_NOT_ALLOWED, allow, NO_FORMS).into_response()
        }
        Ok(_) => {
            let path = request.uri().path();
            if Access::of(path) == Access::Open && path != login::PATH {
                request.extensions_mut().insert(caller.clone());
                next.run(request).await
            } else {
                to_https(&site, caller.host.name(), &request)
            }
        }
    };
    guard::finish(&site, &caller, answered)
}

/// To the same page over HTTPS, under the name that the browser used.
fn to_https(site: &Site, host: &str, request: &Request) -> Response {
    let Some(port) = site.app.listeners.https_port() else {
        return Problem::own_fault().into_response();
    };
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    let port = match port {
        443 => String::new(),
        port => format!(":{port}"),
    };
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    Redirect::permanent(&format!("https://{host}{port}{path}")).into_response()
}
