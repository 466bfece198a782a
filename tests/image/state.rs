//! A state partition that cannot be used as it is.

use acceptance::{Administrator, Board, Disk, judge};
use anyhow::{Result, ensure};

use crate::{choose_password, set_up};

/// More than the first superblock, and less than what the unit has written.
const BEGINNING_OCTETS: usize = 4096;

#[test]
fn a_state_that_is_damaged_is_repaired_and_one_that_is_lost_raises_an_alarm() -> Result<()> {
    let (disk, board, _) = set_up("armv7")?;
    let before = judge::presented_chain(board.address)?;
    board.cut()?;

    disk.overwrite("state", &[0; BEGINNING_OCTETS])?;
    let board = Board::start(&disk)?;
    board.serves()?;
    ensure!(judge::presented_chain(board.address)? == before);
    let mut admin = Administrator::sign_in_with(board.browser())?;
    ensure!(alarm(&mut admin)?.is_none(), "nothing was lost");
    board.cut()?;

    // Nothing of a file system is left.
    let lost = vec![0xa5; disk.partition("state")?.len()];
    disk.overwrite("state", &lost)?;
    let mut board = Board::start(&disk)?;
    let mut admin = choose_password(&mut board)?;
    ensure!(judge::presented_chain(board.address)? != before);
    let said = alarm(&mut admin)?.unwrap_or_default();
    ensure!(said.contains("spare is used"), "{said}");
    let page = admin.browser.open("/management/alarms")?;
    admin.browser.submit(&page.form("/alarms")?)?;
    ensure!(alarm(&mut admin)?.is_none(), "it was noted");
    board.cut()?;
    ensure!(
        disk.partition("state")? == lost,
        "it was not left as it was"
    );
    told_again_with_every_start(&disk)
}

fn told_again_with_every_start(disk: &Disk) -> Result<()> {
    let board = Board::start(disk)?;
    board.serves()?;
    let mut admin = Administrator::sign_in_with(board.browser())?;
    ensure!(alarm(&mut admin)?.is_some(), "it is still not in use");
    Ok(())
}

/// What the page says of a state that was set aside, if it does.
fn alarm(admin: &mut Administrator) -> Result<Option<String>> {
    let text = admin.browser.open("/management/alarms")?.text();
    Ok(text.contains("could not use the state").then_some(text))
}
