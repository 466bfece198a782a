//! Tools, Upgrade/Backup: what the unit is, a backup of it, and restoring one.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use cert_lifecycle::{
    BackupError, BackupOrigin, BackupReview, Error, Factory, RestorePlan, STORE_FORMAT, Signer,
    Status,
};

use super::caller::{Posted, Visit};
use super::frame::{Frame, Place, page};
use super::https::installed_page;
use super::problem::{Problem, status_of};
use super::times::Moment;
use super::{Route, Site};
use crate::access::Session;
use crate::output::log;
use crate::sysupgrade::Software;

/// Where a backup is uploaded to, and then shown.
pub(super) const REVIEW: &str = "/tools/upgrade/review";

/// A backup that somebody looks at before it is restored.
pub(super) struct Restoring {
    by: Weak<Session>,
    review: BackupReview,
}

/// A serial number in the name of a file has at most this many characters.
const SERIAL_CHARS_MAX: usize = 40;

#[derive(Template)]
#[template(path = "upgrade/upgrade.html")]
struct UpgradePage {
    frame: Frame,
    status: Status,
    store_format: u32,
    backup_key: String,
    /// What was restored just now.
    done: Option<String>,
    /// Why an upload was not taken.
    fault: Option<String>,
    /// What runs, where it can be upgraded from here.
    software: Option<Software>,
    /// Why an upgrade was not taken.
    software_fault: Option<String>,
}

#[derive(Template)]
#[template(path = "upgrade/review.html")]
struct ReviewPage {
    frame: Frame,
    /// Why it was not restored just now.
    said: Option<String>,
    origin: BackupOrigin,
    own: bool,
    /// Whether the backup of another unit has this unit's serial number.
    same_serial_number: bool,
    key: String,
    sha256: String,
    plan: RestorePlan,
}

/// The pages below [`Place::Upgrade`].
pub(super) fn routes() -> Vec<Route> {
    let home = async || Redirect::to(Place::Upgrade.path());
    vec![
        (Place::Upgrade.path(), get(show)),
        ("/tools/upgrade/backup", get(home).post(backup)),
        ("/tools/upgrade/restore", get(home).post(restore)),
        ("/tools/upgrade/review", get(show_review).post(upload)),
    ]
}

async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    upgrade_page(&site, &visit, StatusCode::OK, None, None).await
}

/// The backup, as a file to keep.
async fn backup(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(_): Posted,
) -> Result<Response, Problem> {
    let actor = visit.actor();
    let (status, file) = site
        .run(move |unit| Ok((unit.status()?, unit.backup(&crate::software(), &actor)?)))
        .await??;
    let name = file_name(&status.serial_number, Moment(status.now));
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, file).into_response())
}

/// Such as `countersign-4711-2026-11-24.backup`.
fn file_name(serial_number: &str, now: Moment) -> String {
    let serial_number: String = serial_number
        .chars()
        .take(SERIAL_CHARS_MAX)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let machine = now.machine();
    let (date, _) = machine.split_once('T').unwrap_or_default();
    format!("countersign-{serial_number}-{date}.backup")
}

/// Has a backup reviewed, and keeps the review until another takes its place.
async fn upload(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    // The one before makes room first.
    site.restoring().take();
    let reviewed = site
        .run(move |unit| unit.review_backup(form.octets("backup").unwrap_or_default()))
        .await?;
    match reviewed {
        Ok(review) => {
            *site.restoring() = Some(Restoring {
                by: Arc::downgrade(&visit.session),
                review,
            });
            Ok(Redirect::to(REVIEW).into_response())
        }
        Err(error) => {
            let fault = Some(error.to_string());
            upgrade_page(&site, &visit, status_of(&error), None, fault).await
        }
    }
}

async fn show_review(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    review_page(&site, &visit, StatusCode::OK, None).await
}

async fn restore(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let (keeper, session, actor) = (Arc::clone(&site), Arc::clone(&visit.session), visit.actor());
    let restored = site
        .run(move |unit| {
            // Taken out, so that nobody who looks at it waits for the restore. Another window
            // may have uploaded something else meanwhile.
            let is_it = |kept: &mut Restoring| {
                kept.is_of(&session) && kept.review.sha256() == form.text("sha256")
            };
            let Some(mut kept) = keeper.restoring().take_if(is_it) else {
                return Ok(None);
            };
            let restored = unit.restore(&mut kept.review, &actor);
            if restored.is_err() {
                keeper.restoring().get_or_insert(kept);
            }
            restored.map(Some)
        })
        .await?;
    match restored {
        Ok(Some(plan)) => restored_page(&site, &visit, &plan).await,
        Ok(None) => {
            let said = "This is not what you were looking at: another upload has taken its place. \
                        Nothing was changed. Look at this one, then restore it.";
            review_page(&site, &visit, StatusCode::CONFLICT, Some(said.into())).await
        }
        Err(error @ Error::Backup(BackupError::Outdated)) => {
            let said = Some(error.to_string());
            review_page(&site, &visit, status_of(&error), said).await
        }
        Err(error) => {
            let problem = Problem::not_done(&error);
            review_page(&site, &visit, problem.status, Some(problem.said)).await
        }
    }
}

async fn restored_page(
    site: &Site,
    visit: &Visit,
    plan: &RestorePlan,
) -> Result<Response, Problem> {
    match &plan.serving {
        Some(serving) => {
            let what = "The backup was restored, and its certificate serves";
            installed_page(site, visit, serving.sha256.clone(), "Restored", what).await
        }
        None => {
            let done = Some(plan.in_few_words());
            upgrade_page(site, visit, StatusCode::OK, done, None).await
        }
    }
}

async fn upgrade_page(
    site: &Site,
    visit: &Visit,
    code: StatusCode,
    done: Option<String>,
    fault: Option<String>,
) -> Result<Response, Problem> {
    software_page(site, visit, code, done, [fault, None]).await
}

/// The page with why an upgrade was not taken.
pub(super) async fn software_refused(
    site: &Site,
    visit: &Visit,
    why: String,
) -> Result<Response, Problem> {
    let code = StatusCode::UNPROCESSABLE_ENTITY;
    software_page(site, visit, code, None, [None, Some(why)]).await
}

/// The page, with what is wrong with a backup, and with an upgrade.
async fn software_page(
    site: &Site,
    visit: &Visit,
    code: StatusCode,
    done: Option<String>,
    [fault, software_fault]: [Option<String>; 2],
) -> Result<Response, Problem> {
    let status = site.run(|unit| unit.status()).await??;
    let place = Place::Upgrade;
    let software = site.app.upgrades.software();
    let shown = UpgradePage {
        frame: Frame::new(&visit.caller, &status, place, place.label()),
        status,
        store_format: STORE_FORMAT,
        backup_key: site.app.unit.backup_key(),
        done,
        fault,
        software: software.unwrap_or_else(|error| {
            log(error);
            None
        }),
        software_fault,
    };
    Ok(page(code, &shown))
}

async fn review_page(
    site: &Site,
    visit: &Visit,
    code: StatusCode,
    said: Option<String>,
) -> Result<Response, Problem> {
    let status = site.run(|unit| unit.status()).await??;
    let title = "Review before restoring";
    let frame = Frame::new(&visit.caller, &status, Place::Upgrade, title);
    let shown = review_of(&mut site.restoring(), &visit.session).map(|review| {
        let own = review.signer() == Signer::ThisUnit;
        let serial_number = &review.origin().serial_number;
        // What a maker has left at its default says nothing.
        let says_which = *serial_number != Factory::default().serial_number;
        ReviewPage {
            frame,
            said,
            origin: review.origin().clone(),
            own,
            same_serial_number: !own && says_which && *serial_number == status.serial_number,
            key: review.key(),
            sha256: review.sha256().to_owned(),
            plan: review.plan().clone(),
        }
    });
    match shown {
        Some(shown) => Ok(page(code, &shown)),
        None => Ok(Redirect::to(Place::Upgrade.path()).into_response()),
    }
}

/// The review, when this session has uploaded it.
fn review_of<'a>(
    kept: &'a mut Option<Restoring>,
    session: &Arc<Session>,
) -> Option<&'a mut BackupReview> {
    let kept = kept.as_mut()?;
    kept.is_of(session).then_some(&mut kept.review)
}

impl Restoring {
    /// Whether this session has uploaded it.
    fn is_of(&self, session: &Arc<Session>) -> bool {
        self.by.as_ptr() == Arc::as_ptr(session)
    }
}

impl Site {
    fn restoring(&self) -> MutexGuard<'_, Option<Restoring>> {
        self.restoring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_tells_the_unit_and_the_day() {
        for (serial_number, name) in [
            ("4711", "countersign-4711-2027-02-12.backup"),
            ("A/7 \"x\"", "countersign-A-7--x--2027-02-12.backup"),
        ] {
            assert_eq!(file_name(serial_number, Moment(1_802_441_105)), name);
        }
        let long = file_name(&"7".repeat(400), Moment(0));
        assert_eq!(long.len(), "countersign--1970-01-01.backup".len() + 40);
    }
}
