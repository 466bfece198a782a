//! An alarm.

use serde::Serialize;

use super::AlarmCode;

/// An alarm that is raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Alarm {
    /// What it is about.
    pub code: AlarmCode,
    /// What happened, as a sentence.
    pub message: String,
    /// What to do, as a sentence.
    pub remedy: String,
    /// The step of an alarm that grows more pressing: days before the end.
    pub step: Option<u64>,
}

impl Alarm {
    pub(crate) fn new(
        code: AlarmCode,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            remedy: remedy.into(),
            step: None,
        }
    }

    /// What tells it from others in the journal.
    pub(super) fn key(&self) -> String {
        match self.step {
            Some(step) => format!("{}-{step}", self.code.as_str()),
            None => self.code.as_str().into(),
        }
    }
}
