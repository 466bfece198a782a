//! What holds for every path of the router, whichever pages there are.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::browser::{Answer, Browser, PASSWORD};
use crate::web::routes;

const SESSIONS: &str = "/access/sessions";
/// What is open to everybody.
const OPEN: [&str; 11] = [
    "/help/guide",
    "/help/guide/backup",
    "/help/guide/console",
    "/help/guide/never-locked-out",
    "/help/guide/services",
    "/help/guide/signing-in",
    "/help/trust",
    "/login",
    "/static/icon.svg",
    "/static/script.js",
    "/static/style.css",
];

/// Every path of the router, with something in the place of what varies.
fn paths() -> Vec<String> {
    let fill = |path: &str| {
        let parts = path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { "0" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let paths: Vec<String> = routes().iter().map(|(path, _)| fill(path)).collect();
    for known in OPEN.iter().chain(&[SESSIONS, "/management/https/create"]) {
        assert!(paths.iter().any(|path| path == known), "{known}");
    }
    assert!(paths.iter().all(|path| !path.contains('{')), "{paths:?}");
    paths
}

/// The paths that take a form, as the router says itself.
async fn forms(browser: &mut Browser) -> Vec<String> {
    let mut forms = Vec::new();
    for path in paths() {
        let answer = form(browser, Method::DELETE, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = answer.headers.get(header::ALLOW).expect("Allow");
        if allowed.to_str().expect("text").contains("POST") {
            forms.push(path);
        }
    }
    forms
}

/// Sends the form of a page, with these headers in addition.
async fn form(
    browser: &mut Browser,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Body::from(format!("csrf={}&end=others&password=wrong", browser.csrf));
    browser.send(request.body(body).expect("a request")).await
}

#[tokio::test]
async fn every_change_is_refused_unless_a_page_of_the_unit_sent_it() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.app().unit.clone();
    let before = unit.journal(99).expect("journal");
    let (cookie, token) = (browser.cookie.clone(), browser.csrf.clone());
    let forms = forms(&mut browser).await;
    for known in ["/login", "/logout", "/password", SESSIONS] {
        assert!(forms.iter().any(|path| path == known), "{known}");
    }
    for path in forms {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "http://ntp1.example.net:8443"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            browser.csrf.clone_from(&token);
            let answer = form(&mut browser, Method::POST, &path, &[(name, value)]).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path}, {name}: {value}"
            );
        }
        if path == "/login" {
            continue;
        }
        for wrong in ["", "0", &token[1..], &token.to_uppercase()] {
            browser.csrf = wrong.into();
            let answer = form(&mut browser, Method::POST, &path, &[]).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path}, token {wrong}"
            );
        }
        for ended in ["", "__Host-countersign=00"] {
            browser.cookie = ended.into();
            browser.csrf.clone_from(&token);
            let answer = form(&mut browser, Method::POST, &path, &[]).await;
            let leads = answer.location();
            assert!(leads.starts_with("/login?ended=form"), "{path}: {leads}");
        }
        browser.cookie.clone_from(&cookie);
    }
    assert_eq!(unit.journal(99).expect("journal"), before);
    assert_eq!(browser.get(SESSIONS).await.status, StatusCode::OK);
}

#[tokio::test]
async fn before_the_sign_in_there_is_nothing_but_the_sign_in() {
    let (mut browser, _) = Browser::new(Some(PASSWORD));
    for path in paths().iter().map(String::as_str).chain(["/nowhere"]) {
        let answer = browser.get(path).await;
        match OPEN.contains(&path) {
            true => assert_eq!(answer.status, StatusCode::OK, "{path}"),
            // For programs, and off.
            false if path == "/metrics" => assert_eq!(answer.status, StatusCode::NOT_FOUND),
            false => {
                let leads = answer.location().split("?to=").next();
                assert_eq!(leads, Some("/login"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_first_password_opens_no_page_but_its_own_change() {
    let (mut browser, first) = Browser::new(None);
    browser.sign_in(&first).await;
    browser.get("/password").await;
    for path in paths().iter().map(String::as_str).chain(["/nowhere"]) {
        if OPEN.contains(&path) || ["/metrics", "/password", "/logout"].contains(&path) {
            continue;
        }
        assert_eq!(browser.get(path).await.location(), "/password", "{path}");
        let posted = browser.post(path, &[]).await;
        assert_eq!(posted.location(), "/password", "{path}");
    }
}

#[tokio::test]
async fn no_page_has_style_or_script_of_its_own() {
    let mut browser = Browser::signed_in().await;
    let mut pages = 0;
    for path in paths().iter().map(String::as_str).chain(["/nowhere"]) {
        if path == "/static/script.js" {
            continue;
        }
        let page = browser.get(path).await;
        pages += u32::from(page.text.contains("<!doctype html>"));
        let own = format!(
            "<script src=\"/static/script.js?{}\" defer></script>",
            crate::VERSION
        );
        let text = page.text.replacen(&own, "", 1);
        let tags = text.split('<').filter_map(|rest| rest.split_once('>'));
        for (tag, _) in tags {
            let mut words = tag.split_whitespace();
            let element = words.next().unwrap_or_default();
            assert!(
                !["base", "script", "style"].contains(&element),
                "{path}: <{tag}>"
            );
            let inline = |word: &str| word.starts_with("style=") || word.starts_with("on");
            let inline = words.any(|word| word.contains('=') && inline(word));
            assert!(!inline && !tag.contains("javascript:"), "{path}: <{tag}>");
        }
    }
    assert!(pages > 10, "{pages} pages");
}
