//! A unit on a disk that can only be read: nobody is locked out.

use std::path::Path;
use std::process::Command;

use acceptance::{Administrator, PASSWORD, Unit, judge, sign_in};
use anyhow::{Result, ensure};

/// Runs the program where the folder `state` is mounted for reading only, as the
/// program's own process.
fn where_it_can_only_be_read(state: &Path) -> Result<Command> {
    const MOUNT: &str =
        "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", MOUNT]);
    command.arg(state).arg(Unit::program()?);
    Ok(command)
}

#[test]
fn what_is_stored_serves_and_people_sign_in_where_nothing_can_be_written() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let unit = Unit::start_on(&state, Command::new(Unit::program()?))?;
    let chain = judge::presented_chain(unit.address)?;
    Administrator::sign_in(&unit)?;
    unit.kill()?;
    let stored = std::fs::read(state.join("store.redb"))?;

    let unit = Unit::start_on(&state, where_it_can_only_be_read(&state)?)?;
    assert_eq!(judge::presented_chain(unit.address)?, chain);
    let refused = sign_in(&mut unit.browser(), "a wrong password")?;
    assert_eq!(refused.status, 401);
    let mut admin = Administrator::sign_in(&unit)?;
    let said = unit.transcript.text_of("standard error");
    ensure!(
        said.contains("sign-in by admin") && said.contains("is not in the journal"),
        "{said}"
    );
    let page = admin.browser.open("/management/https")?;
    ensure!(page.text().contains("can only be read"), "{}", page.text());

    let mut form = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    form.fill("session", "45")?;
    let refused = admin.browser.submit(&form)?;
    assert_eq!(refused.status, 503);
    ensure!(
        refused.text().contains("so nothing was changed"),
        "{}",
        refused.text()
    );
    let mut form = admin.browser.open("/password")?.form("/password")?;
    form.fill("present", PASSWORD)?;
    form.fill("new", "another long password")?;
    form.fill("again", "another long password")?;
    let refused = admin.browser.submit(&form)?;
    ensure!(
        refused.text().contains("so nothing was changed"),
        "{}",
        refused.text()
    );
    unit.kill()?;
    assert_eq!(std::fs::read(state.join("store.redb"))?, stored);

    let unit = Unit::start_on(&state, Command::new(Unit::program()?))?;
    let page = Administrator::sign_in(&unit)?
        .browser
        .open("/management/https")?;
    ensure!(!page.text().contains("can only be read"), "{}", page.text());
    Ok(())
}
