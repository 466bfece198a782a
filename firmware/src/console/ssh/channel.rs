//! What runs on a channel: a dialogue at a terminal, or a script's lines.

use std::future::Future;
use std::io;
use std::sync::Arc;

use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::App;
use crate::console::attend;
use crate::console::dialogue::{Dialogue, LINE_OCTETS_MAX, NOT_TEXT, Reply};
use crate::console::sign_in::Seat;
use crate::console::terminal::{BRACKETS_OFF, BRACKETS_ON, Kind, Terminal, Wire, work};
use crate::limits::{AHEAD_OCTETS_MAX, SHOW_MAX};

/// Extended data of this kind is standard error (RFC 4254 section 5.2).
const STANDARD_ERROR: u32 = 1;
/// A shell: at a terminal, or of lines that are run one after the other.
pub(super) async fn shell(
    channel: Channel<Msg>,
    terminal: Option<Kind>,
    app: Arc<App>,
    seat: Arc<Seat>,
) {
    let mut line = Line::of(channel);
    let (code, line) = match terminal {
        Some(kind) => {
            if kind == Kind::Xterm {
                drop(line.write(BRACKETS_ON).await);
            }
            let mut terminal = Terminal::new(line);
            let attended = attend(&mut terminal, &app, seat).await;
            line = terminal.into_wire();
            if kind == Kind::Xterm {
                drop(line.write(BRACKETS_OFF).await);
            }
            (u8::from(attended.is_err()), line)
        }
        None => {
            let code = script(&mut line, None, app, &seat).await;
            (code.unwrap_or(1), line)
        }
    };
    line.end(code).await;
}

/// One command. Where it asks for more, it is answered with the lines of its input.
pub(super) async fn command(
    channel: Channel<Msg>,
    command: Zeroizing<Vec<u8>>,
    app: Arc<App>,
    seat: Arc<Seat>,
) {
    let mut line = Line::of(channel);
    let code = script(&mut line, Some(command), app, &seat).await;
    line.end(code.unwrap_or(1)).await;
}

/// Runs `command`, or else the lines that come, until one fails, and returns its code.
async fn script(
    line: &mut Line,
    command: Option<Zeroizing<Vec<u8>>>,
    app: Arc<App>,
    seat: &Seat,
) -> io::Result<u8> {
    if seat.has_first_password() {
        let why = "The first password has to be changed before anything else. Sign in with a \
                   terminal, such as with ssh -t and no command, or in a browser.";
        return line.say(&Reply::not_done(why)).await.map(|()| 1);
    }
    let mut dialogue = Dialogue::new(Arc::clone(&app), seat.actor.clone());
    let is_single = command.is_some();
    let mut next = command;
    loop {
        let typed = match next.take() {
            Some(typed) => Some(typed),
            None => line.next_line().await?,
        };
        if !seat.touch(&app) {
            let why = "Your sign-in has ended.";
            return line.say(&Reply::not_done(why)).await.map(|()| 1);
        }
        let is_last = typed.is_none();
        let mut reply;
        (dialogue, reply) = work(dialogue, move |dialogue| match typed {
            Some(typed) => run(dialogue, &typed),
            None => dialogue.end_of_input().unwrap_or_else(|| Reply::done("")),
        })
        .await?;
        while dialogue.busy() {
            (dialogue, reply) = work(dialogue, Dialogue::more).await?;
        }
        line.say(&reply).await?;
        let waits = dialogue.pasting() || dialogue.asks();
        if reply.code != 0 || is_last || dialogue.ended() || is_single && !waits {
            return Ok(reply.code);
        }
        if dialogue.asks() {
            line.show(dialogue.prompt().as_bytes(), Some(STANDARD_ERROR))
                .await?;
        }
    }
}

fn run(dialogue: &mut Dialogue, typed: &[u8]) -> Reply {
    match str::from_utf8(typed) {
        Ok(_) if typed.len() > LINE_OCTETS_MAX => Reply::not_understood(format_args!(
            "The line is longer than {LINE_OCTETS_MAX} octets."
        )),
        Ok(typed) => dialogue.line(typed.trim_end_matches('\r')),
        Err(_) => Reply::not_understood(NOT_TEXT),
    }
}

/// A channel as a line to a terminal.
struct Line {
    reader: ChannelReadHalf,
    writer: ChannelWriteHalf<Msg>,
    /// What came while something was written: whoever writes and does not read waits
    /// for a client that does the same.
    ahead: Zeroizing<Vec<u8>>,
    has_ended: bool,
}

impl Line {
    fn of(channel: Channel<Msg>) -> Self {
        let (reader, writer) = channel.split();
        Self {
            reader,
            writer,
            ahead: Zeroizing::new(Vec::new()),
            has_ended: false,
        }
    }

    /// The next line without its end; `None` at the end of the input. One that is too
    /// long comes with more octets than a line has, and is the last.
    async fn next_line(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        loop {
            let end = self.ahead.iter().position(|octet| *octet == b'\n');
            if let Some(end) = end {
                let mut line: Zeroizing<Vec<u8>> =
                    self.ahead.drain(..=end).collect::<Vec<_>>().into();
                line.pop();
                return Ok(Some(line));
            }
            if self.ahead.len() > LINE_OCTETS_MAX || self.has_ended && !self.ahead.is_empty() {
                return Ok(Some(std::mem::take(&mut self.ahead)));
            }
            if self.has_ended {
                return Ok(None);
            }
            match self.reader.wait().await {
                Some(ChannelMsg::Data { data }) => self.ahead.extend_from_slice(&data),
                Some(ChannelMsg::Eof) => self.has_ended = true,
                Some(ChannelMsg::Close) | None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(_) => {}
            }
        }
    }

    /// Shows what was answered: where it failed, on standard error.
    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        let to = (reply.code != 0).then_some(STANDARD_ERROR);
        self.show(reply.text.as_bytes(), to).await
    }

    async fn show(&mut self, shown: &[u8], to: Option<u32>) -> io::Result<()> {
        if shown.is_empty() {
            return Ok(());
        }
        let Self {
            reader,
            writer,
            ahead,
            has_ended,
        } = self;
        let shown = shown.to_vec();
        let writing = async {
            match to {
                Some(kind) => writer.extended_data_bytes(kind, shown).await,
                None => writer.data_bytes(shown).await,
            }
        };
        let reading = drain(reader, ahead, has_ended);
        let shown = async {
            tokio::select! {
                written = writing => written.map_err(io::Error::other),
                broken = reading => broken,
            }
        };
        timeout(SHOW_MAX, shown).await?
    }

    /// Ends the channel with this exit code.
    async fn end(self, code: u8) {
        let ending = async {
            self.writer.exit_status(code.into()).await?;
            self.writer.eof().await?;
            self.writer.close().await
        };
        // A client that is gone already needs no end.
        drop(timeout(SHOW_MAX, ending).await);
    }
}

/// Takes what comes, for as long as the client sends no more than may wait.
async fn drain(
    reader: &mut ChannelReadHalf,
    ahead: &mut Vec<u8>,
    has_ended: &mut bool,
) -> io::Result<()> {
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Data { data }) => ahead.extend_from_slice(&data),
            Some(ChannelMsg::Eof) => *has_ended = true,
            Some(ChannelMsg::Close) | None => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(_) => {}
        }
        if ahead.len() > 2 * AHEAD_OCTETS_MAX {
            return Err(io::Error::other("too much is typed ahead"));
        }
    }
}

impl Wire for Line {
    async fn read(&mut self, typed: &mut Vec<u8>) -> io::Result<()> {
        while self.ahead.is_empty() {
            if self.has_ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match self.reader.wait().await {
                Some(ChannelMsg::Data { data }) => self.ahead.extend_from_slice(&data),
                Some(ChannelMsg::Eof) => self.has_ended = true,
                Some(ChannelMsg::Close) | None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(_) => {}
            }
        }
        typed.append(&mut self.ahead);
        Ok(())
    }

    fn write(&mut self, shown: &[u8]) -> impl Future<Output = io::Result<()>> + Send {
        self.show(shown, None)
    }
}
