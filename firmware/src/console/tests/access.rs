//! Who may come in.

use std::net::IpAddr;

use super::*;
use crate::web::tests::PASSWORD;

#[tokio::test]
async fn who_is_signed_in_is_listed_and_signed_out() {
    let mut typist = Typist::new().await;
    let mut other = typist.browser.another();
    other.sign_in(PASSWORD).await;
    let (code, list) = typist.types("sessions");
    assert_eq!(code, 0);
    let first: Vec<&str> = list.lines().skip(1).collect();
    assert!(first[0].starts_with("1       127.0.0.1  "), "{list}");
    assert_eq!(first.len(), 2, "{list}");
    for (line, code, said) in [
        ("sessions end 1", 0, "Signed out: 1."),
        (
            "sessions end 1",
            1,
            "Nobody is signed in under the number 1.",
        ),
        (
            "sessions end one",
            2,
            "sessions end takes a number, or all.",
        ),
        ("sessions start", 2, "sessions"),
        ("sessions end all", 0, "Signed out: 1."),
        ("sessions end all", 0, "Signed out: 0."),
        ("sessions", 0, "Nobody is signed in."),
    ] {
        check_says(&typist.types(line), code, said);
    }
    for browser in [&mut typist.browser, &mut other] {
        assert_eq!(
            browser.get("/access/sessions").await.location(),
            "/login?ended=page&to=sessions"
        );
    }
    let journal = typist.browser.unit().journal(2).expect("journal");
    let outcomes: Vec<&str> = journal.iter().map(|entry| entry.outcome.as_str()).collect();
    assert_eq!(
        outcomes,
        ["ended: 2 from 127.0.0.1", "ended: 1 from 127.0.0.1"]
    );
}

#[tokio::test]
async fn a_password_is_reset_from_the_serial_console_only_and_signs_everybody_out() {
    let mut typist = Typist::new().await;
    check_says(&typist.types("resetpw"), 1, "only from the serial console");
    assert_eq!(typist.browser.get("/password").await.status, 200);

    let mut serial = dialogue(&typist.browser.app(), Via::Serial);
    let reset = serial.line("resetpw");
    assert_eq!(reset.code, 0, "{}", *reset.text);
    assert_eq!(
        typist.browser.get("/password").await.location(),
        "/login?ended=page&to=password"
    );
    let (_, password) = reset.text.split_once(": ").expect("the password");
    let (password, _) = password.split_once(' ').expect("its end");
    assert_eq!(typist.browser.sign_in(PASSWORD).await.status, 401);
    typist.browser.sign_in(password).await;
    assert_eq!(typist.browser.get("/").await.location(), "/password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_asked_for_without_echo_and_signs_everybody_out() {
    let mut typist = Typist::new().await;
    let app = typist.browser.app();
    let typed = tokio::task::spawn_blocking(move || {
        let mut dialogue = dialogue(&app, Via::Console);
        let mut type_in = |lines: [&str; 4]| {
            let mut last = (0, String::new());
            for line in lines {
                let reply = dialogue.line(line);
                last = (reply.code, reply.text.to_string());
                assert_eq!(dialogue.hides(), dialogue.asks());
            }
            last
        };
        check_says(
            &type_in(["passwd", PASSWORD, "a new password", "another password"]),
            1,
            "not typed twice alike",
        );
        check_says(
            &type_in(["passwd", "wrong", "a new password", "a new password"]),
            1,
            "The present password is not right",
        );
        check_says(
            &type_in(["passwd", PASSWORD, "short", "short"]),
            1,
            "It needs at least 8",
        );
        check_says(
            &type_in(["passwd", PASSWORD, "a new password", "a new password"]),
            0,
            "The new password holds.",
        );
    });
    typed.await.expect("it types");
    assert_eq!(
        typist.browser.get("/password").await.location(),
        "/login?ended=page&to=password"
    );
    assert_eq!(typist.browser.sign_in(PASSWORD).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_the_present_password_over_a_network_is_slowed() {
    let typist = Typist::new().await;
    let app = typist.browser.app();
    let guessed = tokio::task::spawn_blocking(move || {
        let mut over_ssh = dialogue(&app, Via::Ssh(IpAddr::from([192, 0, 2, 66])));
        let mut last = String::new();
        for _ in 0..20 {
            for line in ["passwd", "wrong", "a new password", "a new password"] {
                last = over_ssh.line(line).text.to_string();
            }
            if last.contains("too many") {
                break;
            }
        }
        last
    });
    let last = guessed.await.expect("it guesses");
    assert!(last.contains("too many wrong passwords"), "{last}");
}

#[tokio::test]
async fn keys_for_ssh_are_added_listed_and_deleted() {
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC5GJJIcx74ZCyStppB+iIkcb7A7vwZ3oW0FwMe9YLEE";
    let mut typist = Typist::new().await;
    check_says(&typist.types("keys"), 0, "No key may sign in");
    check_says(&typist.types("keys add ssh-dss AAAA"), 1, "no public key");
    check_says(
        &typist.types(&format!("keys add {KEY} me@laptop")),
        0,
        "me@laptop",
    );
    check_says(&typist.types_all(&format!("keys add\n{KEY}")), 1, "already");
    check_says(
        &typist.types("keys"),
        0,
        "1 Ed25519 SHA256:gcekddGq3D6GnyD2zEUhnEamKiEk9rd21kECvDAqPiY me@laptop",
    );
    check_says(
        &typist.types("keys delete 2"),
        1,
        "\"2\" is not on this unit",
    );
    check_says(&typist.types("keys delete 1"), 0, "may no longer sign in");
    check_says(&typist.types("keys"), 0, "No key may sign in");
}
