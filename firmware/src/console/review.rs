//! A certificate under review, as text and as JSON.

use cert_lifecycle::{
    CertificateView, ChainStep, NameCovered, RequestView, Review, Severity, Signed, Way,
};
use serde::Serialize;

use super::show;
use crate::pasted;
use crate::time::utc;

/// What a paste is, for scripts.
#[derive(Serialize)]
pub(super) struct Shown {
    format: String,
    refused: bool,
    /// Why it cannot be served, where the judge does not refuse it.
    unservable: Option<String>,
    /// The unit's own certificate, or the one that was probably meant.
    certificate: Option<CertificateView>,
    /// The key of the unit that it is for.
    key: Option<String>,
    /// The number of the request that it answers, in `request list`.
    request: Option<u64>,
    names: Vec<Name>,
    chain: Vec<Step>,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Name {
    name: String,
    covered_by: Option<String>,
    #[serde(skip)]
    how: &'static str,
}

#[derive(Serialize)]
struct Step {
    name: String,
    sent: bool,
    signed: &'static str,
}

#[derive(Serialize)]
struct Finding {
    code: &'static str,
    severity: &'static str,
    message: String,
    remedy: String,
}

impl Shown {
    /// `requests` are those of the unit.
    pub(super) fn new(review: &Review, requests: &[RequestView]) -> Self {
        let key = review.key();
        let request = requests.iter().find(|request| Some(request.key) == key);
        let findings = review.findings().iter().map(|finding| Finding {
            code: finding.code.as_str(),
            severity: severity(finding.severity),
            message: pasted::reworded(&show::visible(&finding.message)),
            remedy: pasted::reworded(&show::visible(&finding.remedy)),
        });
        Self {
            format: review.format().to_string(),
            refused: !review.is_installable(),
            unservable: review.unservable().map(show::visible),
            certificate: review.chain().into_iter().next(),
            key: key.map(|key| key.fingerprint()),
            request: request.map(|request| request.number),
            names: review.names_covered().into_iter().map(Name::new).collect(),
            chain: review.steps().into_iter().map(Step::new).collect(),
            findings: findings.collect(),
            notes: review.reading_notes(),
        }
    }

    /// Whether `install` refuses it as things stand.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    pub(super) fn text(&self) -> String {
        let mut text = show::rows(&self.rows());
        for name in &self.names {
            text += &show::paragraphs(&match &name.covered_by {
                Some(by) => format!("It covers \"{}\", {}, with {by}.", name.name, name.how),
                None => format!(
                    "It does not cover \"{}\", {}: browsers will warn there.",
                    name.name, name.how
                ),
            });
        }
        if let Some(why) = &self.unservable {
            text += &show::paragraphs(&format!("Refused: {why}"));
        }
        for (title, of) in [
            ("Refused", Severity::Refuse),
            ("Attention", Severity::Warn),
            ("Good to know", Severity::Note),
        ] {
            for finding in self
                .findings
                .iter()
                .filter(|one| one.severity == severity(of))
            {
                let said = format!("{title}: {} {}", finding.message, finding.remedy);
                text += &show::paragraphs(&said);
            }
        }
        for note in &self.notes {
            text += &show::paragraphs(note);
        }
        text
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("format", self.format.clone())];
        if let Some(leaf) = &self.certificate {
            rows.extend([
                ("subject", leaf.subject.clone()),
                ("issuer", leaf.issuer.clone()),
                ("names", leaf.names.join(", ")),
                ("valid from", utc(leaf.not_before)),
                ("valid to", utc(leaf.not_after)),
                ("key", leaf.public_key.clone()),
                ("SHA-256", leaf.sha256.clone()),
            ]);
        }
        let answers = match (self.request, &self.key) {
            (Some(number), _) => format!("request {number}"),
            (None, Some(key)) => format!("a key of this unit without a request, {key}"),
            (None, None) => "no request and no key of this unit".into(),
        };
        rows.push(("answers", answers));
        for (index, step) in self.chain.iter().enumerate() {
            let sent = match step.sent {
                true => "",
                false => " (not sent: browsers must know it)",
            };
            let first = if index == 0 { "chain" } else { "" };
            rows.push((first, format!("{}{sent}, {}", step.name, step.signed)));
        }
        rows
    }
}

impl Name {
    fn new(covered: NameCovered) -> Self {
        Self {
            name: covered.name,
            covered_by: covered.by,
            how: match covered.way {
                Way::Now => "which you came by",
                Way::Set => "set under services",
                _ => "an address of the unit",
            },
        }
    }
}

impl Step {
    fn new(step: ChainStep) -> Self {
        Self {
            name: step.name,
            sent: step.sent,
            signed: match step.signed {
                Signed::ByAbove => "signed by the one above",
                Signed::ByAbsent => "said to be signed by the one above",
                Signed::ByItself => "signed by itself",
                Signed::ByAnother => "not signed by the one it names",
                Signed::Unchecked => "signed in a way that cannot be checked here",
                _ => "not in what was pasted",
            },
        }
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Refuse => "refused",
        Severity::Warn => "attention",
        Severity::Note => "good-to-know",
    }
}
