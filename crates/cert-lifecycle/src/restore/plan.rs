//! What restoring a backup would change, and what cannot come along.

use std::fmt;

use serde::Serialize;

use crate::view::{CertificateView, RequestView};

/// What restoring a backup changes. Whatever is not named here stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RestorePlan {
    /// Settings that become others.
    pub settings: Vec<SettingChange>,
    /// The certificate that serves from then on: on trial when it is restored from a
    /// browser. What serves now becomes the previous one.
    pub serving: Option<CertificateView>,
    /// The certificate that is then neither serving nor the previous one any more.
    pub gives_way: Option<CertificateView>,
    /// The certificate that becomes the previous one, where there is none now.
    pub previous: Option<CertificateView>,
    /// The certificate that becomes the factory one.
    pub factory: Option<CertificateView>,
    /// Requests that come back, with their keys, the oldest first.
    pub requests: Vec<RequestView>,
    /// So many entries of an earlier journal come back.
    pub journal_entries: usize,
    /// What cannot come along.
    pub left_behind: Vec<LeftBehind>,
}

impl RestorePlan {
    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.serving.is_none()
            && self.previous.is_none()
            && self.factory.is_none()
            && self.requests.is_empty()
            && self.journal_entries == 0
    }

    /// What changes, such as "2 settings, the certificate that serves, 1 request".
    #[must_use]
    pub fn in_few_words(&self) -> String {
        let counted = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let named = |there: bool, what: &str| there.then(|| what.to_owned());
        let parts = [
            counted(self.settings.len(), "setting", "settings"),
            named(self.serving.is_some(), "the certificate that serves"),
            named(self.previous.is_some(), "the previous certificate"),
            named(self.factory.is_some(), "the factory certificate"),
            counted(self.requests.len(), "request", "requests"),
            counted(
                self.journal_entries,
                "entry of the journal",
                "entries of the journal",
            ),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// A setting that becomes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SettingChange {
    /// Its label.
    pub label: &'static str,
    /// How it stands.
    pub was: String,
    /// How it will stand.
    pub becomes: String,
}

/// Something in a backup that cannot come along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftBehind {
    /// What it is, as the beginning of a sentence.
    pub what: String,
    /// Why it stays behind, and what to do instead.
    pub why: String,
}

/// For a console: a line for each thing.
impl fmt::Display for RestorePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for setting in &self.settings {
            writeln!(
                f,
                "{}: is \"{}\", becomes \"{}\"",
                setting.label, setting.was, setting.becomes
            )?;
        }
        for (what, certificate) in [
            ("Serves again", &self.serving),
            ("Gives way", &self.gives_way),
            ("Becomes the previous certificate", &self.previous),
            ("Becomes the factory certificate", &self.factory),
        ] {
            if let Some(view) = certificate {
                writeln!(f, "{what}: {}, SHA-256 {}", view.common_name, view.sha256)?;
            }
        }
        for request in &self.requests {
            writeln!(
                f,
                "Request that comes back: {}, key {}",
                request.common_name,
                request.key.fingerprint()
            )?;
        }
        if self.journal_entries > 0 {
            writeln!(
                f,
                "Entries of an earlier journal that come back: {}",
                self.journal_entries
            )?;
        }
        for left in &self.left_behind {
            writeln!(f, "Cannot come along: {}. {}", left.what, left.why)?;
        }
        Ok(())
    }
}
