//! Which certificate belongs to which key of the unit, and which is the leaf if none does.

use crate::certificate::Certificate;
use crate::finding::{Code, Finding};
use crate::quote::{count, list};
use crate::{Input, Now, OurKey, Pairing, dn, key, san, validity};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// What came of looking for the leaf. Positions are those in the list of distinct certificates.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// The certificate to judge as the leaf: one that fits, else the one that looks most like
    /// it was meant for the unit, so that all its faults are told at once.
    pub(crate) leaf: Option<usize>,
    /// Set when the leaf fits a key.
    pub(crate) pairing: Option<Pairing>,
    /// Others that fit too.
    pub(crate) also_fit: Vec<usize>,
    pub(crate) findings: Vec<Finding>,
}

/// Chooses the leaf among `certificates`, which are distinct.
pub(crate) fn choose(certificates: &[Certificate<'_>], input: &Input<'_>) -> Choice {
    let fit = |certificate: &Certificate<'_>| {
        input
            .our_keys
            .iter()
            .position(|ours| key::same(ours.public_key, certificate.key()))
    };
    let mut fitting: Vec<(usize, usize)> = certificates
        .iter()
        .enumerate()
        .filter_map(|(position, certificate)| Some((position, fit(certificate)?)))
        .collect();
    fitting.sort_by_key(|(position, _)| preference(certificates.get(*position), input.now));
    match fitting.split_first() {
        Some((&(leaf, key), others)) => paired(certificates, leaf, key, others),
        None => unpaired(certificates, input.our_keys),
    }
}

/// Smallest for the one to take: no CA, valid now, the newest, the first in the file.
fn preference(certificate: Option<&Certificate<'_>>, now: Now) -> impl Ord + use<> {
    certificate.map(|certificate| {
        let (is_valid, since) = validity::freshness(certificate, now);
        (certificate.claims_to_be_ca(), !is_valid, Reverse(since))
    })
}

fn paired(
    certificates: &[Certificate<'_>],
    leaf: usize,
    key: usize,
    others: &[(usize, usize)],
) -> Choice {
    let also_fit: Vec<_> = others.iter().map(|(position, _)| *position).collect();
    let several = (!also_fit.is_empty()).then(|| {
        let also = also_fit.iter();
        let also = also.filter_map(|position| certificates.get(*position));
        let also = list(also, serial_text);
        let taken = certificates.get(leaf).map(serial_text).unwrap_or_default();
        let message =
            format!("Several certificates fit keys of this unit. Taken is {taken}, not {also}.");
        Finding::new(Code::SeveralLeaves, message)
            .expected("one certificate for the unit")
            .came(count(also_fit.len() + 1, "certificate"))
    });
    let index = certificates.get(leaf).map(|certificate| certificate.index);
    Choice {
        leaf: Some(leaf),
        pairing: index.map(|certificate| Pairing { certificate, key }),
        also_fit,
        findings: several.into_iter().collect(),
    }
}

fn serial_text(certificate: &Certificate<'_>) -> String {
    let serial = certificate.tbs().serial_number().as_bytes();
    let serial = key::hex(serial.get(..20).unwrap_or(serial));
    format!("{} with the serial number {serial}", certificate.called())
}

fn unpaired(certificates: &[Certificate<'_>], our_keys: &[OurKey<'_>]) -> Choice {
    let leaf = certificates
        .iter()
        .enumerate()
        .filter(|(_, certificate)| !certificate.claims_to_be_ca())
        .min_by_key(|(_, certificate)| {
            (
                likeness(certificate, our_keys) == Likeness::None,
                certificate.is_self_issued(),
            )
        });
    let finding = match leaf {
        Some((_, certificate)) => other_key(certificate, our_keys),
        None if certificates.is_empty() => {
            Finding::new(Code::NoCertificate, Code::NoCertificate.meaning().into())
                .expected("the unit's certificate")
                .came("nothing")
        }
        None => {
            let held = count(certificates.len(), "CA certificate");
            Finding::new(
                Code::OnlyCaCertificates,
                format!("The file holds {held} but not the unit's own."),
            )
            .expected("the unit's certificate")
            .came(held)
        }
    };
    Choice {
        leaf: leaf.map(|(position, _)| position),
        findings: Vec::from([finding]),
        ..Choice::default()
    }
}

fn other_key(leaf: &Certificate<'_>, our_keys: &[OurKey<'_>]) -> Finding {
    let requests = our_keys
        .iter()
        .filter(|ours| ours.subject.is_some())
        .count();
    let none_fits = match (our_keys.len(), requests) {
        (0, _) => "This unit has no key yet.".into(),
        (_, 0) => "This unit has made no request.".into(),
        (_, 1) => "This unit's request has another key.".into(),
        (_, requests) => format!("None of this unit's {requests} requests has that key."),
    };
    let subject = dn::quoted(leaf.subject());
    let suggestion = match likeness(leaf, our_keys) {
        Likeness::Subject => format!(
            "Its subject, {subject}, is that of one of this unit's requests, so it answers an \
             earlier request that was removed, or one made elsewhere."
        ),
        Likeness::Name(name) => format!(
            "It is for {name}, as one of this unit's requests is, so it answers an earlier \
             request that was removed, or one made elsewhere."
        ),
        Likeness::None if leaf.subject().is_empty() => {
            format!(
                "Its first name, {}, suggests it is for another unit.",
                leaf.called()
            )
        }
        Likeness::None => {
            format!("Its subject, {subject}, suggests it is for another unit.")
        }
    };
    let short = key::short_fingerprint(leaf.key());
    let message = format!(
        "This certificate was made for another key (fingerprint {short}). {none_fits} {suggestion}"
    );
    let ours = if our_keys.is_empty() {
        "a key of this unit".into()
    } else {
        list(our_keys, |ours| key::fingerprint(ours.public_key))
    };
    Finding::new(Code::OtherKey, message)
        .about(leaf.index)
        .expected(ours)
        .came(key::fingerprint(leaf.key()))
}

/// What a certificate has in common with a request of ours, although its key is another.
#[derive(Debug, PartialEq)]
enum Likeness {
    Subject,
    /// The name, quoted.
    Name(String),
    None,
}

fn likeness(certificate: &Certificate<'_>, our_keys: &[OurKey<'_>]) -> Likeness {
    let subject = certificate.subject();
    let mut subjects = our_keys.iter().filter_map(|ours| ours.subject);
    if !subject.is_empty() && subjects.any(|ours| dn::same(ours, subject)) {
        return Likeness::Subject;
    }
    let mut names = our_keys.iter().flat_map(|ours| ours.names);
    match names.find(|name| certificate.names().has(name)) {
        Some(name) => Likeness::Name(san::quoted(name)),
        None => Likeness::None,
    }
}
