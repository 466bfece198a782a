//! `journal`: who did what.

use cert_lifecycle::{Action, Entry, JOURNAL_ENTRIES_MAX};

use super::commands::Arguments;
use super::desk::{Answer, Desk};
use super::show;

/// So many entries are shown unless another number is asked for.
const ENTRIES: usize = 20;

pub(super) fn journal(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let number = arguments
        .value("-n")
        .map_or(Some(ENTRIES), |n| n.parse().ok());
    // A number alone has always been taken.
    let words = arguments.words();
    let (number, kind) = match words.first().map(|word| (word.parse().ok(), *word)) {
        Some((Some(number), _)) => (Some(number), None),
        Some((None, kind)) => (number, Some(kind)),
        None => (number, None),
    };
    let Some(number) = number else {
        return Answer::not_understood("-n wants a number of entries, such as -n 50.");
    };
    let known = |kind: &str| Action::ALL.iter().any(|action| action.as_str() == kind);
    if let Some(kind) = kind.filter(|kind| !known(kind)) {
        let kinds: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        return Answer::not_understood(format_args!(
            "\"{}\" is no kind of entry. There is {}.",
            show::typed(kind),
            kinds.join(", ")
        ));
    }
    // Those of an earlier store come on top of this one's.
    let looked_at = match kind {
        Some(_) => 2 * JOURNAL_ENTRIES_MAX,
        None => number.min(2 * JOURNAL_ENTRIES_MAX),
    };
    let entries = desk.app.unit.journal(looked_at).map(|mut entries| {
        entries.retain(|entry| kind.is_none_or(|kind| entry.action.as_str() == kind));
        entries.truncate(number);
        entries
    });
    Answer::show_result(arguments.json(), entries, |entries| {
        entries.iter().map(line).collect()
    })
}

/// One line, however long, so that a script finds an entry in it.
fn line(entry: &Entry) -> String {
    let at = crate::time::utc(entry.at);
    let doubt = match entry.clock_trusted {
        true => "",
        false => " (clock not set)",
    };
    let who = format!("{} ({})", entry.actor.who, entry.actor.via);
    let line = format!("{at}{doubt} {who}: {}: {}", entry.action, entry.outcome);
    format!("{}\n", show::visible(&line).replace('\n', " "))
}
