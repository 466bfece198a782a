//! What is answered when something cannot be done: a status and a page that says
//! what to do.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cert_lifecycle::{BackupError, Error, StoreError};

use super::body::{self, Limit};
use super::form;
use crate::output::log;

/// Why there is no page. A handler returns it; the guard, which knows who asks,
/// renders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// What happened, in a few words.
    pub(super) title: String,
    /// Why, and what to do now.
    pub(super) said: String,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        title: impl Into<String>,
        said: impl Into<String>,
    ) -> Self {
        Self {
            status,
            title: title.into(),
            said: said.into(),
        }
    }

    pub(super) fn bad_host() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "The address is not understood",
            "The request does not say which host it is for. Open the unit by its host name or address.",
        )
    }

    /// For a host of this name, which the unit does not know.
    pub(super) fn unknown_name(name: &str) -> Self {
        let said = format!(
            "You reached this unit as \"{name}\". That name is in none of its certificates, requests or \
             settings, so it may be another site's, made to lead here. Nothing was opened or changed. \
             Reach the unit by its address instead. If the name is right, sign in there, and add it to \
             \"Names of this unit\" under Services."
        );
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "The unit does not answer to this name",
            said,
        )
    }

    /// Whether there is a page of the unit to go on to.
    pub(super) fn leads_on(&self) -> bool {
        self.status != StatusCode::MISDIRECTED_REQUEST
    }

    pub(super) fn foreign_page() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Another site asked for this",
            "The form was not sent by a page of this unit, so nothing was changed. If you sent it \
             yourself, open the unit's page anew and send it from there.",
        )
    }

    pub(super) fn old_page() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This page is from an earlier sign-in",
            "Nothing was changed. Open the page anew from the menu and send the form again.",
        )
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "The address may be mistyped, or what it showed was deleted. Go on from the menu.",
        )
    }

    pub(super) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address cannot be used in this way",
            "A page is opened, and a form is sent from its page. Go on from the menu.",
        )
    }

    pub(super) fn own_fault() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The unit could not answer",
            "The reason is in the unit's log. Try again; what you see under HTTPS Setup is how things \
             stand.",
        )
    }

    /// The heading for an operation that was not done.
    pub(super) fn not_done(error: &Error) -> Self {
        if let Error::Store(store) = error {
            log_with_sources(store);
        }
        Self::new(status_of(error), "This was not done", error.to_string())
    }
}

/// The HTTP status for why an operation was not done.
pub(super) fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Busy
        | Error::Cancelled
        | Error::RequestInUse
        | Error::Backup(BackupError::Outdated | BackupError::NothingToRestore) => {
            StatusCode::CONFLICT
        }
        Error::NotFound { .. }
        | Error::NoAlarm { .. }
        | Error::NoIdentity(_)
        | Error::NotRaised(_) => StatusCode::NOT_FOUND,
        Error::AuthorizedKey(_)
        | Error::Backup(_)
        | Error::Form(_)
        | Error::Listener(_)
        | Error::Make(_)
        | Error::Password(_)
        | Error::Read(_)
        | Error::Refused(_)
        | Error::Setting { .. }
        | Error::TlsLevel(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Store(StoreError::ReadOnly(_)) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn log_with_sources(error: &dyn std::error::Error) {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error.to_string());
        source = error.source();
    }
    log(line);
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::not_done(&error)
    }
}

impl From<body::Fault> for Problem {
    fn from(fault: body::Fault) -> Self {
        match fault {
            body::Fault::Broken => Self::new(
                StatusCode::BAD_REQUEST,
                "The form did not arrive whole",
                "The connection broke off, so nothing was changed. Send it again.",
            ),
            body::Fault::Slow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "The form took too long to arrive",
                "Nothing was changed. Send it again; if the network is slow, upload a smaller file.",
            ),
            body::Fault::TooLarge(Limit::Backup) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The file is too large",
                BackupError::TooLarge.to_string(),
            ),
            body::Fault::TooLarge(Limit::Bundle) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The file is too large",
                "New software has at most 16 MiB (16 777 216 octets) here, so this file was thrown away \
                 unread and nothing was changed. Choose the bundle that the maker gives for this board.",
            ),
            body::Fault::TooLarge(Limit::Form | Limit::Stranger) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The form is too large",
                "What was typed is far more than this form takes, so it was thrown away unread and nothing \
                 was changed. Go back and type less; a certificate goes to Upload or Paste.",
            ),
            body::Fault::TooLarge(Limit::Upload) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The file is too large",
                "A certificate file has at most 1 MiB (1 048 576 octets) here, so this one was thrown \
                 away unread and nothing was changed. A certificate with its chain has a few thousand \
                 octets: look whether you chose the right file.",
            ),
        }
    }
}

impl From<form::Fault> for Problem {
    fn from(fault: form::Fault) -> Self {
        match fault {
            form::Fault::Malformed => Self::new(
                StatusCode::BAD_REQUEST,
                "The form is not understood",
                "It did not arrive as a browser sends it, so nothing was changed. Open the page anew and \
                 send it again.",
            ),
            form::Fault::OtherType => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The form is not understood",
                "Send application/x-www-form-urlencoded or multipart/form-data, as the page does. Nothing \
                 was changed.",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
