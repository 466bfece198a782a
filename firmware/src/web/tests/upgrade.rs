//! Tools, Upgrade/Backup.

use axum::http::{StatusCode, header};

use super::browser::{Browser, PASSWORD};

const PAGE: &str = "/tools/upgrade";
const REVIEW: &str = "/tools/upgrade/review";
const RESTORE: &str = "/tools/upgrade/restore";

async fn backup(browser: &mut Browser) -> String {
    browser.get(PAGE).await;
    let answer = browser.post("/tools/upgrade/backup", &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let disposition = answer.headers.get(header::CONTENT_DISPOSITION);
    let disposition = disposition.expect("a name").to_str().expect("text");
    let (_, name) = disposition.split_once("filename=").expect("a name");
    assert!(
        name.starts_with("\"countersign-4711-20") && name.ends_with(".backup\""),
        "{name}"
    );
    answer.text
}

/// The field that says which backup is restored.
fn looked_at(page: &str) -> String {
    let (_, after) = page
        .split_once("name=\"sha256\" value=\"")
        .expect("the form");
    after.split('"').next().unwrap_or_default().into()
}

#[tokio::test]
async fn the_third_fact_of_the_system_is_the_software_version() {
    let mut browser = Browser::signed_in().await;
    let page = browser.get(PAGE).await.text;
    let (_, system) = page.split_once("System Configuration").expect("a heading");
    let (_, third) = system.split_once("Software Version</dt>").expect("a fact");
    assert!(third.starts_with(&format!("<dd>{}</dd>", crate::VERSION)));
    let before = system.len() - third.len();
    assert_eq!(system[..before].matches("<dt>").count(), 3);
}

#[tokio::test]
async fn a_backup_comes_back_through_its_review() {
    let mut browser = Browser::signed_in().await;
    let file = backup(&mut browser).await;
    let unit = browser.unit();
    unit.change_settings(
        &[(cert_lifecycle::Setting::Session, "77")],
        &cert_lifecycle::Actor::unit(),
    )
    .expect("changed");

    let sent = browser.upload(REVIEW, "backup", file.as_bytes()).await;
    assert_eq!(sent.location(), REVIEW);
    let review = browser.get(REVIEW).await.text;
    assert!(review.contains("made by this unit"), "{review}");
    assert!(review.contains(">77</span>") && review.contains(">60</strong>"));
    assert_eq!(unit.settings().session_minutes, 77, "nothing so far");

    let sha256 = looked_at(&review);
    let other = browser.post(RESTORE, &[("sha256", "0")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    let done = browser.post(RESTORE, &[("sha256", &sha256)]).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.text.contains("Restored:</strong> 1 setting"));
    assert_eq!(unit.settings().session_minutes, 60);

    let again = browser.post(RESTORE, &[("sha256", &sha256)]).await;
    assert_eq!(again.location(), PAGE, "the review is over");
    let sent = browser.upload(REVIEW, "backup", file.as_bytes()).await;
    assert_eq!(sent.location(), REVIEW);
    let review = browser.get(REVIEW).await.text;
    assert!(review.contains("has everything already") && !review.contains(RESTORE));
}

#[tokio::test]
async fn a_unit_that_changed_meanwhile_shows_the_review_again() {
    let mut browser = Browser::signed_in().await;
    let file = backup(&mut browser).await;
    let unit = browser.unit();
    let set = |minutes: &str| {
        unit.change_settings(
            &[(cert_lifecycle::Setting::Session, minutes)],
            &cert_lifecycle::Actor::unit(),
        )
        .expect("changed");
    };
    set("77");
    browser.upload(REVIEW, "backup", file.as_bytes()).await;
    let sha256 = looked_at(&browser.get(REVIEW).await.text);
    set("88");
    let refused = browser.post(RESTORE, &[("sha256", &sha256)]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("has changed since you looked") && refused.text.contains(">88<"));
    browser.post(RESTORE, &[("sha256", &sha256)]).await;
    assert_eq!(unit.settings().session_minutes, 60);
}

#[tokio::test]
async fn a_backup_of_another_unit_is_called_so_before_anything_else() {
    let (mut browser, mut other) = (Browser::signed_in().await, Browser::signed_in().await);
    let file = backup(&mut other).await;
    browser.upload(REVIEW, "backup", file.as_bytes()).await;
    let review = browser.get(REVIEW).await.text;
    let (_, after) = review
        .split_once("<h1>Review before restoring</h1>")
        .expect("a heading");
    assert!(
        after
            .trim_start()
            .starts_with("<section class=\"notice attention\"")
    );
    assert!(after.contains(&other.unit().backup_key()));
    assert!(
        after.contains("What cannot come along")
            && after.contains("has a factory certificate of its own")
    );
    // Both units say "4711".
    assert!(after.contains("this unit's own serial number"));
}

#[tokio::test]
async fn what_is_no_backup_is_refused_beside_the_field() {
    let mut browser = Browser::signed_in().await;
    let file = backup(&mut browser).await;
    let altered = file.replacen("Countersign", "Counterfeit", 1);
    for (octets, why) in [
        ("".into(), "does not begin with"),
        (altered, "its signature does not fit"),
        (file[..file.len() / 2].to_owned(), "is not whole"),
        (file.replacen("backup 1", "backup 9", 1), "in format 9"),
    ] {
        let refused = browser.upload(REVIEW, "backup", octets.as_bytes()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let (_, beside) = refused
            .text
            .split_once("id=\"backup-fault\"")
            .expect("a fault beside the field");
        assert!(beside.contains(why), "{why}");
        assert_eq!(browser.get(REVIEW).await.location(), PAGE);
    }
}

#[tokio::test]
async fn a_backup_may_be_larger_than_a_certificate_and_has_its_own_limit() {
    let mut browser = Browser::signed_in().await;
    browser.get(PAGE).await;
    let two = vec![b' '; 2 << 20];
    let refused = browser.upload(REVIEW, "backup", &two).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let seven = vec![b' '; 7 << 20];
    let refused = browser.upload(REVIEW, "backup", &seven).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.text.contains("a backup has at most 4 MiB"));
}

#[tokio::test]
async fn another_person_does_not_see_the_review() {
    let mut browser = Browser::signed_in().await;
    let file = backup(&mut browser).await;
    browser.upload(REVIEW, "backup", file.as_bytes()).await;
    let first = std::mem::take(&mut browser.cookie);
    browser.sign_in(PASSWORD).await;
    assert_eq!(browser.get(REVIEW).await.location(), PAGE);
    browser.cookie = first;
    assert_eq!(browser.get(REVIEW).await.status, StatusCode::OK);
}
