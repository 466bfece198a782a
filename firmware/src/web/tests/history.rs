//! The page "History".

use axum::http::StatusCode;

use super::browser::Browser;

#[tokio::test]
async fn the_journal_is_filtered_by_kind_and_text() {
    let mut browser = Browser::signed_in().await;
    let mut stranger = browser.another();
    stranger.move_to([10, 0, 0, 7].into());
    assert_eq!(
        stranger.sign_in("wrong").await.status,
        StatusCode::UNAUTHORIZED
    );
    let rows = |page: &str| page.matches("<td data-label=\"What\">").count();
    let all = browser.get("/tools/history").await.text;
    assert!(rows(&all) > 2);
    let refused = "/tools/history?kind=sign-in-refused";
    let page = browser.get(refused).await.text;
    assert_eq!(rows(&page), 1);
    assert!(page.contains("One entry fits."));
    assert!(page.contains("<option value=\"sign-in-refused\" selected>"));
    let page = browser.get("/tools/history?text=10.0.0.7").await.text;
    assert_eq!(rows(&page), 1);
    let none = format!("{refused}&text=%3Cb%3Enowhere");
    let none = browser.get(&none).await.text;
    assert_eq!(rows(&none), 0);
    assert!(none.contains("No entry fits.") && none.contains("value=\"&#60;b&#62;nowhere\""));
}
