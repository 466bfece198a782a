//! The language, as somebody types it.

mod access;
mod certificates;
mod requests;
mod table;

use std::sync::Arc;

use cert_lifecycle::{ADMIN, Actor, Via};

use super::dialogue::Dialogue;
use crate::App;
use crate::web::tests::Browser;

/// A unit, and somebody at its console.
struct Typist {
    browser: Browser,
    dialogue: Dialogue,
}

impl Typist {
    async fn new() -> Self {
        let browser = Browser::signed_in().await;
        let dialogue = dialogue(&browser.app(), Via::Console);
        Self { browser, dialogue }
    }

    /// Types a line, and waits until the dialogue is not busy any more. Returns the code
    /// and what is said.
    fn types(&mut self, line: &str) -> (u8, String) {
        let mut reply = self.dialogue.line(line);
        while self.dialogue.busy() {
            reply = self.dialogue.more();
        }
        (reply.code, reply.text.to_string())
    }

    /// Types lines, of which only the last has something said of it that matters.
    fn types_all(&mut self, lines: &str) -> (u8, String) {
        let mut last = (0, String::new());
        for line in lines.lines() {
            last = self.types(line);
        }
        last
    }
}

fn dialogue(app: &Arc<App>, via: Via) -> Dialogue {
    let actor = Actor {
        who: ADMIN.into(),
        via,
    };
    Dialogue::new(Arc::clone(app), actor)
}

/// The same text on one line, for what may be wrapped anywhere.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_says(reply: &(u8, String), code: u8, said: &str) {
    assert_eq!(reply.0, code, "{}", reply.1);
    assert!(
        joined(&reply.1).contains(said),
        "{said} is not in {}",
        reply.1
    );
}
