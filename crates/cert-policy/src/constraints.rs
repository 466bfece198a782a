//! Name constraints: for which names a CA may issue
//! ([RFC 5280 section 4.2.1.10](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10)).

use crate::certificate::Certificate;
use crate::dn;
use crate::quote::{list, quote};
use crate::san::{self, SanEntry};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use const_oid::db::rfc3280;
use core::iter::once;
use der::asn1::Ia5String;
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;

/// The most comparisons of a name with a subtree for one path, as in webpki: a certificate of
/// some kilobytes above another would otherwise cost their product.
pub(crate) const COMPARISONS_MAX: usize = 250_000;

/// Why a certificate does not pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// The first name that is not allowed, with the reason.
    Name(String),
    /// There are more names and subtrees than may be compared.
    TooMany,
}

/// Whether `constraints` forbid a name of `certificate`. What is compared is taken from
/// `comparisons_left`.
pub(crate) fn violation(
    constraints: &NameConstraints,
    certificate: &Certificate<'_>,
    comparisons_left: &mut usize,
) -> Option<Violation> {
    let names = names(certificate);
    let permitted = constraints
        .permitted_subtrees
        .as_deref()
        .unwrap_or_default();
    let excluded = constraints.excluded_subtrees.as_deref().unwrap_or_default();
    let comparisons = names.len().saturating_mul(permitted.len() + excluded.len());
    match comparisons_left.checked_sub(comparisons) {
        Some(left) => *comparisons_left = left,
        None => return Some(Violation::TooMany),
    }
    let reasons = names
        .iter()
        .map(|name| excluded_by(name, excluded).or_else(|| permitted_by_none_of(name, permitted)));
    reasons.flatten().next().map(Violation::Name)
}

fn excluded_by(name: &GeneralName, trees: &[GeneralSubtree]) -> Option<String> {
    let mut trees = trees.iter().filter(|tree| same_kind(&tree.base, name));
    let tree = trees.find(|tree| within(name, tree, Missing::Excludes))?;
    let (name, base) = (quoted(name), quoted(&tree.base));
    Some(format!("{name} is in {base}, which is excluded"))
}

/// Only the subtrees of the kind of the name bind it; where there is none, it is free.
fn permitted_by_none_of(name: &GeneralName, trees: &[GeneralSubtree]) -> Option<String> {
    let trees = || trees.iter().filter(|tree| same_kind(&tree.base, name));
    if trees().next().is_none() || trees().any(|tree| within(name, tree, Missing::Forbids)) {
        return None;
    }
    let bases: Vec<_> = trees().map(|tree| quoted(&tree.base)).collect();
    Some(format!("{} is not in {}", quoted(name), list(&bases)))
}

fn quoted(name: &GeneralName) -> String {
    quote(&san::show_name(name))
}

/// The names constraints apply to: the alternative names, the subject, and the addresses in the
/// subject where there is no alternative name of that kind.
fn names(certificate: &Certificate<'_>) -> Vec<GeneralName> {
    let entries = certificate.names().iter();
    let mut names: Vec<_> = entries
        .filter_map(|entry| match entry {
            SanEntry::Name(name) => Some(name.clone()),
            SanEntry::Unreadable(_) | SanEntry::Unknown => None,
        })
        .collect();
    let has_email = names
        .iter()
        .any(|name| matches!(name, GeneralName::Rfc822Name(_)));
    let subject = certificate.subject();
    let emails = subject
        .iter()
        .filter(|part| part.oid == rfc3280::EMAIL_ADDRESS && !has_email);
    let emails = emails.filter_map(|part| Ia5String::new(&dn::text(&part.value)?).ok());
    let emails: Vec<_> = emails.map(GeneralName::Rfc822Name).collect();
    names.extend(emails);
    names.extend(once(GeneralName::DirectoryName(subject.clone())).filter(|_| !subject.is_empty()));
    names
}

fn same_kind(one: &GeneralName, other: &GeneralName) -> bool {
    core::mem::discriminant(one) == core::mem::discriminant(other)
}

/// What a subtree nobody can interpret does to a name of its kind: it never lets one pass.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Excludes,
    Forbids,
}

fn within(name: &GeneralName, tree: &GeneralSubtree, missing: Missing) -> bool {
    let plain = tree.minimum == 0 && tree.maximum.is_none();
    let within = match (name, &tree.base) {
        _ if !plain => None,
        (GeneralName::DnsName(name), GeneralName::DnsName(base)) => {
            Some(dns_within(name.as_str(), base.as_str(), missing))
        }
        (GeneralName::IpAddress(address), GeneralName::IpAddress(base)) => {
            ip_within(address.as_bytes(), base.as_bytes())
        }
        (GeneralName::Rfc822Name(name), GeneralName::Rfc822Name(base)) => {
            Some(email_within(name.as_str(), base.as_str()))
        }
        (
            GeneralName::UniformResourceIdentifier(name),
            GeneralName::UniformResourceIdentifier(base),
        ) => uri_host(name.as_str()).map(|host| host_within(host, base.as_str())),
        (GeneralName::DirectoryName(name), GeneralName::DirectoryName(base)) => {
            Some(dn::is_within(name, base))
        }
        _ => None,
    };
    within.unwrap_or(missing == Missing::Excludes)
}

/// `example.net` holds itself and everything below it. `.example.net`, which RFC 5280 does not
/// define for DNS names, holds what is below only, as OpenSSL, NSS and webpki take it.
/// A wildcard is in an excluded subtree already when one of the names it stands for is.
fn dns_within(name: &str, base: &str, missing: Missing) -> bool {
    if base.is_empty() {
        return true;
    }
    let stands_for_base = name.strip_prefix("*.").is_some_and(|parent| {
        base.split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent))
    });
    let is_below = if base.starts_with('.') {
        ends_with(name, base)
    } else {
        name.eq_ignore_ascii_case(base) || ends_with(name, &format!(".{base}"))
    };
    is_below || (missing == Missing::Excludes && stands_for_base)
}

/// An address and a mask of the same length. `None` where the base has another form.
fn ip_within(address: &[u8], base: &[u8]) -> Option<bool> {
    if !matches!(base.len(), 8 | 32) {
        return None;
    }
    let (network, mask) = base.split_at_checked(base.len() / 2)?;
    let octets = address.iter().zip(network).zip(mask);
    Some(
        address.len() == network.len()
            && octets
                .into_iter()
                .all(|((address, network), mask)| address & mask == network & mask),
    )
}

/// A whole address, a host, or with a dot in front everything below a domain.
fn email_within(address: &str, base: &str) -> bool {
    let Some((local, host)) = address.rsplit_once('@') else {
        return false;
    };
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => {
            local == base_local && host.eq_ignore_ascii_case(base_host)
        }
        None => host_within(host, base),
    }
}

fn host_within(host: &str, base: &str) -> bool {
    if base.starts_with('.') {
        ends_with(host, base)
    } else {
        host.eq_ignore_ascii_case(base)
    }
}

/// The host of `scheme://user@host:port/path`; `None` for a URI without one or with an address.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_address = host.starts_with('[') || host.parse::<core::net::Ipv4Addr>().is_ok();
    (!host.is_empty() && !is_address).then_some(host)
}

fn ends_with(text: &str, suffix: &str) -> bool {
    let start = text.len().checked_sub(suffix.len());
    start
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::str::FromStr;
    use der::asn1::OctetString;
    use x509_cert::name::Name;

    fn ia5(text: &str) -> Ia5String {
        Ia5String::new(text).unwrap()
    }

    fn ip(octets: &[u8]) -> GeneralName {
        GeneralName::IpAddress(OctetString::new(octets).unwrap())
    }

    #[track_caller]
    fn check(name: &GeneralName, base: GeneralName, expected: bool) {
        let tree = GeneralSubtree {
            base,
            minimum: 0,
            maximum: None,
        };
        assert_eq!(
            within(name, &tree, Missing::Forbids),
            expected,
            "permitted {name:?} {tree:?}"
        );
        assert_eq!(
            within(name, &tree, Missing::Excludes),
            expected,
            "excluded {name:?} {tree:?}"
        );
    }

    #[test]
    fn dns_names_are_within_their_domain() {
        for (name, base, expected) in [
            ("example.net", "example.net", true),
            ("ntp1.example.net", "example.net", true),
            ("a.b.EXAMPLE.net", "Example.NET", true),
            ("badexample.net", "example.net", false),
            ("example.net", "ntp1.example.net", false),
            ("ntp1.example.net", ".example.net", true),
            ("example.net", ".example.net", false),
            ("anything", "", true),
            ("*.example.net", "example.net", true),
        ] {
            check(
                &GeneralName::DnsName(ia5(name)),
                GeneralName::DnsName(ia5(base)),
                expected,
            );
        }
    }

    #[test]
    fn a_wildcard_is_excluded_by_a_host_it_stands_for_and_not_permitted_by_it() {
        assert!(dns_within(
            "*.example.net",
            "ntp1.example.net",
            Missing::Excludes
        ));
        assert!(!dns_within(
            "*.example.net",
            "ntp1.example.net",
            Missing::Forbids
        ));
        assert!(!dns_within(
            "*.example.net",
            "a.ntp1.example.net",
            Missing::Excludes
        ));
    }

    #[test]
    fn addresses_are_within_their_network() {
        let ten = [10, 0, 0, 0, 255, 0, 0, 0];
        check(&ip(&[10, 1, 2, 3]), ip(&ten), true);
        check(&ip(&[11, 1, 2, 3]), ip(&ten), false);
        check(&ip(&[0; 16]), ip(&ten), false);
        check(&ip(&[0; 16]), ip(&[0; 32]), true);
    }

    #[test]
    fn mail_and_uris_are_compared_by_host() {
        for (name, base, expected) in [
            ("root@ntp1.example.net", "root@ntp1.example.net", true),
            ("root@ntp1.example.net", "Root@ntp1.example.net", false),
            ("root@ntp1.example.net", "ntp1.EXAMPLE.net", true),
            ("root@ntp1.example.net", "example.net", false),
            ("root@ntp1.example.net", ".example.net", true),
            ("no address", "example.net", false),
        ] {
            check(
                &GeneralName::Rfc822Name(ia5(name)),
                GeneralName::Rfc822Name(ia5(base)),
                expected,
            );
        }
        for (name, base, expected) in [
            (
                "https://user@ntp1.example.net:443/a@b",
                "ntp1.example.net",
                true,
            ),
            ("https://ntp1.example.net", ".example.net", true),
            ("https://ntp1.example.net", "example.net", false),
        ] {
            let uri = |text| GeneralName::UniformResourceIdentifier(ia5(text));
            check(&uri(name), uri(base), expected);
        }
    }

    #[test]
    fn a_subtree_that_cannot_be_interpreted_lets_nothing_pass() {
        let ours = ip(&[127, 0, 0, 1]);
        let odd = |base, minimum| GeneralSubtree {
            base,
            minimum,
            maximum: None,
        };
        for tree in [odd(ip(&[127, 0, 0, 1]), 0), odd(ip(&[0; 8]), 1)] {
            assert!(within(&ours, &tree, Missing::Excludes), "{tree:?}");
            assert!(!within(&ours, &tree, Missing::Forbids), "{tree:?}");
        }
    }

    #[test]
    fn directory_names_are_within_what_they_begin_with() {
        let directory = |text| GeneralName::DirectoryName(Name::from_str(text).unwrap());
        check(
            &directory("CN=ntp1,O=Example,C=CH"),
            directory("O=Example,C=CH"),
            true,
        );
        check(
            &directory("CN=ntp1,O=Other,C=CH"),
            directory("O=Example,C=CH"),
            false,
        );
    }
}
