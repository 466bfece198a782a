//! Who gets in, and who does not.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::{StatusCode, header};
use cert_lifecycle::{Action, Preflight, Setting};

use super::browser::{Browser, PASSWORD};
use super::ca::{actor, signed_by_a_ca};
use crate::access::Standing;

const SESSIONS: &str = "/access/sessions";
/// Where it leads who was signed in before.
const ENDED: &str = "/login?ended=page&to=sessions";

#[tokio::test]
async fn a_name_that_is_not_the_units_is_turned_away_with_what_to_do() {
    let mut browser = Browser::signed_in().await;
    let own = browser.host.clone();
    let unit = browser.app().unit.clone();
    for host in [
        "rebound.evil.example",
        "rebound.evil.example:8443",
        "NTP2.example.net:8443",
        "ntp1.example.net.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.300",
        "a..b",
    ] {
        browser.host = host.into();
        for path in ["/login", "/management/https", SESSIONS, "/static/style.css"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST, "{host}{path}");
            let name = host.split(':').next().expect("a name");
            assert!(
                page.text.contains(&format!("&#34;{name}&#34;")),
                "{}",
                page.text
            );
            assert!(page.text.contains("by its address"), "{}", page.text);
            assert!(!page.text.contains(&browser.csrf), "{host}");
            assert!(!page.text.contains("Sign out"), "{host}");
        }
        let posted = browser.post("/logout", &[]).await;
        assert_eq!(posted.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    unit.change_settings(&[(Setting::Names, "ntp2.example.net")], &actor())
        .expect("changed");
    for host in [
        own.as_str(),
        "NTP1.example.net",
        "ntp1.example.net.:8443",
        "ntp2.example.net:8443",
        "10.0.0.7:8443",
        "[2001:db8::7]",
        "localhost:8443",
    ] {
        browser.host = host.into();
        assert_eq!(browser.get(SESSIONS).await.status, StatusCode::OK, "{host}");
    }
    browser.host = "<b>.example".into();
    let odd = browser.get("/login").await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    assert!(!odd.text.contains("<b>.example"));
}

#[tokio::test]
async fn browsers_are_told_to_insist_only_under_the_name_of_a_cas_certificate() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.app().unit.clone();
    unit.change_settings(&[(Setting::Hsts, "on")], &actor())
        .expect("changed");
    assert_eq!(told(&mut browser, "/login").await, None, "factory");
    install_from_a_ca(&browser);
    for path in ["/login", "/static/style.css", "/nowhere", SESSIONS] {
        let told = told(&mut browser, path).await;
        assert_eq!(told.as_deref(), Some("max-age=86400"), "{path}");
    }
    let own = std::mem::replace(&mut browser.host, "10.0.0.7:8443".into());
    assert_eq!(told(&mut browser, "/login").await, None, "an address");
    browser.host = "localhost:8443".into();
    assert_eq!(told(&mut browser, "/login").await, None, "not covered");
    browser.host = "evil.example".into();
    assert_eq!(told(&mut browser, "/login").await, None, "not answered to");
    browser.host = own;
    unit.serve_previous(Preflight::Required, &actor())
        .expect("back");
    assert_eq!(told(&mut browser, "/login").await, None, "factory again");
}

/// What a browser is told to insist on.
async fn told(browser: &mut Browser, path: &str) -> Option<String> {
    let headers = browser.get(path).await.headers;
    let told = headers.get(header::STRICT_TRANSPORT_SECURITY)?;
    Some(told.to_str().expect("text").into())
}

/// Installs what a CA has signed for `ntp1.example.net`.
fn install_from_a_ca(browser: &Browser) {
    let unit = browser.unit();
    let signed = signed_by_a_ca(&unit).leaf;
    let mut review = unit.review(&signed, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, &actor())
        .expect("installed");
}

#[tokio::test]
async fn the_list_of_sessions_shows_no_token_and_signs_others_out() {
    let mut browser = Browser::signed_in().await;
    let mut others = [browser.another(), browser.another(), browser.another()];
    for (last, other) in (10..).zip(&mut others) {
        other.move_to(IpAddr::from([10, 0, 0, last]));
        other.sign_in(PASSWORD).await;
    }
    others[0].move_to(IpAddr::from([10, 0, 0, 99]));
    others[0].get(SESSIONS).await;
    let list = browser.get(SESSIONS).await;
    for shown in [
        "10.0.0.10",
        "from 10.0.0.99",
        "10.0.0.12",
        "127.0.0.1",
        "this one",
    ] {
        assert!(list.text.contains(shown), "{shown}: {}", list.text);
    }
    for browser in others.iter().chain([&browser]) {
        let (_, token) = browser.cookie.split_once('=').expect("a token");
        assert!(token.len() == 64 && !list.text.contains(token));
    }
    let ended = browser.post(SESSIONS, &[("end", "3")]).await;
    assert_eq!(ended.location(), SESSIONS);
    assert_eq!(others[1].get(SESSIONS).await.location(), ENDED);
    assert_eq!(others[2].get(SESSIONS).await.status, StatusCode::OK);
    for nothing in ["3", "99", "", "-1", "all"] {
        browser.post(SESSIONS, &[("end", nothing)]).await;
    }
    browser.post(SESSIONS, &[("end", "others")]).await;
    assert_eq!(others[0].get(SESSIONS).await.location(), ENDED);
    assert_eq!(others[2].get(SESSIONS).await.location(), ENDED);
    let alone = browser.get(SESSIONS).await;
    assert!(alone.text.contains("Nobody else is signed in"));
    let journal = browser.app().unit.journal(99).expect("journal");
    let ended = journal
        .iter()
        .filter(|entry| entry.action == Action::SignOut);
    let ended: Vec<&str> = ended.map(|entry| entry.outcome.as_str()).collect();
    let expected = [
        "ended: 2 from 10.0.0.10, 4 from 10.0.0.12",
        "ended: 3 from 10.0.0.11",
    ];
    assert_eq!(ended, expected);
}

#[tokio::test]
async fn a_sign_in_and_a_new_password_begin_another_session() {
    let mut browser = Browser::signed_in().await;
    let first = browser.cookie.clone();
    let mut other = browser.another();
    other.sign_in(PASSWORD).await;
    browser.sign_in(PASSWORD).await;
    let second = std::mem::replace(&mut browser.cookie, first);
    assert_eq!(browser.get(SESSIONS).await.location(), ENDED, "the first");
    browser.cookie.clone_from(&second);
    browser.get("/password").await;
    let new = [
        ("present", PASSWORD),
        ("new", "long enough"),
        ("again", "long enough"),
    ];
    browser.post("/password", &new).await;
    assert_eq!(browser.get(SESSIONS).await.status, StatusCode::OK);
    let third = std::mem::replace(&mut browser.cookie, second);
    assert_eq!(browser.get(SESSIONS).await.location(), ENDED, "the second");
    assert_eq!(other.get(SESSIONS).await.location(), ENDED, "another's");
    browser.cookie = third;
    browser.get(SESSIONS).await;
    browser.post("/logout", &[]).await;
    assert!(browser.cookie.ends_with('='), "the cookie was taken back");
}

#[tokio::test]
async fn the_idle_limit_is_the_one_that_is_set() {
    let app = Browser::signed_in().await.app();
    assert_eq!(app.timing().idle_max, Duration::from_secs(60 * 60));
    app.unit
        .change_settings(&[(Setting::Session, "10")], &actor())
        .expect("changed");
    assert_eq!(app.timing().idle_max, Duration::from_secs(10 * 60));
}

#[tokio::test]
async fn while_many_addresses_guess_whoever_knows_the_password_gets_in() {
    let (mut browser, _) = Browser::new(Some(PASSWORD));
    let mut known = browser.another();
    known.move_to(IpAddr::from([192, 0, 2, 1]));
    known.sign_in(PASSWORD).await;
    let throttle = &browser.app().throttle;
    for number in 0..200_u8 {
        let attacker = IpAddr::from([10, 0, 0, number]);
        let begun = throttle.begin(attacker, std::time::Instant::now());
        assert_eq!(begun, Ok(Standing::Stranger));
    }
    browser.move_to(IpAddr::from([10, 0, 0, 7]));
    let attacker = browser.sign_in("guess").await;
    assert_eq!(attacker.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        attacker.text.contains("from many addresses"),
        "{}",
        attacker.text
    );
    assert!(attacker.headers.contains_key(header::RETRY_AFTER));
    let entries = browser.app().unit.journal(99).expect("journal").len();
    browser.move_to(IpAddr::from([198, 51, 100, 1]));
    assert_eq!(
        browser.sign_in(PASSWORD).await.status,
        StatusCode::SEE_OTHER
    );
    let journal = browser.app().unit.journal(99).expect("journal");
    assert_eq!(
        journal.len(),
        entries + 1,
        "what had to wait was not even hashed"
    );
    for _ in 0..4 {
        let mistyped = known.sign_in("mistyped").await;
        assert_eq!(mistyped.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(known.sign_in(PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_signs_in_anew_goes_on_to_the_page_that_was_asked_for() {
    let mut browser = Browser::signed_in().await;
    browser.app().sessions.end_all();
    for (path, to) in [
        ("/tools/history", "/tools/history"),
        ("/management/https/paste", "/management/https/paste#tab"),
        ("/management/https", "/management/https"),
        ("/nowhere", "/management/https"),
    ] {
        let leads = browser.get(path).await;
        let page = browser.get(leads.location()).await.text;
        assert!(page.contains("Your sign-in has ended. Sign in to go on."));
        assert!(!page.contains("form was not taken"), "{path}");
        let field = page.split_once("name=\"to\" value=\"");
        let name = field.and_then(|(_, after)| after.split('"').next());
        let name = name.unwrap_or_default();
        let fields = |password| [("name", "admin"), ("password", password), ("to", name)];
        let wrong = browser.another().post("/login", &fields("wrong")).await;
        let kept = format!("name=\"to\" value=\"{name}\"");
        assert_eq!(wrong.text.contains(&kept), !name.is_empty(), "{path}");
        let right = browser.another().post("/login", &fields(PASSWORD)).await;
        assert_eq!(right.location(), to, "{path}");
    }
    let form = [("then", "history"), ("organization", "Example")];
    let left = browser.post("/management/https/create", &form).await;
    assert_eq!(left.location(), "/login?ended=link&to=history");
    let page = browser.get(left.location()).await.text;
    assert!(page.contains("What was typed into the form was not kept."));
    let sent = browser
        .post("/management/services", &[("trial", "9")])
        .await;
    assert_eq!(sent.location(), "/login?ended=form&to=services");
}

#[tokio::test]
async fn a_sign_in_leads_to_no_page_that_the_unit_has_no_name_for() {
    let mut browser = Browser::signed_in().await;
    for to in [
        "https://evil.example/",
        "//evil.example/",
        "/tools/history",
        "history%0d%0aSet-Cookie:%20a=b",
        "\"><b>",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let path = format!("/login?ended=page&to={encoded}");
        let page = browser.another().get(&path).await.text;
        assert!(!page.contains("name=\"to\"") && !page.contains("<b>"));
        let home = "/management/https";
        assert_eq!(browser.get(&path).await.location(), home, "{to}");
        let fields = [("name", "admin"), ("password", PASSWORD), ("to", to)];
        let signed_in = browser.another().post("/login", &fields).await;
        assert_eq!(signed_in.location(), home, "{to}");
    }
}
