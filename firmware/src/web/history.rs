//! The journal: who did what.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use cert_lifecycle::{Action, Entry, JOURNAL_ENTRIES_MAX};

use super::Site;
use super::caller::Visit;
use super::frame::{Frame, Place, page};
use super::problem::Problem;

/// So many entries are shown, the newest.
const ENTRIES_MAX: usize = 200;
/// So many characters are looked for, at most.
const TEXT_CHARS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    entries: Vec<Entry>,
    entries_max: usize,
    /// How many entries fit the filter, shown or not.
    found: usize,
    filter: Filter,
    has_previous: bool,
}

impl HistoryPage {
    /// The kinds of action: the value and the label.
    fn kinds(&self) -> Vec<(&'static str, String)> {
        let all = Action::ALL.into_iter();
        all.map(|action| (action.as_str(), action.to_string()))
            .collect()
    }
}

/// Which entries are asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filter {
    /// [`Action::as_str`] of a kind of action, or empty for all.
    kind: String,
    /// Part of what stands in the entry, whatever the case of letters.
    text: String,
}

impl Filter {
    /// Reads `kind=…&text=…`; a kind that there is not counts for none.
    fn of(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "kind" if Action::ALL.iter().any(|kind| kind.as_str() == value) => {
                    filter.kind = value.into_owned();
                }
                "text" => filter.text = value.trim().chars().take(TEXT_CHARS_MAX).collect(),
                _ => {}
            }
        }
        filter
    }

    fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// `wanted` is the text in lower case.
    fn fits(&self, entry: &Entry, wanted: &str) -> bool {
        let contains = |text: &str| text.to_lowercase().contains(wanted);
        (self.kind.is_empty() || entry.action.as_str() == self.kind)
            && (contains(&entry.actor.who)
                || contains(&entry.actor.via.to_string())
                || contains(&entry.action.to_string())
                || contains(&entry.outcome)
                || entry.certificate.as_deref().is_some_and(contains)
                || entry.key.is_some_and(|key| contains(&key.fingerprint())))
    }
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    uri: Uri,
) -> Result<Response, Problem> {
    let filter = Filter::of(uri.query().unwrap_or_default());
    // Those of an earlier store come on top of this one's.
    let looked_at = match filter.is_set() {
        true => 2 * JOURNAL_ENTRIES_MAX,
        false => ENTRIES_MAX,
    };
    let (status, entries, found, filter) = site
        .run(move |unit| {
            let mut entries = unit.journal(looked_at)?;
            let wanted = filter.text.to_lowercase();
            if filter.is_set() {
                entries.retain(|entry| filter.fits(entry, &wanted));
            }
            let found = entries.len();
            entries.truncate(ENTRIES_MAX);
            Ok((unit.status()?, entries, found, filter))
        })
        .await??;
    let frame = Frame::new(&visit.caller, &status, Place::History, "History");
    let has_previous = status.previous.is_some();
    let history = HistoryPage {
        frame,
        entries,
        entries_max: ENTRIES_MAX,
        found,
        filter,
        has_previous,
    };
    Ok(page(StatusCode::OK, &history))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_bounded_and_knows_its_kinds() {
        let filter = Filter::of("kind=sign-in-refused&text=+10.0.0.7+&other=x");
        assert_eq!(
            (filter.kind.as_str(), filter.text.as_str()),
            ("sign-in-refused", "10.0.0.7")
        );
        assert!(!Filter::of("kind=nothing&text=").is_set());
        let long = format!("text={}", "%C3%A9".repeat(200));
        assert_eq!(Filter::of(&long).text.chars().count(), TEXT_CHARS_MAX);
    }
}
