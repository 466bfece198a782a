//! The pages, seen from a browser.

mod access;
mod browser;
pub(crate) mod ca;
mod history;
mod metrics;
mod proposal;
mod refused;
mod review;
mod script;
mod services;
mod upgrade;
mod walk;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

pub(crate) use browser::{Browser, PASSWORD};

const CREATE: &str = "/management/https/create";

const TYPED: &[(&str, &str)] = &[
    ("self_signed", "yes"),
    ("signature_algorithm", "SHA-384"),
    ("key_type", "RSA"),
    ("key_bits", "2047"),
    ("country", "Atlantis"),
    ("state", "Poseidonis & Co"),
    ("locality", "<b>Acropolis</b>"),
    ("organization", "\"Trident\""),
    ("organizational_unit", "Tides"),
    ("organizational_unit", "Time"),
    ("common_name", "*.example.net"),
    ("email", "kleito@example.net"),
    ("optional_organization", "Atlas"),
    ("days", "77"),
    ("name_type", "IP"),
    ("name_value", "10.0.0.300"),
    ("pass_phrase", "CANARY-phrase"),
    ("challenge_password", "CANARY-challenge"),
    ("omit_names", "yes"),
];

#[tokio::test]
async fn a_form_with_faults_comes_back_with_all_that_was_typed_but_the_secrets() {
    let mut browser = Browser::signed_in().await;
    let refused = browser.post(CREATE, TYPED).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (id, begins) in [
        ("common_name", "&#34;*.example.net&#34; is a wildcard."),
        ("name-0", "&#34;10.0.0.300&#34; is not an IP address"),
        ("country", "&#34;Atlantis&#34; is not a country code"),
        ("key_bits", "An RSA key of 2047 bits"),
    ] {
        let fault = format!("id=\"{id}-fault\"");
        let (_, beside) = refused
            .text
            .split_once(&fault)
            .expect("a fault beside the field");
        let (beside, _) = beside.split_once("</div>").expect("its end");
        assert!(beside.contains(begins), "{id}: {beside}");
        assert!(refused.text.contains(&format!("href=\"#{id}\"")), "{id}");
    }
    browser
        .post(CREATE, &[TYPED, &[("then", "names")]].concat())
        .await;
    let again = browser.get("/management/https").await;
    for page in [&refused.text, &again.text] {
        for typed in [
            "Poseidonis &#38; Co",
            "&#60;b&#62;Acropolis&#60;/b&#62;",
            "&#34;Trident&#34;",
            "Tides",
            "Time",
            "*.example.net",
            "kleito@example.net",
            "Atlas",
            "77",
            "10.0.0.300",
            "2047",
            "Atlantis",
        ] {
            assert!(page.contains(&format!("value=\"{typed}\"")), "{typed}");
        }
        assert!(page.contains("<option value=\"SHA-384\" selected>"));
        assert!(page.contains("name=\"self_signed\" value=\"yes\" checked"));
        assert!(page.contains("name=\"omit_names\" value=\"yes\" checked"));
        assert_eq!(page.matches("What you typed is kept").count(), 2);
        assert!(!page.contains("CANARY"));
    }
}

#[tokio::test]
async fn names_are_added_edited_and_deleted_with_every_error_beside_its_field() {
    const LIST: &str = "/management/https/names";
    const ADD: &str = "/management/https/names/add";
    const OPENED: &str = "/management/https/names#tab";
    let mut browser = Browser::signed_in().await;
    let dns = |value: &'static str| [("name_type", "DNS"), ("name_value", value)];
    let refused = browser.post(ADD, &dns("*.example.net")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("is a wildcard") && refused.text.contains("value=\"*.example.net\"")
    );
    for value in ["a.example.net", "b.example.net"] {
        assert_eq!(browser.post(ADD, &dns(value)).await.location(), OPENED);
    }
    browser
        .post("/management/https/names/1", &dns("c.example.net"))
        .await;
    browser.post(LIST, &[("then", "delete-name-0")]).await;
    let list = browser.get(LIST).await.text;
    assert!(list.contains("c.example.net"));
    assert!(!list.contains("a.example.net") && !list.contains("b.example.net"));
    let form = browser.get("/management/https").await.text;
    assert!(form.contains("name=\"name_value\" value=\"c.example.net\""));
    assert_eq!(
        browser.get("/management/https/names/7").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_tab_is_opened_at_its_heading_and_not_at_the_status_above_it() {
    const TABS: [&str; 4] = ["names", "requests", "paste", "upload"];
    let mut browser = Browser::signed_in().await;
    for tab in TABS {
        let opened = format!("/management/https/{tab}#tab");
        let left = browser.post(CREATE, &[("then", tab)]).await;
        assert_eq!(left.location(), opened);
        let page = browser.get(&opened).await.text;
        assert_eq!(page.matches("id=\"tab\"").count(), 1, "{tab}");
        for other in TABS.into_iter().filter(|other| *other != tab) {
            let link = format!("href=\"/management/https/{other}#tab\"");
            assert!(page.contains(&link), "{tab}: {link}");
        }
        assert!(page.contains("href=\"/management/https#tab\""), "{tab}");
    }
}

#[tokio::test]
async fn the_status_is_not_good_where_the_name_does_not_match() {
    let mut browser = Browser::signed_in().await;
    let page = browser.get("/management/https").await.text;
    assert!(page.contains("<section class=\"card serving good\""));
    browser.host = "localhost:8443".into();
    let page = browser.get("/management/https").await.text;
    assert!(page.contains("<section class=\"card serving attention\""));
}

#[tokio::test]
async fn a_form_that_no_page_of_the_unit_sent_changes_nothing() {
    let mut browser = Browser::signed_in().await;
    let csrf = browser.csrf.clone();
    browser.csrf = "0".repeat(csrf.len());
    let old = browser.post(CREATE, TYPED).await;
    assert_eq!(old.status, StatusCode::FORBIDDEN);
    browser.csrf = csrf.clone();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = Request::post(CREATE)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value);
        let body = Body::from(format!("csrf={csrf}&common_name=evil"));
        let answer = browser.send(request.body(body).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
    }
    let form = browser.get("/management/https").await.text;
    assert!(
        form.contains("name=\"common_name\" value=\"ntp1.example.net\""),
        "the proposal"
    );
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_that_the_form_was_not_taken() {
    let (mut browser, _) = Browser::new(Some(PASSWORD));
    let ended = browser.post(CREATE, TYPED).await;
    assert!(
        browser
            .get(ended.location())
            .await
            .text
            .contains("the form was not taken")
    );
    assert_eq!(
        browser.sign_in("wrong").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(browser.get("/").await.location(), "/login");
}

#[tokio::test]
async fn a_first_password_opens_only_the_page_for_a_new_one() {
    let (mut browser, first) = Browser::new(None);
    browser.sign_in(&first).await;
    let old_cookie = browser.cookie.clone();
    assert_eq!(
        browser.get("/management/https").await.location(),
        "/password"
    );
    assert_eq!(browser.post(CREATE, TYPED).await.location(), "/password");
    browser.get("/password").await;
    let new = |present: &'static str, new: &'static str, again: &'static str| {
        [("present", present), ("new", new), ("again", again)]
    };
    let present = browser
        .post("/password", &new("wrong", "long enough", "long enough"))
        .await;
    assert!(
        present.text.contains("id=\"present-fault\""),
        "{}",
        present.text
    );
    let again = browser
        .post("/password", &new("wrong", "long enough", "long enoug"))
        .await;
    assert!(again.text.contains("id=\"again-fault\""));
    let short = [
        ("present", first.as_str()),
        ("new", "short"),
        ("again", "short"),
    ];
    assert!(
        browser
            .post("/password", &short)
            .await
            .text
            .contains("id=\"new-fault\"")
    );
    let right = [
        ("present", first.as_str()),
        ("new", PASSWORD),
        ("again", PASSWORD),
    ];
    assert_eq!(
        browser.post("/password", &right).await.status,
        StatusCode::SEE_OTHER
    );
    assert_ne!(browser.cookie, old_cookie, "another session");
    assert_eq!(
        browser.get("/management/https").await.status,
        StatusCode::OK
    );
    browser.cookie = old_cookie;
    assert_eq!(
        browser.get("/management/https").await.location(),
        "/login?ended=page"
    );
}

#[tokio::test]
async fn who_tries_many_passwords_waits() {
    let (mut browser, _) = Browser::new(Some(PASSWORD));
    for _ in 0..5 {
        assert_eq!(
            browser.sign_in("wrong").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let slowed = browser.sign_in(PASSWORD).await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_page_that_says_what_to_do() {
    let mut browser = Browser::signed_in().await;
    let missing = browser.get("/nowhere").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text.contains("Go on from the menu"));
    let wrong = browser.get("/logout").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.headers.get(header::ALLOW).expect("Allow"), "POST");
    let large = "x".repeat(2 << 20);
    let large = browser
        .post("/management/https/paste", &[("certificate", &large)])
        .await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.text.contains("at most 1 MiB"));
    let json = Request::post(CREATE).header(header::CONTENT_TYPE, "application/json");
    let json = browser
        .send(json.body(Body::from("{}")).expect("a request"))
        .await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_pasted_private_key_is_refused_and_not_shown_again() {
    let mut browser = Browser::signed_in().await;
    let key = "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----\n";
    let refused = browser
        .post("/management/https/paste", &[("certificate", key)])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("contains a private key"),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains("Q0FOQVJZ"));
    assert_eq!(
        browser.get("/management/https/review").await.location(),
        "/management/https/upload#tab"
    );
}

#[tokio::test]
async fn every_response_carries_the_headers_that_protect_it() {
    let mut browser = Browser::signed_in().await;
    let paths = [
        "/",
        "/login",
        "/management/https",
        "/nowhere",
        "/logout",
        "/static/style.css",
    ];
    for path in paths {
        let headers = browser.get(path).await.headers;
        let policy = headers
            .get(header::CONTENT_SECURITY_POLICY)
            .expect("a policy");
        assert!(
            policy
                .to_str()
                .expect("text")
                .starts_with("default-src 'none'; style-src 'self'; script-src 'self'; ")
        );
        assert_eq!(
            headers
                .get(header::X_CONTENT_TYPE_OPTIONS)
                .expect("nosniff"),
            "nosniff"
        );
        let features = headers.get("permissions-policy").expect("a policy");
        let features = features.to_str().expect("text").split(", ");
        for feature in features {
            assert!(feature.ends_with("=()"), "{path}: {feature}");
        }
        let cached = headers.get(header::CACHE_CONTROL).expect("a rule") != "no-store";
        assert_eq!(cached, path.starts_with("/static/"), "{path}");
    }
}
