//! Alarms that no certificate raises.

use std::time::{Duration, Instant};

use acceptance::{Administrator, Unit};
use anyhow::{Result, ensure};

const NAME: &str = "state-set-aside";

/// The journal is told within so long.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_board_that_set_the_state_aside_is_told_of_until_somebody_takes_note() -> Result<()> {
    let unit = Unit::start()?;
    ensure!(!unit.done("alarms")?.contains(NAME));
    unit.set_state_aside("the disk is worn out.\nthe first time\n")?;
    let unit = unit.kill_and_restart()?;
    let said = unit.done("alarms")?;
    ensure!(
        said.contains(NAME) && said.contains("the disk is worn out."),
        "{said}"
    );
    ensure!(!said.contains("the first time"), "{said}");
    ensure!(unit.done("status")?.contains(NAME));
    // What is due is done once a second.
    let deadline = Instant::now() + PATIENCE;
    while !unit.done("journal")?.contains(NAME) {
        ensure!(Instant::now() < deadline, "the journal was not told");
    }

    // Noted on the page, and not raised again by the same notice.
    let mut admin = Administrator::sign_in(&unit)?;
    let page = admin.browser.open("/management/alarms")?;
    ensure!(
        page.text().contains("the disk is worn out."),
        "{}",
        page.text()
    );
    let noted = admin.browser.submit(&page.form("/alarms")?)?.text();
    ensure!(!noted.contains("the disk is worn out."), "{noted}");
    let unit = unit.kill_and_restart()?;
    ensure!(!unit.done("alarms")?.contains(NAME));

    // Another notice is another alarm, which the console takes note of too.
    unit.set_state_aside("the disk is worn out.\nthe second time\n")?;
    let unit = unit.kill_and_restart()?;
    ensure!(unit.done("alarms")?.contains(NAME));
    unit.done(&format!("alarms note {NAME}"))?;
    ensure!(!unit.done("alarms")?.contains(NAME));
    Ok(())
}

#[test]
fn a_notice_of_the_board_that_is_no_text_is_shown_as_far_as_it_is_one() -> Result<()> {
    let unit = Unit::start()?;
    unit.set_state_aside(&format!("<b>\u{1b}[31m{}", "x".repeat(100_000)))?;
    let unit = unit.kill_and_restart()?;
    let said = unit.done("alarms")?;
    ensure!(
        said.contains("<b>[31mxxx") && !said.contains('\u{1b}'),
        "{said}"
    );
    let longest = "x".repeat(200);
    ensure!(!said.contains(&longest), "{said}");
    Ok(())
}
