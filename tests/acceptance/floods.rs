//! Whoever wants to keep the administrator out by mere numbers does not succeed.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use acceptance::{Administrator, Browser, Connection, Tool, Unit, client_hello, connect};
use anyhow::{Context as _, Result, bail, ensure};

/// A fresh administrator is in after this long, or the test fails.
const PATIENCE: Duration = Duration::from_secs(10);
/// Slow connections at a time.
const SLOW: u32 = 1000;
/// So many connections one address may hold at a time, and all together.
const HELD_BY_ONE: usize = 64;
const HELD_BY_ALL: usize = 256;

const ATTACKER: Ipv4Addr = Ipv4Addr::LOCALHOST;
const ADMIN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn a_thousand_slow_headers_keep_nobody_out() -> Result<()> {
    slow_http_test("-H -i 2")
}

#[test]
fn a_thousand_slow_bodies_keep_nobody_out() -> Result<()> {
    slow_http_test("-B -i 2 -s 8192")
}

#[test]
fn a_thousand_slow_readers_keep_nobody_out() -> Result<()> {
    slow_http_test("-X -w 1 -y 8 -n 2 -z 1 -k 3")
}

/// Lets `slowhttptest` open its connections, all from one address. Meanwhile people
/// sign in from another address, and from the same.
fn slow_http_test(attack: &str) -> Result<()> {
    let unit = Unit::start()?;
    let attack = Tool::new("slowhttptest")
        .args(attack)
        .args("-r 250 -l 60 -c");
    let attack = attack.arg(SLOW.to_string()).args("-u");
    let url = format!("https://{}/login", unit.address);
    let mut attack = attack.arg(url).start()?;
    // It opens its connections in four seconds.
    for _ in 0..5 {
        wait_until_held(&unit, HELD_BY_ONE)?;
        sign_in_within(unit.browser().at(ADMIN.into()))?;
        sign_in_again_and_again(&unit, ATTACKER)?;
        thread::sleep(Duration::from_secs(1));
    }
    ensure!(attack.is_running()?, "the attack was over before");
    Ok(())
}

#[test]
fn a_thousand_slow_connections_from_as_many_addresses_keep_nobody_out() -> Result<()> {
    let unit = Unit::start()?;
    let sending = Sending::start(4, {
        let (address, numbers) = (unit.address, Arc::new(AtomicU32::new(0)));
        move |held: &mut Vec<Connection>| {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            if number >= SLOW {
                return trickle(held);
            }
            let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number);
            let mut connection = Connection::open_from(Some(source.into()), address)?;
            connection.send(b"GET /login HTTP/1.1\r\nX: ")?;
            held.push(connection);
            Ok(())
        }
    });
    wait_until_held(&unit, HELD_BY_ALL)?;
    sign_in_again_and_again(&unit, ADMIN)?;
    sending.end();
    Ok(())
}

/// Another octet for each connection that is still there.
fn trickle(held: &mut Vec<Connection>) -> Result<()> {
    thread::sleep(Duration::from_millis(500));
    held.retain_mut(|connection| connection.send(b"x").is_ok());
    Ok(())
}

/// The first message is sent again and again from 40 addresses, which costs nothing
/// and makes the unit compute a whole handshake each time.
#[test]
fn a_flood_of_handshakes_keeps_nobody_out() -> Result<()> {
    let unit = Unit::start()?;
    let hello = client_hello(unit.address)?;
    let sent = Arc::new(AtomicU32::new(0));
    let sending = Sending::start(2, {
        let (address, sent) = (unit.address, Arc::clone(&sent));
        move |held: &mut Vec<TcpStream>| {
            let number = sent.fetch_add(1, Ordering::Relaxed);
            let [_, _, _, last] = number.to_be_bytes();
            let source = Ipv4Addr::new(127, 2, 0, last % 40 + 1);
            let mut connection = connect(Some(source.into()), address)?;
            connection.write_all(&hello)?;
            held.push(connection);
            if held.len() > 500 {
                held.drain(..250);
            }
            Ok(())
        }
    });
    wait_for("a thousand handshakes", || {
        Ok(sent.load(Ordering::Relaxed) > 1000)
    })?;
    let before = sent.load(Ordering::Relaxed);
    sign_in_within(unit.browser().at(ADMIN.into()))?;
    wait_for("the flood to go on", || {
        Ok(sent.load(Ordering::Relaxed) > before)
    })?;
    sending.end();
    Ok(())
}

#[test]
fn clients_that_do_nothing_but_shake_hands_keep_nobody_out() -> Result<()> {
    let unit = Unit::start()?;
    let clients = (0..16).map(|_| {
        let client = Tool::openssl("s_time -new -time 60 -connect").arg(unit.address.to_string());
        client.start()
    });
    let mut clients = clients.collect::<Result<Vec<_>>>()?;
    sign_in_within(unit.browser().at(ADMIN.into()))?;
    for client in &mut clients {
        ensure!(client.is_running()?, "the flood was over before");
    }
    Ok(())
}

/// 24 uploads of 1 MiB at a time by somebody who is signed in, and as many by
/// strangers: the sign-in of another person succeeds, and the unit's memory holds only
/// a few of them.
#[test]
fn parallel_uploads_keep_nobody_out_and_fill_no_memory() -> Result<()> {
    const RESIDENT_KIB_MAX: u64 = 64 * 1024;
    let unit = Unit::start()?;
    let mut admin =
        Administrator::sign_in_with(unit.browser().at(Ipv4Addr::new(127, 0, 0, 3).into()))?;
    let mut form = admin
        .browser
        .open("/management/https/upload")?
        .form("/upload")?;
    form.attach("certificate", "large.pem", &vec![b'x'; 1024 * 1024])?;
    // They lead to a page that is not there, for only the way to a page is tried.
    let signed_in = elsewhere(&admin.browser.request_of(&form));
    let stranger = elsewhere(&unit.browser().request_of(&form));
    let answered = Arc::new(AtomicU32::new(0));
    let sending = Sending::start(48, {
        let (address, answered, next) = (unit.address, Arc::clone(&answered), AtomicU32::new(0));
        move |_: &mut Vec<TcpStream>| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (source, request) = match number % 2 {
                0 => (Ipv4Addr::new(127, 0, 0, 3), &signed_in),
                _ => (Ipv4Addr::new(127, 0, 0, 4), &stranger),
            };
            let mut connection = Connection::open_from(Some(source.into()), address)?;
            connection.send(request)?;
            let status = connection.answer()?.status;
            ensure!(
                [303, 422].contains(&status),
                "an upload was answered with {status}"
            );
            answered.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    });
    wait_for("an answer to an upload", || {
        Ok(answered.load(Ordering::Relaxed) > 0)
    })?;
    sign_in_within(unit.browser().at(ADMIN.into()))?;
    wait_for("as many answers as uploads", || {
        Ok(answered.load(Ordering::Relaxed) >= 48)
    })?;
    sending.end();
    let resident = unit.process_status("VmHWM")?;
    let resident = resident.trim_end_matches("kB").trim().parse::<u64>()?;
    println!("{resident} KiB at most");
    ensure!(resident < RESIDENT_KIB_MAX, "{resident} KiB were resident");
    Ok(())
}

/// The same request with another path.
fn elsewhere(request: &[u8]) -> Vec<u8> {
    let line_end = request.iter().position(|octet| *octet == b'\r');
    let (_, rest) = request.split_at(line_end.unwrap_or(0));
    [b"POST /nowhere HTTP/1.1", rest].concat()
}

/// Threads that do one thing again and again, until they are ended.
pub(crate) struct Sending {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Sending {
    /// Each thread has connections of its own to hold. What fails is tried again, for
    /// to be turned away is what an attacker has to expect.
    pub(crate) fn start<C: 'static>(
        threads: usize,
        act: impl Fn(&mut Vec<C>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let act = Arc::new(act);
        let threads = (0..threads).map(|_| {
            let (ended, act) = (Arc::clone(&ended), Arc::clone(&act));
            thread::spawn(move || {
                let mut held = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    drop(act(&mut held));
                }
            })
        });
        let threads = threads.collect();
        Self { ended, threads }
    }

    pub(crate) fn end(self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            drop(thread.join());
        }
    }
}

/// Waits until the unit has at least so many connections.
fn wait_until_held(unit: &Unit, connections: usize) -> Result<()> {
    let what = format!("{connections} connections");
    wait_for(&what, || Ok(unit.connections()? >= connections))
}

pub(crate) fn wait_for(what: &str, mut happened: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !happened()? {
        ensure!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Signs in at the first try.
fn sign_in_within(browser: Browser) -> Result<()> {
    let (sender, result) = mpsc::channel();
    thread::spawn(move || sender.send(Administrator::sign_in_with(browser).map(drop)));
    let signed_in = result.recv_timeout(PATIENCE);
    signed_in.with_context(|| format!("no sign-in within {PATIENCE:?}"))??;
    Ok(())
}

/// Signs in from an address whose other connections contend with this one; a person
/// presses "reload" when the browser says that the connection broke off.
fn sign_in_again_and_again(unit: &Unit, source: Ipv4Addr) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match sign_in_within(unit.browser().at(source.into())) {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => bail!("not within {PATIENCE:?}: {error:#}"),
            Err(_) => {}
        }
    }
}
