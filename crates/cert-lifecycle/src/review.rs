//! What an upload is, before anything is changed.

mod known_keys;
mod steps;
mod ways;

use cert_formats::{Bundle, Format};
use cert_policy::{Finding, Input, Now, OurKey, Presented, ServerName, Severity, Verdict};

use crate::identity::{Der, Origin};
use crate::records::IdentityRecord;
use crate::store::Records;
use crate::view::CertificateView;
use crate::{Error, KeyId, Unit};
pub(crate) use known_keys::KnownKeys;
pub use steps::{ChainStep, Signed};
pub use ways::{NameCovered, Way};

/// An upload, read and judged; nothing has been changed yet.
///
/// [`Unit::install`] installs it, and judges it again
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

impl Unit {
    /// Reads and judges an upload, and tries whether the listener could serve it. Nothing is
    /// changed.
    ///
    /// `selected` is what the person said the file is, `reached_as` the names
    /// and addresses the unit is reached by.
    ///
    /// # Errors
    ///
    /// - [`Error::Read`] when it holds no certificate that can be read.
    /// - [`Error::Store`] when the store cannot be read.
    pub fn review(
        &self,
        upload: &[u8],
        selected: Option<Format>,
        reached_as: Vec<ServerName>,
    ) -> Result<Review, Error> {
        let snapshot = self.store.snapshot()?;
        let mut review = self.review_in(&snapshot, upload, selected, reached_as)?;
        review.unservable = self.unservable(&snapshot, &review);
        Ok(review)
    }

    /// Why the listener could not serve what was reviewed, if nothing else speaks against it.
    fn unservable(&self, records: &impl Records, review: &Review) -> Option<String> {
        let key = review.key().filter(|_| !review.is_refused())?;
        let record = IdentityRecord {
            key,
            chain: review.chain_der(),
            origin: Origin::Imported,
            since: self.environment.now().unix_seconds,
            confirmed: false,
        };
        let identity = self.identity(records, &record).ok()?;
        let checked = self.check_at(&identity, self.settings().tls);
        checked.err()?.unservable()
    }

    pub(crate) fn review_in(
        &self,
        records: &impl Records,
        upload: &[u8],
        selected: Option<Format>,
        reached_as: Vec<ServerName>,
    ) -> Result<Review, Error> {
        let bundle = cert_formats::read(upload, selected)?;
        let keys = KnownKeys::read(records)?;
        let ways = self.ways(records, &reached_as)?;
        let now = self.environment.now();
        Ok(Review::new(bundle, reached_as, ways, &keys, now))
    }
}

impl Review {
    pub(crate) fn new(
        bundle: Bundle,
        reached_as: Vec<ServerName>,
        ways: Vec<(Way, ServerName)>,
        keys: &KnownKeys,
        now: Now,
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
    pub(crate) fn judge(&mut self, keys: &KnownKeys, now: Now) {
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

    /// Whether [`Unit::install`] takes it as things stand: neither the judge nor the TLS stack has
    /// anything against it.
    #[must_use]
    pub fn is_installable(&self) -> bool {
        !self.is_refused() && self.unservable.is_none()
    }

    /// Why the TLS stack cannot serve it, as a sentence, where the judge does not refuse it.
    /// [`Unit::install`] tries again, and only a console can force it, unless its key is too short
    /// for the TLS level.
    #[must_use]
    pub fn unservable(&self) -> Option<&str> {
        self.unservable.as_deref()
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

fn verdict(bundle: &Bundle, reached_as: &[ServerName], keys: &KnownKeys, now: Now) -> Verdict {
    let presented: Vec<Presented<'_>> = bundle
        .certificates
        .iter()
        .map(|read| Presented {
            certificate: read.certificate(),
            der: read.der(),
        })
        .collect();
    let our_keys: Vec<OurKey<'_>> = keys
        .0
        .iter()
        .map(|known| OurKey {
            public_key: &known.public_key,
            subject: known.subject.as_ref(),
            names: &known.names,
        })
        .collect();
    cert_policy::judge(&Input {
        presented: &presented,
        our_keys: &our_keys,
        reached_as,
        now,
    })
}
