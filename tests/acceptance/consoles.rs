//! What holds on a console whatever carries it.

use std::thread;
use std::time::Duration;

use acceptance::terminal::{PROMPT, Terminal};
use acceptance::{Administrator, Authority, Encoding, PASSWORD, Unit, judge};
use anyhow::{Context as _, Result, ensure};

/// A person whose browser is out of reach repairs the unit: HTTP is off, the certificate
/// that serves is one that no browser likes, and the way back is `defcert`.
pub(crate) fn repairs_the_unit(unit: &Unit, terminal: &mut Terminal) -> Result<()> {
    serve_another_name(unit)?;
    ensure!(terminal.command("services set http off")?.contains("off"));

    let version = terminal.command("version")?;
    ensure!(version.starts_with("countersign "), "{version}");
    for (command, algorithm) in [
        ("defcert", "sha256WithRSAEncryption"),
        ("defcert -sha1", "sha1WithRSAEncryption"),
    ] {
        let said = terminal.command(command)?;
        let chain = judge::presented_chain(unit.address)?;
        let certificate = chain.first().context("a certificate")?;
        let text = judge::certificate(certificate)?;
        ensure!(text.contains("Subject: CN = Spectracom\n"), "{text}");
        ensure!(text.contains(algorithm), "{text}");
        // On the terminal as in the browser: the fingerprint that the two compare.
        let said: String = said.split_whitespace().collect();
        ensure!(said.contains(&judge::fingerprint(certificate)?), "{said}");
    }
    let page = Administrator::sign_in(unit)?
        .browser
        .open("/management/https")?;
    ensure!(page.text().contains("Spectracom"), "{}", page.text());
    Ok(())
}

/// A person whose browser refuses a certificate that has expired brings the unit back.
pub(crate) fn repairs_an_expired_certificate(unit: &Unit, terminal: &mut Terminal) -> Result<()> {
    /// Long enough to be installed, short enough to be waited for.
    const SECONDS: u32 = 20;
    let authority = Authority::new()?;
    let made =
        unit.console("request new cn=ntp1.example.net key=\"EC P-256\" name=IP:127.0.0.1")?;
    let request = judge::pem_blocks(&made.text()).pop().context("a request")?;
    let issued = authority.sign_for(&request, SECONDS)?;
    let installed = unit.console_command(
        "install",
        &String::from_utf8(issued.encode(Encoding::X509Pem)?)?,
    )?;
    ensure!(installed.status.success(), "{installed:?}");
    judge::trusted_chain(unit.address, &authority.root(), "127.0.0.1")?;
    let mut alarms = String::new();
    for _ in 0..SECONDS * 3 {
        alarms = terminal.command("alarms")?;
        if alarms.contains("expired: ") {
            break;
        }
        thread::sleep(Duration::from_secs(1));
    }
    ensure!(alarms.contains("expired: "), "{alarms}");
    // It is served all the same, which no browser likes.
    let trusted = judge::trusted_chain(unit.address, &authority.root(), "127.0.0.1");
    ensure!(trusted.is_err(), "{trusted:?}");
    let chain = judge::presented_chain(unit.address)?;
    ensure!(
        chain.first().map(|leaf| leaf.trim()) == Some(issued.leaf.trim()),
        "{chain:?}"
    );
    let said: String = terminal.command("defcert")?.split_whitespace().collect();
    let chain = judge::presented_chain(unit.address)?;
    let certificate = chain.first().context("a certificate")?;
    ensure!(said.contains(&judge::fingerprint(certificate)?), "{said}");
    ensure!(judge::certificate(certificate)?.contains("Subject: CN = Spectracom\n"));
    let alarms = terminal.command("alarms")?;
    ensure!(!alarms.contains("expired"), "{alarms}");
    Administrator::sign_in(unit).map(drop)
}

/// Installs a certificate for a name under which nobody reaches the unit.
fn serve_another_name(unit: &Unit) -> Result<()> {
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(unit)?;
    let request = admin.make_request(&[("common_name", "elsewhere.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    let shown = judge::presented_chain(unit.address)?;
    let shown = judge::certificate(shown.first().context("a certificate")?)?;
    ensure!(shown.contains("elsewhere.example.net"), "{shown}");
    Ok(())
}

/// The sign-in is one of those in the list, which ends it.
pub(crate) fn ends_with_its_session(
    unit: &Unit,
    terminal: &mut Terminal,
    from: &str,
) -> Result<()> {
    let list = terminal.command("sessions")?;
    let line = list.lines().find(|line| line.contains(from));
    let number = line.and_then(|line| line.split(' ').next());
    let number = number.with_context(|| format!("no {from} in {list}"))?;
    let ended = unit.console(&format!("sessions end {number}"))?;
    ensure!(ended.status.success(), "{ended:?}");
    terminal.expect("Your sign-in has ended")?;
    Ok(())
}

/// Lines are edited and completed, and come back.
pub(crate) fn edits_lines(terminal: &mut Terminal) -> Result<()> {
    terminal.send("vers\t\r")?;
    let completed = terminal.expect(PROMPT)?;
    ensure!(completed.contains("countersign 0."), "{completed}");
    // Up, and to the first character, which goes. Each key shows the prompt anew.
    terminal.send("\x1b[A\x01\x04\r")?;
    terminal.expect("\"ersion\" is no command")?;
    terminal.expect("\r\n")?;
    terminal.expect(PROMPT)?;
    // A line that is given up is not run.
    terminal.send("defcert\x03")?;
    terminal.expect("^C\r\n")?;
    let given_up = terminal.expect(PROMPT)?;
    ensure!(given_up.is_empty(), "{given_up}");
    Ok(())
}

/// Wrong passwords are refused with one sentence, and then cost time. The right one is
/// not heard either while they do.
pub(crate) fn slows_down_whoever_guesses(terminal: &mut Terminal) -> Result<()> {
    for attempt in 0..5 {
        terminal.answer("login: ", "admin")?;
        terminal.answer("password: ", &format!("guess-number-{attempt}"))?;
        terminal.expect("Name and password do not belong together")?;
    }
    terminal.answer("login: ", "admin")?;
    terminal.answer("password: ", PASSWORD)?;
    terminal.expect("There were too many wrong passwords")?;
    Ok(())
}
