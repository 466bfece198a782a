//! Distinguished names: comparing and showing them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use const_oid::db::rfc4519;
use core::fmt::Write;
use der::asn1::Any;
use der::{Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RelativeDistinguishedName};

/// The most characters of a name that are put together for showing; [`quote`](crate::quote)
/// cuts further.
const SHOWN_CHARS_MAX: usize = 1_000;

/// Whether two names are the same by
/// [RFC 5280 section 7.1](https://www.rfc-editor.org/rfc/rfc5280#section-7.1): attribute by
/// attribute in order, text without regard to its string type, case, or the number of spaces.
pub(crate) fn same(one: &Name, other: &Name) -> bool {
    one.len() == other.len()
        && one
            .iter_rdn()
            .zip(other.iter_rdn())
            .all(|(one, other)| same_rdn(one, other))
}

/// Whether `name` is `base` or below it in the directory tree, as a name constraint asks.
pub(crate) fn is_within(name: &Name, base: &Name) -> bool {
    name.len() >= base.len()
        && base
            .iter_rdn()
            .zip(name.iter_rdn())
            .all(|(base, name)| same_rdn(base, name))
}

/// The name as `CN=ntp1,O=Example,C=CH`
/// ([RFC 4514](https://www.rfc-editor.org/rfc/rfc4514)); not quoted.
pub(crate) fn show(name: &Name) -> String {
    let mut shown = Bounded(String::new());
    // An error only says that the bound was reached.
    let _ = write!(shown, "{name}");
    shown.0
}

/// What people call the owner of a name: its Common Name, else its organization, else all of it.
pub(crate) fn short(name: &Name) -> String {
    attribute(name, rfc4519::COMMON_NAME)
        .or_else(|| attribute(name, rfc4519::ORGANIZATION_NAME))
        .unwrap_or_else(|| show(name))
}

/// The Common Name; the last one where there are several, as OpenSSL and NSS take it.
pub(crate) fn common_name(name: &Name) -> Option<String> {
    attribute(name, rfc4519::COMMON_NAME)
}

/// The text of every attribute that is text.
pub(crate) fn texts(name: &Name) -> impl Iterator<Item = String> {
    name.iter().filter_map(|attribute| text(&attribute.value))
}

fn attribute(name: &Name, oid: spki::ObjectIdentifier) -> Option<String> {
    let values = name.iter().filter(|attribute| attribute.oid == oid);
    values.filter_map(|attribute| text(&attribute.value)).last()
}

fn same_rdn(one: &RelativeDistinguishedName, other: &RelativeDistinguishedName) -> bool {
    let canonical = |rdn: &RelativeDistinguishedName| {
        let mut attributes: Vec<_> = rdn.iter().map(canonical).collect();
        attributes.sort_unstable();
        attributes
    };
    one.len() == other.len() && (one == other || canonical(one) == canonical(other))
}

/// A form in which equal attributes are equal: text folded, anything else as it is.
fn canonical(attribute: &AttributeTypeAndValue) -> (spki::ObjectIdentifier, Vec<u8>) {
    let value = match text(&attribute.value) {
        Some(text) => fold(&text).into_bytes(),
        None => attribute.value.to_der().unwrap_or_default(),
    };
    (attribute.oid, value)
}

/// Lower case, no space around, one space between words.
fn fold(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// The text of a DirectoryString or IA5String. TeletexString is read as Latin-1, which is what
/// CAs put there.
pub(crate) fn text(value: &Any) -> Option<String> {
    let octets = value.value();
    match value.tag() {
        Tag::PrintableString | Tag::Utf8String | Tag::Ia5String | Tag::NumericString => {
            core::str::from_utf8(octets).ok().map(ToString::to_string)
        }
        Tag::TeletexString => Some(octets.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = octets
                .chunks_exact(2)
                .filter_map(|pair| pair.try_into().ok());
            let units: Vec<_> = units.map(u16::from_be_bytes).collect();
            String::from_utf16(&units)
                .ok()
                .filter(|_| octets.len().is_multiple_of(2))
        }
        _ => None,
    }
}

/// A String that takes no more than [`SHOWN_CHARS_MAX`] characters.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = SHOWN_CHARS_MAX.saturating_sub(self.0.chars().count());
        self.0.extend(text.chars().take(room));
        if text.chars().nth(room).is_some() {
            Err(core::fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::str::FromStr;
    use der::asn1::{PrintableString, Utf8StringRef};
    use x509_cert::name::RdnSequence;

    fn name(text: &str) -> Name {
        if text.is_empty() {
            Name::default()
        } else {
            Name::from_str(text).unwrap()
        }
    }

    fn common_name_as(value: Any) -> Name {
        let attribute = AttributeTypeAndValue {
            oid: rfc4519::COMMON_NAME,
            value,
        };
        let mut rdns = RdnSequence::default();
        rdns.push(RelativeDistinguishedName::try_from(alloc::vec![attribute]).unwrap());
        Name::hazmat_from_rdn_sequence(rdns)
    }

    #[test]
    fn names_are_compared_as_rfc_5280_says() {
        for (one, other, expected) in [
            ("CN=Example CA,O=Example", "CN=Example CA,O=Example", true),
            ("CN=EXAMPLE ca,O=Example", "CN=Example CA,O=example", true),
            (
                "CN=Example  CA,O=Example",
                "CN= Example CA ,O=Example",
                true,
            ),
            ("CN=Example CA,O=Example", "O=Example,CN=Example CA", false),
            ("CN=Example CA,O=Example", "CN=Example CA", false),
            ("CN=Example CA", "OU=Example CA", false),
            ("CN=a+OU=b", "OU=b+CN=a", true),
            ("", "", true),
        ] {
            assert_eq!(
                same(&name(one), &name(other)),
                expected,
                "{one} and {other}"
            );
        }
    }

    #[test]
    fn the_string_type_does_not_matter() {
        let utf8 = common_name_as(Utf8StringRef::new("Example CA").unwrap().into());
        let printable = common_name_as(Any::from(&PrintableString::new("Example CA").unwrap()));
        let bmp: Vec<u8> = "Example CA"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let bmp = common_name_as(Any::new(Tag::BmpString, bmp).unwrap());
        assert!(same(&utf8, &printable));
        assert!(same(&utf8, &bmp));
        assert_eq!(common_name(&bmp).as_deref(), Some("Example CA"));
    }

    #[test]
    fn a_directory_name_is_within_what_it_begins_with() {
        let base = name("O=Example,C=CH");
        assert!(is_within(&name("CN=ntp1,O=Example,C=CH"), &base));
        assert!(is_within(&name("O=example,C=ch"), &base));
        assert!(is_within(&base, &name("")));
        assert!(!is_within(&name("C=CH"), &base));
        assert!(!is_within(&name("CN=ntp1,O=Other,C=CH"), &base));
    }

    #[test]
    fn showing_a_name_is_bounded() {
        let long = common_name_as(Utf8StringRef::new(&"é".repeat(50_000)).unwrap().into());
        assert_eq!(show(&long).chars().count(), SHOWN_CHARS_MAX);
    }
}
