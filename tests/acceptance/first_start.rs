//! What a unit is when it starts for the first time.

use acceptance::{Administrator, Canary, PASSWORD, Unit, judge, sign_in};
use anyhow::{Context as _, Result};

#[test]
fn a_unit_makes_a_factory_certificate_with_a_key_of_its_own() -> Result<()> {
    let (unit, other) = (Unit::start()?, Unit::start()?);
    let chain = judge::presented_chain(unit.address)?;
    let [certificate] = chain.as_slice() else {
        panic!("one certificate, not {chain:?}")
    };
    let text = judge::certificate(certificate)?;
    for expected in [
        "Version: 3 (0x2)",
        "Signature Algorithm: sha256WithRSAEncryption",
        "Issuer: CN = Spectracom\n",
        "Subject: CN = Spectracom\n",
        "Public-Key: (2048 bit)",
        "CA:FALSE",
        "TLS Web Server Authentication",
        "DNS:Spectracom, IP Address:127.0.0.1",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert_eq!(judge::fingerprint(certificate)?, unit.printed_fingerprint);

    let others = judge::presented_chain(other.address)?;
    let others = others.first().context("the other unit shows nothing")?;
    assert_eq!(judge::fingerprint(others)?, other.printed_fingerprint);
    assert_ne!(judge::public_key(certificate)?, judge::public_key(others)?);
    Ok(())
}

#[test]
fn the_first_password_is_printed_once_and_opens_nothing_but_its_own_change() -> Result<()> {
    let unit = Unit::start_without_password()?;
    let first = unit
        .printed_password
        .clone()
        .context("no password was printed")?;
    let mut browser = unit.browser();
    assert_eq!(sign_in(&mut browser, "some other password")?.status, 401);
    assert_eq!(sign_in(&mut browser, &first)?.path, "/password");
    for path in [
        "/management/https",
        "/management/https/requests",
        "/tools/history",
    ] {
        assert_eq!(browser.open(path)?.path, "/password", "{path}");
    }

    let mut form = browser.open("/password")?.form("/password")?;
    form.fill("present", &first)?;
    form.fill("new", PASSWORD)?;
    form.fill("again", PASSWORD)?;
    assert_eq!(browser.submit(&form)?.path, "/management/https");

    let unit = unit.kill_and_restart()?;
    assert_eq!(sign_in(&mut unit.browser(), &first)?.status, 401);
    Administrator::sign_in(&unit)?;
    assert_eq!(
        unit.transcript
            .find(&[Canary::new("the first password", first)]),
        ["the first password in standard output"]
    );
    Ok(())
}

#[test]
fn first_passwords_are_random_and_a_given_one_is_taken_as_it_is() -> Result<()> {
    let first = Unit::start_without_password()?.printed_password;
    let second = Unit::start_without_password()?.printed_password;
    assert!(first.is_some() && first != second, "{first:?} {second:?}");

    let unit = Unit::start()?;
    assert_eq!(
        sign_in(&mut unit.browser(), PASSWORD)?.path,
        "/management/https"
    );
    let canary = Canary::new("the password", PASSWORD);
    assert!(
        unit.transcript.find(&[canary]).is_empty(),
        "the password was printed"
    );
    Ok(())
}

#[test]
fn nobody_gets_anywhere_without_signing_in() -> Result<()> {
    let unit = Unit::start()?;
    let mut browser = unit.browser();
    for path in [
        "/",
        "/management/https",
        "/management/https/names",
        "/management/https/requests",
        "/management/https/paste",
        "/management/https/upload",
        "/management/https/review",
        "/management/https/factory",
        "/tools/history",
    ] {
        let leads = browser.open(path)?.path;
        let sign_in = leads.split("?to=").next();
        assert_eq!(sign_in, Some("/login"), "{path}");
    }
    Ok(())
}

#[test]
fn a_start_that_fails_takes_no_first_password_with_it() -> Result<()> {
    let (unit, failed) = Unit::start_at_second_try()?;
    assert_eq!(failed.status.code(), Some(1));
    assert!(failed.stderr.contains("--https"), "{}", failed.stderr);
    let password = unit.printed_password.as_deref();
    let password = password.context("no password was printed")?;
    assert_eq!(sign_in(&mut unit.browser(), password)?.path, "/password");
    Ok(())
}

#[test]
fn a_password_that_was_given_is_not_in_the_environment_of_the_process() -> Result<()> {
    let unit = Unit::start()?;
    let environment = std::fs::read(format!("/proc/{}/environ", unit.process_id()))?;
    let environment = String::from_utf8_lossy(&environment);
    assert!(environment.contains("PATH="), "{environment}");
    assert!(!environment.contains(PASSWORD));
    Administrator::sign_in(&unit)?;
    Ok(())
}
