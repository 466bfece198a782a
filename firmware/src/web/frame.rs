//! What every page has around its content.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use cert_lifecycle::{Alarm, Now, Status, Trial};

use super::alarms::class_of;
use super::caller::Caller;
use super::problem::Problem;
use super::times::{Moment, minutes_left};
use crate::access::Session;
use crate::output::log;

/// A place in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Https,
    Alarms,
    Services,
    Upgrade,
    History,
    Password,
    Sessions,
    Keys,
    Trust,
    Guide,
    /// A page that the menu does not name.
    Elsewhere,
}

impl Place {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Https => "HTTPS Setup",
            Self::Alarms => "Alarms",
            Self::Services => "Services",
            Self::Upgrade => "Upgrade/Backup",
            Self::History => "History",
            Self::Password => "Password",
            Self::Sessions => "Sessions",
            Self::Keys => "Keys for SSH",
            Self::Trust => "Trust this unit",
            Self::Guide => "User guide",
            Self::Elsewhere => "",
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Https => "/management/https",
            Self::Alarms => "/management/alarms",
            Self::Services => "/management/services",
            Self::Upgrade => "/tools/upgrade",
            Self::History => "/tools/history",
            Self::Password => "/password",
            Self::Sessions => "/access/sessions",
            Self::Keys => "/access/keys",
            Self::Trust => "/help/trust",
            Self::Guide => "/help/guide",
            Self::Elsewhere => "/",
        }
    }

    /// What a button of the form names it by, when leaving the form is to keep
    /// what was typed.
    pub(super) fn then(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Alarms => "alarms",
            Self::Services => "services",
            Self::Upgrade => "upgrade",
            Self::History => "history",
            Self::Password => "password",
            Self::Sessions => "sessions",
            Self::Keys => "keys",
            Self::Trust => "trust",
            Self::Guide => "guide",
            Self::Elsewhere => "",
        }
    }
}

/// The menu, in its groups.
const MENU: &[(&str, &[Place])] = &[
    (
        "Management",
        &[Place::Https, Place::Alarms, Place::Services],
    ),
    ("Tools", &[Place::Upgrade, Place::History]),
    ("Account", &[Place::Password, Place::Sessions, Place::Keys]),
    ("Help", &[Place::Trust, Place::Guide]),
];

/// Every place that the menu names.
pub(super) fn places() -> impl Iterator<Item = Place> {
    MENU.iter().flat_map(|(_, places)| places.iter().copied())
}

/// What the base template shows around a page.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) place: Place,
    /// The host the page was reached as.
    pub(super) host: String,
    pub(super) model: String,
    pub(super) clock: Moment,
    pub(super) clock_trusted: bool,
    /// The alarms that are raised, the gravest first.
    pub(super) alarms: Vec<Alarm>,
    /// The trial that runs.
    pub(super) trial: Option<Trial>,
    pub(super) session: Option<Arc<Session>>,
    /// Whether leaving the page sends the form `create`, so that it is kept.
    pub(super) keeps_form: bool,
}

impl Frame {
    pub(super) fn new(caller: &Caller, status: &Status, place: Place, title: &str) -> Self {
        Self {
            model: status.model.clone(),
            // A stranger learns of the unit no more than its certificate tells.
            alarms: match caller.session {
                Some(_) => status.alarms.clone(),
                None => Vec::new(),
            },
            trial: status.trial.clone(),
            ..Self::without_status(
                caller,
                Now {
                    unix_seconds: status.now,
                    trusted: status.clock_trusted,
                },
                place,
                title,
            )
        }
    }

    /// The frame for when the store cannot be asked, or need not be.
    pub(super) fn without_status(caller: &Caller, now: Now, place: Place, title: &str) -> Self {
        Self {
            title: title.into(),
            place,
            host: caller.host.name().into(),
            model: String::new(),
            clock: Moment(now.unix_seconds),
            clock_trusted: now.trusted,
            alarms: Vec::new(),
            trial: None,
            session: caller.session.clone(),
            keeps_form: false,
        }
    }

    pub(super) fn version(&self) -> &'static str {
        crate::VERSION
    }

    pub(super) fn build(&self) -> &'static str {
        crate::BUILD
    }

    /// How long the trial that runs has still to go.
    pub(super) fn trial_left(&self) -> Option<String> {
        let trial = self.trial.as_ref()?;
        Some(minutes_left(trial.remaining_seconds))
    }

    /// How many alarms there are, and the style of the gravest.
    pub(super) fn alarm_count(&self) -> Option<(String, &'static str)> {
        let gravest = self.alarms.first()?;
        let count = match self.alarms.len() {
            1 => "1 alarm".into(),
            count => format!("{count} alarms"),
        };
        Some((count, class_of(gravest)))
    }

    /// The menu; empty for who is not, or not yet, let in.
    pub(super) fn menu(&self) -> &'static [(&'static str, &'static [Place])] {
        match &self.session {
            Some(session) if !session.must_change_password => MENU,
            _ => &[],
        }
    }

    /// The token that every form of the page carries.
    pub(super) fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.csrf())
    }

    /// Where the sign-in came from.
    pub(super) fn signed_in_from(&self) -> Option<IpAddr> {
        self.session.as_ref().map(|session| session.address)
    }
}

/// Renders a page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            log(format_args!("a page could not be rendered: {error}"));
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    problem: &'a Problem,
}

/// Renders the page of a problem.
pub(super) fn problem_page(caller: &Caller, now: Now, problem: &Problem) -> Response {
    let frame = Frame::without_status(caller, now, Place::Elsewhere, &problem.title);
    page(problem.status, &ProblemPage { frame, problem })
}
