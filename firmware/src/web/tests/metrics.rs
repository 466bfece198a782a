//! `/metrics`: who may read it, and what it says.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use super::browser::{Answer, Browser, PASSWORD};

const TOKEN: &str = "correct-horse-battery-staple";

async fn scrape(browser: &mut Browser, token: &str) -> Answer {
    let request = Request::get("/metrics").header(header::AUTHORIZATION, format!("Bearer {token}"));
    browser
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

/// An administrator and a stranger, at a unit with a token.
async fn with_token() -> (Browser, Browser) {
    let mut admin = Browser::signed_in().await;
    admin.get("/management/services").await;
    let saved = admin
        .post("/management/services", &[("metrics", TOKEN)])
        .await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let stranger = admin.another();
    (admin, stranger)
}

#[track_caller]
fn value<'a>(page: &'a Answer, sample: &str) -> &'a str {
    let line = page.text.lines().find_map(|line| line.strip_prefix(sample));
    let value = line.and_then(|rest| rest.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {sample} in {}", page.text))
}

#[tokio::test]
async fn without_a_token_set_there_is_no_such_page_and_a_program_can_read_why() {
    let mut admin = Browser::signed_in().await;
    let mut stranger = admin.another();
    for browser in [&mut admin, &mut stranger] {
        for token in [TOKEN, "off", "on", ""] {
            let metrics = scrape(browser, token).await;
            assert_eq!(metrics.status, StatusCode::NOT_FOUND);
            assert!(
                metrics.text.starts_with("Metrics are off."),
                "{}",
                metrics.text
            );
            let kind = metrics.headers.get(header::CONTENT_TYPE).expect("a type");
            assert_eq!(kind, "text/plain; charset=utf-8");
            assert_eq!(metrics.headers.get(header::WWW_AUTHENTICATE), None);
        }
    }
}

#[tokio::test]
async fn only_the_token_opens_it_and_it_opens_nothing_else() {
    let (mut admin, mut stranger) = with_token().await;
    for token in ["wrong-horse-battery-staple", "", "on"] {
        let refused = scrape(&mut stranger, token).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{token}");
        assert!(!refused.text.contains("countersign_"));
    }
    // Not even a sign-in does.
    let asked = admin.get("/metrics").await;
    let challenge = asked.headers.get(header::WWW_AUTHENTICATE);
    assert_eq!(challenge.expect("a challenge"), "Bearer realm=\"metrics\"");

    let opened = scrape(&mut stranger, TOKEN).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let content_type = opened.headers.get(header::CONTENT_TYPE);
    let expected = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(content_type.expect("a type"), expected);
    assert_eq!(opened.headers.get(header::SET_COOKIE), None);
    assert_eq!(
        opened.headers.get(header::CACHE_CONTROL).expect("a rule"),
        "no-store"
    );
    for (path, leads) in [
        ("/tools/history", "/login?to=history"),
        ("/management/services", "/login?to=services"),
    ] {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        let other = stranger.send(request.body(Body::empty()).expect("a request"));
        assert_eq!(other.await.location(), leads);
    }
    admin.get("/management/services").await;
    let posted = admin.post("/metrics", &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        stranger.post("/metrics", &[]).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn who_tries_tokens_waits_and_keeps_no_administrator_out() {
    let (_, mut stranger) = with_token().await;
    for _ in 0..5 {
        let refused = scrape(&mut stranger, "wrong-horse-battery-staple").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    let waits = scrape(&mut stranger, TOKEN).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(waits.headers.contains_key(header::RETRY_AFTER));
    let signed_in = stranger.sign_in(PASSWORD).await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn it_says_how_the_unit_stands() {
    let (_, mut stranger) = with_token().await;
    let first = scrape(&mut stranger, TOKEN).await;
    assert_eq!(
        value(
            &first,
            "countersign_alarm_raised{alarm=\"factory-serving\"}"
        ),
        "1"
    );
    assert_eq!(
        value(&first, "countersign_alarm_raised{alarm=\"expired\"}"),
        "0"
    );
    assert_eq!(value(&first, "countersign_sessions"), "1");
    assert_eq!(value(&first, "countersign_requests"), "0");
    assert_eq!(value(&first, "countersign_clock_trusted"), "1");
    assert_eq!(value(&first, "countersign_syslog_up"), "0");
    let refused = "countersign_actions_total{action=\"sign-in-refused\"}";
    assert_eq!(value(&first, refused), "0");
    let status = stranger.unit().status().expect("a status");
    let certificate = &status.serving.certificate;
    let labels = format!(
        "{{common_name=\"{}\",sha256=\"{}\"}}",
        certificate.common_name, certificate.sha256
    );
    let not_after = format!("countersign_certificate_not_after_timestamp_seconds{labels}");
    assert_eq!(value(&first, &not_after), certificate.not_after.to_string());

    for _ in 0..3 {
        stranger.sign_in("wrong").await;
    }
    for _ in 0..2 {
        let then = scrape(&mut stranger, TOKEN).await;
        assert_eq!(value(&then, refused), "3", "each is counted once");
    }
}

#[tokio::test]
async fn the_documentation_lists_every_metric_and_no_other() {
    let (_, mut stranger) = with_token().await;
    let page = scrape(&mut stranger, TOKEN).await;
    let mut rows = Vec::new();
    for help in page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP "))
    {
        let (name, help) = help.split_once(' ').expect("a help");
        let kind = page.text.split_once(&format!("# TYPE {name} "));
        let kind = kind
            .and_then(|(_, rest)| rest.lines().next())
            .expect("a type");
        let sample = page.text.lines().find(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let labels = sample.and_then(|sample| Some(sample.split_once('{')?.1.split_once('}')?.0));
        let labels = labels.unwrap_or_default().split(',');
        let labels = labels.filter_map(|label| Some(format!("`{}`", label.split_once('=')?.0)));
        let labels = labels.collect::<Vec<_>>().join(", ");
        let gap = if labels.is_empty() { "" } else { " " };
        rows.push(format!("| `{name}` | {kind} | {labels}{gap}| {help} |"));
    }
    let documentation = include_str!("../../../../docs/services.md");
    let documented = documentation
        .lines()
        .filter(|line| line.starts_with("| `countersign_"));
    assert_eq!(documented.collect::<Vec<_>>(), rows);
}
