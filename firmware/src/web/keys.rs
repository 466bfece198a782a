//! The public keys that may sign in over SSH: who has one, adding and removing.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cert_lifecycle::{AUTHORIZED_KEYS_MAX, AuthorizedKey, AuthorizedKeyError, Error};

use super::Site;
use super::caller::{Posted, Visit};
use super::frame::{Frame, Place, page};
use super::problem::{Problem, status_of};

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    frame: Frame,
    keys: Vec<AuthorizedKey>,
    /// The fingerprint of the unit's own key, which clients show at the first connection.
    host_key: String,
    /// What was typed and not taken; empty where it was a secret.
    typed: String,
    /// Why it was not taken.
    faults: Vec<String>,
}

impl KeysPage {
    fn is_full(&self) -> bool {
        self.keys.len() >= AUTHORIZED_KEYS_MAX
    }

    /// What tells the keys apart for people.
    fn name<'a>(&self, key: &'a AuthorizedKey) -> &'a str {
        match key.comment.as_str() {
            "" => &key.sha256,
            comment => comment,
        }
    }
}

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Problem> {
    keys_page(&site, &visit, StatusCode::OK, String::new(), Vec::new()).await
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let (actor, line) = (visit.actor(), Arc::clone(&form));
    let added = site
        .run(move |unit| unit.authorize_key(line.text("key"), &actor))
        .await?;
    let Err(error) = added else {
        return Ok(Redirect::to(Place::Keys.path()).into_response());
    };
    let typed = match &error {
        // A secret is not shown again, nor what is no key at length.
        Error::AuthorizedKey(AuthorizedKeyError::Private | AuthorizedKeyError::Long) => "",
        Error::AuthorizedKey(_) => form.text("key"),
        _ => return Err(error.into()),
    };
    let said = vec![error.to_string()];
    keys_page(&site, &visit, status_of(&error), typed.into(), said).await
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Posted(form): Posted,
) -> Result<Response, Problem> {
    let actor = visit.actor();
    site.run(move |unit| unit.revoke_key(form.text("key"), &actor))
        .await??;
    Ok(Redirect::to(Place::Keys.path()).into_response())
}

async fn keys_page(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    typed: String,
    faults: Vec<String>,
) -> Result<Response, Problem> {
    let (of_unit, keys) = site
        .run(|unit| Ok((unit.status()?, unit.authorized_keys()?)))
        .await??;
    let keys_page = KeysPage {
        frame: Frame::new(&visit.caller, &of_unit, Place::Keys, Place::Keys.label()),
        keys,
        host_key: of_unit.host_key,
        typed,
        faults,
    };
    Ok(page(status, &keys_page))
}
