//! Findings about the names of the leaf: which it has, how they are written, and whether they
//! cover how the unit is reached.

use crate::certificate::Certificate;
use crate::extensions::Slot;
use crate::finding::{Code, Finding};
use crate::names::{self, ServerName, covering, looks_like_ip};
use crate::quote::{is_deceptive, list, quote};
use crate::san::{self, SanEntry, SubjectAltNames};
use crate::{OurKey, dn};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

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
        let (asked, came) = (dn::quoted(asked), dn::quoted(leaf.subject()));
        let message = format!("The CA changed the subject from {asked} to {came}.");
        Finding::new(Code::SubjectChanged, message)
            .expected(asked)
            .came(came)
    });
    let is_left_out = |name: &&_| !leaf.names().has(name);
    let left_out: Vec<_> = request.names.iter().filter(is_left_out).collect();
    let names = (!left_out.is_empty() && !leaf.names().is_empty()).then(|| {
        let left_out = list(left_out, san::quoted);
        let message = format!("The CA left out names of the request: {left_out}.");
        Finding::new(Code::NamesLeftOut, message)
            .expected(left_out)
            .came(covered_text(leaf.names()))
    });
    let findings = [subject, names].into_iter().flatten();
    findings.map(|finding| finding.about(leaf.index)).collect()
}

fn wildcard(names: SubjectAltNames<'_>, common_name: Option<&str>) -> Option<Finding> {
    let is_pattern = |text: &&str| text.contains('*') && !text.contains(char::is_whitespace);
    let among_names = names.dns().filter(is_pattern);
    let in_subject = common_name
        .filter(is_pattern)
        .filter(|text| !among_names.clone().any(|name| name == *text));
    let patterns = in_subject.into_iter().chain(among_names);
    let example = patterns.clone().next()?.trim_start_matches("*.");
    let example = match names::check_host_name(example) {
        Ok(()) => quote(&format!("ntp1.{example}")),
        Err(_) => quote("ntp1.example.net"),
    };
    let what = if patterns.clone().nth(1).is_none() {
        "is a wildcard"
    } else {
        "are wildcards"
    };
    let patterns = list(patterns, quote);
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

fn malformed(names: SubjectAltNames<'_>) -> Option<Finding> {
    let defects = names
        .entries()
        .filter_map(|name| Some((name, name.defect()?)));
    defects.clone().next()?;
    let came = list(defects, |(name, defect)| {
        format!("{} {defect}", name.quoted())
    });
    let message = format!("Of the subject alternative names, {came}.");
    let finding = Finding::new(Code::SanMalformed, message);
    Some(
        finding
            .expected("names and addresses as RFC 5280 writes them")
            .came(came),
    )
}

fn not_covered(names: SubjectAltNames<'_>, reached_as: &[ServerName]) -> Option<Finding> {
    let is_missing = |name: &&ServerName| !covering(names, name).is_covered();
    let missing: Vec<_> = reached_as.iter().filter(is_missing).collect();
    (!missing.is_empty()).then(|| {
        let (came, expected) = (covered_text(names), list(missing, names::quoted));
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
fn covered_text(names: SubjectAltNames<'_>) -> String {
    let is_host = |name: &SanEntry<'_>| {
        let host = name
            .dns()
            .map(|text| text.strip_prefix("*.").unwrap_or(text));
        name.ip().is_some() || host.is_some_and(|host| names::check_host_name(host).is_ok())
    };
    let hosts = names.entries().filter(is_host);
    if hosts.clone().next().is_none() {
        "no host name or address".into()
    } else {
        list(hosts, SanEntry::quoted)
    }
}

fn common_name_apart(names: SubjectAltNames<'_>, common_name: Option<&str>) -> Option<Finding> {
    let common_name = common_name.filter(|text| !text.contains('*'))?;
    let is_apart = match names::host_in(common_name) {
        Some(host) => !covering(names, &host).is_covered(),
        // No host name as it stands, but meant as one: an international name, an odd address.
        None => common_name.contains('.') && !common_name.contains(char::is_whitespace),
    };
    is_apart.then(|| {
        let (shown, covered) = (quote(common_name), covered_text(names));
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

fn ip_as_dns(names: SubjectAltNames<'_>) -> Option<Finding> {
    let addresses = names.dns().filter(|text| looks_like_ip(text));
    addresses.clone().next()?;
    let came = list(addresses, quote);
    let message = format!(
        "{came} stands among the DNS names. Browsers look for addresses among the IP addresses \
         only."
    );
    let finding = Finding::new(Code::IpAsDns, message);
    Some(finding.expected("an IP address entry").came(came))
}

/// DNS names no client can match. Those that are refused or reported otherwise are left out.
fn no_host_names(names: SubjectAltNames<'_>) -> Option<Finding> {
    let is_odd = |entry: &SanEntry<'_>| {
        entry.defect().is_none()
            && entry.dns().is_some_and(|text| {
                !text.contains('*') && !looks_like_ip(text) && names::check_host_name(text).is_err()
            })
    };
    let odd = names.entries().filter(is_odd);
    odd.clone().next()?;
    let came = list(odd, SanEntry::quoted);
    let message = format!("{came} is no host name, so no client will match it.");
    let finding = Finding::new(Code::DnsNameMalformed, message);
    Some(
        finding
            .expected("letters, digits and hyphens between dots, at most 63 each")
            .came(came),
    )
}

/// In the subject and in the alternative names; NUL in the latter is refused anyway.
fn control_characters(leaf: &Certificate<'_>) -> Option<Finding> {
    let in_subject = dn::texts(leaf.subject()).filter(|text| text.contains(is_deceptive));
    let in_subject: Vec<_> = in_subject.map(|text| quote(&text)).collect();
    let among_names = leaf.names().entries().filter(|name| {
        name.defect().is_none()
            && match name.directory() {
                Some(directory) => dn::texts(&directory).any(|text| text.contains(is_deceptive)),
                None => name.text().is_some_and(|text| text.contains(is_deceptive)),
            }
    });
    if in_subject.is_empty() {
        among_names.clone().next()?;
    }
    let among_names = among_names.map(SanEntry::quoted);
    let came = list(in_subject.into_iter().chain(among_names), |text| text);
    let message = format!(
        "{came} contains characters that cannot be seen or that turn the text around. Here they \
         are spelled out; elsewhere the name may look like another."
    );
    let finding = Finding::new(Code::ControlCharacters, message);
    Some(finding.expected("visible characters").came(came))
}
