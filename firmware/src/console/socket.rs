//! The console's Unix socket in the state folder, for its owner only.
//!
//! A client says in a line what it is. A [`frame::TERMINAL`] is led as over SSH: octets that
//! are typed one way, octets to show the other, and [`frame::OVER`] as the last of them.
//!
//! A [`frame::SCRIPT`] sends lines. The unit answers each, and the greeting, with a frame: a
//! header line, "CODE OCTETS STATE PROMPT", and that many octets of text. While the state is
//! [`frame::BUSY`], frames follow without a line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cert_lifecycle::{ADMIN, Actor, Via};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeroize::{Zeroize, Zeroizing};

use super::dialogue::{Dialogue, LINE_OCTETS_MAX, NOT_TEXT, Reply};
use super::terminal::{Terminal, Wire, converse, work};
use crate::App;
use crate::limits::{LOCAL_CONSOLES_MAX, SHOW_MAX};
use crate::output::log;

/// What unit and client say to each other.
pub(super) mod frame {
    /// A client with a person at a raw terminal.
    pub(crate) const TERMINAL: &str = "terminal";
    /// The last octet that a terminal is sent, where nothing broke off: EOT.
    pub(crate) const OVER: u8 = 0x04;
    /// A client that waits for the answer to each line.
    pub(crate) const SCRIPT: &str = "script";
    /// The line for the end of the input: EOT.
    pub(crate) const END_OF_INPUT: &str = "\u{4}";
    /// The next line is a command.
    pub(crate) const COMMAND: char = 'c';
    /// The next line answers a question.
    pub(crate) const QUESTION: char = 'q';
    /// The same, without echo.
    pub(crate) const HIDDEN: char = 'h';
    /// The next line is one of a paste.
    pub(crate) const PASTING: char = 'p';
    /// More follows by itself.
    pub(crate) const BUSY: char = 'b';
    /// The unit hangs up.
    pub(crate) const ENDED: char = 'e';
}

/// The socket of the unit that runs on this state folder.
pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("console.sock")
}

/// The listening socket; it is removed when the unit ends.
pub(crate) struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Socket {
    pub(crate) fn end(self) {
        self.task.abort();
        drop(fs::remove_file(&self.path));
    }
}

/// Listens for consoles. The store's lock has made sure that no other unit runs
/// on this folder, so a socket that is there was left by one that was killed.
pub(crate) fn listen(state_dir: &Path, app: Arc<App>) -> Result<Socket, String> {
    let path = path(state_dir);
    let refused = |error| {
        format!(
            "the console's socket {} cannot be made: {error}",
            path.display()
        )
    };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    // The folder is its owner's alone, so nobody gets in before the mode is set.
    let listener = std::os::unix::net::UnixListener::bind(&path).map_err(refused)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let listener = UnixListener::from_std(listener).map_err(refused)?;
    let task = tokio::spawn(accept(listener, app));
    Ok(Socket { path, task })
}

async fn accept(listener: UnixListener, app: Arc<App>) {
    let places = Arc::new(Semaphore::new(LOCAL_CONSOLES_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log(format_args!("a console could not be accepted: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            // A console that goes away in the middle of a line is no news.
            drop(attend(stream, app).await);
            drop(place);
        });
    }
}

/// The state of the dialogue, as a frame has it.
fn state(dialogue: &Dialogue) -> char {
    match dialogue {
        dialogue if dialogue.ended() => frame::ENDED,
        dialogue if dialogue.busy() => frame::BUSY,
        dialogue if dialogue.pasting() => frame::PASTING,
        dialogue if dialogue.hides() => frame::HIDDEN,
        dialogue if dialogue.asks() => frame::QUESTION,
        _ => frame::COMMAND,
    }
}

/// What is heard of a client.
enum Heard {
    Line(String),
    EndOfInput,
    /// Neither a line nor anything else that is known.
    Refused(&'static str),
    /// The client is gone.
    Gone,
}

/// Leads whoever has come.
async fn attend(stream: UnixStream, app: Arc<App>) -> std::io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut lines = Lines {
        reader: BufReader::new(reader),
        begun: Zeroizing::default(),
    };
    let Heard::Line(mode) = lines.next().await? else {
        return Ok(());
    };
    let actor = Actor {
        who: ADMIN.into(),
        via: Via::Console,
    };
    let dialogue = Dialogue::new(Arc::clone(&app), actor);
    if mode != frame::TERMINAL {
        return script(lines, writer, dialogue).await;
    }
    let mut terminal = Terminal::new(Line {
        reader: lines.reader,
        writer,
    });
    converse(&mut terminal, &app, None, dialogue).await?;
    terminal.into_wire().write(&[frame::OVER]).await
}

/// Answers each line with a frame.
async fn script(
    mut lines: Lines,
    mut writer: OwnedWriteHalf,
    mut dialogue: Dialogue,
) -> std::io::Result<()> {
    let mut reply = Reply::done("");
    loop {
        let state = state(&dialogue);
        timeout(
            SHOW_MAX,
            show_frame(&mut writer, state, &reply, &dialogue.prompt()),
        )
        .await??;
        if state == frame::ENDED {
            return Ok(());
        }
        (dialogue, reply) = if dialogue.busy() {
            if lines.is_gone().await? {
                return Ok(());
            }
            work(dialogue, Dialogue::more).await?
        } else {
            match lines.next().await? {
                Heard::Line(line) => {
                    let line = Zeroizing::new(line);
                    work(dialogue, move |dialogue| dialogue.line(&line)).await?
                }
                Heard::EndOfInput => {
                    let (mut dialogue, reply) = work(dialogue, |dialogue| {
                        let end = dialogue.end_of_input();
                        end.unwrap_or_else(|| Reply::done(""))
                    })
                    .await?;
                    dialogue.end();
                    (dialogue, reply)
                }
                Heard::Refused(why) => (dialogue, Reply::not_understood(why)),
                Heard::Gone => return Ok(()),
            }
        };
    }
}

async fn show_frame(
    writer: &mut OwnedWriteHalf,
    state: char,
    reply: &Reply,
    prompt: &str,
) -> std::io::Result<()> {
    let header = format!("{} {} {state} {prompt}\n", reply.code, reply.text.len());
    writer.write_all(header.as_bytes()).await?;
    writer.write_all(reply.text.as_bytes()).await
}

/// A client as the line to a terminal.
struct Line {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Wire for Line {
    async fn read(&mut self, typed: &mut Vec<u8>) -> std::io::Result<()> {
        let came = self.reader.fill_buf().await?;
        let octets = came.len();
        if octets == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        typed.extend_from_slice(came);
        self.reader.consume(octets);
        Ok(())
    }

    async fn write(&mut self, shown: &[u8]) -> std::io::Result<()> {
        self.writer.write_all(shown).await
    }
}

/// The lines of a client, bounded.
struct Lines {
    reader: BufReader<OwnedReadHalf>,
    /// Of a line whose end has not come. It may be a secret.
    begun: Zeroizing<Vec<u8>>,
}

impl Lines {
    async fn next(&mut self) -> std::io::Result<Heard> {
        let mut too_long = false;
        loop {
            let room = LINE_OCTETS_MAX.saturating_sub(self.begun.len());
            let limit = u64::try_from(room).unwrap_or(u64::MAX).max(1);
            let mut limited = (&mut self.reader).take(limit);
            if limited.read_until(b'\n', &mut self.begun).await? == 0 {
                return Ok(Heard::Gone);
            }
            if self.begun.ends_with(b"\n") {
                break;
            }
            // Read and thrown away, up to its end.
            too_long = true;
            self.begun.zeroize();
        }
        let mut line = std::mem::take(&mut self.begun);
        while line
            .last()
            .is_some_and(|octet| matches!(octet, b'\n' | b'\r'))
        {
            line.pop();
        }
        Ok(match String::from_utf8(std::mem::take(&mut *line)) {
            Ok(_) if too_long => Heard::Refused("The line is longer than 16 KiB."),
            Ok(line) if line == frame::END_OF_INPUT => Heard::EndOfInput,
            Ok(line) => Heard::Line(line),
            Err(_) => Heard::Refused(NOT_TEXT),
        })
    }

    /// Whether the client is gone. What was typed ahead waits on.
    async fn is_gone(&mut self) -> std::io::Result<bool> {
        tokio::select! {
            biased;
            came = self.reader.fill_buf() => Ok(came?.is_empty()),
            () = std::future::ready(()) => Ok(false),
        }
    }
}
