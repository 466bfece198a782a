//! One person's or script's dialogue with the unit: a line in, lines out.
//!
//! # How a transport drives it
//!
//! 1. It shows [`prompt`](Dialogue::prompt), unless [`pasting`](Dialogue::pasting),
//!    reads a line, without echo where the dialogue [`hides`](Dialogue::hides) it, and
//!    hands it to [`line`](Dialogue::line), on a thread that may block.
//! 2. While the dialogue is [`busy`](Dialogue::busy), it calls
//!    [`more`](Dialogue::more) again and again. What that says while the dialogue is
//!    still busy is a mark of progress, for a terminal only; the last reply is the
//!    command's.
//! 3. Ctrl-C is [`interrupt`](Dialogue::interrupt) at any time. Nothing typed for
//!    [`QUIET`] while pasting is [`quiet`](Dialogue::quiet). The end of the input is
//!    [`end_of_input`](Dialogue::end_of_input).
//! 4. It hangs up once the dialogue has [`ended`](Dialogue::ended).

use std::sync::Arc;
use std::time::Duration;

use cert_lifecycle::Actor;
use zeroize::Zeroizing;

use super::language;
use crate::App;

/// A line of more than this many octets is refused by whoever reads it.
pub(super) const LINE_OCTETS_MAX: usize = 4096;
/// A paste that stands at its end is over when nothing came for so long.
pub(super) const QUIET: Duration = Duration::from_secs(2);

const PROMPT: &str = "countersign> ";

/// What a line is answered with.
pub(super) struct Reply {
    /// 0 done; 1 not done, for the reason in `text`; 2 not understood; 3 cancelled.
    pub(super) code: u8,
    /// Lines, each ended by a line feed. They may hold a password just made.
    pub(super) text: Zeroizing<String>,
}

impl Reply {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self::new(0, text)
    }

    pub(super) fn not_done(why: impl std::fmt::Display) -> Self {
        Self::new(1, format!("{why}\n"))
    }

    pub(super) fn not_understood(why: impl std::fmt::Display) -> Self {
        Self::new(2, format!("{why} Type help for the commands.\n"))
    }

    fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            code,
            text: Zeroizing::new(text.into()),
        }
    }
}

/// One person's or script's dialogue with the unit.
pub(super) struct Dialogue {
    app: Arc<App>,
    actor: Actor,
    ended: bool,
}

impl Dialogue {
    /// Begins one for somebody who has signed in, or needs not to.
    pub(super) fn new(app: Arc<App>, actor: Actor) -> Self {
        Self {
            app,
            actor,
            ended: false,
        }
    }

    /// Runs one command without a dialogue, such as `ssh admin@unit version`. What asks
    /// for more is not done.
    pub(super) fn one(app: Arc<App>, actor: Actor, line: &str) -> Reply {
        let mut dialogue = Self::new(app, actor);
        let mut reply = dialogue.line(line);
        while dialogue.busy() {
            reply = dialogue.more();
        }
        dialogue.end_of_input().unwrap_or(reply)
    }

    /// What stands before the line that is typed next: "countersign> ", or a question
    /// such as "Common Name: ".
    pub(super) fn prompt(&self) -> String {
        PROMPT.into()
    }

    /// What is typed next is a secret: no echo, no history.
    pub(super) fn hides(&self) -> bool {
        false
    }

    /// What comes next are the lines of a paste: no editing, no completion, no prompt.
    pub(super) fn pasting(&self) -> bool {
        false
    }

    /// What the last line began goes on: [`more`](Self::more) tells how.
    pub(super) fn busy(&self) -> bool {
        false
    }

    /// `exit` was typed.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes a line, without its end. It may block.
    pub(super) fn line(&mut self, line: &str) -> Reply {
        if line.trim() == "exit" {
            self.ended = true;
            return Reply::done("");
        }
        language::run(&self.app, &self.actor, line)
    }

    /// Waits for a moment, half a second at most, and says how what goes on stands:
    /// a mark of progress, or how it ended.
    pub(super) fn more(&mut self) -> Reply {
        Reply::done("")
    }

    /// Ctrl-C: leaves a question or a paste, cancels what goes on.
    pub(super) fn interrupt(&mut self) -> Reply {
        Reply::done("")
    }

    /// Nothing came for [`QUIET`] while pasting; ends a paste that stands at its end.
    pub(super) fn quiet(&mut self) -> Option<Reply> {
        None
    }

    /// The input has ended: so does a paste, and a question is given up.
    pub(super) fn end_of_input(&mut self) -> Option<Reply> {
        None
    }

    /// How the line may go on, each as a whole line.
    pub(super) fn complete(&self, line: &str) -> Vec<String> {
        language::complete(line)
    }

    /// Whether the line may stand in a history; not where it holds a secret.
    pub(super) fn keeps(_line: &str) -> bool {
        true
    }
}
