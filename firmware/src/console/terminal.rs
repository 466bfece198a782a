//! A person at a terminal: what is typed goes through the line editor to the dialogue,
//! and what the dialogue says is shown. The same for every transport.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::dialogue::{Dialogue, LINE_OCTETS_MAX, QUIET, Reply};
use super::editor::{Editor, Event, Mode};
use super::sign_in::Seat;
use crate::App;
use crate::limits::{AHEAD_OCTETS_MAX, SHOW_MAX};

/// How often somebody who types nothing is looked at: whether the sign-in still holds.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const CTRL_C: u8 = 0x03;
/// So much is shown at a time, so that a slow line has time for each part and not for all.
const SHOW_OCTETS: usize = 1024;
/// Has a terminal put brackets around what is pasted, and no more.
pub(super) const BRACKETS_ON: &[u8] = b"\x1b[?2004h";
pub(super) const BRACKETS_OFF: &[u8] = b"\x1b[?2004l";

/// What a terminal can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It says what is pasted.
    Xterm,
    /// Nothing is known of it.
    Other,
}

impl Kind {
    /// The terminal of this name.
    pub(super) fn of(term: &str) -> Self {
        let families = ["xterm", "screen", "tmux", "rxvt", "alacritty", "foot"];
        if families.iter().any(|family| term.starts_with(family)) {
            Self::Xterm
        } else {
            Self::Other
        }
    }
}

/// What carries octets to and from a terminal.
pub(super) trait Wire: Send {
    /// Waits for octets that were typed, and appends them to `typed`. It may be dropped
    /// at any time without a loss. The end of the line is an error.
    fn read(&mut self, typed: &mut Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;

    /// How long it may take to carry [`SHOW_OCTETS`].
    const SHOW_MAX: Duration = SHOW_MAX;

    /// Shows these octets.
    fn write(&mut self, shown: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

/// A terminal with a line editor.
pub(super) struct Terminal<W> {
    wire: W,
    editor: Editor,
    /// What was typed and has not been looked at.
    ahead: Zeroizing<Vec<u8>>,
    out: Vec<u8>,
}

impl<W: Wire> Terminal<W> {
    pub(super) fn new(wire: W) -> Self {
        Self {
            wire,
            editor: Editor::new(),
            ahead: Zeroizing::new(Vec::new()),
            out: Vec::new(),
        }
    }

    /// Forgets the lines that were typed: somebody else is there now.
    pub(super) fn forget(&mut self) {
        self.editor.forget();
    }

    pub(super) fn into_wire(self) -> W {
        self.wire
    }

    /// Shows a text whose lines end with line feeds.
    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        let mut shown = Zeroizing::new(Vec::with_capacity(text.len() + 64));
        for octet in text.bytes() {
            if octet == b'\n' {
                shown.push(b'\r');
            }
            shown.push(octet);
        }
        self.show(&shown).await
    }

    /// Asks for the next line.
    pub(super) async fn ask(&mut self, prompt: &str, mode: Mode) -> io::Result<()> {
        self.editor.ask(prompt, mode, &mut self.out);
        self.flush().await
    }

    /// What the person does next; `None` when it is nothing until then.
    pub(super) async fn next(&mut self, until: Instant) -> io::Result<Option<Event>> {
        loop {
            let mut event = None;
            let mut looked_at = 0;
            for octet in self.ahead.iter() {
                looked_at += 1;
                event = self.editor.take(*octet, &mut self.out);
                if event.is_some() {
                    break;
                }
            }
            self.ahead.drain(..looked_at);
            self.flush().await?;
            if event.is_some() {
                return Ok(event);
            }
            match timeout_at(until, self.wire.read(&mut self.ahead)).await {
                Ok(read) => read?,
                Err(_) => return Ok(None),
            }
        }
    }

    /// A line that answers this, and nothing else; `None` when none came until then.
    /// Ctrl-C and Ctrl-D answer with an empty line.
    pub(super) async fn answer(
        &mut self,
        prompt: &str,
        mode: Mode,
        until: Instant,
    ) -> io::Result<Option<Zeroizing<String>>> {
        self.ask(prompt, mode).await?;
        loop {
            match self.next(until).await? {
                None => return Ok(None),
                Some(Event::Line(line)) => return Ok(Some(line)),
                Some(Event::Interrupt | Event::TooLong) => {
                    return Ok(Some(Zeroizing::default()));
                }
                Some(Event::End) => {
                    self.say("\n").await?;
                    return Ok(Some(Zeroizing::default()));
                }
                Some(Event::Complete(_)) => {}
            }
        }
    }

    /// Whether Ctrl-C has been pressed; what was typed before it is gone then, and
    /// what was typed otherwise waits.
    async fn interrupted(&mut self) -> io::Result<bool> {
        if self.ahead.len() < AHEAD_OCTETS_MAX {
            let read = timeout(Duration::ZERO, self.wire.read(&mut self.ahead)).await;
            read.unwrap_or(Ok(()))?;
        }
        let at = self.ahead.iter().rposition(|octet| *octet == CTRL_C);
        if let Some(at) = at {
            self.ahead.drain(..=at);
        }
        Ok(at.is_some())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        if out.is_empty() {
            return Ok(());
        }
        self.show(&out).await
    }

    async fn show(&mut self, shown: &[u8]) -> io::Result<()> {
        for part in shown.chunks(SHOW_OCTETS) {
            timeout(W::SHOW_MAX, self.wire.write(part)).await??;
        }
        Ok(())
    }
}

/// Leads `dialogue` at a terminal until it ends, or the sign-in holds no more. Without a
/// seat there is none to hold: who is there owns the unit.
pub(super) async fn converse<W: Wire>(
    terminal: &mut Terminal<W>,
    app: &Arc<App>,
    seat: Option<&Seat>,
    dialogue: Dialogue,
) -> io::Result<()> {
    let is_taken = || seat.is_none_or(|seat| seat.is_taken(app));
    let touch = || seat.is_none_or(|seat| seat.touch(app));
    let mut talk = Talk {
        terminal,
        dialogue: Some(dialogue),
    };
    loop {
        let dialogue = talk.dialogue()?;
        if dialogue.ended() {
            return Ok(());
        }
        let prompt = dialogue.prompt();
        let mode = match () {
            () if dialogue.pasting() => Mode::Paste,
            () if dialogue.hides() => Mode::Secret,
            () if dialogue.asks() => Mode::Answer,
            () => Mode::Command,
        };
        talk.terminal.ask(&prompt, mode).await?;
        let event = loop {
            let wait = if mode == Mode::Paste {
                QUIET
            } else {
                LOOK_EVERY
            };
            match talk.terminal.next(Instant::now() + wait).await? {
                Some(Event::Complete(line)) => talk.complete(&line).await?,
                Some(event) => break Some(event),
                None if !is_taken() => break None,
                None if mode == Mode::Paste && talk.quiet().await? => break None,
                None => {}
            }
        };
        // What was decided before the sign-in ended is not done after it.
        if !(event.is_some() && touch() || event.is_none() && is_taken()) {
            let said = "\nYour sign-in has ended. Sign in again to go on.\n";
            return talk.terminal.say(said).await;
        }
        let Some(event) = event else { continue };
        talk.handle(event, mode).await?;
    }
}

/// A dialogue at a terminal. The dialogue is away while it works.
struct Talk<'a, W> {
    terminal: &'a mut Terminal<W>,
    dialogue: Option<Dialogue>,
}

impl<W: Wire> Talk<'_, W> {
    fn dialogue(&self) -> io::Result<&Dialogue> {
        self.dialogue.as_ref().ok_or_else(broke_off)
    }

    async fn complete(&mut self, line: &str) -> io::Result<()> {
        let lines = self.dialogue()?.complete(line);
        let terminal = &mut *self.terminal;
        terminal.editor.offer(&lines, &mut terminal.out);
        terminal.flush().await
    }

    /// Nothing came for a while; whether that ended a paste.
    async fn quiet(&mut self) -> io::Result<bool> {
        let Some(reply) = self.work(Dialogue::quiet).await? else {
            return Ok(false);
        };
        self.reply(reply).await?;
        Ok(true)
    }

    async fn handle(&mut self, event: Event, mode: Mode) -> io::Result<()> {
        let reply = match event {
            Event::Line(line) => {
                if mode == Mode::Command && Dialogue::keeps(&line) {
                    self.terminal.editor.remember(&line);
                }
                self.work(move |dialogue| dialogue.line(&line)).await?
            }
            Event::TooLong => Reply::not_done(format_args!(
                "The line is longer than {LINE_OCTETS_MAX} octets and was not taken."
            )),
            Event::Interrupt => self.work(Dialogue::interrupt).await?,
            Event::End => {
                self.terminal.say("\n").await?;
                match mode {
                    Mode::Command => self.work(|dialogue| dialogue.line("exit")).await?,
                    _ => self.work(Dialogue::interrupt).await?,
                }
            }
            Event::Complete(_) => return Ok(()),
        };
        self.reply(reply).await
    }

    /// Shows a reply, and what follows while the dialogue is busy.
    async fn reply(&mut self, mut reply: Reply) -> io::Result<()> {
        let mut marks = 0_usize;
        while self.dialogue()?.busy() {
            marks += reply.text.len();
            self.terminal.say(&reply.text).await?;
            reply = if self.terminal.interrupted().await? {
                self.terminal.say("^C").await?;
                self.work(Dialogue::interrupt).await?
            } else {
                self.work(Dialogue::more).await?
            };
        }
        if marks > 0 {
            self.terminal.say("\n").await?;
        }
        self.terminal.say(&reply.text).await
    }

    /// Has the dialogue work where it may block.
    async fn work<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&mut Dialogue) -> T + Send + 'static,
    ) -> io::Result<T> {
        let dialogue = self.dialogue.take().ok_or_else(broke_off)?;
        let (dialogue, done) = work(dialogue, act).await?;
        self.dialogue = Some(dialogue);
        Ok(done)
    }
}

/// Has a dialogue work where it may block, and gives it back.
pub(super) async fn work<T: Send + 'static>(
    mut dialogue: Dialogue,
    act: impl FnOnce(&mut Dialogue) -> T + Send + 'static,
) -> io::Result<(Dialogue, T)> {
    let worked = tokio::task::spawn_blocking(move || {
        let done = act(&mut dialogue);
        (dialogue, done)
    });
    worked.await.map_err(io::Error::other)
}

fn broke_off() -> io::Error {
    io::Error::other("a command broke off")
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// A line that takes so long for each part.
    struct Slow(Duration);

    impl Wire for Slow {
        async fn read(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
            std::future::pending().await
        }

        async fn write(&mut self, _: &[u8]) -> io::Result<()> {
            sleep(self.0).await;
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_has_time_for_each_part_of_what_is_shown() {
        let text = "x".repeat(4 * SHOW_OCTETS);
        let second = Duration::from_secs(1);
        let begun = Instant::now();
        let said = Terminal::new(Slow(SHOW_MAX - second)).say(&text).await;
        said.expect("shown");
        assert!(begun.elapsed() > 3 * SHOW_MAX, "{:?}", begun.elapsed());
        let said = Terminal::new(Slow(SHOW_MAX + second)).say("x").await;
        assert_eq!(said.expect_err("too slow").kind(), io::ErrorKind::TimedOut);
    }
}
