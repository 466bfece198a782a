//! `/metrics`: how the unit stands, for Prometheus. There is no such page until a
//! token is set for it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header::{self, HeaderMap};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cert_lifecycle::{Action, AlarmCode, CertificateView, Error, Status, TokenHash, Unit};

use super::Site;
use super::caller::Caller;
use super::problem::Problem;
use crate::App;
use crate::access::Throttle;

/// Where it is.
pub(super) const PATH: &str = "/metrics";

/// The text format, version 0.0.4.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What is answered, in plain text, while no token is set.
const OFF: &str = "Metrics are off. Set a token for them under Management, Services.\n";
/// So many entries of the journal are read at a time.
const BATCH_MAX: usize = 256;
/// Characters of a label's value, at most.
const LABEL_CHARS_MAX: usize = 128;

/// What is kept from one visit to the next.
pub(super) struct Metrics {
    /// Who tries tokens: apart from who tries passwords, so that a collector with an
    /// old token keeps no administrator out.
    throttle: Throttle,
    counted: Mutex<Counted>,
}

/// The entries of the journal since the start, by action.
struct Counted {
    /// The last that was counted.
    last: u64,
    actions: BTreeMap<&'static str, u64>,
}

impl Metrics {
    pub(super) fn new(unit: &Unit) -> Self {
        let newest = unit.follow(u64::MAX, 0);
        let actions = Action::ALL.iter().map(|action| (action.as_str(), 0));
        Self {
            throttle: Throttle::default(),
            counted: Mutex::new(Counted {
                last: newest.map_or(0, |newest| newest.last),
                actions: actions.collect(),
            }),
        }
    }

    /// Whether `headers` carry the token.
    fn admit(&self, headers: &HeaderMap, token: &TokenHash, peer: IpAddr) -> Result<(), Refusal> {
        let given = bearer(headers).ok_or(Refusal::NoToken)?;
        let now = Instant::now();
        let standing = self.throttle.begin(peer, now);
        standing.map_err(|pause| Refusal::TooMany(pause.wait))?;
        if !token.fits(given) {
            return Err(Refusal::WrongToken);
        }
        self.throttle.succeeded(peer, now);
        Ok(())
    }

    /// Counts what was written to the journal since it was asked last.
    fn count(&self, unit: &Unit) -> Result<BTreeMap<&'static str, u64>, Error> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let followed = unit.follow(counted.last, BATCH_MAX)?;
            let Some(newest) = followed.entries.last() else {
                return Ok(counted.actions.clone());
            };
            counted.last = newest.number;
            for entry in &followed.entries {
                *counted.actions.entry(entry.action.as_str()).or_default() += 1;
            }
        }
    }
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let settings = site.app.unit.settings();
    let Some(token) = settings.metrics.as_ref() else {
        return Ok((StatusCode::NOT_FOUND, OFF).into_response());
    };
    if let Err(refusal) = site.metrics.admit(&headers, token, caller.peer) {
        return Ok(refusal.into_response());
    }
    let asked = Arc::clone(&site);
    let text = site
        .run(move |unit| {
            let (status, counted) = (unit.status()?, asked.metrics.count(unit)?);
            Ok(text(&status, &counted, &asked.app))
        })
        .await??;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then(|| token.trim_start())
}

/// Why nothing is shown.
enum Refusal {
    NoToken,
    TooMany(Duration),
    WrongToken,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        const SEND: &str = "Send the token that is set under Management, Services, as \
                            \"Authorization: Bearer …\".\n";
        let challenge = |challenge| {
            (
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            )
        };
        // RFC 6750 section 3.1: whoever sends no token is not told of an error.
        let (status, header, said) = match self {
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                challenge("Bearer realm=\"metrics\""),
                SEND,
            ),
            Self::WrongToken => (
                StatusCode::UNAUTHORIZED,
                challenge("Bearer realm=\"metrics\", error=\"invalid_token\""),
                SEND,
            ),
            Self::TooMany(wait) => (
                StatusCode::TOO_MANY_REQUESTS,
                (header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1)),
                "There were too many wrong tokens from your address. Wait, then try again.\n",
            ),
        };
        (status, [header], said).into_response()
    }
}

fn text(status: &Status, counted: &BTreeMap<&'static str, u64>, app: &App) -> String {
    let mut page = Page::default();
    page.gauge("build_info", "The software version; always 1.");
    page.sample(&[("version", crate::VERSION)], 1);
    certificate(&mut page, &status.serving.certificate);
    page.gauge("requests", "Certificate requests that the unit keeps.");
    page.sample(&[], status.requests);
    page.gauge("alarm_raised", "Whether an alarm is raised: 1, or 0.");
    for code in AlarmCode::ALL {
        let raised = status.alarms.iter().any(|alarm| alarm.code == code);
        page.sample(&[("alarm", code.as_str())], u8::from(raised));
    }
    let trial = status.trial.as_ref();
    page.gauge(
        "trial_remaining_seconds",
        "Seconds until the previous certificate comes back; 0 without a trial.",
    );
    page.sample(&[], trial.map_or(0, |trial| trial.remaining_seconds));
    page.gauge(
        "clock_trusted",
        "Whether the clock is known to be right: 1, or 0.",
    );
    page.sample(&[], u8::from(status.clock_trusted));
    page.gauge("sessions", "People who are signed in.");
    page.sample(&[], app.signed_in().len());
    page.gauge("connections", "Connections to the pages that are open.");
    page.sample(&[], app.connections.count());
    page.counter(
        "actions_total",
        "Entries of the journal since the start, by action; sign-in-refused counts wrong passwords.",
    );
    for (action, count) in counted {
        page.sample(&[("action", action)], count);
    }
    let syslog = &app.syslog;
    page.gauge(
        "syslog_up",
        "Whether syslog messages can be sent: 1, or 0 when off or away.",
    );
    let on = app.unit.settings().syslog.is_some();
    page.sample(&[], u8::from(on && syslog.trouble().is_none()));
    page.gauge(
        "syslog_waiting",
        "Entries of the journal that wait for the collector.",
    );
    page.sample(&[], syslog.waiting());
    page.counter(
        "syslog_sent_total",
        "Entries sent since the start, repetitions included.",
    );
    page.sample(&[], syslog.sent());
    page.counter(
        "syslog_dropped_total",
        "Entries that gave way in the journal before they could be sent, since the start.",
    );
    page.sample(&[], syslog.lost());
    page.text
}

fn certificate(page: &mut Page, certificate: &CertificateView) {
    let labels = [
        ("common_name", certificate.common_name.as_str()),
        ("sha256", certificate.sha256.as_str()),
    ];
    page.gauge("certificate_info", "What serves; always 1.");
    page.sample(
        &[
            labels.as_slice(),
            &[
                ("key", &certificate.public_key),
                ("signature", &certificate.signature_algorithm),
            ],
        ]
        .concat(),
        1,
    );
    page.gauge(
        "certificate_not_before_timestamp_seconds",
        "The first second of what serves, since 1970-01-01 UTC.",
    );
    page.sample(&labels, certificate.not_before);
    page.gauge(
        "certificate_not_after_timestamp_seconds",
        "The last second of what serves, since 1970-01-01 UTC.",
    );
    page.sample(&labels, certificate.not_after);
}

/// A page of the text format.
#[derive(Default)]
struct Page {
    text: String,
    /// The metric whose samples come now.
    name: String,
}

impl Page {
    fn gauge(&mut self, name: &str, help: &str) {
        self.begin("gauge", name, help);
    }

    fn counter(&mut self, name: &str, help: &str) {
        self.begin("counter", name, help);
    }

    fn begin(&mut self, kind: &str, name: &str, help: &str) {
        self.name = format!("countersign_{name}");
        let name = &self.name;
        self.text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.text += &self.name;
        for (index, (label, value)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.text += &format!("{before}{label}=\"{}\"", escaped(value));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.text += &format!("{after} {value}\n");
    }
}

/// A label's value, bounded, with the backslashes that the format wants.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars().take(LABEL_CHARS_MAX) {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_bounded_and_ends_where_it_ends() {
        let mut page = Page::default();
        page.gauge("x", "Help.");
        page.sample(&[("a", "1"), ("b", "q\" \\ \n")], 2);
        page.sample(&[("a", &"é".repeat(1000))], 3);
        let long = "é".repeat(LABEL_CHARS_MAX);
        assert_eq!(
            page.text,
            format!(
                "# HELP countersign_x Help.\n# TYPE countersign_x gauge\n\
                 countersign_x{{a=\"1\",b=\"q\\\" \\\\ \\n\"}} 2\ncountersign_x{{a=\"{long}\"}} 3\n"
            )
        );
    }

    #[test]
    fn the_token_stands_behind_the_word_bearer() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
            ("Bearer", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(bearer(&headers), token, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
