//! What the appliance does when it is switched on.

use acceptance::{Administrator, Authority, Board, Encoding, PASSWORD, judge};
use anyhow::{Result, ensure};

use crate::set_up;

#[test]
fn the_armv7_board_does_the_whole_job() -> Result<()> {
    whole_job("armv7")
}

#[test]
fn the_aarch64_board_does_the_whole_job() -> Result<()> {
    whole_job("aarch64")
}

fn whole_job(target: &str) -> Result<()> {
    let (disk, mut board, mut admin) = set_up(target)?;
    let authority = Authority::new()?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::Pkcs7Pem)?)?;
    admin.install(&review)?;
    let served =
        |board: &Board| judge::trusted_chain(board.address, &authority.root(), "ntp1.example.net");
    let chain = served(&board)?;
    ensure!(chain == [&*issued.leaf, &*issued.intermediate], "{chain:?}");
    // The trial ends with a sign-in over the new certificate.
    Administrator::sign_in_with(board.browser())?;
    board.cut()?;
    board = Board::start(&disk)?;
    board.serves()?;
    ensure!(
        served(&board)? == chain,
        "after a power cut it serves another one"
    );
    reset_over_the_serial_line(&mut board)
}

fn reset_over_the_serial_line(board: &mut Board) -> Result<()> {
    board.say("")?;
    board.hear("login: ")?;
    board.say("admin")?;
    board.hear("password: ")?;
    board.say(PASSWORD)?;
    board.hear("countersign> ")?;
    board.say("version")?;
    let version = board.hear("countersign> ")?;
    ensure!(version.contains("-linux-gnu"), "{version}");
    board.say("defcert -sha1")?;
    board.hear("SHA-256 fingerprint ")?;
    board.hear("countersign> ")?;
    let chain = judge::presented_chain(board.address)?;
    let text = judge::certificate(chain.first().map_or("", String::as_str))?;
    ensure!(text.contains("sha1WithRSAEncryption"), "{text}");
    Ok(())
}
