//! `names`: the further names of the next request.

use cert_lifecycle::{Error, NAMES_MAX, NameRow, RequestForm, ServerName, SubjectAltNameKind};
use serde::Serialize;

use super::commands::Arguments;
use super::desk::{Answer, Desk};
use super::dialogue::Reply;
use super::show;

/// What there is and what is proposed, for scripts.
#[derive(Serialize)]
struct Listed {
    names: Vec<Shown>,
    /// The unit is reached as these too.
    missing: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    number: usize,
    kind: String,
    value: String,
}

pub(super) fn list(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let listed = missing(desk).and_then(|missing| {
        let names = shown(desk.draft()?);
        Ok(Listed { names, missing })
    });
    match listed {
        Ok(listed) => Answer::show(arguments.json(), &listed, |listed| {
            text(&listed.names) + &proposed(&listed.missing)
        }),
        Err(error) => error.into(),
    }
}

/// The names and addresses that the unit is reached as and the next request does not ask
/// for.
pub(super) fn missing(desk: &mut Desk) -> Result<Vec<String>, Error> {
    let ways = desk.app.unit.reached_by()?;
    let draft = desk.draft()?;
    let names = draft.names.iter().map(|row| row.value.as_str());
    let asked: Vec<ServerName> = names
        .chain([draft.common_name.as_str()])
        .filter_map(|name| ServerName::parse(name).ok())
        .collect();
    let missing = ways.into_iter().filter(|way| !asked.contains(way));
    Ok(missing.map(|way| way.to_string()).collect())
}

/// What is missing, and how to add it.
fn proposed(missing: &[String]) -> String {
    match missing {
        [] => String::new(),
        missing => show::paragraphs(&format!(
            "The unit is also reached as {}, where browsers would warn. To ask for it as well, type: \
             names add {}",
            missing.join(", "),
            missing.join(" ")
        )),
    }
}

fn shown(draft: &RequestForm) -> Vec<Shown> {
    let rows = draft.names.iter().enumerate();
    rows.map(|(index, row)| Shown {
        number: index + 1,
        kind: row.kind.to_string(),
        value: value(row),
    })
    .collect()
}

/// The name in one line; a directory name that came in fields as well.
fn value(row: &NameRow) -> String {
    match row.kind {
        SubjectAltNameKind::Directory if row.value.is_empty() => {
            row.parse().map(|name| name.value()).unwrap_or_default()
        }
        _ => row.value.clone(),
    }
}

fn text(names: &[Shown]) -> String {
    if names.is_empty() {
        return "The next request has no further names.\n".into();
    }
    let line = |name: &Shown| {
        show::visible(&format!("{:<4}{:<9}{}", name.number, name.kind, name.value)) + "\n"
    };
    names.iter().map(line).collect()
}

/// How a name is typed.
pub(super) fn types() -> String {
    let types = SubjectAltNameKind::ALL.map(|kind| kind.to_string());
    format!(
        "A name may have its type before it, as in IP:10.0.0.7: {}.",
        types.join(", ")
    )
}

/// A name that was typed in one line, or why it is none.
pub(super) fn read(typed: &str) -> Result<NameRow, String> {
    let row = NameRow::read(typed);
    let Err(fault) = row.parse() else {
        return Ok(row);
    };
    // A word before a colon was meant as a type; a name with dots has a port behind it.
    match row.value.split_once(':') {
        Some((word, _)) if row.kind == SubjectAltNameKind::Dns && !word.contains('.') => {
            let unknown = word.parse::<SubjectAltNameKind>().err();
            Err(unknown.map_or(fault, |unknown| unknown.to_string()))
        }
        _ => Err(fault),
    }
}

/// All of them are taken, or none.
pub(super) fn add(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let rows: Result<Vec<NameRow>, String> = arguments.words().into_iter().map(read).collect();
    let rows = match rows {
        Ok(rows) => rows,
        Err(fault) => {
            return Reply::not_done(format_args!("{fault} Nothing was changed.")).into();
        }
    };
    let draft = match desk.draft() {
        Ok(draft) => draft,
        Err(error) => return error.into(),
    };
    if draft.names.len() + rows.len() > NAMES_MAX {
        return Reply::not_done(format_args!(
            "There are {} names already, and at most {NAMES_MAX} fit. Nothing was changed.",
            draft.names.len()
        ))
        .into();
    }
    draft.names.extend(rows);
    Answer::done(text(&shown(draft)))
}

pub(super) fn delete(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    let which = words.first().copied().unwrap_or_default();
    let draft = match desk.draft() {
        Ok(draft) => draft,
        Err(error) => return error.into(),
    };
    let place = which.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    match place {
        _ if which == "all" => draft.names.clear(),
        Some(place) if place < draft.names.len() => drop(draft.names.remove(place)),
        _ => {
            return Reply::not_done(format_args!(
                "There is no name with the number \"{}\". Type names for those there are.",
                show::typed(which)
            ))
            .into();
        }
    }
    Answer::done(text(&shown(draft)))
}
