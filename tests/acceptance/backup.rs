//! Backup and restore: what was lost comes back, on the unit that made the backup.

use acceptance::{Administrator, Authority, Encoding, Unit, judge};
use anyhow::{Context as _, Result};

const NAME: &str = "ntp1.example.net";

#[test]
fn a_deleted_request_is_restored_and_its_answer_installs_and_serves() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", NAME)], &[])?;
    let file = admin.backup()?;
    delete_the_request(&mut admin)?;
    assert!(unit.console("defcert")?.status.success());
    let mut admin = Administrator::sign_in(&unit)?;
    let issued = authority.sign(&request)?;
    let refused = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    assert!(refused.form("/install").is_err(), "its key is gone");

    let review = admin.review_backup(&file)?;
    assert!(
        review.text().contains("made by this unit"),
        "{}",
        review.text()
    );
    assert!(
        review.text().contains("A request comes back"),
        "{}",
        review.text()
    );
    admin.restore(&review)?;
    let mut admin = Administrator::sign_in(&unit)?;
    assert_eq!(admin.requests()?, [request]);
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    judge::trusted_chain(unit.address, &authority.root(), NAME)?;
    let unit = unit.kill_and_restart()?;
    judge::trusted_chain(unit.address, &authority.root(), NAME)?;
    Ok(())
}

fn delete_the_request(admin: &mut Administrator) -> Result<()> {
    let page = admin.browser.open("/management/https/requests")?;
    let links = page.content.find_all(|element| {
        let href = element.attribute("href").unwrap_or_default();
        href.ends_with("/delete")
    });
    let link = links.first().and_then(|link| link.attribute("href"));
    let confirm = admin.browser.open(link.context("no link to delete it")?)?;
    admin.browser.submit(&confirm.form("/delete")?)?;
    assert!(admin.requests()?.is_empty());
    Ok(())
}

#[test]
fn a_unit_that_lost_its_store_serves_its_certificate_again() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", NAME)], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    let mut admin = Administrator::sign_in(&unit)?;
    let journal = admin.journal()?;
    let file = admin.backup()?;

    let unit = unit.lose_store_and_restart()?;
    assert!(judge::trusted_chain(unit.address, &authority.root(), NAME).is_err());
    let mut admin = Administrator::sign_in(&unit)?;
    let review = admin.review_backup(&file)?;
    admin.restore(&review)?;
    let chain = judge::trusted_chain(unit.address, &authority.root(), NAME)?;
    assert_eq!(chain, [issued.leaf, issued.intermediate]);
    let mut admin = Administrator::sign_in(&unit)?;
    let now = admin.journal()?;
    for entry in journal {
        assert!(now.contains(&entry), "{entry} is not in {now:#?}");
    }
    Ok(())
}

#[test]
fn another_unit_says_what_cannot_come_along_and_goes_on_serving_its_own() -> Result<()> {
    let (unit, other) = (Unit::start()?, Unit::start()?);
    let mut admin = Administrator::sign_in(&unit)?;
    admin.make_request(&[("common_name", NAME)], &[])?;
    let mut services = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    services.fill("names", NAME)?;
    admin.browser.submit(&services)?;
    let file = admin.backup()?;

    let mut admin = Administrator::sign_in(&other)?;
    let served = judge::presented_chain(other.address)?;
    let review = admin.review_backup(&file)?;
    for expected in [
        "From another unit.",
        "The request for \"ntp1.example.net\". Its private key never leaves the unit",
        "What cannot come along",
    ] {
        assert!(
            review.text().contains(expected),
            "{expected}: {}",
            review.text()
        );
    }
    let done = admin.restore(&review)?;
    assert!(done.text().contains("1 setting"), "{}", done.text());
    assert_eq!(judge::presented_chain(other.address)?, served);
    assert!(admin.requests()?.is_empty());
    let services = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    assert_eq!(services.values("names"), [NAME]);
    Ok(())
}

#[test]
fn openssl_verifies_who_signed_a_backup_and_that_it_is_whole() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let keys = admin
        .browser
        .open("/tools/upgrade")?
        .facts("Key of its backups");
    let [key] = keys.as_slice() else {
        panic!("one key, not {keys:?}")
    };
    let mut file = admin.backup()?;
    assert!(judge::verifies_backup(&file, key)?);
    let middle = file.len() / 2;
    file[middle] ^= 1;
    assert!(!judge::verifies_backup(&file, key)?);
    let refused = admin.review_backup(&file)?;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("signature does not fit"),
        "{}",
        refused.text()
    );
    Ok(())
}

#[test]
fn what_the_console_shows_can_be_restored() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", NAME)], &[])?;
    let shown = unit.console("backup")?;
    assert!(shown.status.success(), "{shown:?}");
    assert!(shown.text().lines().all(|line| line.len() <= 64));
    delete_the_request(&mut admin)?;
    let review = admin.review_backup(shown.text().as_bytes())?;
    admin.restore(&review)?;
    assert_eq!(admin.requests()?, [request]);
    Ok(())
}
