//! Collectors of syslog messages: two of our own, which read strictly, and rsyslog.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::syslog::{Message, number};

/// The unit has this long to send a message, its waits for a collector included.
const ARRIVAL_MAX: Duration = Duration::from_secs(60);

/// A collector that takes datagrams, one message each (RFC 5426).
pub struct UdpCollector(UdpSocket);

impl UdpCollector {
    /// Listens on loopback.
    pub fn start() -> Result<Self> {
        Self::at("127.0.0.1:0".parse()?)
    }

    /// Listens where a collector has listened before.
    pub fn at(address: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(ARRIVAL_MAX))?;
        Ok(Self(socket))
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }

    /// The next message.
    pub fn message(&self) -> Result<Message> {
        let mut octets = [0; 65_536];
        let length = self.0.recv(&mut octets).context("no message came")?;
        Message::parse(octets.get(..length).unwrap_or_default())
    }
}

/// A collector that takes connections, with octet counting (RFC 6587 section 3.4.1).
pub struct TcpCollector {
    listener: TcpListener,
    connection: Option<TcpStream>,
    ahead: Vec<u8>,
}

impl TcpCollector {
    /// Listens on loopback.
    pub fn start() -> Result<Self> {
        Self::at("127.0.0.1:0".parse()?)
    }

    /// Listens where a collector has listened before.
    pub fn at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            connection: None,
            ahead: Vec::new(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Ends the connection that there is, as a collector that restarts does.
    pub fn hang_up(&mut self) {
        self.connection = None;
        self.ahead.clear();
    }

    /// The next message, over a new connection where the last has ended.
    pub fn message(&mut self) -> Result<Message> {
        loop {
            if let Some(message) = self.framed()? {
                return Message::parse(&message);
            }
            self.read_more()?;
        }
    }

    /// Takes the first frame off what has been read, if it is whole.
    fn framed(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(space) = self.ahead.iter().position(|octet| *octet == b' ') else {
            return Ok(None);
        };
        let digits = std::str::from_utf8(self.ahead.get(..space).unwrap_or_default())?;
        let length = usize::try_from(number(digits, 1, 65_535).context("MSG-LEN")?)?;
        let end = space + 1 + length;
        if self.ahead.len() < end {
            return Ok(None);
        }
        let rest = self.ahead.split_off(end);
        let frame = std::mem::replace(&mut self.ahead, rest);
        Ok(Some(frame.into_iter().skip(space + 1).collect()))
    }

    fn read_more(&mut self) -> Result<()> {
        let deadline = Instant::now() + ARRIVAL_MAX;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(accept(&self.listener, deadline)?),
        };
        let mut octets = [0; 4096];
        let read = connection.read(&mut octets).context("no message came")?;
        self.ahead.extend(octets.iter().take(read));
        if read == 0 {
            ensure!(self.ahead.is_empty(), "the connection ended in a message");
            self.connection = None;
        }
        Ok(())
    }
}

fn accept(listener: &TcpListener, deadline: Instant) -> Result<TcpStream> {
    loop {
        match listener.accept() {
            Ok((connection, _)) => {
                connection.set_nonblocking(false)?;
                connection.set_read_timeout(Some(ARRIVAL_MAX))?;
                return Ok(connection);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ensure!(Instant::now() < deadline, "the unit does not connect");
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// rsyslog, which listens for datagrams and connections at one address, and writes
/// down what it understood of each message.
pub struct Rsyslog {
    child: Child,
    folder: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Rsyslog {
    /// Starts it on loopback.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let taken = TcpListener::bind("127.0.0.1:0")?;
        let address = taken.local_addr()?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("rsyslog.conf"), configuration(address, &folder))?;
        drop(taken);
        let child = Command::new("/usr/sbin/rsyslogd")
            .args(["-n", "-f"])
            .arg(path("rsyslog.conf"))
            .arg("-i")
            .arg(path("pid"))
            .stdin(Stdio::null())
            .spawn()
            .context("rsyslogd; `cargo xtask test` installs what is missing")?;
        let rsyslog = Self {
            child,
            folder,
            address,
        };
        let deadline = Instant::now() + ARRIVAL_MAX;
        while TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < deadline, "rsyslogd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(rsyslog)
    }

    /// The fields of the first message with this MSGID, parted by tabs, as soon as it
    /// has come: PRI, time, HOSTNAME, APP-NAME, PROCID, MSGID, structured data, MSG.
    pub fn fields(&self, id: &str) -> Result<Vec<String>> {
        let deadline = Instant::now() + ARRIVAL_MAX;
        loop {
            let written = fs::read_to_string(self.written()).unwrap_or_default();
            let whole = written
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            for line in whole {
                let fields: Vec<String> = line.trim_end().split('\t').map(Into::into).collect();
                if fields.get(5).is_some_and(|given| given == id) {
                    return Ok(fields);
                }
            }
            ensure!(Instant::now() < deadline, "no {id} came: {written}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn written(&self) -> PathBuf {
        self.folder.path().join("messages")
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn configuration(address: SocketAddr, folder: &TempDir) -> String {
    let (host, port) = (address.ip(), address.port());
    let folder = folder.path().display();
    format!(
        r#"global(workDirectory="{folder}")
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="{host}" port="{port}")
input(type="imtcp" address="{host}" port="{port}")
template(name="fields" type="string"
  string="%pri%\t%timereported:::date-rfc3339%\t%hostname%\t%app-name%\t%procid%\t%msgid%\t%structured-data%\t%msg%\n")
action(type="omfile" file="{folder}/messages" template="fields")
"#
    )
}
