//! The chain above a leaf: found among what was uploaded, in any order, and judged link by link
//! ([RFC 5280 section 6](https://www.rfc-editor.org/rfc/rfc5280#section-6), without a trust
//! anchor: a chain may end before a root, but no link of it may be wrong).

use crate::budget::{Budget, COMPARISONS_MAX, Exhausted};
use crate::certificate::Certificate;
use crate::constraints;
use crate::finding::{Code, Finding, Severity};
use crate::links::{End, Links, Path};
use crate::profile::{self, Place};
use crate::quote::{count, list};
use crate::{Now, dn, purpose, strength, validity};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// The chain that was chosen, and what is to be said of it and of what is not in it.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) path: Path,
    pub(crate) findings: Vec<Finding>,
}

/// Finds the best chain for the certificate at position `leaf`: the one with the fewest
/// refusals, then one that reaches a root, then the shortest, then the first found.
pub(crate) fn build(certificates: &[Certificate<'_>], leaf: usize, now: Now) -> Chain {
    let mut budget = Budget::new();
    let paths = Links::new(certificates, &mut budget).paths(leaf);
    let judged = paths.into_iter().map(|path| {
        let findings = findings(certificates, &path, now, &mut budget);
        Chain { path, findings }
    });
    let best = judged.min_by_key(|chain| {
        let is_refusal = |finding: &&Finding| finding.severity == Severity::Refuse;
        let refusals = chain.findings.iter().filter(is_refusal).count();
        (
            refusals,
            chain.path.end != End::Root,
            chain.path.positions.len(),
        )
    });
    // There is always a path: the leaf alone, if nothing else.
    best.unwrap_or_else(|| Chain {
        path: Path::of(leaf, End::Open),
        findings: Vec::new(),
    })
}

/// Everything about a path but what concerns the leaf alone.
fn findings(
    certificates: &[Certificate<'_>],
    path: &Path,
    now: Now,
    budget: &mut Budget,
) -> Vec<Finding> {
    let members: Vec<_> = path
        .positions
        .iter()
        .filter_map(|position| certificates.get(*position))
        .collect();
    let mut findings = Vec::new();
    for (height, member) in members.iter().enumerate() {
        let is_top = height + 1 == members.len();
        let place = match (height, is_top && path.end == End::Root) {
            (0, _) => Place::Leaf,
            (_, true) => Place::Root,
            (_, false) => Place::Intermediate,
        };
        findings.extend(profile::findings(member, place));
        let is_self_signed_leaf = place == Place::Leaf && is_top && path.end == End::Root;
        if is_self_signed_leaf {
            findings.extend(strength::self_signature(member));
        } else if place != Place::Root {
            findings.extend(strength::ca_signature(member));
        }
        // Nobody relies on the signature of a root.
        if place != Place::Root && path.unchecked.contains(&height) {
            findings.push(unchecked(member));
        }
        if place != Place::Leaf {
            findings.extend(purpose::issuer(member, place == Place::Root));
            findings.extend(validity::issuer(member, now));
            findings.extend(strength::issuer_key(member));
            let below = members.get(..height).unwrap_or_default();
            findings.extend(path_length(member, below));
            findings.extend(name_constraints(member, below, budget));
        }
    }
    findings.extend(
        members
            .last()
            .and_then(|top| ending(certificates, path, top)),
    );
    findings
}

fn unchecked(certificate: &Certificate<'_>) -> Finding {
    let algorithm = certificate.presented.certificate.signature_algorithm().oid;
    let message = format!(
        "The signature of {} under {} is of a kind that this unit cannot check and that browsers \
         do not accept.",
        dn::called(certificate.issuer()),
        certificate.called(),
    );
    Finding::new(Code::SignatureUnchecked, message)
        .about(certificate.index)
        .expected("RSA, ECDSA on P-256, P-384 or P-521, or Ed25519, with SHA-2")
        .came(algorithm.to_string())
}

/// `below` is leaf first. CAs that issued to themselves do not count.
fn path_length(issuer: &Certificate<'_>, below: &[&Certificate<'_>]) -> Option<Finding> {
    let allowed = issuer.extensions.basic_constraints.value()?.path_len?;
    let cas = below
        .iter()
        .skip(1)
        .filter(|below| !below.is_self_issued())
        .count();
    (u64::try_from(cas).is_ok_and(|cas| cas > u64::from(allowed))).then(|| {
        let allowed = count(usize::try_from(allowed).unwrap_or(usize::MAX), "CA");
        let message = format!(
            "{} allows {allowed} below it, and there {} {}.",
            issuer.called(),
            if cas == 1 { "is" } else { "are" },
            count(cas, "CA"),
        );
        Finding::new(Code::PathLengthExceeded, message)
            .about(issuer.index)
            .expected(format!("at most {allowed} below it"))
            .came(count(cas, "CA"))
    })
}

/// `below` is leaf first. Intermediates that issued to themselves are exempt, the leaf never.
fn name_constraints(
    issuer: &Certificate<'_>,
    below: &[&Certificate<'_>],
    budget: &mut Budget,
) -> Option<Finding> {
    let constraints = issuer.extensions.name_constraints.value()?;
    let bound = below.iter().enumerate();
    let mut bound = bound.filter(|(height, below)| *height == 0 || !below.is_self_issued());
    let violation = bound
        .find_map(|(_, below)| constraints::violation(constraints, below, budget).transpose())?;
    let called = issuer.called();
    let finding = match violation {
        Ok(reason) => Finding::new(
            Code::NameConstraintsViolated,
            format!("{called} may not issue for every name: {reason}."),
        )
        .expected("names the CA may issue for")
        .came(reason),
        Err(Exhausted) => Finding::new(
            Code::ChainTooTangled,
            format!("{called} constrains more names than can be compared; that was given up."),
        )
        .expected(format!(
            "at most {COMPARISONS_MAX} comparisons of a name with a constraint"
        ))
        .came("more"),
    };
    Some(finding.about(issuer.index))
}

fn ending(certificates: &[Certificate<'_>], path: &Path, top: &Certificate<'_>) -> Option<Finding> {
    let issuer = dn::called(top.issuer());
    let called = top.called();
    let alone = path.positions.len() == 1;
    let finding = match path.end {
        End::Root if alone => return None,
        // That it names no issuer has been said.
        End::Open if top.issuer().is_empty() => return None,
        End::Root => Finding::new(
            Code::RootIncluded,
            format!(
                "The root {called} is in the file. It is not sent: whoever trusts it has it \
                 already."
            ),
        )
        .expected("a chain without its root")
        .came(called),
        // Another CA in the file shows that there is more than one.
        End::Open if alone && certificates.len() == 1 && top.seems_issued_by_root() => {
            Finding::new(
                Code::IssuedByRoot,
                format!(
                    "Nothing is missing from the file: {issuer}, which issued {called}, is a root \
                     as far as can be told, and no root is sent. It is not a public one, for \
                     those sign no server certificates, so browsers have to be told to trust it."
                ),
            )
            .expected(format!("{issuer}, trusted by the browsers"))
            .came(called)
        }
        End::Open if alone => Finding::new(
            Code::IntermediateMissing,
            format!(
                "Browsers will need {issuer}, which the file does not contain. Only if it is a \
                 root, it is not sent, and they have to be told to trust it."
            ),
        )
        .expected(format!("the certificate of {issuer}"))
        .came(called),
        End::Open => Finding::new(
            Code::ChainEndsBeforeRoot,
            format!("The chain ends at {called}, issued by {issuer}, which is not in the file."),
        )
        .expected(format!("{issuer}, known to browsers as a root"))
        .came(called),
        End::Circle => Finding::new(
            Code::ChainEndsBeforeRoot,
            format!("The CAs up to {called} signed each other in a circle, so none is a root."),
        )
        .expected("a CA that a root signed")
        .came(called),
        End::Wrong { issuer } => wrong_signature(top, certificates.get(issuer)),
        End::Exhausted => Finding::new(
            Code::ChainTooTangled,
            format!("Too many certificates could have issued {called}; the search was given up."),
        )
        .expected("one certificate of each CA")
        .came(count(certificates.len(), "certificate")),
    };
    Some(finding.about(top.index))
}

fn wrong_signature(signed: &Certificate<'_>, issuer: Option<&Certificate<'_>>) -> Finding {
    let called = signed.called();
    let Some(issuer) = issuer.filter(|issuer| issuer.index != signed.index) else {
        let message = format!("{called} says that it signed itself, but its key did not.");
        let finding = Finding::new(Code::SignatureWrong, message);
        return finding
            .expected("a signature by its own key")
            .came("another signature");
    };
    let issuer_called = issuer.called();
    let wanted = signed
        .extensions
        .authority_key_id
        .value()
        .copied()
        .flatten();
    let offered = issuer.extensions.subject_key_id.value().copied();
    let (expected, came, generation) = match (wanted, offered) {
        (Some(wanted), Some(offered)) if wanted != offered => (
            format!("{issuer_called} with the key identifier {}", key_id(wanted)),
            format!("key identifier {}", key_id(offered)),
            " It is an older or newer one of the same name.",
        ),
        _ => (
            format!("a signature by {issuer_called}"),
            "another signature".into(),
            "",
        ),
    };
    let message = format!(
        "{called} names {issuer_called} as its issuer, but was not signed with the key of the \
         {issuer_called} in the file, or was changed afterwards.{generation}"
    );
    Finding::new(Code::SignatureWrong, message)
        .expected(expected)
        .came(came)
}

fn key_id(octets: &[u8]) -> alloc::string::String {
    crate::key::hex(octets.get(..20).unwrap_or(octets))
}

/// What is to be said of certificates that are not in the chain, and of the order of those in
/// it. `told` are positions that something was said of already.
pub(crate) fn leftovers(
    certificates: &[Certificate<'_>],
    path: &Path,
    told: &[usize],
) -> Vec<Finding> {
    let is_out = |position: &usize| {
        !path.positions.contains(position)
            && !told.contains(position)
            && path.end != End::Wrong { issuer: *position }
    };
    let out: Vec<_> = (0..certificates.len()).filter(is_out).collect();
    let names = out
        .iter()
        .filter_map(|position| certificates.get(*position));
    let names = list(names, Certificate::called);
    let left_out = (!out.is_empty()).then(|| {
        let held = count(out.len(), "certificate");
        let what = if out.len() == 1 {
            "is not part"
        } else {
            "are not part"
        };
        let message =
            format!("{held} of the file {what} of the chain and will not be sent: {names}.");
        Finding::new(Code::CertificatesLeftOut, message)
            .expected("the unit's certificate and the CAs above it")
            .came(names)
    });
    let order = (!path.positions.is_sorted()).then(|| {
        let message = "The certificates were not in the order they are sent in, the unit's own \
                       first and each followed by its issuer. They are now.";
        Finding::new(Code::OrderRepaired, message.into())
            .expected("the unit's certificate first, each followed by its issuer")
            .came("another order")
    });
    [left_out, order].into_iter().flatten().collect()
}
