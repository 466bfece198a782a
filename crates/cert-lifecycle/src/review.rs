//! What an upload is, before anything is changed.

use cert_formats::{Bundle, Format};
use cert_policy::{Finding, Input, Presented, ServerName, Severity, Verdict};

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
    key: Option<KeyId>,
}

impl Review {
    pub(crate) fn new(
        bundle: Bundle,
        reached_as: Vec<ServerName>,
        keys: &KnownKeys,
        now: crate::Now,
    ) -> Self {
        let mut review = Self {
            bundle,
            verdict: Verdict::default(),
            reached_as,
            key: None,
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
