//! The console over telnet, for what has no SSH. Nothing of it is encrypted, so it is
//! off until an administrator switches it on.

mod options;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use cert_lifecycle::Via;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::editor::Mode;
use super::sign_in::{Attempt, Seat, too_many};
use super::terminal::{Terminal, Wire};
use crate::App;
use crate::limits::{CONSOLES, SIGN_IN_MAX, SIGN_INS_MAX};
use crate::server::{Mark, accept};
use options::{Taken, Telnet};

const GREETING: &str = "\
Countersign. This connection is not encrypted: whoever can listen to it reads your
password. Use SSH where you can.
";

/// Serves consoles until `ended` says true.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, ended: watch::Receiver<bool>) {
    accept(listener, CONSOLES, ended, |stream, address, mark| {
        let app = Arc::clone(&app);
        async move {
            // Somebody who goes away in the middle of a line is no news.
            drop(attend(stream, address, mark, &app).await);
        }
    })
    .await;
}

async fn attend(
    stream: TcpStream,
    address: SocketAddr,
    mark: Mark,
    app: &Arc<App>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut terminal = Terminal::new(Line::open(stream).await?);
    terminal.say(GREETING).await?;
    let via = Via::Telnet(address.ip().to_canonical());
    let until = Instant::now() + SIGN_IN_MAX;
    let Some(seat) = sign_in(&mut terminal, app, via, until).await? else {
        return Ok(());
    };
    mark.set(true);
    super::attend(&mut terminal, app, Arc::new(seat)).await
}

/// Asks for name and password until they are right, the time is over, or they were
/// wrong too often.
async fn sign_in<W: Wire>(
    terminal: &mut Terminal<W>,
    app: &Arc<App>,
    via: Via,
    until: Instant,
) -> io::Result<Option<Seat>> {
    for _ in 0..SIGN_INS_MAX {
        let Some(name) = terminal.answer("login: ", Mode::Answer, until).await? else {
            return Ok(None);
        };
        let name = name.trim();
        if name.is_empty() {
            continue;
        }
        let Some(password) = terminal.answer("password: ", Mode::Secret, until).await? else {
            return Ok(None);
        };
        match Seat::try_password(app, via.clone(), name, password).await {
            Ok(Attempt::Granted(seat)) => return Ok(Some(seat)),
            Ok(Attempt::Wrong) => terminal.say(super::WRONG).await?,
            Ok(Attempt::Paused(pause)) => terminal.say(&too_many(pause)).await?,
            Err(error) => terminal.say(&format!("{error}\n")).await?,
        }
    }
    Ok(None)
}

/// A telnet connection.
struct Line {
    stream: TcpStream,
    telnet: Telnet,
    /// What telnet itself has to answer.
    answers: Vec<u8>,
}

impl Line {
    async fn open(mut stream: TcpStream) -> io::Result<Self> {
        let mut offer = Vec::new();
        let telnet = Telnet::new(&mut offer);
        stream.write_all(&offer).await?;
        Ok(Self {
            stream,
            telnet,
            answers: Vec::new(),
        })
    }

    async fn answer(&mut self) -> io::Result<()> {
        // Kept until it is written whole: a read may be dropped at any time.
        while !self.answers.is_empty() {
            let written = self.stream.write(&self.answers).await?;
            self.answers.drain(..written);
        }
        Ok(())
    }
}

impl Wire for Line {
    async fn read(&mut self, typed: &mut Vec<u8>) -> io::Result<()> {
        let before = typed.len();
        while typed.len() == before {
            self.answer().await?;
            let mut octets = [0; 1024];
            let read = self.stream.read(&mut octets).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            for octet in octets.iter().take(read) {
                match self.telnet.take(*octet, &mut self.answers) {
                    Taken::Typed(octet) => typed.push(octet),
                    Taken::Nothing => {}
                    Taken::Broken => return Err(io::ErrorKind::InvalidData.into()),
                }
            }
        }
        Ok(())
    }

    async fn write(&mut self, shown: &[u8]) -> io::Result<()> {
        self.answer().await?;
        let mut octets = Vec::with_capacity(shown.len() + 16);
        self.telnet.encode(shown, &mut octets);
        self.stream.write_all(&octets).await
    }
}
