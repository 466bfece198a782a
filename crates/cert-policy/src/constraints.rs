//! Name constraints: for which names a CA may issue
//! ([RFC 5280 section 4.2.1.10](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10)).

use crate::budget::{Budget, Exhausted};
use crate::certificate::Certificate;
use crate::dn;
use crate::quote::list;
use crate::san::SanEntry;
use crate::tlv::{self, Tlv, Tlvs};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use const_oid::db::rfc3280;
use core::mem::discriminant;
use der::{Encode, Tag};
use x509_cert::name::Name;

/// ```text
/// NameConstraints ::= SEQUENCE {
///      permittedSubtrees       [0]     GeneralSubtrees OPTIONAL,
///      excludedSubtrees        [1]     GeneralSubtrees OPTIONAL }
/// GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameConstraints<'a> {
    permitted: Tlvs<'a>,
    excluded: Tlvs<'a>,
    /// How many there are in both.
    count: usize,
}

impl<'a> NameConstraints<'a> {
    /// Reads the value of the extension; `None` where it is malformed, or has no subtrees or a
    /// list of none.
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let mut fields = tlv::sequence(value)?;
        let first = fields.next()?;
        let tag = |field: &Tlv<'_>| field.whole.first().copied();
        let (permitted, excluded) = match (tag(&first), fields.next(), fields.next()) {
            (Some(0xA0), None, None) => (Some(first), None),
            (Some(0xA0), Some(second), None) if tag(&second) == Some(0xA1) => {
                (Some(first), Some(second))
            }
            (Some(0xA1), None, None) => (None, Some(first)),
            _ => return None,
        };
        let (permitted, excluded) = (subtrees(permitted)?, subtrees(excluded)?);
        Some(Self {
            permitted,
            excluded,
            count: permitted.chain(excluded).count(),
        })
    }

    fn permitted(&self) -> impl Iterator<Item = Subtree<'a>> + Clone + use<'a> {
        self.permitted.filter_map(Subtree::of)
    }

    fn excluded(&self) -> impl Iterator<Item = Subtree<'a>> + Clone + use<'a> {
        self.excluded.filter_map(Subtree::of)
    }
}

/// The subtrees in a field, if it is there; `None` where one is malformed or there is none.
fn subtrees(field: Option<Tlv<'_>>) -> Option<Tlvs<'_>> {
    let Some(field) = field else {
        return Some(Tlvs::default());
    };
    let mut subtrees = tlv::all(field.value)?;
    let all = subtrees;
    let are_sound = subtrees.all(|subtree| {
        Subtree::of(subtree).is_some_and(|subtree| match subtree.base {
            SanEntry::Directory(_) => subtree.base.directory().is_some(),
            _ => true,
        })
    });
    (are_sound && !field.value.is_empty()).then_some(all)
}

/// ```text
/// GeneralSubtree ::= SEQUENCE {
///      base                    GeneralName,
///      minimum         [0]     BaseDistance DEFAULT 0,
///      maximum         [1]     BaseDistance OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
struct Subtree<'a> {
    base: SanEntry<'a>,
    /// Whether minimum and maximum are what RFC 5280 wants: 0 and absent.
    is_plain: bool,
}

impl<'a> Subtree<'a> {
    fn of(subtree: Tlv<'a>) -> Option<Self> {
        let (base, distances) = tlv::split_first(subtree.value)?;
        let base = SanEntry::of(base);
        let is_distance = |field: Tlv<'_>| matches!(field.whole.first(), Some(0x80 | 0x81));
        let is_sound = subtree.tag == Tag::Sequence
            && !matches!(base, SanEntry::Unreadable(_))
            && tlv::all(distances)?.all(is_distance);
        is_sound.then_some(Self {
            base,
            is_plain: matches!(distances, [] | [0x80, 1, 0]),
        })
    }
}

/// Why `constraints` forbid a name of `certificate`: the first one that is not allowed. What is
/// compared is taken from `budget`, however often the same is compared.
///
/// Bound are the alternative names, the subject, and the mail addresses in the subject where there
/// is no alternative name of that kind.
pub(crate) fn violation(
    constraints: &NameConstraints<'_>,
    certificate: &Certificate<'_>,
    budget: &mut Budget,
) -> Result<Option<String>, Exhausted> {
    // Before anything is counted, which costs as well.
    budget.spend_comparisons(1)?;
    let names = certificate.names();
    let has_email = names
        .entries()
        .any(|name| matches!(name, SanEntry::Email(_)));
    let emails: Vec<Cow<'_, str>> = if has_email {
        Vec::new()
    } else {
        emails(certificate.subject()).collect()
    };
    let subject = Some(certificate.subject()).filter(|subject| !subject.is_empty());
    let bound = names.entries().filter_map(Bound::of);
    let bound = bound.chain(
        emails
            .iter()
            .map(|email| Bound::Entry(SanEntry::Email(email))),
    );
    let bound = bound.chain(subject.map(|name| Bound::Directory(Cow::Borrowed(name))));

    let costs = bound.clone().map(|name| name.cost());
    let cost = costs.fold(0_usize, usize::saturating_add);
    budget.spend_comparisons(cost.saturating_mul(constraints.count))?;
    let mut reasons = bound.filter_map(|name| {
        excluded_by(&name, constraints).or_else(|| permitted_by_none(&name, constraints))
    });
    Ok(reasons.next())
}

fn emails(subject: &Name) -> impl Iterator<Item = Cow<'_, str>> {
    subject
        .iter()
        .filter(|part| part.oid == rfc3280::EMAIL_ADDRESS)
        .filter_map(|part| dn::text(&part.value))
        .filter(|text| text.is_ascii())
}

/// A name that constraints bind.
#[derive(Clone, Debug)]
enum Bound<'a> {
    Entry(SanEntry<'a>),
    Directory(Cow<'a, Name>),
}

impl<'a> Bound<'a> {
    /// `None` for what cannot be read, of which other findings speak.
    fn of(entry: SanEntry<'a>) -> Option<Self> {
        match entry {
            SanEntry::Directory(_) => entry.directory().map(Cow::Owned).map(Self::Directory),
            SanEntry::Unreadable(_) => None,
            _ => Some(Self::Entry(entry)),
        }
    }

    /// What comparing it with one subtree costs, in comparisons of a host name.
    fn cost(&self) -> usize {
        match self {
            Self::Entry(entry) => 1 + entry.text().map_or(0, str::len) / 64,
            Self::Directory(name) => {
                let octets = name
                    .encoded_len()
                    .ok()
                    .and_then(|len| usize::try_from(len).ok());
                16 + octets.unwrap_or(usize::MAX / 2) / 4
            }
        }
    }

    /// Only the subtrees of the kind of a name bind it.
    fn is_of_kind(&self, tree: &Subtree<'_>) -> bool {
        match (self, tree.base) {
            (Self::Directory(_), SanEntry::Directory(_)) => true,
            (Self::Entry(SanEntry::Other(one)), SanEntry::Other(other)) => {
                one.first() == other.first()
            }
            (Self::Entry(one), other) => discriminant(one) == discriminant(&other),
            (Self::Directory(_), _) => false,
        }
    }

    fn quoted(&self) -> String {
        match self {
            Self::Entry(entry) => entry.quoted(),
            Self::Directory(name) => dn::quoted(name),
        }
    }
}

fn excluded_by(name: &Bound<'_>, constraints: &NameConstraints<'_>) -> Option<String> {
    let mut trees = constraints.excluded().filter(|tree| name.is_of_kind(tree));
    let tree = trees.find(|tree| within(name, tree, Missing::Excludes))?;
    let (name, base) = (name.quoted(), tree.base.quoted());
    Some(format!("{name} is in {base}, which is excluded"))
}

/// Where there is no subtree of its kind, a name is free.
fn permitted_by_none(name: &Bound<'_>, constraints: &NameConstraints<'_>) -> Option<String> {
    let trees = constraints.permitted().filter(|tree| name.is_of_kind(tree));
    let mut any = trees.clone().peekable();
    any.peek()?;
    if any.any(|tree| within(name, &tree, Missing::Forbids)) {
        return None;
    }
    let bases = list(trees, |tree| tree.base.quoted());
    Some(format!("{} is not in {bases}", name.quoted()))
}

/// What a subtree nobody can interpret does to a name of its kind: it never lets one pass.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Excludes,
    Forbids,
}

fn within(name: &Bound<'_>, tree: &Subtree<'_>, missing: Missing) -> bool {
    let within = match (name, tree.base) {
        _ if !tree.is_plain => None,
        (Bound::Directory(name), _) => tree.base.directory().map(|base| dn::is_within(name, &base)),
        (Bound::Entry(SanEntry::Dns(name)), SanEntry::Dns(base)) => {
            Some(dns_within(name, base, missing))
        }
        (Bound::Entry(SanEntry::Ip(address)), SanEntry::Ip(base)) => ip_within(address, base),
        (Bound::Entry(SanEntry::Email(name)), SanEntry::Email(base)) => {
            Some(email_within(name, base))
        }
        (Bound::Entry(SanEntry::Uri(name)), SanEntry::Uri(base)) => {
            uri_host(name).map(|host| host_within(host, base))
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
    let stands_for_base = || {
        name.strip_prefix("*.").is_some_and(|parent| {
            base.split_once('.')
                .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent))
        })
    };
    let is_below = base.starts_with('.') || name.len() == base.len() || {
        let dot = name.len().checked_sub(base.len() + 1);
        dot.is_some_and(|dot| name.as_bytes().get(dot) == Some(&b'.'))
    };
    (is_below && ends_with(name, base)) || (missing == Missing::Excludes && stands_for_base())
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

    #[track_caller]
    fn check(name: SanEntry<'_>, base: SanEntry<'_>, expected: bool) {
        let name = Bound::of(name).unwrap();
        let is_plain = true;
        let tree = Subtree { base, is_plain };
        assert_eq!(
            within(&name, &tree, Missing::Forbids),
            expected,
            "permitted {name:?} {tree:?}"
        );
        assert_eq!(
            within(&name, &tree, Missing::Excludes),
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
            check(SanEntry::Dns(name), SanEntry::Dns(base), expected);
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
        check(SanEntry::Ip(&[10, 1, 2, 3]), SanEntry::Ip(&ten), true);
        check(SanEntry::Ip(&[11, 1, 2, 3]), SanEntry::Ip(&ten), false);
        check(SanEntry::Ip(&[0; 16]), SanEntry::Ip(&ten), false);
        check(SanEntry::Ip(&[0; 16]), SanEntry::Ip(&[0; 32]), true);
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
            check(SanEntry::Email(name), SanEntry::Email(base), expected);
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
            check(SanEntry::Uri(name), SanEntry::Uri(base), expected);
        }
    }

    #[test]
    fn a_subtree_that_cannot_be_interpreted_lets_nothing_pass() {
        let ours = Bound::Entry(SanEntry::Ip(&[127, 0, 0, 1]));
        let odd = |base, is_plain| Subtree { base, is_plain };
        for tree in [
            odd(SanEntry::Ip(&[127, 0, 0, 1]), true),
            odd(SanEntry::Ip(&[0; 8]), false),
        ] {
            assert!(within(&ours, &tree, Missing::Excludes), "{tree:?}");
            assert!(!within(&ours, &tree, Missing::Forbids), "{tree:?}");
        }
    }

    #[test]
    fn directory_names_are_within_what_they_begin_with() {
        let der = |text| Name::from_str(text).unwrap().to_der().unwrap();
        let ntp1 = der("CN=ntp1,O=Example,C=CH");
        for (base, expected) in [("O=Example,C=CH", true), ("O=Other,C=CH", false)] {
            let base = der(base);
            check(
                SanEntry::Directory(&ntp1),
                SanEntry::Directory(&base),
                expected,
            );
        }
    }

    #[test]
    fn constraints_are_read_as_rfc_5280_writes_them() {
        // A DNS name "a", alone, with minimum 0 written out, with minimum 1, with maximum 1.
        const PLAIN: &[u8] = &[0x30, 3, 0x82, 1, b'a'];
        const MINIMUM_0: &[u8] = &[0x30, 6, 0x82, 1, b'a', 0x80, 1, 0];
        const MINIMUM_1: &[u8] = &[0x30, 6, 0x82, 1, b'a', 0x80, 1, 1];
        const MAXIMUM_1: &[u8] = &[0x30, 6, 0x82, 1, b'a', 0x81, 1, 1];
        let wrap = |tag: u8, parts: &[&[u8]]| {
            let content = parts.concat();
            let len = u8::try_from(content.len()).unwrap();
            [&[tag, len], &content[..]].concat()
        };
        let lists = |lists: &[&[u8]]| wrap(0x30, lists);
        let list = |tag, trees: &[&[u8]]| wrap(tag, trees);

        let both = lists(&[
            &list(0xA0, &[PLAIN, MINIMUM_1]),
            &list(0xA1, &[MINIMUM_0, MAXIMUM_1]),
        ]);
        let read = NameConstraints::read(&both).unwrap();
        let plain = |trees: &mut dyn Iterator<Item = Subtree<'_>>| -> Vec<bool> {
            trees.map(|tree| tree.is_plain).collect()
        };
        assert_eq!(plain(&mut read.permitted()), [true, false]);
        assert_eq!(plain(&mut read.excluded()), [true, false]);
        assert_eq!(read.count, 4);

        let permitted = list(0xA0, &[PLAIN]);
        let excluded = list(0xA1, &[PLAIN]);
        for odd in [
            lists(&[]),
            lists(&[&list(0xA0, &[])]),
            lists(&[&permitted, &permitted]),
            lists(&[&excluded, &permitted]),
            lists(&[&permitted, &excluded, &excluded]),
            lists(&[&list(0xA2, &[PLAIN])]),
            lists(&[&list(0xA0, &[&[0x30, 0]])]),
            lists(&[&list(0xA0, &[&[0x30, 3, 0x89, 1, b'a']])]),
            lists(&[&list(0xA0, &[&[0x30, 4, 0xA4, 2, 0x31, 0]])]),
            lists(&[&list(0xA0, &[&[0x30, 5, 0x82, 1, b'a', 0x82, 0]])]),
        ] {
            assert!(NameConstraints::read(&odd).is_none(), "{odd:02x?}");
        }
    }
}
