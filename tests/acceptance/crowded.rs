//! Consoles while the unit is busy, while others are blocked, and where there are too many.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use acceptance::terminal::{PROMPT, SSH_OPTIONS};
use acceptance::{Connection, PASSWORD, Running, Terminal, Tool, Unit, connect};
use anyhow::{Context as _, Result, ensure};

use crate::floods::{Sending, wait_for};

const TELNET: [&str; 2] = ["--telnet", "127.0.0.1:0"];

/// As `docs/security.md` has them: consoles over SSH of one address and of all, and the
/// channels of a connection.
const OF_ONE_ADDRESS: usize = 8;
const OF_ALL: usize = 32;
const CHANNELS: usize = 4;

/// A console answers within this, by the median of so many answers: a machine that runs
/// the tests may stand still for a moment.
const ANSWER_MAX: Duration = Duration::from_secs(1);
const ANSWERS: usize = 25;
/// A unit that makes keys has this long to be asked so often meanwhile.
const PATIENCE: Duration = Duration::from_secs(180);

/// Octets that are typed to a console whose answers nobody reads, at most; long before,
/// it takes no more.
const TYPED_OCTETS_MAX: usize = 16 * 1024 * 1024;
/// What takes nothing for so long is blocked.
const BLOCKED: Duration = Duration::from_secs(2);

#[test]
fn a_console_answers_within_a_second_while_long_keys_are_made_and_the_web_is_busy() -> Result<()> {
    let unit = Unit::start_with(&TELNET)?;
    let (address, answered) = (unit.address, Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&answered);
    let browsers = Sending::start(3, move |_: &mut Vec<()>| {
        let mut connection = Connection::open(address)?;
        connection.send(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        connection.answer()?;
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let (program, state) = (Unit::program()?, unit.state().to_owned());
    let keys = Sending::start(1, move |_: &mut Vec<()>| {
        let tool = Tool::new(&program).args("console --state").arg(&state);
        let made = tool
            .arg("-c")
            .arg("request new cn=ntp1 bits=4096")
            .try_run();
        made.map(drop)
    });

    let mut terminal = Terminal::telnet(unit.listens("telnet")?)?;
    terminal.sign_in()?;
    let (began, mut waits) = (Instant::now(), Vec::new());
    while waits.len() < ANSWERS {
        let asked = Instant::now();
        let said = terminal.command("request making")?;
        if said.contains("RSA 4096 is being made") {
            waits.push(asked.elapsed());
        }
        ensure!(began.elapsed() < PATIENCE, "{} answers", waits.len());
    }
    let pages = answered.load(Ordering::Relaxed);
    browsers.end();
    keys.end();
    waits.sort();
    let median = waits.get(ANSWERS / 2).context("no answer")?;
    println!("{median:?} of {waits:?}, and {pages} pages");
    assert!(*median < ANSWER_MAX, "{waits:?}");
    assert!(pages > 0, "the web stood still");
    Ok(())
}

/// Types lines to a console and reads nothing of what it says, until it takes no more.
fn block(mut write: impl FnMut(&[u8]) -> std::io::Result<usize>) -> Result<()> {
    let lines = "help\r\n".repeat(512);
    let mut typed = 0;
    while typed < TYPED_OCTETS_MAX {
        match write(lines.as_bytes()) {
            Ok(octets) => typed += octets,
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("{typed} octets were taken")
}

/// What `ssh` says is read by nobody.
struct Unread(Child);

impl Drop for Unread {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Blocks a console over SSH: it has much more to say than any buffer between takes, and
/// nobody reads it. What it is sent is less than would end it.
fn block_ssh(address: SocketAddr) -> Result<Unread> {
    const LINES: usize = 12_000;
    let mut command = Command::new("sshpass");
    command.args(["-e", "ssh"]).args(SSH_OPTIONS);
    command.args(["-T", "-p", &address.port().to_string(), "admin@127.0.0.1"]);
    let child = command
        .env("SSHPASS", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut unread = Unread(child);
    let input = unread.0.stdin.as_mut().context("no input")?;
    input.write_all("help\n".repeat(LINES).as_bytes())?;
    Ok(unread)
}

#[test]
fn consoles_whose_clients_read_nothing_block_no_other() -> Result<()> {
    let unit = Unit::start_with(&TELNET)?;
    let (telnet, ssh) = (unit.listens("telnet")?, unit.listens("SSH")?);

    let mut over_telnet = TcpStream::connect(telnet)?;
    over_telnet.set_write_timeout(Some(BLOCKED))?;
    over_telnet.write_all(format!("admin\r\n{PASSWORD}\r\n").as_bytes())?;
    block(|octets| over_telnet.write(octets))?;
    let mut local = UnixStream::connect(unit.state().join("console.sock"))?;
    local.set_write_timeout(Some(BLOCKED))?;
    local.write_all(b"script\n")?;
    block(|octets| local.write(octets))?;
    let mut local_terminal = UnixStream::connect(unit.state().join("console.sock"))?;
    local_terminal.set_write_timeout(Some(BLOCKED))?;
    local_terminal.write_all(b"terminal\n")?;
    block(|octets| local_terminal.write(octets))?;
    let mut over_ssh = block_ssh(ssh)?;

    let mut terminal = Terminal::telnet(telnet)?;
    terminal.sign_in()?;
    assert!(terminal.command("version")?.starts_with("countersign "));
    let mut terminal = Terminal::ssh(ssh)?;
    terminal.answer("password: ", PASSWORD)?;
    terminal.expect(PROMPT)?;
    assert!(terminal.command("version")?.starts_with("countersign "));
    assert!(unit.console("version")?.status.success());
    assert!(over_ssh.0.try_wait()?.is_none(), "ssh has ended");
    // They are there, and have not read.
    let sessions = unit.console("sessions")?.text();
    assert_eq!(sessions.matches("telnet, from").count(), 2, "{sessions}");
    assert_eq!(sessions.matches("SSH, from").count(), 2, "{sessions}");
    Ok(())
}

/// A connection of OpenSSH over which others are led.
fn master(address: SocketAddr, socket: &Path) -> Result<Running> {
    let mut master = Tool::new("sshpass")
        .args("-e ssh")
        .variable("SSHPASS", PASSWORD);
    for option in SSH_OPTIONS {
        master = master.arg(option);
    }
    let port = address.port();
    let master = master.args("-M -N -S").arg(socket);
    let running = master.args(&format!("-p {port} admin@127.0.0.1")).start()?;
    wait_for("the connection", || {
        let asked = Tool::new("ssh").args("-O check -S").arg(socket);
        Ok(asked.args("admin@127.0.0.1").try_run()?.status.success())
    })?;
    Ok(running)
}

#[test]
fn an_ssh_connection_has_four_channels_and_no_more() -> Result<()> {
    let unit = Unit::start()?;
    let address = unit.listens("SSH")?;
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("ssh");
    let _master = master(address, &socket)?;
    let path = socket.to_str().context("no text")?;
    let mut open = Vec::new();
    for _ in 0..CHANNELS {
        let mut terminal = Terminal::running(&["ssh", "-S", path, "admin@127.0.0.1"])?;
        terminal.expect(PROMPT)?;
        open.push(terminal);
    }
    // Without a channel OpenSSH tries a connection of its own: to a port where nobody is.
    let one_more = || {
        let tool = Tool::new("ssh")
            .args("-o BatchMode=yes -p 1 -S")
            .arg(&socket);
        tool.args("admin@127.0.0.1 version").try_run()
    };
    let refused = one_more()?;
    assert!(!refused.status.success(), "{refused:?}");
    assert!(refused.stderr.contains("refused"), "{refused:?}");
    for terminal in &mut open {
        assert!(terminal.command("version")?.starts_with("countersign "));
    }
    let mut first = open.pop().context("a terminal")?;
    first.send("exit\r")?;
    first.end()?;
    assert!(one_more()?.text().starts_with("countersign "));
    Ok(())
}

/// How many of these the unit has not closed.
fn open(streams: &[TcpStream]) -> usize {
    let mut octets = [0; 4096];
    let mut is_open = |stream: &TcpStream| {
        loop {
            match (&mut &*stream).read(&mut octets) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    };
    streams.iter().filter(|stream| is_open(stream)).count()
}

#[test]
fn consoles_that_nobody_signs_in_at_give_way_and_those_that_somebody_uses_stay() -> Result<()> {
    let unit = Unit::start_with(&TELNET)?;
    let (telnet, ssh) = (unit.listens("telnet")?, unit.listens("SSH")?);
    let mut terminal = Terminal::telnet(telnet)?;
    terminal.sign_in()?;
    for address in [telnet, ssh] {
        let strangers = |count: u8, of: fn(u8) -> Ipv4Addr| -> Result<Vec<TcpStream>> {
            (0..count)
                .map(|number| {
                    let stream = connect(Some(of(number).into()), address)?;
                    stream.set_nonblocking(true)?;
                    Ok(stream)
                })
                .collect()
        };
        let of_one = strangers(20, |_| Ipv4Addr::new(127, 2, 0, 1))?;
        wait_for("one address has its share", || {
            Ok(open(&of_one) <= OF_ONE_ADDRESS)
        })?;
        let of_many = strangers(60, |number| Ipv4Addr::new(127, 3, 0, number + 1))?;
        wait_for("all have their share", || Ok(open(&of_many) <= OF_ALL))?;
        assert!(open(&of_many) > 0, "nobody was let in");
        assert!(terminal.command("version")?.starts_with("countersign "));
        // Those who have just come are left alone for a second; then the oldest gives way.
        wait_for("a place", || {
            let (fresh, greeting) = match address == ssh {
                true => (Terminal::ssh(ssh), "password: "),
                false => (Terminal::telnet(telnet), "login: "),
            };
            Ok(fresh?.expect(greeting).is_ok())
        })?;
    }
    Ok(())
}

#[test]
fn listeners_follow_the_configuration_when_it_is_read_again() -> Result<()> {
    let unit = Unit::start()?;
    let file = unit.state().with_file_name("countersign.toml");
    let before = std::fs::read_to_string(&file)?;
    let read_again = |lines: &str| -> Result<()> {
        std::fs::write(&file, format!("{before}{lines}\n"))?;
        let process = unit.process_id().to_string();
        Tool::new("kill").arg("-HUP").arg(process).run().map(drop)
    };
    read_again("telnet = \"127.0.0.1:0\"")?;
    let first = unit.listens("telnet")?;
    Terminal::telnet(first)?.sign_in()?;
    // What cannot be read changes nothing.
    read_again("telnet = 7")?;
    unit.logs("countersign.toml")?;
    Terminal::telnet(first)?.sign_in()?;
    read_again("telnet = \"127.0.0.2:0\"")?;
    wait_for("another address", || Ok(unit.listens("telnet")? != first))?;
    let second = unit.listens("telnet")?;
    assert!(TcpStream::connect(first).is_err());
    TcpStream::connect(second)?;
    read_again("telnet = \"off\"")?;
    unit.logs("telnet is switched off")?;
    wait_for("its end", || Ok(TcpStream::connect(second).is_err()))?;
    let refused = unit.console("services set telnet on")?;
    let services = unit.console("services")?.text();
    let services = services.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        services.contains("cannot be switched on here"),
        "{services} {refused:?}"
    );
    Ok(())
}
