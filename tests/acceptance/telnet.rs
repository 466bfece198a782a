//! The console over telnet.

use acceptance::{PASSWORD, Terminal, Unit};
use anyhow::Result;

use crate::consoles;

const TELNET: [&str; 2] = ["--telnet", "127.0.0.1:0"];

#[test]
fn a_unit_is_repaired_over_telnet() -> Result<()> {
    let unit = Unit::start_with(&TELNET)?;
    let mut terminal = Terminal::telnet(unit.listens("telnet")?)?;
    let greeting = terminal.answer("login: ", "admin")?;
    assert!(greeting.contains("not encrypted"), "{greeting}");
    terminal.answer("password: ", PASSWORD)?;
    let shown = terminal.expect(acceptance::terminal::PROMPT)?;
    assert!(!shown.contains(PASSWORD), "the password was echoed");
    consoles::edits_lines(&mut terminal)?;
    consoles::repairs_the_unit(&unit, &mut terminal)?;
    consoles::ends_with_its_session(&unit, &mut terminal, "telnet, from 127.0.0.1")?;
    terminal.end()?;
    Ok(())
}

#[test]
fn telnet_is_off_until_an_administrator_switches_it_on_and_is_off_again_at_once() -> Result<()> {
    let unit = Unit::start()?;
    let list = unit.console("services")?.text();
    assert!(list.contains("encrypts nothing"), "{list}");
    assert!(
        !unit
            .transcript
            .text_of("standard error")
            .contains("telnet listens")
    );

    let unit = Unit::start_with(&TELNET)?;
    let address = unit.listens("telnet")?;
    let mut terminal = Terminal::telnet(address)?;
    terminal.sign_in()?;
    // The answer still arrives over the connection that is about to be cut.
    terminal.command("services set telnet off")?;
    terminal.end()?;
    unit.logs("telnet is switched off")?;
    assert!(std::net::TcpStream::connect(address).is_err());
    // The unit is confined by now, and listens again all the same.
    let ran = unit.console("services set telnet on")?;
    assert!(ran.status.success(), "{ran:?}");
    let mut again = Err(anyhow::anyhow!("never tried"));
    for _ in 0..100 {
        let address = unit.listens("telnet")?;
        again = Terminal::telnet(address).and_then(|mut terminal| terminal.sign_in());
        if again.is_ok() {
            break;
        }
    }
    again
}

#[test]
fn wrong_passwords_cost_time_over_telnet() -> Result<()> {
    let unit = Unit::start_with(&TELNET)?;
    let mut terminal = Terminal::telnet(unit.listens("telnet")?)?;
    consoles::slows_down_whoever_guesses(&mut terminal)?;
    terminal.end()?;
    let journal = unit.console("journal")?.text();
    assert!(journal.contains("telnet, from 127.0.0.1"), "{journal}");
    assert!(!journal.contains("guess-number"), "{journal}");
    Ok(())
}
