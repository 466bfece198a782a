//! The lines that were typed before.

use std::collections::VecDeque;

/// So many lines are remembered; of more, the oldest goes.
const LINES_MAX: usize = 100;

/// Lines, the oldest first. No secret is ever among them.
#[derive(Default)]
pub(super) struct History {
    lines: VecDeque<String>,
    /// The line that is looked at, while one is.
    at: Option<usize>,
    /// What was being typed before an earlier line was looked at.
    unfinished: String,
}

impl History {
    /// Remembers a line, unless it is empty or the same as the last.
    pub(super) fn add(&mut self, line: &str) {
        self.rewind();
        if line.trim().is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line.into());
    }

    /// Looks at no line any more.
    pub(super) fn rewind(&mut self) {
        self.at = None;
        self.unfinished.clear();
    }

    /// The line before the one that is looked at. `typed` is what was being typed.
    pub(super) fn earlier(&mut self, typed: &str) -> Option<String> {
        let at = match self.at {
            Some(at) => at.checked_sub(1)?,
            None => {
                let last = self.lines.len().checked_sub(1)?;
                self.unfinished = typed.into();
                last
            }
        };
        self.at = Some(at);
        self.lines.get(at).cloned()
    }

    /// The line after the one that is looked at; behind the last, what was being typed.
    pub(super) fn later(&mut self) -> Option<String> {
        let at = self.at? + 1;
        if let Some(line) = self.lines.get(at) {
            self.at = Some(at);
            return Some(line.clone());
        }
        self.at = None;
        Some(std::mem::take(&mut self.unfinished))
    }
}
