//! What the script of the pages asks for, and what it may weigh.

use axum::http::{StatusCode, header};

use super::browser::Browser;

const CHECK: &str = "/management/https/check";

#[tokio::test]
async fn the_check_says_what_the_form_would_be_refused_for_and_keeps_nothing() {
    let mut browser = Browser::signed_in().await;
    let typed = [
        ("key_type", "RSA"),
        ("key_bits", "2047"),
        ("signature_algorithm", "SHA-256"),
        ("days", "397"),
        ("common_name", "ntp1.example.net"),
        ("organization", "CANARY"),
        ("name_type", "DNS"),
        ("name_value", ""),
        ("name_type", "IP"),
        ("name_value", "10.0.0.300"),
    ];
    let answer = browser.post(CHECK, &typed).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers.get(header::CONTENT_TYPE).expect("a type"),
        "application/json"
    );
    let said: serde_json::Value = serde_json::from_str(&answer.text).expect("JSON");
    let of = |id: &str| {
        let mut all = said.as_array().expect("a list").iter();
        let found = all.find(|said| said["id"] == id);
        found.map(|said| said["message"].as_str().expect("a text").to_owned())
    };
    assert!(
        of("key_bits")
            .expect("said")
            .starts_with("An RSA key of 2047 bits")
    );
    // The row on the page, although the empty one above is passed over.
    assert!(of("name-1").expect("said").contains("10.0.0.300"));
    assert_eq!((of("name-0"), of("common_name")), (None, None));
    assert!(
        !browser
            .get("/management/https")
            .await
            .text
            .contains("CANARY")
    );

    let mut right = typed;
    right[1].1 = "2048";
    right[9].1 = "10.0.0.3";
    assert_eq!(browser.post(CHECK, &right).await.text, "[]");
}

#[tokio::test]
async fn the_first_page_comes_in_few_requests_and_octets() {
    let mut browser = Browser::signed_in().await;
    let page = browser.get("/management/https").await;
    let named = [
        "src=\"",
        "<link rel=\"stylesheet\" href=\"",
        "<link rel=\"icon\" href=\"",
    ];
    let mut octets = page.text.len();
    let mut requests = 1;
    for named in named {
        for rest in page.text.split(named).skip(1) {
            let path = rest.split('"').next().unwrap_or_default();
            let part = browser.get(path).await;
            assert_eq!(part.status, StatusCode::OK, "{path}");
            octets += part.text.len();
            requests += 1;
        }
    }
    assert_eq!(requests, 4);
    assert!(octets < 100_000, "{octets}");
    let script = browser.get("/static/script.js").await;
    let kind = script.headers.get(header::CONTENT_TYPE).expect("a type");
    assert_eq!(kind, "text/javascript; charset=utf-8");
    assert!(script.text.len() < 10_000);
}

#[tokio::test]
async fn a_page_that_asks_again_by_itself_does_so_only_without_script() {
    for template in [
        include_str!("../../../templates/https/making.html"),
        include_str!("../../../templates/https/trial.html"),
    ] {
        let refreshes = template.matches("http-equiv=\"refresh\"").count();
        let kept = template
            .matches("<noscript><meta http-equiv=\"refresh\"")
            .count();
        assert_eq!((refreshes, kept), (1, 1));
    }
}
