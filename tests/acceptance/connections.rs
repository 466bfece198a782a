//! What an install does to the connections that are open.

use acceptance::{Administrator, Authority, Connection, Encoding, Unit, judge};
use anyhow::{Context as _, Result};

#[test]
fn an_install_is_answered_and_every_old_connection_ends_cleanly() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    let install = review.form("/install")?;

    // One connection is idle, and one has sent half of a request.
    let mut idle = Connection::open(unit.address)?;
    let login = format!("{}\r\n", unit.browser().head("GET", "/login"));
    idle.send(login.as_bytes())?;
    assert_eq!(idle.answer()?.status, 200);
    let mut other = Administrator::sign_in(&unit)?;
    let mut form = other
        .browser
        .open("/management/https/names/add")?
        .form("/names/add")?;
    form.fill("name_value", "time.example.net")?;
    let slow_request = other.browser.request_of(&form);
    let (first_half, second_half) = slow_request.split_at(slow_request.len() - 20);
    let mut slow = Connection::open(unit.address)?;
    slow.send(first_half)?;

    let mut installing = Connection::open(unit.address)?;
    let old = installing.peer_chain();
    installing.send(&admin.browser.request_of(&install))?;
    let answer = installing
        .answer()
        .context("the install was not answered")?;
    assert_eq!(answer.status, 200);
    let page = String::from_utf8(answer.body)?;
    let fingerprint = judge::fingerprint(&issued.leaf)?;
    assert!(page.contains(&fingerprint), "{page}");
    installing
        .expect_clean_end()
        .context("the connection of the install")?;
    idle.expect_clean_end().context("the idle connection")?;

    let next = Connection::open(unit.address)?.peer_chain();
    assert_eq!(next.len(), 2);
    assert_ne!(next, old);
    let next = judge::certificate_pem(next.first().context("no leaf")?)?;
    assert_eq!(next, issued.leaf);

    slow.send(second_half)?;
    let answer = slow.answer().context("the slow request was not answered")?;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(slow.peer_chain(), old);
    slow.expect_clean_end().context("the slow connection")?;
    let names = other.browser.open("/management/https/names")?;
    assert!(
        names.text().contains("time.example.net"),
        "the slow request did nothing"
    );
    assert_eq!(names.certificate()?, issued.leaf);
    Ok(())
}

#[test]
fn a_session_goes_on_over_the_new_certificate() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let before = admin.browser.open("/management/https")?.certificate()?;
    unit.done("defcert")?;
    let page = admin.browser.open("/management/https")?;
    assert_eq!(page.path, "/management/https", "signed out");
    assert_ne!(page.certificate()?, before);
    Ok(())
}
