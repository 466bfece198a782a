//! The chain as people draw it, from the root down.

use cert_policy::Code;

use super::Review;
use crate::view::CertificateView;

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
}
