//! Who asks: what a page learns of the request it answers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use cert_lifecycle::{ADMIN, Actor, Via};

use super::form::Form;
use super::origin::Host;
use super::problem::Problem;
use crate::access::Session;

/// Who asks.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) peer: IpAddr,
    /// The SHA-256 fingerprint of the certificate that the browser has accepted.
    pub(super) certificate: Arc<str>,
    pub(super) host: Host,
    /// The session of the cookie, if it has not ended.
    pub(super) session: Option<Arc<Session>>,
}

/// Who asks, and is signed in.
pub(super) struct Visit {
    pub(super) caller: Caller,
    pub(super) session: Arc<Session>,
}

impl Visit {
    /// The person for the journal.
    pub(super) fn actor(&self) -> Actor {
        self.caller.actor()
    }
}

impl Caller {
    pub(super) fn actor(&self) -> Actor {
        Actor {
            who: ADMIN.into(),
            via: Via::Web(self.peer),
        }
    }
}

/// The form that was posted.
pub(super) struct Posted(pub(super) Arc<Form>);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::own_fault)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let session = caller.session.clone().ok_or_else(Problem::own_fault)?;
        Ok(Self { caller, session })
    }
}

impl<S: Sync> FromRequestParts<S> for Posted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Arc<Form>>()
            .cloned()
            .map(Self)
            .ok_or_else(Problem::own_fault)
    }
}
