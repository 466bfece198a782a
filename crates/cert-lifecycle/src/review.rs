//! What an upload is, before anything is changed.

use cert_formats::{Bundle, Format};
use cert_policy::{
    Code, Coverage, Finding, Input, Presented, ServerName, Severity, Verdict, covers,
};

use crate::KeyId;
use crate::identity::Der;
use crate::view::CertificateView;

/// An upload, read and judged; nothing has been changed yet.
///
/// [`Unit::install`](crate::Unit::install) installs it, and judges it again
/// then, for the unit's keys may be others by that time.
pub struct Review {
    bundle: Bundle,
    verdict: Verdict,
    reached_as: Vec<ServerName>,
    /// All the ways to the unit, those of `reached_as` among them.
    ways: Vec<(Way, ServerName)>,
    key: Option<KeyId>,
    unservable: Option<String>,
}

/// How it is known that people reach the unit by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The person who uploads came this way.
    Now,
    /// It is among the names that were set.
    Set,
    /// It is an address of the unit.
    Address,
}

/// A name that people reach the unit by, and whether the certificate covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameCovered {
    /// The host name or address.
    pub name: String,
    /// How it is known.
    pub way: Way,
    /// The subject alternative name that covers it; `None` where browsers will warn.
    pub by: Option<String>,
}

/// A certificate on the way from the root down to the unit's own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainStep {
    /// The subject's Common Name; of an issuer that is not in the upload, its name.
    pub name: String,
    /// The certificate, unless it is not in the upload.
    pub certificate: Option<CertificateView>,
    /// Whether browsers get it from the unit.
    pub sent: bool,
    /// Who signed it.
    pub signed: Signed,
}

/// Who signed a certificate of a chain, as far as could be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signed {
    /// The one above it.
    ByAbove,
    /// It names the one above as its issuer, which is not in the upload.
    ByAbsent,
    /// It signed itself.
    ByItself,
    /// Not the one it names as its issuer.
    ByAnother,
    /// In a way that cannot be checked.
    Unchecked,
    /// It is not in the upload.
    Unknown,
}

impl Review {
    pub(crate) fn new(
        bundle: Bundle,
        reached_as: Vec<ServerName>,
        ways: Vec<(Way, ServerName)>,
        keys: &KnownKeys,
        now: crate::Now,
    ) -> Self {
        let mut review = Self {
            bundle,
            verdict: Verdict::default(),
            reached_as,
            ways,
            key: None,
            unservable: None,
        };
        review.judge(keys, now);
        review
    }

    /// Judges against these keys and this time.
    pub(crate) fn judge(&mut self, keys: &KnownKeys, now: crate::Now) {
        self.verdict = verdict(&self.bundle, &self.reached_as, keys, now);
        self.key = self
            .verdict
            .pairing
            .as_ref()
            .and_then(|pairing| keys.0.get(pairing.key))
            .map(|known| known.id);
    }

    /// The form the upload really had.
    #[must_use]
    pub fn format(&self) -> Format {
        self.bundle.format
    }

    /// What the reader passed over or repaired, as sentences.
    #[must_use]
    pub fn reading_notes(&self) -> Vec<String> {
        self.bundle.notes.iter().map(ToString::to_string).collect()
    }

    /// Everything the judge has to say, the gravest first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.verdict.findings
    }

    /// The findings of one severity.
    pub fn findings_of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.verdict
            .findings
            .iter()
            .filter(move |finding| finding.severity == severity)
    }

    /// Whether it can be installed as far as the judge is concerned.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.verdict.is_refused() || self.key.is_none()
    }

    /// Why the TLS stack cannot serve it, as a sentence, where the judge does not refuse it.
    /// [`Unit::install`](crate::Unit::install) tries again, and only a console can force it.
    #[must_use]
    pub fn unservable(&self) -> Option<&str> {
        self.unservable.as_deref()
    }

    pub(crate) fn set_unservable(&mut self, why: Option<String>) {
        self.unservable = why;
    }

    /// The key of the unit that the certificate is for.
    #[must_use]
    pub fn key(&self) -> Option<KeyId> {
        self.key
    }

    /// The leaf and the chain that will be sent to browsers, leaf first.
    #[must_use]
    pub fn chain(&self) -> Vec<CertificateView> {
        self.chain_der()
            .iter()
            .filter_map(|der| CertificateView::of(der.as_bytes()))
            .collect()
    }

    /// The chain as people draw it: from the root, or the issuer that is not in the
    /// upload, down to the unit's own certificate.
    #[must_use]
    pub fn steps(&self) -> Vec<ChainStep> {
        let root = self.verdict.root.iter();
        let members = root.chain(self.verdict.chain.iter().rev());
        let mut steps: Vec<ChainStep> = members.filter_map(|index| self.step(*index)).collect();
        let Some(top) = steps.first_mut() else {
            return steps;
        };
        let named = top.certificate.as_ref().filter(|top| !top.self_issued);
        let above = named.map(|top| ChainStep {
            name: top.issuer.clone(),
            certificate: None,
            sent: false,
            signed: Signed::Unknown,
        });
        if top.signed == Signed::ByAbove {
            top.signed = match above {
                Some(_) => Signed::ByAbsent,
                None => Signed::ByItself,
            };
        }
        if let Some(above) = above {
            steps.insert(0, above);
        }
        steps
    }

    fn step(&self, index: usize) -> Option<ChainStep> {
        let read = self.bundle.certificates.get(index)?;
        let certificate = CertificateView::of(read.der())?;
        let said = |code| {
            let mut all = self.verdict.findings.iter();
            all.any(|finding| finding.code == code && finding.certificate == Some(index))
        };
        Some(ChainStep {
            name: certificate.common_name.clone(),
            sent: self.verdict.root != Some(index),
            signed: if said(Code::SignatureWrong) {
                Signed::ByAnother
            } else if said(Code::SignatureUnchecked) {
                Signed::Unchecked
            } else {
                Signed::ByAbove
            },
            certificate: Some(certificate),
        })
    }

    /// Every name and address that people reach the unit by, and whether the
    /// certificate covers it; empty where there is no certificate for the unit.
    #[must_use]
    pub fn names_covered(&self) -> Vec<NameCovered> {
        let leaf = self.verdict.chain.first();
        let Some(leaf) = leaf.and_then(|index| self.bundle.certificates.get(*index)) else {
            return Vec::new();
        };
        let ways = self.ways.iter();
        ways.map(|(way, name)| NameCovered {
            name: name.to_string(),
            way: *way,
            by: match covers(leaf.certificate(), name) {
                Coverage::Covered { by } => Some(by),
                _ => None,
            },
        })
        .collect()
    }

    pub(crate) fn chain_der(&self) -> Vec<Der> {
        let certificates = self.verdict.chain.iter();
        certificates
            .filter_map(|index| self.bundle.certificates.get(*index))
            .map(|certificate| Der(certificate.der().to_vec()))
            .collect()
    }

    pub(crate) fn refusals(&self) -> Vec<Finding> {
        self.findings_of(Severity::Refuse).cloned().collect()
    }
}

/// A key of the unit and what was asked for it.
pub(crate) struct KnownKey {
    pub(crate) id: KeyId,
    pub(crate) public_key: spki::SubjectPublicKeyInfoOwned,
    /// The subject of its request; `None` for a key that was never in one.
    pub(crate) subject: Option<x509_cert::name::Name>,
    pub(crate) names: Vec<x509_cert::ext::pkix::name::GeneralName>,
}

/// Every key of the unit, pending or installed.
pub(crate) struct KnownKeys(pub(crate) Vec<KnownKey>);

fn verdict(
    bundle: &Bundle,
    reached_as: &[ServerName],
    keys: &KnownKeys,
    now: crate::Now,
) -> Verdict {
    let presented: Vec<Presented<'_>> = bundle
        .certificates
        .iter()
        .map(|read| Presented {
            certificate: read.certificate(),
            der: read.der(),
        })
        .collect();
    let our_keys: Vec<cert_policy::OurKey<'_>> = keys
        .0
        .iter()
        .map(|known| cert_policy::OurKey {
            public_key: &known.public_key,
            subject: known.subject.as_ref(),
            names: &known.names,
        })
        .collect();
    cert_policy::judge(&Input {
        presented: &presented,
        our_keys: &our_keys,
        reached_as,
        now: cert_policy::Now {
            unix_seconds: now.unix_seconds,
            trusted: now.trusted,
        },
    })
}
