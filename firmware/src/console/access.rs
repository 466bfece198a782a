//! The commands about who may come in.

use std::time::{Duration, Instant};

use cert_lifecycle::{ADMIN, AuthorizedKey, PASSWORD_CHARS_MIN};
use serde::Serialize;
use zeroize::Zeroizing;

use super::commands::Arguments;
use super::desk::{Answer, Desk};
use super::dialogue::Reply;
use super::show;
use crate::access::{SessionView, Standing, present_was_right};
use crate::time::{span, utc};

/// A session, for scripts.
#[derive(Serialize)]
struct Shown {
    number: u64,
    from: String,
    last_from: String,
    signed_in_seconds_ago: u64,
    last_used_seconds_ago: u64,
}

pub(super) fn sessions(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let sessions = desk.app.signed_in();
    let shown: Vec<Shown> = sessions
        .iter()
        .map(|session| Shown {
            number: session.number,
            from: session.address.to_string(),
            last_from: session.last_address.to_string(),
            signed_in_seconds_ago: session.age.as_secs(),
            last_used_seconds_ago: session.idle.as_secs(),
        })
        .collect();
    Answer::show(arguments.json(), &shown, |_| table(&sessions))
}

pub(super) fn end_sessions(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    let which = words.first().copied().unwrap_or_default();
    let numbers: Vec<u64> = match (which, which.parse()) {
        ("all", _) => {
            let all = desk.app.signed_in().into_iter();
            all.map(|session| session.number).collect()
        }
        (_, Ok(number)) => vec![number],
        _ => return Answer::not_understood("sessions end takes a number, or all."),
    };
    match (desk.app.sign_out(&numbers, &desk.actor), which) {
        (0, number) if number != "all" => Reply::not_done(format_args!(
            "Nobody is signed in under the number {number}. Type sessions for who is."
        ))
        .into(),
        (ended, _) => Answer::done(format!("Signed out: {ended}.\n")),
    }
}

fn table(sessions: &[SessionView]) -> String {
    if sessions.is_empty() {
        return "Nobody is signed in.\n".into();
    }
    let ago = |past: Duration| format!("{} ago", span(past.as_secs()));
    let mut text = format!(
        "{:<8}{:<26}{:<18}last used\n",
        "number", "from", "signed in"
    );
    for session in sessions {
        let mut last_used = ago(session.idle);
        if session.last_address != session.address {
            last_used = format!("{last_used}, from {}", session.last_address);
        }
        text += &format!(
            "{:<8}{:<26}{:<18}{last_used}\n",
            session.number,
            session.came_from(),
            ago(session.age),
        );
    }
    text
}

pub(super) fn resetpw(desk: &mut Desk, _: &Arguments) -> Answer {
    match desk.app.reset_password(&desk.actor) {
        Ok(password) => Answer::done(format!(
            "New password for {ADMIN}: {} (to be changed at the next sign-in). Everybody is signed out.\n",
            password.as_str()
        )),
        Err(error) => error.into(),
    }
}

/// Asks for the present password, and twice for the new one.
pub(super) fn passwd(_: &mut Desk, _: &Arguments) -> Answer {
    Answer::ask_hidden("", "Present password: ", |_, present| {
        let present = Zeroizing::new(present.to_owned());
        let help = format!(
            "At least {PASSWORD_CHARS_MIN} characters. Length helps more than odd signs.\n"
        );
        Answer::ask_hidden(help, "New password: ", move |_, new| {
            let new = Zeroizing::new(new.to_owned());
            Answer::ask_hidden("", "New password again: ", move |desk, again| {
                if again != new.as_str() {
                    let why = "The new password was not typed twice alike, so nothing was changed.";
                    return Reply::not_done(why).into();
                }
                change_password(desk, &present, &new)
            })
        })
    })
}

/// Over a network it passes the throttle that a sign-in passes.
fn change_password(desk: &mut Desk, present: &str, new: &str) -> Answer {
    let (app, address) = (&desk.app, desk.actor.via.address());
    let mut standing = Standing::Known;
    if let Some(address) = address {
        match app.throttle.begin(address, Instant::now()) {
            Ok(begun) => standing = begun,
            Err(pause) => {
                let wait = span(pause.wait.as_secs() + 1);
                return Reply::not_done(format_args!(
                    "There were too many wrong passwords, so this one was not tried. Wait {wait}, \
                     then try again; nobody is locked out for good."
                ))
                .into();
            }
        }
    }
    // Whoever calls a dialogue does so on a thread that may block.
    let runtime = tokio::runtime::Handle::try_current();
    let _place = runtime
        .ok()
        .map(|runtime| runtime.block_on(app.hashing.place(standing)));
    let changed = app.unit.change_password(present, new, &desk.actor);
    if let Some(address) = address.filter(|_| present_was_right(&changed)) {
        app.throttle.succeeded(address, Instant::now());
    }
    match changed {
        Ok(()) => {
            app.sessions.end_all();
            Answer::said("The new password holds. Everybody is signed out.")
        }
        Err(error) => error.into(),
    }
}

pub(super) fn keys(desk: &mut Desk, arguments: &Arguments) -> Answer {
    Answer::show_result(arguments.json(), desk.app.unit.authorized_keys(), |keys| {
        keys_text(keys)
    })
}

fn keys_text(keys: &[AuthorizedKey]) -> String {
    if keys.is_empty() {
        return "No key may sign in over SSH; the password can. Type keys add for one.\n".into();
    }
    let mut text = String::new();
    for (index, key) in keys.iter().enumerate() {
        let number = (index + 1).to_string();
        let comment = match key.comment.as_str() {
            "" => String::new(),
            comment => format!("{comment}, "),
        };
        let of = format!(
            "{} {} {comment}added {} by {}",
            key.kind,
            key.sha256,
            utc(key.added_at),
            key.added_by
        );
        show::push_row(&mut text, 4, &number, &of);
    }
    text
}

pub(super) fn add_key(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let line = arguments.words().join(" ");
    if !line.is_empty() {
        return authorize(desk, &line);
    }
    Answer::ask("", "Key, as a line of a .pub file: ", authorize)
}

fn authorize(desk: &mut Desk, line: &str) -> Answer {
    match desk.app.unit.authorize_key(line, &desk.actor) {
        Ok(key) => Answer::said(format!(
            "This key may sign in over SSH from now on: {} {} {}",
            key.kind, key.sha256, key.comment
        )),
        Err(error) => error.into(),
    }
}

pub(super) fn delete_key(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    let which = words.first().copied().unwrap_or_default();
    let keys = match desk.app.unit.authorized_keys() {
        Ok(keys) => keys,
        Err(error) => return error.into(),
    };
    let place = which.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let named = place.and_then(|place| keys.get(place));
    let sha256 = named.map_or(which, |key| key.sha256.as_str());
    match desk.app.unit.revoke_key(sha256, &desk.actor) {
        Ok(key) => Answer::said(format!(
            "This key may no longer sign in: {} {} {}",
            key.kind, key.sha256, key.comment
        )),
        Err(error) => error.into(),
    }
}
