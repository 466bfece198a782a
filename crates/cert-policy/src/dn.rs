//! Distinguished names: comparing and showing them.

use crate::quote::{QUOTE_CHARS_MAX, quote, quote_escaped};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use const_oid::db::{DB, rfc4519};
use der::asn1::Any;
use der::{Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RelativeDistinguishedName};

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

/// The name as `"CN=ntp1,O=Example,C=CH"`, escaped once and as
/// [RFC 4514](https://www.rfc-editor.org/rfc/rfc4514) says, except that text is shown as text
/// whatever the attribute and its string type.
pub(crate) fn quoted(name: &Name) -> String {
    let mut shown = Bounded::default();
    let rdns: Vec<_> = name.iter_rdn().collect();
    for (position, rdn) in rdns.into_iter().rev().enumerate() {
        if position > 0 {
            shown.push(',');
        }
        for (position, attribute) in rdn.iter().enumerate() {
            if position > 0 {
                shown.push('+');
            }
            show(attribute, &mut shown);
        }
        if shown.room == 0 {
            break;
        }
    }
    quote_escaped(&shown.text)
}

/// What people call the owner of a name, quoted: its Common Name, else its organization, else all
/// of it.
pub(crate) fn called(name: &Name) -> String {
    attribute(name, rfc4519::COMMON_NAME)
        .or_else(|| attribute(name, rfc4519::ORGANIZATION_NAME))
        .map_or_else(|| quoted(name), |text| quote(&text))
}

/// The Common Name; the last one where there are several, as OpenSSL and NSS take it.
pub(crate) fn common_name(name: &Name) -> Option<String> {
    attribute(name, rfc4519::COMMON_NAME)
}

/// The text of every attribute that is text.
pub(crate) fn texts(name: &Name) -> impl Iterator<Item = Cow<'_, str>> {
    name.iter().filter_map(|attribute| text(&attribute.value))
}

fn attribute(name: &Name, oid: spki::ObjectIdentifier) -> Option<String> {
    let values = name.iter().filter(|attribute| attribute.oid == oid);
    let text = values.filter_map(|attribute| text(&attribute.value)).last();
    text.map(Cow::into_owned)
}

/// Sets of attributes, nearly always of one.
fn same_rdn(one: &RelativeDistinguishedName, other: &RelativeDistinguishedName) -> bool {
    match (one.as_ref().as_slice(), other.as_ref().as_slice()) {
        ([one], [other]) => same_attribute(one, other),
        (one, other) => one.len() == other.len() && canonical(one) == canonical(other),
    }
}

fn same_attribute(one: &AttributeTypeAndValue, other: &AttributeTypeAndValue) -> bool {
    one.oid == other.oid
        && (one.value == other.value
            || match (text(&one.value), text(&other.value)) {
                (Some(one), Some(other)) => folded(&one).eq(folded(&other)),
                _ => false,
            })
}

/// A form in which equal sets are equal: sorted, text folded, anything else as it is.
fn canonical(set: &[AttributeTypeAndValue]) -> Vec<(spki::ObjectIdentifier, Vec<u8>)> {
    let attributes = set.iter().map(|attribute| {
        let value = match text(&attribute.value) {
            Some(text) => folded(&text).collect::<String>().into_bytes(),
            None => attribute.value.to_der().unwrap_or_default(),
        };
        (attribute.oid, value)
    });
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_unstable();
    attributes
}

/// Lower case, no space around, one space between words. Sigma has two small forms.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let words = text.split_whitespace().enumerate();
    let characters = words.flat_map(|(position, word)| {
        let space = (position > 0).then_some(' ');
        space
            .into_iter()
            .chain(word.chars().flat_map(char::to_lowercase))
    });
    characters.map(|character| if character == 'ς' { 'σ' } else { character })
}

/// The text of a DirectoryString or IA5String. TeletexString is read as Latin-1, which is what
/// CAs put there.
pub(crate) fn text(value: &Any) -> Option<Cow<'_, str>> {
    let octets = value.value();
    match value.tag() {
        Tag::PrintableString | Tag::Utf8String | Tag::Ia5String | Tag::NumericString => {
            core::str::from_utf8(octets).ok().map(Cow::Borrowed)
        }
        Tag::TeletexString => Some(octets.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (units, odd) = octets.as_chunks();
            let units = units.iter().copied().map(u16::from_be_bytes);
            let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
            text.filter(|_| odd.is_empty()).map(Cow::Owned)
        }
        _ => None,
    }
}

/// One attribute as `CN=ntp1`; octets that are no text as `#` and hexadecimal digits.
fn show(attribute: &AttributeTypeAndValue, shown: &mut Bounded) {
    let names = DB.find_names_for_oid(attribute.oid);
    let name = match names.min_by_key(|name| name.len()) {
        Some(name) => name.to_ascii_uppercase(),
        None => attribute.oid.to_string(),
    };
    shown.extend(name.chars().chain(['=']));
    match text(&attribute.value) {
        Some(text) => {
            let last = text.chars().count().saturating_sub(1);
            for (position, character) in text.chars().enumerate().take(shown.room) {
                let is_to_be_escaped = match character {
                    '"' | '+' | ',' | ';' | '<' | '>' | '\\' => true,
                    '#' => position == 0,
                    ' ' => position == 0 || position == last,
                    _ => false,
                };
                if is_to_be_escaped {
                    shown.push('\\');
                }
                shown.push(character);
            }
        }
        None => {
            let octets = attribute.value.to_der().unwrap_or_default();
            let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 0x0F]);
            let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
            shown.extend(['#'].into_iter().chain(digits));
        }
    }
}

/// A text of as many characters as are shown, and one more, to tell that it was cut.
struct Bounded {
    text: String,
    room: usize,
}

impl Default for Bounded {
    fn default() -> Self {
        Self {
            text: String::new(),
            room: QUOTE_CHARS_MAX + 1,
        }
    }
}

impl Bounded {
    fn push(&mut self, character: char) {
        if self.room > 0 {
            self.room -= 1;
            self.text.push(character);
        }
    }

    fn extend(&mut self, characters: impl Iterator<Item = char>) {
        let room = self.room;
        characters
            .take(room)
            .for_each(|character| self.push(character));
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
            ("CN=ΟΔΟΣ", "CN=οδος", true),
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
    fn a_name_is_shown_escaped_once() {
        for (value, shown) in [
            ("Example, Inc.", r#""CN=Example\, Inc.""#),
            (r#"a"b\c"#, r#""CN=a\"b\\c""#),
            ("<b>", r#""CN=\<b\>""#),
            (" # ", r#""CN=\ #\ ""#),
            ("#1", r#""CN=\#1""#),
            ("a\nb", r#""CN=a<U+000A>b""#),
        ] {
            let name = common_name_as(Utf8StringRef::new(value).unwrap().into());
            assert_eq!(quoted(&name), shown);
        }
        assert_eq!(quoted(&name("OU=a+CN=ntp1,C=CH")), r#""OU=a+CN=ntp1,C=CH""#);
        assert_eq!(quoted(&name("")), r#""""#);
        let bits = common_name_as(Any::new(Tag::BitString, [0, 0xA5]).unwrap());
        assert_eq!(quoted(&bits), r#""CN=#030200a5""#);
        let bmp = common_name_as(Any::new(Tag::BmpString, [0x53, 0x17, 0x4E, 0xAC]).unwrap());
        assert_eq!(quoted(&bmp), r#""CN=北京""#);
    }

    #[test]
    fn showing_a_name_is_bounded() {
        let long = common_name_as(Utf8StringRef::new(&"é".repeat(50_000)).unwrap().into());
        assert_eq!(quoted(&long).chars().count(), QUOTE_CHARS_MAX + 3);
        assert!(quoted(&long).ends_with("é…\""));
    }
}
