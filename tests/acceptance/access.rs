//! Who gets in, under which names, and who is put out again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use acceptance::{
    Administrator, Authority, Connection, Encoding, PASSWORD, Response, Tool, Unit, sign_in,
};
use anyhow::{Context as _, Result, ensure};

const SESSIONS: &str = "/access/sessions";
/// Where it leads who was signed in before.
const ENDED: &str = "/login?ended=page&to=sessions";

#[test]
fn sign_ins_are_listed_and_ended_at_the_browser_and_on_the_console() -> Result<()> {
    let unit = Unit::start()?;
    let mut first = Administrator::sign_in(&unit)?;
    let mut second = Administrator::sign_in(&unit)?;
    let mut third = Administrator::sign_in(&unit)?;
    let list = unit.console("sessions")?.text();
    assert_eq!(list.matches("127.0.0.1").count(), 3, "{list}");
    let ran = unit.console("sessions end 1")?;
    assert_eq!(ran.text(), "Signed out: 1.\n", "{ran:?}");
    assert_eq!(first.browser.open(SESSIONS)?.path, ENDED);

    let page = second.browser.open(SESSIONS)?;
    ensure!(page.text().contains("this one"), "{}", page.text());
    let form = page.form(SESSIONS)?;
    let page = second.browser.press(&form, "end", "others")?;
    ensure!(page.text().contains("Nobody else"), "{}", page.text());
    assert_eq!(third.browser.open(SESSIONS)?.path, ENDED);
    let journal = unit.console("journal")?.text();
    ensure!(
        journal.contains("admin (console): sign-out: ended: 1 from 127.0.0.1"),
        "{journal}"
    );
    assert_eq!(unit.console("sessions end 1")?.status.code(), Some(1));
    let unit = unit.kill_and_restart()?;
    assert_eq!(unit.console("sessions")?.text(), "Nobody is signed in.\n");
    Ok(())
}

#[test]
fn a_shell_on_the_unit_resets_no_password() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let ran = unit.console("resetpw")?;
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    ensure!(
        ran.stderr.contains("only from the serial console"),
        "{ran:?}"
    );
    assert_eq!(admin.browser.open(SESSIONS)?.path, SESSIONS);
    Administrator::sign_in(&unit)?;
    Ok(())
}

#[test]
fn a_fresh_administrator_signs_in_while_many_addresses_guess() -> Result<()> {
    let unit = Unit::start()?;
    // Ten addresses, five wrong passwords each: the account counts as attacked.
    for attacker in 1..=10 {
        for _ in 0..5 {
            let answer = guess(unit.address, attacker)?;
            ensure!(answer.contains("HTTP/1.1 401 "), "{answer}");
        }
    }
    let answer = guess(unit.address, 11)?;
    ensure!(answer.contains("HTTP/1.1 401 "), "its first: {answer}");
    let answer = guess(unit.address, 11)?;
    ensure!(answer.contains("HTTP/1.1 429 "), "its second: {answer}");
    ensure!(answer.contains("from many addresses"), "{answer}");

    let address = unit.address;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let flood = |from: u8| {
            let mut guesses: usize = 0;
            for attacker in (from..=200).step_by(8).cycle() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                guess(address, attacker)?;
                guesses += 1;
            }
            Ok::<_, anyhow::Error>(guesses)
        };
        let floods: Vec<_> = (12..20)
            .map(|from| scope.spawn(move || flood(from)))
            .collect();
        let page = sign_in(&mut unit.browser(), PASSWORD);
        over.store(true, Ordering::Relaxed);
        let guesses = floods.into_iter().map(|flood| flood.join());
        for guesses in guesses {
            guesses.map_err(|_| anyhow::anyhow!("a flood panicked"))??;
        }
        let page = page?;
        ensure!(page.path == "/management/https", "{}", page.text());
        Ok(())
    })
}

/// What the unit answers to a wrong password from the address 127.0.1.`attacker`.
fn guess(unit: SocketAddr, attacker: u8) -> Result<String> {
    let body = "name=admin&password=guess";
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
        unit,
        body.len()
    );
    let client = Tool::openssl("s_client -quiet -connect")
        .arg(unit.to_string())
        .args("-bind")
        .arg(format!("127.0.1.{attacker}:0"));
    Ok(client.stdin(request).try_run()?.text())
}

#[test]
fn a_name_that_is_not_the_units_is_turned_away_and_its_own_are_not() -> Result<()> {
    let unit = Unit::start()?;
    let refused = ask(&unit, "rebound.example.org")?;
    assert_eq!(refused.status, 421);
    let page = String::from_utf8(refused.body)?;
    for said in [
        "rebound.example.org",
        "by its address",
        "Names of this unit",
    ] {
        ensure!(page.contains(said), "{said} is not in {page}");
    }
    assert_eq!(ask(&unit, "ntp1.example.net")?.status, 421);
    for own in ["127.0.0.1", "[::1]:443", "localhost", "spectracom:8443"] {
        assert_eq!(ask(&unit, own)?.status, 200, "{own}");
    }
    let mut admin = Administrator::sign_in(&unit)?;
    admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    assert_eq!(ask(&unit, "ntp1.example.net")?.status, 200, "requested");
    assert_eq!(ask(&unit, "time.example.net")?.status, 421);
    unit.console("services set names time.example.net")?;
    assert_eq!(ask(&unit, "time.example.net")?.status, 200, "set");
    Ok(())
}

#[test]
fn browsers_are_told_to_insist_only_where_that_locks_nobody_out() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    unit.console("confirm")?;
    assert_eq!(insists(&unit, "ntp1.example.net")?, None, "off");
    unit.console("services set hsts on")?;
    let told = insists(&unit, "ntp1.example.net")?;
    assert_eq!(told.as_deref(), Some("max-age=86400"));
    assert_eq!(insists(&unit, "127.0.0.1")?, None, "an address");
    assert_eq!(
        insists(&unit, "spectracom")?,
        None,
        "not in the certificate"
    );
    unit.console("defcert")?;
    for name in ["ntp1.example.net", "spectracom", "127.0.0.1"] {
        assert_eq!(insists(&unit, name)?, None, "{name} after defcert");
    }
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    assert_eq!(insists(&unit, "ntp1.example.net")?, None, "on trial");
    unit.console("confirm")?;
    assert_eq!(insists(&unit, "ntp1.example.net")?, told);
    Ok(())
}

fn insists(unit: &Unit, host: &str) -> Result<Option<String>> {
    let answer = ask(unit, host)?;
    ensure!(answer.status == 200, "{host}: {}", answer.status);
    let told = answer.header("strict-transport-security");
    Ok(told.map(ToOwned::to_owned))
}

/// Asks for the sign-in page under this name.
fn ask(unit: &Unit, host: &str) -> Result<Response> {
    let mut connection = Connection::open(unit.address)?;
    connection.send(format!("GET /login HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())?;
    connection.answer().with_context(|| format!("as {host}"))
}
