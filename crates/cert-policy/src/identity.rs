//! Findings about the names of the leaf: which it has, how they are written, and whether they
//! cover how the unit is reached.

use crate::certificate::Certificate;
use crate::extensions::Slot;
use crate::finding::{Code, Finding};
use crate::names::{self, ServerName, covering, looks_like_ip};
use crate::quote::{is_deceptive, list, quote};
use crate::san::{self, SanEntry};
use crate::{OurKey, dn};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use x509_cert::ext::pkix::name::GeneralName;

/// Judges the names of `leaf` for a unit that is reached as `reached_as`.
pub(crate) fn findings(leaf: &Certificate<'_>, reached_as: &[ServerName]) -> Vec<Finding> {
    let names = leaf.names();
    let common_name = dn::common_name(leaf.subject());
    let mut findings = Vec::new();
    findings.extend(wildcard(names, common_name.as_deref()));
    match &leaf.extensions.subject_alt_name {
        Slot::Absent => findings.push(no_san(common_name.as_deref())),
        Slot::Unreadable => findings.push(unreadable_san()),
        Slot::Read { .. } => {
            findings.extend(malformed(names));
            findings.extend(not_covered(names, reached_as));
            findings.extend(common_name_apart(names, common_name.as_deref()));
        }
    }
    findings.extend(ip_as_dns(names));
    findings.extend(no_host_names(names));
    findings.extend(control_characters(leaf));
    findings
        .into_iter()
        .map(|finding| finding.about(leaf.index))
        .collect()
}

/// What the CA changed of the request it was given.
pub(crate) fn changes(leaf: &Certificate<'_>, request: &OurKey<'_>) -> Vec<Finding> {
    let subject = request
        .subject
        .filter(|subject| !dn::same(subject, leaf.subject()));
    let subject = subject.map(|asked| {
        let (asked, came) = (quote(&dn::show(asked)), quote(&dn::show(leaf.subject())));
        let message = format!("The CA changed the subject from {asked} to {came}.");
        Finding::new(Code::SubjectChanged, message)
            .expected(asked)
            .came(came)
    });
    let left_out = request.names.iter().filter(|name| !has(leaf.names(), name));
    let left_out: Vec<_> = left_out.map(|name| quote(&san::show_name(name))).collect();
    let names = (!left_out.is_empty() && !leaf.names().is_empty()).then(|| {
        let left_out = list(&left_out);
        let message = format!("The CA left out names of the request: {left_out}.");
        Finding::new(Code::NamesLeftOut, message)
            .expected(left_out)
            .came(covered_text(leaf.names()))
    });
    let findings = [subject, names].into_iter().flatten();
    findings.map(|finding| finding.about(leaf.index)).collect()
}

/// Whether `name` is among `entries`; host names without regard to case.
pub(crate) fn has(entries: &[SanEntry], name: &GeneralName) -> bool {
    entries.iter().any(|entry| match (entry, name) {
        (SanEntry::Name(GeneralName::DnsName(one)), GeneralName::DnsName(other)) => {
            one.as_str().eq_ignore_ascii_case(other.as_str())
        }
        (SanEntry::Name(GeneralName::DirectoryName(one)), GeneralName::DirectoryName(other)) => {
            dn::same(one, other)
        }
        (SanEntry::Name(one), other) => one == other,
        (SanEntry::Unreadable(_) | SanEntry::Unknown, _) => false,
    })
}

fn wildcard(names: &[SanEntry], common_name: Option<&str>) -> Option<Finding> {
    let is_pattern = |text: &&str| text.contains('*') && !text.contains(char::is_whitespace);
    let mut patterns: Vec<_> = common_name
        .into_iter()
        .chain(names.iter().filter_map(SanEntry::dns))
        .collect();
    patterns.retain(|text| is_pattern(text));
    patterns.sort_unstable();
    patterns.dedup();
    let example = patterns.first()?.trim_start_matches("*.");
    let example = match names::check_host_name(example) {
        Ok(()) => quote(&format!("ntp1.{example}")),
        Err(_) => quote("ntp1.example.net"),
    };
    let patterns: Vec<_> = patterns.into_iter().map(quote).collect();
    let what = if patterns.len() == 1 {
        "is a wildcard"
    } else {
        "are wildcards"
    };
    let patterns = list(&patterns);
    let message = format!(
        "{patterns} {what}. A certificate for many hosts means a key on many hosts, and this \
         unit's key must be its own."
    );
    let remedy = format!("Name the unit itself, such as {example}, and have that request signed.");
    let finding = Finding::new(Code::Wildcard, message).remedy(remedy);
    Some(finding.expected("the unit's own names").came(patterns))
}

fn no_san(common_name: Option<&str>) -> Finding {
    let common_name = common_name.map_or_else(|| "none".into(), quote);
    let message = format!(
        "The certificate has no subject alternative name. Browsers do not look at the Common \
         Name ({common_name}), so they will warn under every name."
    );
    Finding::new(Code::NoSan, message)
        .expected("a subject alternative name")
        .came(format!("only the Common Name: {common_name}"))
}

fn unreadable_san() -> Finding {
    let message = "The list of subject alternative names is empty or cannot be read.";
    Finding::new(Code::SanMalformed, message.into())
        .expected("a list with at least one name")
        .came("no such list")
}

fn malformed(names: &[SanEntry]) -> Option<Finding> {
    let defects = names.iter().filter_map(|name| {
        name.defect()
            .map(|defect| format!("{} {defect}", quote(&san::show(name))))
    });
    let defects: Vec<_> = defects.collect();
    let came = list(&defects);
    (!defects.is_empty()).then(|| {
        let message = format!("Of the subject alternative names, {came}.");
        let finding = Finding::new(Code::SanMalformed, message);
        finding
            .expected("names and addresses as RFC 5280 writes them")
            .came(came)
    })
}

fn not_covered(names: &[SanEntry], reached_as: &[ServerName]) -> Option<Finding> {
    let missing = reached_as
        .iter()
        .filter(|name| !covering(names, name).is_covered());
    let missing: Vec<_> = missing.map(names::quoted).collect();
    let (came, expected) = (covered_text(names), list(&missing));
    (!missing.is_empty()).then(|| {
        let message = format!(
            "The unit is reached as {expected}. The certificate covers {came} only, so browsers \
             will warn there."
        );
        Finding::new(Code::NameNotCovered, message)
            .expected(expected)
            .came(came)
    })
}

/// The host names and addresses somebody could reach the unit by, quoted.
fn covered_text(names: &[SanEntry]) -> String {
    let is_host = |name: &&SanEntry| {
        let host = name
            .dns()
            .map(|text| text.strip_prefix("*.").unwrap_or(text));
        name.ip().is_some() || host.is_some_and(|host| names::check_host_name(host).is_ok())
    };
    let names = names.iter().filter(is_host);
    let names: Vec<_> = names.map(|name| quote(&san::show(name))).collect();
    if names.is_empty() {
        "no host name or address".into()
    } else {
        list(&names)
    }
}

fn common_name_apart(names: &[SanEntry], common_name: Option<&str>) -> Option<Finding> {
    let common_name = common_name.filter(|text| !text.contains('*'))?;
    let is_apart = match names::host_in(common_name) {
        Some(host) => !covering(names, &host).is_covered(),
        // No host name as it stands, but meant as one: an international name, an odd address.
        None => common_name.contains('.') && !common_name.contains(char::is_whitespace),
    };
    let (shown, covered) = (quote(common_name), covered_text(names));
    is_apart.then(|| {
        let message = format!(
            "The Common Name {shown} is not among the subject alternative names. Browsers ignore \
             it, and will not accept the certificate under that name."
        );
        let finding = Finding::new(Code::CommonNameNotInSan, message);
        finding
            .expected(format!("{shown} as a subject alternative name"))
            .came(covered)
    })
}

fn ip_as_dns(names: &[SanEntry]) -> Option<Finding> {
    let addresses = names
        .iter()
        .filter_map(SanEntry::dns)
        .filter(|text| looks_like_ip(text));
    let addresses: Vec<_> = addresses.map(quote).collect();
    let came = list(&addresses);
    (!addresses.is_empty()).then(|| {
        let message = format!(
            "{came} stands among the DNS names. Browsers look for addresses among the IP \
             addresses only."
        );
        Finding::new(Code::IpAsDns, message)
            .expected("an IP address entry")
            .came(came)
    })
}

/// DNS names no client can match. Those that are refused or reported otherwise are left out.
fn no_host_names(names: &[SanEntry]) -> Option<Finding> {
    let odd = names
        .iter()
        .filter(|name| name.defect().is_none())
        .filter_map(SanEntry::dns);
    let odd = odd.filter(|text| {
        !text.contains('*') && !looks_like_ip(text) && names::check_host_name(text).is_err()
    });
    let odd: Vec<_> = odd.map(quote).collect();
    let came = list(&odd);
    (!odd.is_empty()).then(|| {
        let message = format!("{came} is no host name, so no client will match it.");
        Finding::new(Code::DnsNameMalformed, message)
            .expected("letters, digits and hyphens between dots, at most 63 each")
            .came(came)
    })
}

/// In the subject and in the alternative names; NUL in the latter is refused anyway.
fn control_characters(leaf: &Certificate<'_>) -> Option<Finding> {
    let names = leaf
        .names()
        .iter()
        .filter(|name| name.defect().is_none())
        .map(san::show);
    let texts = dn::texts(leaf.subject()).chain(names);
    let deceptive: Vec<_> = texts.filter(|text| text.contains(is_deceptive)).collect();
    let deceptive: Vec<_> = deceptive.iter().map(|text| quote(text)).collect();
    let came = list(&deceptive);
    (!deceptive.is_empty()).then(|| {
        let message = format!(
            "{came} contains characters that cannot be seen or that turn the text around. Here \
             they are spelled out; elsewhere the name may look like another."
        );
        Finding::new(Code::ControlCharacters, message)
            .expected("visible characters")
            .came(came)
    })
}
