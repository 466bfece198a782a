//! The pages: what came is parsed, an operation of the unit is called, and what it
//! returned is rendered. No rule about certificates is here.
//!
//! Every request passes [`guard`] first, which reads its body, finds its session and
//! refuses what another site sent; then its page, which returns a page or a
//! [`Problem`]; then `guard` again, which renders the problem and
//! sets the headers that every response has.

mod alarms;
mod body;
mod caller;
mod conditions;
mod cookie;
mod form;
mod frame;
mod guard;
mod guide;
mod history;
mod https;
mod keys;
mod leads;
mod login;
mod metrics;
mod multipart;
mod origin;
mod password;
mod plain;
mod problem;
mod services;
mod sessions;
mod software;
mod times;
mod trust;
mod upgrade;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use cert_lifecycle::{Error, Unit};

use crate::App;
use crate::output::log;
pub(crate) use plain::plain_router;
use problem::Problem;

/// What the pages work with.
struct Site {
    app: Arc<App>,
    /// The backup under review, one at a time, for it takes megabytes of memory.
    restoring: Mutex<Option<upgrade::Restoring>>,
    uploads: body::Uploads,
    metrics: metrics::Metrics,
}

/// A path and what answers there.
type Route = (&'static str, MethodRouter<Arc<Site>>);

/// Everything that the router has, in one list, so that a test can walk all of it.
fn routes() -> Vec<Route> {
    let mut routes: Vec<Route> = vec![
        ("/", get(async || Redirect::to(https::HOME))),
        ("/access/keys", get(keys::show).post(keys::add)),
        ("/access/keys/remove", post(keys::remove)),
        ("/access/sessions", get(sessions::show).post(sessions::end)),
        ("/help/trust", get(trust::show)),
        ("/help/trust/{file}", get(trust::download)),
        (login::PATH, get(login::show).post(login::sign_in)),
        ("/logout", post(login::sign_out)),
        (
            "/management/alarms",
            get(alarms::show).post(alarms::acknowledge),
        ),
        (
            "/management/services",
            get(services::show).post(services::save),
        ),
        (metrics::PATH, get(metrics::show)),
        ("/password", get(password::show).post(password::change)),
        ("/static/icon.svg", get(icon)),
        ("/static/script.js", get(script)),
        ("/static/style.css", get(style)),
        ("/tools/history", get(history::show)),
    ];
    routes.extend(guide::routes());
    routes.extend(https::routes());
    routes.extend(software::routes());
    routes.extend(upgrade::routes());
    routes
}

/// The pages of the unit.
pub(crate) fn router(app: Arc<App>) -> Router {
    let site = Arc::new(Site::new(app));
    all_routes()
        .layer(from_fn_with_state(Arc::clone(&site), guard::admit))
        .with_state(site)
}

fn all_routes() -> Router<Arc<Site>> {
    let add = |router: Router<Arc<Site>>, (path, methods): Route| router.route(path, methods);
    routes()
        .into_iter()
        .fold(Router::new(), add)
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::wrong_method())
}

impl Site {
    fn new(app: Arc<App>) -> Self {
        Self {
            metrics: metrics::Metrics::new(&app.unit),
            app,
            restoring: Mutex::default(),
            uploads: body::Uploads::new(),
        }
    }

    /// Runs an operation where it may block.
    async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Arc<Unit>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, Error>, Problem> {
        self.app.unblocked(operation).await.map_err(|ended| {
            log(format_args!("an operation ended early: {ended}"));
            Problem::own_fault()
        })
    }
}

async fn style() -> Response {
    asset(
        "text/css; charset=utf-8",
        include_str!("../../static/style.css"),
    )
}

async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../static/script.js"),
    )
}

async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../../static/icon.svg"))
}

/// A file that is the same for everybody. Pages name it with the software version,
/// so an upgrade brings the new one at once.
fn asset(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "max-age=86400"),
    ];
    (headers, text).into_response()
}
