//! What a command works with, and what it answers.

use std::sync::Arc;

use cert_lifecycle::{Actor, Error, RequestForm, Review, ServerName};
use serde::Serialize;
use zeroize::Zeroizing;

use super::dialogue::Reply;
use super::paste::Paste;
use super::show;
use super::work::Work;
use crate::App;

/// What was pasted, or the limit that it was larger than.
pub(super) type Pasted = Result<Zeroizing<Vec<u8>>, usize>;
/// What happens with what was pasted.
pub(super) type ThenPasted = Box<dyn FnOnce(&mut Desk, Pasted) -> Answer + Send>;
/// What happens with what was answered.
type ThenAnswered = Box<dyn FnOnce(&mut Desk, &str) -> Answer + Send>;

/// What lies before the person: kept from one command to the next, and gone with the
/// dialogue.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
    pub(super) actor: Actor,
    /// What the next request is to be; proposed by the unit until something is typed.
    draft: Option<RequestForm>,
    /// The certificate under review.
    pub(super) review: Option<UnderReview>,
    pub(super) ended: bool,
}

/// A certificate under review, and the text it came as, for what is pasted after it.
pub(super) struct UnderReview {
    pub(super) review: Review,
    pub(super) text: Zeroizing<Vec<u8>>,
}

impl Desk {
    pub(super) fn new(app: Arc<App>, actor: Actor) -> Self {
        Self {
            app,
            actor,
            draft: None,
            review: None,
            ended: false,
        }
    }

    /// The draft; the first time as the unit proposes it.
    pub(super) fn draft(&mut self) -> Result<&mut RequestForm, Error> {
        let draft = self.take_draft()?;
        Ok(self.draft.insert(draft))
    }

    /// What the next request begins from instead.
    pub(super) fn keep_draft(&mut self, draft: RequestForm) {
        self.draft = Some(draft);
    }

    /// The draft, to be worked with and kept again.
    pub(super) fn take_draft(&mut self) -> Result<RequestForm, Error> {
        match self.draft.take() {
            Some(draft) => Ok(draft),
            None => self.app.unit.proposed_form(""),
        }
    }

    /// Nobody reaches a console by a name that a certificate covers.
    pub(super) fn reached_as() -> Vec<ServerName> {
        Vec::new()
    }
}

/// What a command answers, and what the next line is.
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) next: Next,
}

/// What the next line is.
pub(super) enum Next {
    Command,
    Question(Question),
    Paste(Paste, ThenPasted),
    /// None: something goes on first.
    Working(Work),
}

/// Something that is asked.
pub(super) struct Question {
    pub(super) prompt: String,
    pub(super) hides: bool,
    pub(super) then: ThenAnswered,
}

impl Question {
    /// What is said when nobody answers.
    pub(super) fn given_up(&self) -> String {
        let asked = self.prompt.trim_end_matches([' ', ':', '?']);
        show::paragraphs(&format!(
            "Nobody answered \"{asked}\", so nothing was changed."
        ))
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self {
            reply,
            next: Next::Command,
        }
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Reply::not_done(error).into()
    }
}

impl Answer {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Reply::done(text).into()
    }

    /// A sentence or more.
    pub(super) fn said(text: impl AsRef<str>) -> Self {
        Self::done(show::paragraphs(text.as_ref()))
    }

    pub(super) fn not_understood(why: impl std::fmt::Display) -> Self {
        Reply::not_understood(why).into()
    }

    /// Says `text`, then asks.
    pub(super) fn ask(
        text: impl Into<String>,
        prompt: impl Into<String>,
        then: impl FnOnce(&mut Desk, &str) -> Self + Send + 'static,
    ) -> Self {
        Self {
            reply: Reply::done(text),
            next: Next::Question(Question {
                prompt: prompt.into(),
                hides: false,
                then: Box::new(then),
            }),
        }
    }

    /// Asks for a secret.
    pub(super) fn ask_hidden(
        text: impl Into<String>,
        prompt: impl Into<String>,
        then: impl FnOnce(&mut Desk, &str) -> Self + Send + 'static,
    ) -> Self {
        let mut answer = Self::ask(text, prompt, then);
        if let Next::Question(question) = &mut answer.next {
            question.hides = true;
        }
        answer
    }

    /// Asks for yes or no, of which nothing typed is no; does `then` after yes.
    pub(super) fn ask_yes<F: FnOnce(&mut Desk) -> Self + Send + 'static>(
        text: impl Into<String>,
        question: &'static str,
        then: F,
    ) -> Self {
        Self::ask(
            text,
            format!("{question} yes or no [no]: "),
            move |desk, typed| match yes_or_no(typed) {
                Some(true) => then(desk),
                Some(false) => Reply::cancelled().into(),
                None => Self::ask_yes("Type yes or no.\n", question, then),
            },
        )
    }

    /// `value` as JSON where it is asked for, otherwise `text`.
    pub(super) fn show<T: Serialize>(
        json: bool,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Self {
        match json {
            true => Self::done(show::json(value)),
            false => Self::done(text(value)),
        }
    }

    /// The same of what an operation returned.
    pub(super) fn show_result<T: Serialize>(
        json: bool,
        value: Result<T, Error>,
        text: impl FnOnce(&T) -> String,
    ) -> Self {
        match value {
            Ok(value) => Self::show(json, &value, text),
            Err(error) => error.into(),
        }
    }
}

/// Reads yes or no; nothing typed is no, and nothing else is either.
pub(super) fn yes_or_no(typed: &str) -> Option<bool> {
    match typed.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" | "" => Some(false),
        _ => None,
    }
}
