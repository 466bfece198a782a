//! The making of a key, as it goes on and as it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{FieldMessage, Made, Making, REQUESTS_MAX};

use super::{HOME, Tab, Top};
use crate::web::Site;
use crate::web::caller::{Posted, Visit};
use crate::web::frame::{Frame, page};
use crate::web::problem::Problem;
use crate::web::times::span;

/// The page is answered after so long, or at the end if that is sooner; it shows how
/// far the work is, and the browser asks again after a second.
///
/// So a request is under way most of the time. If it is when a self-signed
/// certificate begins to serve, its answer, with the fingerprint to compare, still
/// arrives over the connection that the browser trusts. Asking again at once would
/// have one under way all the time, but leave no moment in which the page is still.
const WAIT: Duration = Duration::from_secs(2);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Template)]
#[template(path = "https/making.html")]
struct MakingPage {
    frame: Frame,
    key: String,
    so_far: String,
    percent: u8,
}

#[derive(Template)]
#[template(path = "https/made.html")]
struct MadePage {
    frame: Frame,
    made: Made,
    advice: Vec<FieldMessage>,
}

#[derive(Template)]
#[template(path = "https/not_made.html")]
struct NotMadePage {
    frame: Frame,
    said: String,
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    let making = wait_for_the_end(&site).await;
    let Top { mut frame, .. } = site.top(&visit, Tab::None).await?;
    Ok(match making {
        Making::Running {
            key,
            since,
            percent,
        } => {
            frame.title = "Making a key".into();
            let so_far = span(frame.clock.0.saturating_sub(since));
            page(
                StatusCode::OK,
                &MakingPage {
                    frame,
                    key,
                    so_far,
                    percent,
                },
            )
        }
        Making::Done { made, advice } => {
            frame.title = "Made".into();
            page(
                StatusCode::OK,
                &MadePage {
                    frame,
                    made,
                    advice,
                },
            )
        }
        Making::Failed(said) => {
            frame.title = "Not made".into();
            page(StatusCode::OK, &NotMadePage { frame, said })
        }
        _ => Redirect::to(HOME).into_response(),
    })
}

pub(super) async fn cancel(State(site): State<Arc<Site>>, _: Visit, Posted(_): Posted) -> Response {
    site.app.unit.cancel_making();
    Redirect::to("/management/https/making").into_response()
}

async fn wait_for_the_end(site: &Site) -> Making {
    let began = Instant::now();
    loop {
        let making = site.app.unit.making();
        if !matches!(making, Making::Running { .. }) || began.elapsed() >= WAIT {
            return making;
        }
        tokio::time::sleep(LOOK).await;
    }
}
