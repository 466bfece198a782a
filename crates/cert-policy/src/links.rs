//! Who could have issued whom: the search for paths, bounded in work.

use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::key::{self, KeyKind};
use crate::signature::{self, Signed};
use crate::{SubjectPublicKeyInfoOwned, dn};
use alloc::vec::Vec;

/// The most certificates in a path, the leaf and the root among them. Public ones have four.
const PATH_LEN_MAX: usize = 10;

/// The most paths that are compared.
const PATHS_MAX: usize = 32;

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At a certificate that signed itself.
    Root,
    /// At one whose issuer was not uploaded, or that is as far up as is looked.
    Open,
    /// At one whose issuer is in the path already.
    Circle,
    /// At one whose issuer was uploaded by name, but whose signature is not by that key.
    Wrong { issuer: usize },
    /// Where the limit on checks was reached.
    Exhausted,
}

/// Positions of certificates, leaf first, with the root if one was reached.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) positions: Vec<usize>,
    /// Heights in `positions` of certificates whose signature could not be checked.
    pub(crate) unchecked: Vec<usize>,
    pub(crate) end: End,
}

impl Path {
    pub(crate) fn of(leaf: usize, end: End) -> Self {
        Self {
            positions: Vec::from([leaf]),
            unchecked: Vec::new(),
            end,
        }
    }
}

/// The search, with the signatures checked so far.
pub(crate) struct Links<'a> {
    certificates: &'a [Certificate<'a>],
    /// For each certificate those that bear the name of its issuer.
    by_name: Vec<Vec<usize>>,
    checked: Vec<Check>,
    budget: &'a mut Budget,
}

struct Check {
    signed: usize,
    issuer: usize,
    outcome: Signed,
}

impl<'a> Links<'a> {
    pub(crate) fn new(certificates: &'a [Certificate<'a>], budget: &'a mut Budget) -> Self {
        Self {
            certificates,
            by_name: certificates
                .iter()
                .map(|signed| by_name(certificates, signed))
                .collect(),
            checked: Vec::new(),
            budget,
        }
    }

    /// The paths up from `leaf`, each as far as it goes; at least one.
    pub(crate) fn paths(&mut self, leaf: usize) -> Vec<Path> {
        let mut found = Vec::new();
        self.extend(Path::of(leaf, End::Open), &mut found);
        found
    }

    fn extend(&mut self, mut path: Path, found: &mut Vec<Path>) {
        let Some(&top) = path.positions.last() else {
            return;
        };
        let mut wrong = None;
        let mut in_path = false;
        let mut exhausted = false;
        let mut grown = false;
        for issuer in self.by_name.get(top).cloned().unwrap_or_default() {
            if found.len() >= PATHS_MAX {
                return;
            }
            let is_itself = issuer == top;
            if !is_itself && self.is_in(&path, issuer) {
                in_path = true;
                continue;
            }
            match self.check(top, issuer) {
                Some(Signed::Wrong) => wrong = wrong.or(Some(issuer)),
                Some(outcome) if is_itself => {
                    if outcome == Signed::Unsupported {
                        path.unchecked.push(path.positions.len() - 1);
                    }
                    path.end = End::Root;
                    found.push(path);
                    return;
                }
                Some(outcome) if path.positions.len() < PATH_LEN_MAX => {
                    let mut longer = path.clone();
                    longer.positions.push(issuer);
                    if outcome == Signed::Unsupported {
                        longer.unchecked.push(path.positions.len() - 1);
                    }
                    self.extend(longer, found);
                    grown = true;
                }
                Some(_) => {}
                None => exhausted = true,
            }
        }
        if !grown {
            path.end = match wrong {
                _ if exhausted => End::Exhausted,
                _ if in_path => End::Circle,
                Some(issuer) => End::Wrong { issuer },
                None => End::Open,
            };
            found.push(path);
        }
    }

    /// Whether the path holds this CA already, in this or another certificate of its key.
    fn is_in(&self, path: &Path, issuer: usize) -> bool {
        let issuer = self.certificates.get(issuer);
        path.positions
            .iter()
            .filter_map(|position| self.certificates.get(*position))
            .any(|member| {
                issuer.is_some_and(|issuer| {
                    key::same(member.key(), issuer.key())
                        && dn::same(member.subject(), issuer.subject())
                })
            })
    }

    /// Checks a signature, or remembers it: the certificates of one CA share their key. `None`
    /// when the limit has been reached.
    fn check(&mut self, signed: usize, issuer: usize) -> Option<Signed> {
        let key = |position: usize| self.certificates.get(position).map(Certificate::key);
        let issuer_key = key(issuer)?;
        let known = self.checked.iter().find(|check| {
            check.signed == signed
                && key(check.issuer).is_some_and(|known| key::same(known, issuer_key))
        });
        if let Some(check) = known {
            return Some(check.outcome);
        }
        self.budget.spend_signatures(cost(issuer_key)).ok()?;
        let outcome = signature::check(self.certificates.get(signed)?.presented, issuer_key);
        self.checked.push(Check {
            signed,
            issuer,
            outcome,
        });
        Some(outcome)
    }
}

/// What checking a signature with this key costs, in checks with a 2048-bit RSA key: with RSA it
/// grows with the square of the length, and `cargo bench` shows the others.
fn cost(key: &SubjectPublicKeyInfoOwned) -> usize {
    match KeyKind::of(key) {
        KeyKind::Rsa { bits } => bits
            .min(key::RSA_BITS_MAX)
            .pow(2)
            .div_ceil(2_048_usize.pow(2)),
        KeyKind::P384 => 13,
        KeyKind::P521 => 10,
        KeyKind::P256 => 4,
        KeyKind::Ed25519 | KeyKind::Other(_) => 1,
    }
}

/// The positions of those that bear the name of the issuer: `signed` itself first, then those
/// whose key identifier is the one it asks for, in the order of the file. An identifier is only
/// a hint, except that one which asks for another than its own says that it did not sign itself:
/// a CA that changed its key signs the new one with the old one under the same name. An empty
/// name is nobody's.
fn by_name(certificates: &[Certificate<'_>], signed: &Certificate<'_>) -> Vec<usize> {
    let wanted = signed
        .extensions
        .authority_key_id
        .value()
        .copied()
        .flatten();
    let own = signed.extensions.subject_key_id.value().copied();
    let did_not_sign_itself = wanted.is_some() && own.is_some() && wanted != own;
    let mut issuers: Vec<_> = certificates
        .iter()
        .enumerate()
        .filter(|(_, issuer)| {
            !issuer.subject().is_empty() && dn::same(issuer.subject(), signed.issuer())
        })
        .map(|(position, issuer)| {
            let is_itself = issuer.index == signed.index;
            let is_hinted =
                wanted.is_some() && wanted == issuer.extensions.subject_key_id.value().copied();
            (!is_itself, !is_hinted, position)
        })
        .filter(|(is_other, ..)| *is_other || !did_not_sign_itself)
        .collect();
    issuers.sort_unstable();
    issuers.into_iter().map(|(.., position)| position).collect()
}
