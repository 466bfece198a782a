//! The review before a certificate is installed.

use axum::http::StatusCode;
use cert_lifecycle::{Format, Preflight, Setting, Unit, Which};

use super::browser::{Browser, PASSWORD};
use super::ca::{actor, make, sign, signed_by_a_ca};

const UPLOAD: &str = "/management/https/upload";
const REVIEW: &str = "/management/https/review";
const INSTALL: &str = "/management/https/install";

/// The texts of a page without its tags, with one space between words.
fn text_of(page: &str) -> String {
    let pieces = page.split('<').map(|piece| match piece.split_once('>') {
        Some((_, text)) => text,
        None => piece,
    });
    let text = pieces.collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The review of this upload.
async fn review_of(browser: &mut Browser, file: &[u8]) -> String {
    let sent = browser.upload(UPLOAD, "certificate", file).await;
    assert_eq!(sent.location(), REVIEW, "{}", sent.text);
    browser.get(REVIEW).await.text
}

#[tokio::test]
async fn the_chain_stands_from_the_root_down_and_only_what_is_sent_has_a_whole_frame() {
    let mut browser = Browser::signed_in().await;
    let signed = signed_by_a_ca(&browser.unit());
    let both = [signed.leaf.as_slice(), &signed.root].concat();
    let page = review_of(&mut browser, &both).await;
    assert!(page.contains("What browsers will get"));
    let (_, chain) = page.split_once("<ol class=\"chain\">").expect("a chain");
    let (chain, _) = chain.split_once("</ol>").expect("its end");
    let boxes: Vec<&str> = chain.split("<li>").skip(1).collect();
    let [root, own] = boxes.as_slice() else {
        panic!("{chain}");
    };
    assert!(root.contains("<div class=\"card known\">") && !root.contains("edge"));
    assert!(text_of(root).starts_with("Root The root. It is not sent"));
    assert!(own.contains("<div class=\"card\">"));
    assert!(text_of(own).starts_with("signed ntp1.example.net This unit&#39;s certificate."));

    let alone = review_of(&mut browser, &signed.leaf).await;
    let (_, chain) = alone.split_once("<ol class=\"chain\">").expect("a chain");
    let said = text_of(chain);
    assert!(
        said.starts_with("CN=Root Not in the file, so not sent"),
        "{said}"
    );
    assert!(said.contains("is named as the issuer of ntp1.example.net"));
}

#[tokio::test]
async fn the_names_are_compared_with_every_way_to_the_unit() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    unit.change_settings(&[(Setting::Names, "time.example.net")], &actor())
        .expect("in force");
    let signed = signed_by_a_ca(&unit);
    let page = review_of(&mut browser, &signed.leaf).await;
    let (_, table) = page.split_once("id=\"covered\"").expect("a table");
    let said = text_of(table);
    for row in [
        "ntp1.example.net this page find it",
        "time.example.net set under Services warn here",
        "127.0.0.1 an address of the unit warn here",
    ] {
        assert!(said.contains(row), "{row}: {said}");
    }
    assert!(said.contains("Expires in "), "{said}");
    assert!(page.contains("<svg class=\"validity\""));
}

#[tokio::test]
async fn a_refused_file_is_not_headed_as_what_browsers_will_get() {
    let mut browser = Browser::signed_in().await;
    let (other, _) = Browser::new(Some(PASSWORD));
    let foreign = signed_by_a_ca(&other.unit()).leaf;
    let page = review_of(&mut browser, &foreign).await;
    assert!(page.contains("<title>Refused: Review before install – "));
    assert!(page.contains("What the file holds"));
    assert!(!page.contains("What browsers will get"));
    assert!(page.contains("fits no key of this unit"));
    assert!(!page.contains(&format!("action=\"{INSTALL}\"")));
}

#[tokio::test]
async fn installing_what_is_not_under_review_says_why_it_was_not_done() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    let before = unit.status().expect("status").serving;
    let none = browser.post(INSTALL, &[("sha256", "00")]).await;
    assert_eq!(none.status, StatusCode::CONFLICT);
    assert!(none.text.contains("No upload is under review any more"));
    assert!(
        none.text
            .contains("<h2 class=\"tab-title\" id=\"tab\">Upload Certificate File</h2>")
    );
    let signed = signed_by_a_ca(&unit);
    review_of(&mut browser, &signed.leaf).await;
    let other = browser.post(INSTALL, &[("sha256", "00")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.text.contains("another upload has taken its place"));
    assert!(other.text.contains("Look at this one, then install it."));
    let (foreign, _) = Browser::new(Some(PASSWORD));
    review_of(&mut browser, &signed_by_a_ca(&foreign.unit()).leaf).await;
    let other = browser.post(INSTALL, &[("sha256", "00")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.text.contains("It is refused: the reasons are below."));
    assert!(!other.text.contains("then install it"));
    assert_eq!(unit.status().expect("status").serving, before);
}

/// What a page says before the button of the form that is sent to `action`.
fn then(page: &str, action: &str) -> String {
    let (_, after) = page.split_once("id=\"then\"").expect("what happens then");
    let (then, rest) = after.split_once("</section>").expect("its end");
    assert!(rest.contains(&format!("action=\"{action}\"")), "{rest}");
    text_of(then)
}

#[tokio::test]
async fn what_will_be_so_is_said_before_another_certificate_serves() {
    const PREVIOUS: &str = "/management/https/previous";
    const FACTORY: &str = "/management/https/factory";
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    let factory = "(a factory certificate, fingerprint ";
    let first = signed_by_a_ca(&unit).leaf;
    let page = review_of(&mut browser, &first).await;
    let said = then(&page, INSTALL);
    assert!(said.contains("It is on trial for 10 minutes:"), "{said}");
    assert!(said.contains("Keep it"), "{said}");
    let becomes = format!("What serves now, &#34;ntp1.example.net&#34; {factory}");
    assert!(said.contains(&becomes), "{said}");
    assert!(said.contains("becomes the previous certificate"), "{said}");
    assert!(!said.contains("gives way"), "{said}");

    let mut review = unit.review(&first, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, &actor())
        .expect("installed");
    let said = then(&browser.get(FACTORY).await.text, FACTORY);
    let becomes = "What serves now, &#34;ntp1.example.net&#34; (issued by CN=Root, fingerprint ";
    assert!(said.contains(becomes), "{said}");
    let gives_way = format!("The one that is previous now, &#34;ntp1.example.net&#34; {factory}");
    assert!(said.contains(&gives_way), "{said}");
    let said = then(&browser.get(PREVIOUS).await.text, PREVIOUS);
    assert!(
        said.contains(becomes) && !said.contains("gives way"),
        "{said}"
    );
    assert!(
        said.contains("It stays at once where somebody has signed in"),
        "{said}"
    );
    let again = review_of(&mut browser, &first).await;
    let said = then(&again, INSTALL);
    assert!(
        said.contains("the certificate that serves already"),
        "{said}"
    );
    assert!(
        said.contains(&format!("stays &#34;ntp1.example.net&#34; {factory}")),
        "{said}"
    );

    let second = signed_by_a_ca(&unit).leaf;
    let page = review_of(&mut browser, &second).await;
    let (_, sha256) = page
        .split_once("name=\"sha256\" value=\"")
        .expect("a field");
    let sha256 = sha256.split('"').next().unwrap_or_default();
    let installed = browser.post(INSTALL, &[("sha256", sha256)]).await;
    assert_eq!(installed.status, StatusCode::OK);
    // A moment has passed, and the alarm says the same.
    assert!(text_of(&installed.text).contains("within 10 minutes"));
    let third = signed_by_a_ca(&unit).leaf;
    let said = then(&review_of(&mut browser, &third).await, INSTALL);
    assert!(said.contains("is on trial itself and gives way"), "{said}");
    assert!(said.contains("The previous one stays"), "{said}");

    unit.change_settings(&[(Setting::Trial, "off")], &actor())
        .expect("in force");
    let said = then(&browser.get(FACTORY).await.text, FACTORY);
    assert!(said.contains("trials are off"), "{said}");
}

#[tokio::test]
async fn a_request_is_named_by_the_number_that_the_console_has_for_it() {
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    make(&unit, |form| form.common_name = "time.example.net".into());
    let signed = signed_by_a_ca(&unit);
    let list = text_of(&browser.get("/management/https/requests").await.text);
    for named in [
        "Request 1, for time.example.net",
        "Request 2, for ntp1.example.net newest",
    ] {
        assert!(list.contains(named), "{named}: {list}");
    }
    let page = text_of(&review_of(&mut browser, &signed.leaf).await);
    assert!(
        page.contains("What it answers Request 2, for ntp1.example.net , made"),
        "{page}"
    );
}

#[tokio::test]
async fn the_keys_that_were_expected_are_told_apart() {
    let mut browser = Browser::signed_in().await;
    let (other, _) = Browser::new(Some(PASSWORD));
    let foreign = signed_by_a_ca(&other.unit()).leaf;
    let unit = browser.unit();
    make(&unit, |_| {});
    let request = unit.requests().expect("requests").remove(0).key;
    let factory = unit.status().expect("status").serving.certificate.key;
    let page = text_of(&review_of(&mut browser, &foreign).await);
    for said in [
        format!(
            "The key of request 1, for ntp1.example.net: {}",
            request.fingerprint()
        ),
        format!(
            "The key of the certificate that serves, and of the factory certificate: {}",
            factory.fingerprint()
        ),
    ] {
        assert!(page.contains(&said), "{said}: {page}");
    }
}

#[tokio::test]
async fn what_is_pasted_is_no_file_and_of_no_format_that_was_selected() {
    const PASTE: &str = "/management/https/paste";
    let mut browser = Browser::signed_in().await;
    let unit = browser.unit();
    make(&unit, |_| {});
    let request = unit.requests().expect("requests").remove(0).pem;
    for (pasted, said) in [
        (
            " \n",
            "Nothing was pasted. Paste the text that your CA sent",
        ),
        ("none", "The text is neither a certificate"),
        (request.as_str(), "Paste the file that comes back."),
    ] {
        let refused = browser.post(PASTE, &[("certificate", pasted)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains(said), "{said}: {}", refused.text);
        assert!(!refused.text.contains("Choose the file"), "{pasted}");
    }
    let signed = sign(&request).leaf;
    let signed = String::from_utf8(signed).expect("PEM");
    let sent = browser.post(PASTE, &[("certificate", &signed)]).await;
    assert_eq!(sent.location(), REVIEW);
    let pkcs7 = unit_as_pkcs7(&unit);
    let sent = browser.post(PASTE, &[("certificate", &pkcs7)]).await;
    assert_eq!(sent.location(), REVIEW);
    let page = browser.get(REVIEW).await.text;
    assert!(page.contains("PKCS#7 PEM") && !page.contains("as selected"));
}

/// The certificate that serves as PKCS#7 in PEM.
fn unit_as_pkcs7(unit: &Unit) -> String {
    let file = unit.export(Which::Serving, Format::Pkcs7Pem);
    String::from_utf8(file.expect("exported")).expect("PEM")
}
