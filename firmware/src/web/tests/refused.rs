//! What a person sees when something was not taken.

use super::browser::{Answer, Browser};

/// The answer's title, and the beginning of the element that the browser scrolls to.
fn shown_first(answer: &Answer) -> (&str, &str) {
    let (_, title) = answer.text.split_once("<title>").expect("a title");
    let (title, _) = title.split_once("</title>").expect("its end");
    let (before, _) = answer.text.split_once(" autofocus>").expect("the focus");
    let tag = before.rsplit('<').next().expect("a tag");
    (title, tag)
}

#[tokio::test]
async fn the_browser_scrolls_to_why_something_was_not_taken_and_the_title_says_so() {
    let mut browser = Browser::signed_in().await;
    for (path, fields, title) in [
        (
            "/management/https/create",
            &[("common_name", "not a name")][..],
            "Not taken: Create Certificate Request – ",
        ),
        (
            "/management/https/paste",
            &[("certificate", "none")],
            "Not taken: Upload X.509 PEM Certificate – ",
        ),
        (
            "/management/https/upload",
            &[("certificate", "none")],
            "Not taken: Upload Certificate File – ",
        ),
        (
            "/management/https/install",
            &[("sha256", "00")],
            "Not taken: Upload Certificate File – ",
        ),
        (
            "/management/https/names/add",
            &[("name_type", "IP"), ("name_value", "10.0.0.300")],
            "To mend: Add Subject Alternative Name – ",
        ),
        (
            "/management/https/names/add",
            &[("name_type", "dirName")],
            "To mend: Add Subject Alternative Name – ",
        ),
        (
            "/management/services",
            &[("trial", "x")],
            "Not taken: Services – ",
        ),
        (
            "/access/keys",
            &[("key", "none")],
            "Not taken: Keys for SSH – ",
        ),
        (
            "/password",
            &[("present", "a"), ("new", "b"), ("again", "c")],
            "Not taken: Password – ",
        ),
        (
            "/tools/upgrade/review",
            &[("backup", "none")],
            "Not taken: Upgrade/Backup – ",
        ),
    ] {
        let refused = browser.post(path, fields).await;
        let (said, tag) = shown_first(&refused);
        assert!(said.starts_with(title), "{path}: {said}");
        assert!(
            tag.contains("role=\"alert\" tabindex=\"-1\""),
            "{path}: <{tag}"
        );
        assert_eq!(refused.text.matches(" autofocus").count(), 1, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_refuses_nothing_opens_at_its_top() {
    let mut browser = Browser::signed_in().await;
    for path in [
        "/management/https",
        "/management/https/names/add",
        "/management/https/paste",
        "/management/https/upload",
        "/management/services",
        "/access/keys",
        "/password",
        "/tools/upgrade",
    ] {
        let page = browser.get(path).await.text;
        assert!(!page.contains(" autofocus"), "{path}");
        assert!(!page.contains("<title>Not "), "{path}");
    }
}
