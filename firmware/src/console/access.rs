//! The commands about who may come in.

use std::time::Duration;

use cert_lifecycle::{ADMIN, Actor};

use super::dialogue::Reply;
use crate::App;
use crate::access::SessionView;
use crate::time::span;

/// `sessions`, `sessions end N`, `sessions end all`.
pub(super) fn sessions(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    let numbers = match arguments {
        [] => return Reply::done(table(&app.signed_in())),
        ["end", "all"] => {
            let all = app.signed_in().into_iter();
            all.map(|session| session.number).collect()
        }
        ["end", number] => match number.parse() {
            Ok(number) => vec![number],
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    match (app.sign_out(&numbers, actor), numbers.as_slice()) {
        (0, [number]) => Reply::not_done(format_args!(
            "Nobody is signed in under the number {number}. Type sessions for who is."
        )),
        (ended, _) => Reply::done(format!("Signed out: {ended}.\n")),
    }
}

/// `resetpw`.
pub(super) fn resetpw(app: &App, actor: &Actor, arguments: &[&str]) -> Reply {
    if !arguments.is_empty() {
        return Reply::not_understood("resetpw takes nothing.");
    }
    match app.reset_password(actor) {
        Ok(password) => Reply::done(format!(
            "New password for {ADMIN}: {} (to be changed at the next sign-in). Everybody is signed out.\n",
            password.as_str()
        )),
        Err(error) => Reply::not_done(error),
    }
}

fn usage() -> Reply {
    Reply::not_understood("sessions takes nothing, end and a number, or end all.")
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
            session.address.to_string(),
            ago(session.age),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use cert_lifecycle::Via;

    use crate::console::language::run;
    use crate::web::tests::{Browser, PASSWORD};

    use super::*;

    fn actor(via: Via) -> Actor {
        Actor {
            who: ADMIN.into(),
            via,
        }
    }

    #[tokio::test]
    async fn who_is_signed_in_is_listed_and_signed_out() {
        let mut browser = Browser::signed_in().await;
        let mut other = browser.another();
        other.sign_in(PASSWORD).await;
        let app = browser.app();
        let type_in = |line: &str| {
            let reply = run(&app, &actor(Via::Console), line);
            (reply.code, reply.text.to_string())
        };
        let (code, list) = type_in("sessions");
        assert_eq!(code, 0);
        let first: Vec<&str> = list.lines().skip(1).collect();
        assert!(first[0].starts_with("1       127.0.0.1  "), "{list}");
        assert_eq!(first.len(), 2, "{list}");
        for (line, code, said) in [
            ("sessions end 1", 0, "Signed out: 1.\n"),
            (
                "sessions end 1",
                1,
                "Nobody is signed in under the number 1.",
            ),
            ("sessions end one", 2, "sessions takes nothing"),
            ("sessions start", 2, "sessions takes nothing"),
            ("sessions end all", 0, "Signed out: 1.\n"),
            ("sessions end all", 0, "Signed out: 0.\n"),
            ("sessions", 0, "Nobody is signed in.\n"),
        ] {
            let reply = type_in(line);
            assert_eq!(reply.0, code, "{line}: {}", reply.1);
            assert!(reply.1.starts_with(said), "{line}: {}", reply.1);
        }
        for browser in [&mut browser, &mut other] {
            assert_eq!(browser.get("/access/sessions").await.location(), "/login");
        }
        let journal = app.unit.journal(2).expect("journal");
        let outcomes: Vec<&str> = journal.iter().map(|entry| entry.outcome.as_str()).collect();
        assert_eq!(
            outcomes,
            ["ended: 2 from 127.0.0.1", "ended: 1 from 127.0.0.1"]
        );
    }

    #[tokio::test]
    async fn a_password_is_reset_from_the_serial_console_only_and_signs_everybody_out() {
        let mut browser = Browser::signed_in().await;
        let app = browser.app();
        let refused = run(&app, &actor(Via::Console), "resetpw");
        assert_eq!(refused.code, 1);
        assert!(refused.text.contains("only from the serial console"));
        assert_eq!(browser.get("/password").await.status, 200);

        let reset = run(&app, &actor(Via::Serial), "resetpw");
        assert_eq!(reset.code, 0, "{}", *reset.text);
        assert_eq!(browser.get("/password").await.location(), "/login");
        let (_, password) = reset.text.split_once(": ").expect("the password");
        let (password, _) = password.split_once(' ').expect("its end");
        assert_eq!(browser.sign_in(PASSWORD).await.status, 401);
        browser.sign_in(password).await;
        assert_eq!(browser.get("/").await.location(), "/password");
    }
}
