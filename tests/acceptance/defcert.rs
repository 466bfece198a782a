//! The console: above all, the way back to a factory certificate.

use acceptance::{Administrator, Authority, Encoding, Unit, judge};
use anyhow::{Context as _, Result};

#[test]
fn defcert_brings_back_a_fresh_factory_certificate_at_once() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;

    let mut keys = vec![judge::public_key(&issued.leaf)?];
    for (command, algorithm) in [
        ("defcert", "sha256WithRSAEncryption"),
        ("defcert -sha1", "sha1WithRSAEncryption"),
        ("defcert -sha", "sha1WithRSAEncryption"),
        ("defcert", "sha256WithRSAEncryption"),
    ] {
        let printed = unit.done(command)?;
        let chain = judge::presented_chain(unit.address)?;
        let [certificate] = chain.as_slice() else {
            panic!("one certificate, not {chain:?}")
        };
        let text = judge::certificate(certificate)?;
        assert!(text.contains("Subject: CN = Spectracom\n"), "{text}");
        assert!(
            text.contains(&format!("Signature Algorithm: {algorithm}\n")),
            "{text}"
        );
        let is_legacy = printed.contains("SHA-1 can be forged.");
        assert_eq!(is_legacy, algorithm.starts_with("sha1"), "{printed}");
        let last = printed.lines().last().context("it says nothing")?;
        assert!(
            last.ends_with(&judge::fingerprint(certificate)?),
            "{printed}"
        );
        keys.push(judge::public_key(certificate)?);
    }
    let made = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), made, "a key was used again");

    // The request is still there, and so is the way back to the certificate.
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    judge::trusted_chain(unit.address, &authority.root(), "ntp1.example.net")?;
    Ok(())
}

#[test]
fn defcert_is_offered_in_the_browser_too() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let before = judge::presented_chain(unit.address)?;
    let mut form = admin
        .browser
        .open("/management/https/factory")?
        .form("/factory")?;
    form.fill("digest", "sha1")?;
    let page = admin.browser.submit(&form)?;
    let chain = judge::presented_chain(unit.address)?;
    assert_ne!(chain, before);
    let certificate = chain.first().context("the unit shows nothing")?;
    assert!(
        page.text().contains(&judge::fingerprint(certificate)?),
        "{}",
        page.text()
    );
    assert!(judge::certificate(certificate)?.contains("sha1WithRSAEncryption"));
    Ok(())
}

#[test]
fn the_console_says_what_browsers_see() -> Result<()> {
    let unit = Unit::start()?;
    let ran = unit.console("status")?;
    assert!(ran.status.success(), "{ran:?}");
    for expected in [
        "Spectracom",
        "RSA 2048",
        "sha256WithRSAEncryption",
        &unit.printed_fingerprint,
    ] {
        assert!(
            ran.text().contains(expected),
            "{expected} is not in {}",
            ran.text()
        );
    }
    let help = unit.console("help")?.text();
    for command in ["help", "version", "status", "defcert"] {
        assert!(help.contains(command), "{command} is not in {help}");
    }
    let version = unit.console("version")?.text();
    assert!(version.starts_with("countersign 0.1.0 ("), "{version}");
    Ok(())
}

#[test]
fn a_script_on_the_console_ends_at_its_first_failure_with_its_code() -> Result<()> {
    let unit = Unit::start()?;
    let ran = unit.console("version\ndefcert -md5\nstatus")?;
    assert_eq!(ran.status.code(), Some(2), "{ran:?}");
    assert!(
        ran.text().starts_with("countersign") && ran.text().lines().count() == 1,
        "{ran:?}"
    );
    assert!(ran.stderr.contains("-sha1"), "{ran:?}");
    let chain = judge::presented_chain(unit.address)?;
    let certificate = chain.first().context("the unit shows nothing")?;
    assert_eq!(judge::fingerprint(certificate)?, unit.printed_fingerprint);
    Ok(())
}
