//! What the appliance does when it is switched on.

use acceptance::{Administrator, Authority, Board, Encoding, PASSWORD, Tool, judge};
use anyhow::{Context as _, Result, ensure};

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
    opens_a_console_over_ssh(&board)?;
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

/// The client takes the host key alone whose fingerprint the serial line has said.
fn opens_a_console_over_ssh(board: &Board) -> Result<()> {
    let said = board.said();
    let printed = said.split("SSH host key ").nth(1);
    let printed = printed.and_then(|rest| rest.split_whitespace().next());
    let printed = printed.context("no host key was printed")?;
    let port = board.ssh.port();
    let folder = tempfile::tempdir()?;
    let known = folder.path().join("known_hosts");
    let scanned = Tool::new("ssh-keyscan").args(&format!("-T 60 -t ed25519 -p {port} 127.0.0.1"));
    std::fs::write(&known, scanned.run()?.stdout)?;
    let shown = Tool::new("ssh-keygen").args("-l -f").arg(&known).run()?;
    let shown = shown.text();
    ensure!(
        shown.split_whitespace().any(|word| word == printed),
        "{printed} was printed, but it is {shown}"
    );
    let version = Tool::new("sshpass")
        .args("-e ssh -F none -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=none -o")
        .arg(format!("UserKnownHostsFile={}", known.display()))
        .args(&format!("-p {port} admin@127.0.0.1 version"))
        .variable("SSHPASS", PASSWORD)
        .run()?;
    ensure!(version.text().starts_with("countersign "), "{version:?}");
    Ok(())
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
