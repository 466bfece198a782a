//! The image that is flashed, booted: `cargo xtask test --image`.

mod hangs;
mod power;
mod reproducible;
mod serves;
mod state;
mod upgrade;

use acceptance::{Administrator, Board, Browser, Disk, PASSWORD, sign_in};
use anyhow::{Context as _, Result, ensure};

/// A board that was switched on for the first time, and whose administrator has set
/// [`PASSWORD`].
fn set_up(target: &str) -> Result<(Disk, Board, Administrator)> {
    let disk = Disk::new(target)?;
    let mut board = Board::start(&disk)?;
    let admin = choose_password(&mut board)?;
    Ok((disk, board, admin))
}

/// Signs in with the password that a board prints whose state is new, and sets
/// [`PASSWORD`].
fn choose_password(board: &mut Board) -> Result<Administrator> {
    let greeting = board.hear(" (to be changed at the first sign-in)")?;
    let word = greeting.rsplit("first password for admin: ").next();
    let first = word.and_then(|rest| rest.split(' ').next());
    let first = first.context("no password was printed")?;
    board.serves()?;
    let mut browser = board.browser();
    change_password(&mut browser, first)?;
    Administrator::sign_in_with(board.browser())
}

fn change_password(browser: &mut Browser, first: &str) -> Result<()> {
    ensure!(sign_in(browser, first)?.path == "/password");
    let mut form = browser.open("/password")?.form("/password")?;
    form.fill("present", first)?;
    form.fill("new", PASSWORD)?;
    form.fill("again", PASSWORD)?;
    ensure!(browser.submit(&form)?.path == "/management/https");
    Ok(())
}
