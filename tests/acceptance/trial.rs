//! A certificate installed at the browser is on trial until somebody signs in over it.

use std::thread;
use std::time::{Duration, Instant};

use acceptance::{Administrator, Authority, Encoding, Page, Unit, judge};
use anyhow::{Context as _, Result, ensure};

/// A trial of one minute is over within so long.
const PATIENCE: Duration = Duration::from_secs(100);

/// Installs a certificate for a new request, and returns it as PEM.
fn install(admin: &mut Administrator) -> Result<(String, Page)> {
    let request = admin.make_request(
        &[
            ("common_name", "ntp1.example.net"),
            ("key_type", "EC P-256"),
        ],
        &[],
    )?;
    let issued = Authority::new()?.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    let page = admin.install(&review)?;
    Ok((issued.leaf, page))
}

fn leaf(unit: &Unit) -> Result<String> {
    let chain = judge::presented_chain(unit.address)?;
    chain.into_iter().next().context("it shows nothing")
}

#[test]
fn a_certificate_over_which_nobody_signs_in_is_taken_back() -> Result<()> {
    let unit = Unit::start()?;
    let factory = leaf(&unit)?;
    unit.done("services set trial 1")?;
    let mut admin = Administrator::sign_in(&unit)?;
    let (new, page) = install(&mut admin)?;
    assert!(
        page.text().contains("comes back by itself"),
        "{}",
        page.text()
    );
    assert_eq!(leaf(&unit)?, new);
    let deadline = Instant::now() + PATIENCE;
    while leaf(&unit)? != factory {
        ensure!(Instant::now() < deadline, "it never goes back");
        thread::sleep(Duration::from_secs(1));
    }
    let shown = admin.browser.open("/management/https")?.text();
    assert!(
        shown.contains("Nobody signed in over the certificate"),
        "{shown}"
    );
    assert!(unit.done("alarms")?.contains("trial-ended"));
    assert!(unit.done("journal")?.contains("trial ended"));
    let alarms = admin.browser.open("/management/alarms")?;
    let noted = admin.browser.submit(&alarms.form("/alarms")?)?.text();
    assert!(!noted.contains("Nobody signed in"), "{noted}");
    unit.done("previous")?;
    assert_eq!(leaf(&unit)?, new, "the new one was kept");
    Ok(())
}

#[test]
fn a_sign_in_over_the_new_certificate_keeps_it_through_a_restart() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let (new, _) = install(&mut admin)?;
    assert!(unit.done("status")?.contains("seconds more"));
    Administrator::sign_in(&unit)?;
    assert!(!unit.done("status")?.contains("seconds more"));
    let unit = unit.kill_and_restart()?;
    assert_eq!(leaf(&unit)?, new);
    assert!(!unit.done("alarms")?.contains("trial"));
    Ok(())
}

#[test]
fn a_trial_goes_on_after_a_power_cut_and_whoever_is_signed_in_can_keep_the_certificate()
-> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let (new, _) = install(&mut admin)?;
    let trial = admin.browser.open("/management/https/trial")?;
    assert!(trial.text().contains("10 minutes left"), "{}", trial.text());
    let unit = unit.kill_and_restart()?;
    assert!(unit.done("status")?.contains("seconds more"));
    unit.done("confirm")?;
    assert!(!unit.done("status")?.contains("seconds more"));

    unit.done("previous")?;
    let mut admin = Administrator::sign_in(&unit)?;
    let (newer, _) = install(&mut admin)?;
    assert_ne!(newer, new);
    let trial = admin.browser.open("/management/https/trial")?;
    let kept = admin.browser.submit(&trial.form("/keep")?)?;
    assert_eq!(kept.path, "/management/https");
    assert!(!unit.done("alarms")?.contains("trial"));
    Ok(())
}
