//! What the form proposes, and which requests can be deleted.

use super::browser::{Browser, PASSWORD};
use super::ca::{make, signed_by_a_ca};

const REQUESTS: &str = "/management/https/requests";

#[tokio::test]
async fn what_was_typed_last_stands_in_the_form_of_the_next_sign_in() {
    let mut browser = Browser::signed_in().await;
    make(&browser.unit(), |form| {
        form.organization = "Tides & Co".into();
        form.challenge_password = zeroize::Zeroizing::new("CANARY".into());
    });
    let mut later = browser.another();
    later.sign_in(PASSWORD).await;
    let page = later.get("/management/https").await.text;
    assert!(page.contains("name=\"organization\" value=\"Tides &#38; Co\""));
    assert!(page.contains("<option value=\"EC P-256\" selected>"));
    assert!(!page.contains("CANARY") && !page.contains("What you typed is kept"));
    let page = browser.get("/management/https").await.text;
    assert!(!page.contains("Tides"), "the form of a session is its own");
}

#[tokio::test]
async fn only_a_request_whose_key_nothing_needs_is_offered_to_be_deleted() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    make(&unit, |_| {});
    let signed = signed_by_a_ca(&unit).leaf;
    let mut review = unit.review(&signed, None, Vec::new()).expect("read");
    let required = cert_lifecycle::Preflight::Required;
    let installed = unit.install(&mut review, required, &super::ca::actor());
    installed.expect("installed");
    let requests = unit.requests().expect("requests");
    let [used, unused] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let path = |key: cert_lifecycle::KeyId| format!("{REQUESTS}/{key}/delete");
    let list = browser.get(REQUESTS).await.text;
    assert!(list.contains(&format!("href=\"{}\"", path(unused.key))));
    assert!(!list.contains(&path(used.key)));
    assert!(list.contains("It cannot be deleted: the certificate that serves now has its key."));
    let page = browser.get(&path(used.key)).await.text;
    assert!(page.contains("This request cannot be deleted"));
    assert!(!page.contains(&format!("action=\"{}\"", path(used.key))));
    let page = browser.get(&path(unused.key)).await.text;
    assert!(page.contains(&format!("action=\"{}\"", path(unused.key))));
}

#[tokio::test]
async fn which_request_gives_way_is_said_before_and_after() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    make(&unit, |form| form.common_name = "first.example.net".into());
    for _ in 2..cert_lifecycle::REQUESTS_MAX {
        make(&unit, |_| {});
    }
    let page = browser.get("/management/https").await.text;
    assert!(!page.contains("takes the place of request"), "{page}");
    make(&unit, |_| {});
    let page = browser.get("/management/https").await.text;
    let said = "Another one takes the place of request 1, for first.example.net,";
    assert!(page.contains(said), "{page}");

    let fields = [
        ("then", "make"),
        ("common_name", "ntp2.example.net"),
        ("key_type", "EC P-256"),
    ];
    let fields = [
        &fields[..],
        &[("signature_algorithm", "SHA-256"), ("days", "30")],
    ]
    .concat();
    browser.post("/management/https/create", &fields).await;
    let page = browser.get("/management/https/making").await.text;
    let said = "Request 1, for first.example.net, and its key gave way, for the unit keeps 16.";
    assert!(page.contains(said), "{page}");
}
