//! The console on a serial line of 9600 bits a second.

use std::thread;

use acceptance::terminal::PROMPT;
use acceptance::{
    Administrator, Authority, Cable, Encoding, PASSWORD, Terminal, Tool, Unit, judge,
};
use anyhow::{Context as _, Result};

use crate::consoles;

/// A unit with a cable, and a laptop at the other end of it.
fn with_cable(folder: &std::path::Path) -> Result<(Unit, Cable, Terminal)> {
    let cable = Cable::plug_in(folder)?;
    let device = cable.unit();
    let device = device.to_str().context("UTF-8")?;
    let unit = Unit::start_with(&["--serial", device])?;
    unit.logs("the console is on ")?;
    let laptop = Terminal::at(&cable.laptop())?;
    Ok((unit, cable, laptop))
}

#[test]
fn a_unit_is_repaired_over_the_serial_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (unit, _cable, mut laptop) = with_cable(folder.path())?;
    laptop.sign_in()?;
    consoles::edits_lines(&mut laptop)?;
    consoles::repairs_the_unit(&unit, &mut laptop)?;
    consoles::ends_with_its_session(&unit, &mut laptop, "serial console")?;
    laptop.sign_in()?;
    laptop.send("exit\r")?;
    laptop.expect("login: ")?;
    Ok(())
}

#[test]
fn a_certificate_that_has_expired_is_replaced_over_the_serial_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (unit, _cable, mut terminal) = with_cable(folder.path())?;
    terminal.sign_in()?;
    consoles::repairs_an_expired_certificate(&unit, &mut terminal)
}

#[test]
fn a_cable_that_is_unplugged_signs_out_and_can_be_plugged_in_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (unit, cable, mut laptop) = with_cable(folder.path())?;
    laptop.sign_in()?;
    drop((laptop, cable));
    unit.logs("is away: ")?;
    let sessions = unit.console("sessions")?.text();
    assert!(!sessions.contains("serial"), "{sessions}");

    let cable = Cable::plug_in(folder.path())?;
    let mut laptop = Terminal::at(&cable.laptop())?;
    laptop.sign_in()?;
    let version = laptop.command("version")?;
    assert!(version.starts_with("countersign "), "{version}");
    Ok(())
}

#[test]
fn a_password_that_nobody_knows_is_replaced_at_the_serial_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (unit, _cable, mut laptop) = with_cable(folder.path())?;
    laptop.answer("login: ", "resetpw")?;
    laptop.answer("Type yes to go on: ", "no")?;
    laptop.expect("Nothing was changed.")?;
    Administrator::sign_in(&unit)?;

    laptop.answer("login: ", "resetpw")?;
    laptop.answer("Type yes to go on: ", "yes")?;
    laptop.expect("New password for admin: ")?;
    let password = laptop.expect(" ")?;
    laptop.answer("login: ", "admin")?;
    laptop.answer("password: ", PASSWORD)?;
    laptop.expect("do not belong together")?;
    laptop.answer("login: ", "admin")?;
    laptop.answer("password: ", &password)?;
    for _ in 0..2 {
        laptop.answer(": ", "short")?;
    }
    laptop.expect("It needs at least 8")?;
    for _ in 0..2 {
        laptop.answer(": ", PASSWORD)?;
    }
    laptop.expect(PROMPT)?;
    Administrator::sign_in(&unit)?;
    Ok(())
}

#[test]
fn nobody_on_the_network_keeps_the_serial_line_waiting() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cable = Cable::plug_in(folder.path())?;
    let device = cable.unit();
    let device = device.to_str().context("UTF-8")?;
    let unit = Unit::start_with(&["--serial", device, "--telnet", "127.0.0.1:0"])?;
    unit.logs("the console is on ")?;
    let mut network = Terminal::telnet(unit.listens("telnet")?)?;
    consoles::slows_down_whoever_guesses(&mut network)?;
    let mut laptop = Terminal::at(&cable.laptop())?;
    laptop.sign_in()?;
    laptop.send("exit\r")?;
    laptop.expect("Countersign.")?;
    // Guessing costs time there too.
    consoles::slows_down_whoever_guesses(&mut laptop)
}

#[test]
fn a_console_answers_while_another_has_a_key_of_4096_bits_made() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (unit, _cable, mut laptop) = with_cable(folder.path())?;
    laptop.sign_in()?;
    let other = Tool::new(Unit::program()?).args("console --state");
    let other = other.arg(unit.state()).arg("-c");
    let other = other.arg("request new cn=ntp1.example.net key_bits=4096");
    // The order tells: the serial line has answered while the other still waits.
    thread::scope(|scope| {
        let other = scope.spawn(move || other.try_run());
        while !other.is_finished() {
            let said = laptop.command("request making")?;
            if said.starts_with("A key of RSA 4096 is being made") {
                return Ok(());
            }
        }
        anyhow::bail!("the serial line never answered while a key was made")
    })
}

/// A unit without any network: the request goes out, the CA is on a stick, and the
/// certificate comes in, over nothing but the serial line.
#[test]
fn a_certificate_is_renewed_over_nothing_but_the_serial_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (unit, _cable, mut laptop) = with_cable(folder.path())?;
    let authority = Authority::new()?;
    laptop.sign_in()?;
    laptop.send("request new cn=ntp1.example.net key_type=\"EC P-256\"\r")?;
    laptop.expect("-----BEGIN CERTIFICATE REQUEST-----")?;
    let body = laptop.expect("-----END CERTIFICATE REQUEST-----")?;
    laptop.expect(PROMPT)?;
    let request = format!(
        "-----BEGIN CERTIFICATE REQUEST-----{}-----END CERTIFICATE REQUEST-----\n",
        body.replace('\r', "")
    );

    let issued = authority.sign(&request)?;
    let pem = String::from_utf8(issued.encode(Encoding::X509Pem)?)?;
    // As fast as the line takes it, and nothing behind it: it ends by itself.
    laptop.send("cert paste\r")?;
    laptop.expect("\n")?;
    laptop.send(&pem.replace('\n', "\r"))?;
    laptop.expect("Type install")?;
    laptop.expect(PROMPT)?;
    laptop.send("install\r")?;
    let fingerprint = judge::fingerprint(&issued.leaf)?;
    let shown = laptop.expect("SHA-256 fingerprint")?;
    let shown = shown + &laptop.expect(PROMPT)?;
    let shown: String = shown.split_whitespace().collect();
    assert!(shown.contains(&fingerprint), "{shown}");
    judge::trusted_chain(unit.address, &authority.root(), "ntp1.example.net")?;
    Ok(())
}
