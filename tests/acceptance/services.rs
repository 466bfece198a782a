//! What is set, in the browser and on the console.

use acceptance::{Administrator, Unit};
use anyhow::{Context as _, Result};

/// The lines of `services` that name a setting and its value.
fn on_the_console(unit: &Unit) -> Result<Vec<(String, String)>> {
    let list = unit.console("services")?.text();
    let lines = list.lines().filter(|line| !line.starts_with(' '));
    let parted = lines.map(|line| {
        let (name, value) = line.split_once(' ').context("a line of one word")?;
        Ok((name.to_owned(), value.trim().to_owned()))
    });
    parted.collect()
}

#[test]
fn browser_and_console_show_and_set_the_same() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    unit.done("services set names ntp1.example.net, 10.0.0.7")?;

    let mut form = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    assert_eq!(form.values("names"), ["ntp1.example.net, 10.0.0.7"]);
    form.fill("trial", "off")?;
    form.fill("hsts", "on")?;
    let page = admin.browser.submit(&form)?;
    assert!(page.text().contains("Saved."), "{}", page.text());

    let form = page.form("/services")?;
    for (name, value) in on_the_console(&unit)? {
        let shown = form.values(&name);
        let empty = [if value == "(none)" {
            ""
        } else {
            value.as_str()
        }];
        assert_eq!(shown, empty, "{name}");
    }
    let journal = admin.journal()?;
    let by = |who: &str, what: &str| {
        let mut entries = journal.iter();
        entries.any(|entry| entry.contains(who) && entry.contains(what))
    };
    assert!(by("console", "changed: names"), "{journal:?}");
    assert!(
        by("web, from 127.0.0.1", "changed: trial, hsts"),
        "{journal:?}"
    );

    let unit = unit.kill_and_restart()?;
    let kept = on_the_console(&unit)?;
    for expected in [("trial", "off"), ("hsts", "on"), ("session", "60")] {
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert!(kept.contains(&expected), "{kept:?}");
    }
    Ok(())
}

#[test]
fn a_tls_level_that_the_key_does_not_fit_is_refused_with_the_reason() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let mut form = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    form.fill("tls", "high")?;
    let page = admin.browser.submit(&form)?;
    let said = page.said_of("tls", 0).context("nothing is said")?;
    assert!(
        said.contains("2048 bits") && said.contains("3072"),
        "{said}"
    );
    let ran = unit.console("services set tls high")?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("3072"), "{ran:?}");

    admin.make_request(
        &[
            ("common_name", "ntp1.example.net"),
            ("key_type", "EC P-256"),
            ("self_signed", "yes"),
        ],
        &[],
    )?;
    let mut form = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    form.fill("tls", "high")?;
    let page = admin.browser.submit(&form)?;
    assert!(page.text().contains("Saved."), "{}", page.text());
    let refused = acceptance::Tool::openssl("s_client -tls1_2 -connect")
        .arg(unit.address.to_string())
        .try_run()?;
    assert!(!refused.status.success(), "TLS 1.2 is still taken");
    Ok(())
}

#[test]
fn what_cannot_be_set_is_said_with_an_exit_code() -> Result<()> {
    let unit = Unit::start()?;
    for (line, code, said) in [
        ("services set trial soon", 1, "\"soon\" is not taken"),
        ("services set syslog udp:10.0.0.9:0", 1, "\"0\" is no port"),
        (
            "services set names *.example.net",
            1,
            "\"*.example.net\" is no name",
        ),
        ("services set volume 11", 2, "no such setting"),
        ("services put trial", 2, "services set"),
        ("services get volume", 2, "no such setting"),
    ] {
        let ran = unit.console(line)?;
        assert_eq!(ran.status.code(), Some(code), "{line}: {ran:?}");
        assert!(ran.stderr.contains(said), "{line}: {ran:?}");
    }
    Ok(())
}
