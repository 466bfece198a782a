//! One person's or script's dialogue with the unit: a line in, lines out.
//!
//! # How a transport drives it
//!
//! 1. It shows [`prompt`](Dialogue::prompt), unless [`pasting`](Dialogue::pasting),
//!    reads a line, without echo where the dialogue [`hides`](Dialogue::hides) it, and
//!    hands it to [`line`](Dialogue::line), on a thread that may block.
//! 2. While the dialogue is [`busy`](Dialogue::busy), it calls
//!    [`more`](Dialogue::more) again and again. What that says while the dialogue is
//!    still busy is a mark of progress without a line feed, for a terminal only; behind
//!    the last mark a terminal needs one. The last reply is the command's.
//! 3. Ctrl-C is [`interrupt`](Dialogue::interrupt) at any time. Nothing typed for
//!    [`QUIET`] while pasting is [`quiet`](Dialogue::quiet). The end of the input is
//!    [`end_of_input`](Dialogue::end_of_input).
//! 4. Without a terminal, what is said while the dialogue [`asks`](Dialogue::asks) or is
//!    [`pasting`](Dialogue::pasting) is no output of the command: it goes to standard error.
//! 5. It hangs up once the dialogue has [`ended`](Dialogue::ended).

use std::sync::Arc;
use std::time::{Duration, Instant};

use cert_lifecycle::Actor;
use zeroize::Zeroizing;

use super::commands::{complete, keeps, run};
use super::desk::{Answer, Desk, Next, Question};
use super::paste::{ENDS, Paste};
use super::show;
use super::work::{LOOK, Work};
use crate::{App, pasted};

/// A line of more than this many octets is refused by whoever reads it.
pub(super) const LINE_OCTETS_MAX: usize = 16 * 1024;

/// What is said of a line that is no text; most likely it is a file.
pub(super) const NOT_TEXT: &str = "The line is not text. A certificate in DER cannot be pasted: upload it \
     in the browser, or make PEM of it with openssl x509 -inform DER.";
/// A paste that stands at its end is over when nothing came for so long.
pub(super) const QUIET: Duration = Duration::from_secs(2);

const PROMPT: &str = "countersign> ";
/// How the first line of a block begins that is pasted at the prompt (RFC 7468).
const BEGIN: &str = "-----BEGIN ";

/// Whether a block begins with this line, perhaps behind the mark that some editors write at
/// the beginning of a file.
fn is_begin(line: &str) -> bool {
    line.trim_start_matches('\u{feff}').starts_with(BEGIN)
}

/// [`more`](Dialogue::more) returns after so long.
const MOMENT: Duration = Duration::from_millis(500);

/// Exit codes, as the documentation lists them.
pub(super) const DONE: u8 = 0;
pub(super) const NOT_DONE: u8 = 1;
pub(super) const NOT_UNDERSTOOD: u8 = 2;
pub(super) const CANCELLED: u8 = 3;

/// What each exit code means.
pub(super) const CODES: [(u8, &str); 4] = [
    (DONE, "done"),
    (
        NOT_DONE,
        "not done, for the reason that is said; nothing was changed",
    ),
    (
        NOT_UNDERSTOOD,
        "not understood: no such command, or not with these words",
    ),
    (
        CANCELLED,
        "cancelled: a question was answered with no, or the input ended before an answer",
    ),
];

/// What a line is answered with.
pub(super) struct Reply {
    /// One of [`CODES`].
    pub(super) code: u8,
    /// Lines, each ended by a line feed. They may hold a password just made.
    pub(super) text: Zeroizing<String>,
}

impl Reply {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self::new(DONE, text)
    }

    pub(super) fn not_done(why: impl std::fmt::Display) -> Self {
        let why = pasted::reworded(&why.to_string());
        Self::new(NOT_DONE, show::paragraphs(&why))
    }

    pub(super) fn not_understood(why: impl std::fmt::Display) -> Self {
        Self::new(NOT_UNDERSTOOD, show::paragraphs(&why.to_string()))
    }

    pub(super) fn cancelled() -> Self {
        Self::new(CANCELLED, "Nothing was changed.\n")
    }

    /// Cancelled, as the operation says it.
    pub(super) fn cancelled_by(error: impl std::fmt::Display) -> Self {
        Self {
            code: CANCELLED,
            ..Self::not_done(error)
        }
    }

    pub(super) fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            code,
            text: Zeroizing::new(text.into()),
        }
    }
}

/// One person's or script's dialogue with the unit.
pub(super) struct Dialogue {
    desk: Desk,
    state: State,
}

/// What the next line is.
enum State {
    Command,
    Question(Question),
    Paste {
        paste: Paste,
        then: super::desk::ThenPasted,
    },
    /// None: what the last one began goes on.
    Working {
        work: Work,
        marks: usize,
    },
}

impl Dialogue {
    /// Begins one for somebody who has signed in, or needs not to.
    pub(super) fn new(app: Arc<App>, actor: Actor) -> Self {
        Self {
            desk: Desk::new(app, actor),
            state: State::Command,
        }
    }

    /// Runs one command without a dialogue, such as `ssh admin@unit version`. What asks
    /// for more is given up.
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
        match &self.state {
            State::Question(question) => question.prompt.clone(),
            _ => PROMPT.into(),
        }
    }

    /// What is typed next is a secret: no echo, no history.
    pub(super) fn hides(&self) -> bool {
        matches!(&self.state, State::Question(question) if question.hides)
    }

    /// What is typed next answers a question: no completion, no history.
    pub(super) fn asks(&self) -> bool {
        matches!(self.state, State::Question(_))
    }

    /// What comes next are the lines of a paste: no editing, no completion, no prompt.
    pub(super) fn pasting(&self) -> bool {
        matches!(self.state, State::Paste { .. })
    }

    /// What the last line began goes on: [`more`](Self::more) tells how.
    pub(super) fn busy(&self) -> bool {
        matches!(self.state, State::Working { .. })
    }

    /// `exit` was typed.
    pub(super) fn ended(&self) -> bool {
        self.desk.ended
    }

    /// Takes a line, without its end. It may block.
    pub(super) fn line(&mut self, line: &str) -> Reply {
        let answer = match std::mem::replace(&mut self.state, State::Command) {
            State::Command if is_begin(line) => self.paste_unasked(line),
            State::Command => run(&mut self.desk, line),
            State::Question(question) => (question.then)(&mut self.desk, line),
            State::Paste { mut paste, then } => {
                if paste.line(line) {
                    then(&mut self.desk, paste.finish())
                } else {
                    self.state = State::Paste { paste, then };
                    return Reply::done("");
                }
            }
            working @ State::Working { .. } => {
                self.state = working;
                return Reply::not_done("A key is being made. Wait for it, or press Ctrl-C.");
            }
        };
        self.take(answer)
    }

    /// Somebody pastes at the prompt: a certificate, or what belongs to the one that is
    /// under review.
    fn paste_unasked(&mut self, line: &str) -> Answer {
        let mut answer = match line.contains("BACKUP") {
            true => super::backup::paste(),
            false => super::certificates::paste(&mut self.desk),
        };
        if let Next::Paste(paste, _) = &mut answer.next {
            paste.line(line);
        }
        answer.reply = Reply::done(show::paragraphs(&format!(
            "This is taken as a paste. {ENDS}"
        )));
        answer
    }

    fn take(&mut self, answer: Answer) -> Reply {
        self.state = match answer.next {
            Next::Command => State::Command,
            Next::Question(question) => State::Question(question),
            Next::Paste(paste, then) => State::Paste { paste, then },
            Next::Working(work) => State::Working { work, marks: 0 },
        };
        answer.reply
    }

    /// Waits for a moment, half a second at most, and says how what goes on stands:
    /// a mark of progress, or how it ended.
    pub(super) fn more(&mut self) -> Reply {
        let State::Working { work, marks } = &mut self.state else {
            return Reply::done("");
        };
        let began = Instant::now();
        loop {
            if let Some(reply) = work.reply(&self.desk) {
                self.state = State::Command;
                return reply;
            }
            if began.elapsed() >= MOMENT {
                *marks += 1;
                return Reply::done(match *marks {
                    1 => work.says(&self.desk),
                    _ => ".".into(),
                });
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Ctrl-C: leaves a question or a paste, cancels what goes on.
    pub(super) fn interrupt(&mut self) -> Reply {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Command => Reply::done(""),
            State::Question(_) | State::Paste { .. } => Reply::cancelled(),
            State::Working { work, .. } => work.cancelled(&self.desk),
        }
    }

    /// Nothing came for [`QUIET`] while pasting; ends a paste that stands at its end.
    pub(super) fn quiet(&mut self) -> Option<Reply> {
        match &self.state {
            State::Paste { paste, .. } if paste.stands_at_end() => self.end_of_input(),
            _ => None,
        }
    }

    /// The input has ended: so does a paste, and a question is given up.
    pub(super) fn end_of_input(&mut self) -> Option<Reply> {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Paste { paste, then } => {
                let answer = then(&mut self.desk, paste.finish());
                let reply = self.take(answer);
                Some(self.end_of_input().unwrap_or(reply))
            }
            State::Question(question) => Some(Reply::new(CANCELLED, question.given_up())),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Nothing more will be typed.
    pub(super) fn end(&mut self) {
        self.desk.ended = true;
    }

    /// How the line may go on, each as a whole line.
    pub(super) fn complete(&self, line: &str) -> Vec<String> {
        match self.state {
            State::Command => complete(line),
            _ => Vec::new(),
        }
    }

    /// Whether the line may stand in a history; not where it holds a secret.
    pub(super) fn keeps(line: &str) -> bool {
        keeps(line)
    }
}

/// A key whose maker has gone away is not made to the end.
impl Drop for Dialogue {
    fn drop(&mut self) {
        if let State::Working { work, .. } = &self.state {
            work.cancel(&self.desk);
        }
    }
}
