//! The page "Services".

use axum::http::StatusCode;

use super::browser::{Answer, Browser};

const SERVICES: &str = "/management/services";
const TOKEN: &str = "canary-token-of-20-characters";

/// Expects `text`, in HTML, to stand in the field of this name, or to be chosen.
#[track_caller]
fn stands(page: &Answer, name: &str, text: &str) {
    let list = page.text.split_once(&format!("<select id=\"{name}\""));
    let options = list.and_then(|(_, list)| list.split("</select>").next());
    let stands = match options {
        Some(options) => options.contains(&format!("value=\"{text}\" selected")),
        None => page
            .text
            .contains(&format!("name=\"{name}\" value=\"{text}\"")),
    };
    assert!(stands, "{name} is not {text}: {}", page.text);
}

/// What is said beside the field of this name.
fn said_of<'a>(page: &'a Answer, name: &str) -> Option<&'a str> {
    let (_, beside) = page.text.split_once(&format!("id=\"{name}-fault\""))?;
    beside.split("</div>").next()
}

#[tokio::test]
async fn what_is_saved_is_confirmed_and_stands_in_the_form() {
    let mut browser = Browser::signed_in().await;
    let typed = [
        ("names", "ntp1.example.net, 10.0.0.7"),
        ("trial", "off"),
        ("session", "90"),
        ("tls", "high"),
        ("hsts", "on"),
        ("syslog", "tcp:[2001:db8::9]:6514"),
    ];
    // The factory certificate of a new unit has an RSA key of 2048 bits.
    let refused = browser.post(SERVICES, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = said_of(&refused, "tls").expect("a reason beside the level");
    assert!(
        said.contains("2048 bits") && said.contains("3072"),
        "{said}"
    );
    for (name, text) in typed {
        stands(&refused, name, text);
    }
    let page = browser.get(SERVICES).await;
    stands(&page, "trial", "10");

    let typed = typed.map(|(name, text)| (name, if name == "tls" { "standard" } else { text }));
    let saved = browser.post(SERVICES, &typed).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let page = browser.get(saved.location()).await;
    assert!(page.text.contains("Saved. It is in force from now on."));
    for (name, text) in typed {
        stands(&page, name, text);
    }
    let journal = browser.get("/tools/history").await.text;
    assert!(journal.contains("changed: names, trial, session, hsts, syslog"));
    let again = browser.post(SERVICES, &typed).await;
    let page = browser.get(again.location()).await;
    assert!(page.text.contains("Nothing was changed"), "{}", page.text);
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_beside_its_field_and_stays_typed() {
    let mut browser = Browser::signed_in().await;
    let typed = [
        ("names", "<b>*.example.net</b>"),
        ("trial", "soon"),
        ("session", "9"),
        ("syslog", "10.0.0.9"),
        ("hsts", "on"),
        ("metrics", TOKEN),
    ];
    let refused = browser.post(SERVICES, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("5 fields are to be mended"));
    for name in ["names", "trial", "session", "syslog", "metrics"] {
        assert!(said_of(&refused, name).is_some(), "{name}");
        assert!(
            refused.text.contains(&format!("href=\"#{name}\"")),
            "{name}"
        );
    }
    stands(&refused, "trial", "soon");
    stands(&refused, "hsts", "on");
    stands(&refused, "names", "&#60;b&#62;*.example.net&#60;/b&#62;");
    assert!(
        said_of(&refused, "metrics")
            .expect("said")
            .contains("Type it again")
    );
    stands(&browser.get(SERVICES).await, "hsts", "off");
}

#[tokio::test]
async fn a_token_is_never_written_back() {
    let mut browser = Browser::signed_in().await;
    let mut pages = vec![
        browser.post(SERVICES, &[("metrics", "canary-short")]).await,
        browser
            .post(SERVICES, &[("metrics", TOKEN), ("trial", "0")])
            .await,
    ];
    let saved = browser.post(SERVICES, &[("metrics", TOKEN)]).await;
    pages.push(browser.get(saved.location()).await);
    stands(&pages[2], "metrics", "on");
    pages.push(
        browser
            .post(SERVICES, &[("metrics", "off"), ("trial", "0")])
            .await,
    );
    // It is no secret, so it stays typed.
    stands(&pages[3], "metrics", "off");
    pages.push(browser.get("/tools/history").await);
    for page in pages {
        assert!(!page.text.contains("canary"), "{}", page.text);
    }
}

#[tokio::test]
async fn an_old_page_sets_back_nothing_that_was_changed_elsewhere() {
    let mut browser = Browser::signed_in().await;
    browser.post(SERVICES, &[("trial", "20")]).await;
    let old = [
        ("before_trial", "10"),
        ("trial", "10"),
        ("before_session", "60"),
        ("session", "120"),
    ];
    let saved = browser.post(SERVICES, &old).await;
    let page = browser.get(saved.location()).await;
    stands(&page, "trial", "20");
    stands(&page, "session", "120");
}
