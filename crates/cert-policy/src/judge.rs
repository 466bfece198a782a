//! [`judge`]: what goes in, what comes out, and the order of the questions.

use crate::certificate::Certificate;
use crate::finding::{Code, Finding, Severity};
use crate::links::End;
use crate::names::ServerName;
use crate::pairing::{self, Choice};
use crate::quote::{count, list};
use crate::{
    RawCertificate, SubjectPublicKeyInfoOwned, chain, identity, purpose, strength, validity,
};
use alloc::format;
use alloc::vec::Vec;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

/// One certificate as it was uploaded.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The certificate.
    pub certificate: &'a RawCertificate,
    /// The very octets it was decoded from, since a signature covers octets: encoding it again
    /// may give others, and then a right signature looks wrong.
    pub der: &'a [u8],
}

/// A key of the unit, with what was asked for it.
#[derive(Clone, Copy, Debug)]
pub struct OurKey<'a> {
    /// The public half.
    pub public_key: &'a SubjectPublicKeyInfoOwned,
    /// The subject of the request made with it; `None` when no request was.
    pub subject: Option<&'a Name>,
    /// The subject alternative names of that request, as
    /// [`requested_names`](crate::requested_names) finds them.
    pub names: &'a [GeneralName],
}

/// The time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1 January 1970, UTC, without leap seconds.
    pub unix_seconds: u64,
    /// Whether the clock is known to be right. While it is not, [`Code::Expired`] and
    /// [`Code::IssuerExpired`] only warn.
    pub trusted: bool,
}

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The certificates of the upload, in its order.
    pub presented: &'a [Presented<'a>],
    /// Every key of the unit: of pending requests and of installed identities.
    pub our_keys: &'a [OurKey<'a>],
    /// The names and addresses people reach the unit by.
    pub reached_as: &'a [ServerName],
    /// The time to judge the validity at.
    pub now: Now,
}

/// What the judge says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// Which certificate fits which key; `None` where none does.
    pub pairing: Option<Pairing>,
    /// What to send in a TLS handshake: indices into [`Input::presented`], leaf first, each
    /// followed by its issuer, without the root. Where no certificate fits a key, the chain of
    /// the one that was probably meant; empty where there is no such.
    pub chain: Vec<usize>,
    /// The root of that chain, if it was uploaded and is not the leaf.
    pub root: Option<usize>,
    /// Everything that is to be said: refusals first, then warnings, then notes.
    pub findings: Vec<Finding>,
}

/// A certificate and the key it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pairing {
    /// Index into [`Input::presented`].
    pub certificate: usize,
    /// Index into [`Input::our_keys`].
    pub key: usize,
}

impl Verdict {
    /// Whether anything speaks against serving the certificate.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Refuse)
    }
}

/// Judges an upload: finds the leaf and its key, puts the chain in order, and tells everything
/// that is wrong with them, not only the first.
///
/// It trusts no root and asks nobody, so it can say that a chain is wrong, never that a browser
/// will trust it. What the TLS stack of the caller cannot load is for the caller to try.
///
/// It takes any number of certificates, but the work it does is [limited](crate#limits).
///
/// ```
/// use cert_policy::{Code, Input, Now, OurKey, Presented, RawCertificate, judge};
/// use der::Decode;
///
/// # let der = include_bytes!("../tests/data/ntp1.der");
/// let certificate = RawCertificate::from_der(der)?;
/// let our_key = certificate.tbs_certificate().subject_public_key_info();
/// let verdict = judge(&Input {
///     presented: &[Presented { certificate: &certificate, der }],
///     our_keys: &[OurKey { public_key: our_key, subject: None, names: &[] }],
///     reached_as: &["ntp1.example.net".parse()?, "10.0.0.7".parse()?],
///     now: Now { unix_seconds: 1_795_000_000, trusted: true },
/// });
/// assert!(!verdict.is_refused());
/// assert_eq!(verdict.chain, [0]);
/// let codes: Vec<Code> = verdict.findings.iter().map(|finding| finding.code).collect();
/// assert_eq!(codes, [Code::NameNotCovered]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn judge(input: &Input<'_>) -> Verdict {
    let (certificates, duplicates) = distinct(input.presented);
    let Choice {
        leaf,
        pairing,
        also_fit,
        mut findings,
    } = pairing::choose(&certificates, input);
    findings.extend(duplicates);
    let mut verdict = Verdict {
        pairing,
        ..Verdict::default()
    };
    if let Some((position, leaf)) = leaf.and_then(|leaf| Some((leaf, certificates.get(leaf)?))) {
        let chain = chain::build(&certificates, position, input.now);
        let has_root = chain.path.end == End::Root;
        let is_self_signed = has_root && chain.path.positions.len() == 1;
        findings.extend(identity::findings(leaf, input.reached_as));
        findings.extend(purpose::leaf(leaf));
        findings.extend(validity::leaf(leaf, is_self_signed, input.now));
        findings.extend(strength::leaf_key(leaf));
        let request = pairing.and_then(|pairing| input.our_keys.get(pairing.key));
        findings.extend(
            request
                .into_iter()
                .flat_map(|request| identity::changes(leaf, request)),
        );
        findings.extend(chain.findings);
        findings.extend(chain::leftovers(&certificates, &chain.path, &also_fit));
        let members = chain.path.positions.iter();
        verdict.chain = members
            .filter_map(|position| Some(certificates.get(*position)?.index))
            .collect();
        verdict.root = verdict.chain.pop_if(|_| has_root && !is_self_signed);
    }
    findings.sort_by_key(|finding| finding.severity);
    verdict.findings = findings;
    verdict
}

/// Each certificate once, and a note where that left some out.
fn distinct<'a>(presented: &'a [Presented<'a>]) -> (Vec<Certificate<'a>>, Option<Finding>) {
    let mut certificates: Vec<Certificate<'_>> = Vec::new();
    let mut again = Vec::new();
    for (index, presented) in presented.iter().enumerate() {
        let certificate = Certificate::read(index, presented);
        if certificates
            .iter()
            .any(|seen| seen.presented.der == presented.der)
        {
            again.push(certificate.called());
        } else {
            certificates.push(certificate);
        }
    }
    let finding = (!again.is_empty()).then(|| {
        let came = format!("{} again", count(again.len(), "certificate"));
        let again = list(again, |again| again);
        let message = format!("The file holds {again} more than once.");
        Finding::new(Code::DuplicatesLeftOut, message)
            .expected("each certificate once")
            .came(came)
    });
    (certificates, finding)
}
