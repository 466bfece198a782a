//! The fields of a posted form, whichever way the browser wrote them.

use zeroize::Zeroizing;

use super::body::{Room, Whole};
use super::multipart;

/// A form has at most this many fields: more than the largest form here has.
const FIELDS_MAX: usize = 1024;

/// The fields of a form in the order of the page; a name may come several times.
///
/// It has no `Debug`, for it may hold passwords, and is wiped on drop.
#[derive(Default)]
pub(super) struct Form {
    fields: Vec<(String, Zeroizing<Vec<u8>>)>,
    /// Of a large body; kept as long as what it was taken for.
    _room: Option<Room>,
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not what its `Content-Type` says, or has too many fields.
    Malformed,
    /// It is of another type than a browser's forms.
    OtherType,
}

impl Form {
    /// Reads `body`, which is of this `Content-Type`.
    pub(super) fn of(content_type: &str, body: Whole) -> Result<Self, Fault> {
        Ok(Self {
            _room: body.room,
            ..Self::parse(content_type, &body.octets)?
        })
    }

    /// Reads a body that has no room of its own.
    pub(super) fn parse(content_type: &str, body: &[u8]) -> Result<Self, Fault> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Self::parse_urlencoded(body);
        }
        if kind.eq_ignore_ascii_case("multipart/form-data") {
            let boundary = multipart::boundary(content_type).ok_or(Fault::Malformed)?;
            let parts = multipart::parts(body, &boundary, FIELDS_MAX).ok_or(Fault::Malformed)?;
            let fields = parts
                .into_iter()
                .map(|part| (part.name, Zeroizing::new(part.octets.to_vec())));
            return Ok(Self::from_iter(fields));
        }
        if body.is_empty() {
            Ok(Self::default())
        } else {
            Err(Fault::OtherType)
        }
    }

    fn parse_urlencoded(body: &[u8]) -> Result<Self, Fault> {
        let mut fields = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            let value = Zeroizing::new(value.into_owned().into_bytes());
            if fields.len() == FIELDS_MAX {
                return Err(Fault::Malformed);
            }
            fields.push((name.into_owned(), value));
        }
        Ok(Self::from_iter(fields))
    }

    /// Whether there is a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.octets(name).is_some()
    }

    /// The octets of the first field of this name.
    pub(super) fn octets(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The text of the first field of this name; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts(name).next().unwrap_or_default()
    }

    /// The texts of all fields of this name, in the order of the page. What is
    /// no text, which no browser sends, is empty.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name)
            .map(|octets| std::str::from_utf8(octets).unwrap_or_default())
    }

    fn from_iter(fields: impl IntoIterator<Item = (String, Zeroizing<Vec<u8>>)>) -> Self {
        Self {
            fields: fields.into_iter().collect(),
            _room: None,
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |(given, _)| given == name)
            .map(|(_, octets)| octets.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn fields_of_one_name_keep_their_order() {
        let form = Form::parse(URLENCODED, b"ou=a&cn=x&ou=&ou=b+c%26d").expect("a form");
        assert_eq!(form.texts("ou").collect::<Vec<_>>(), ["a", "", "b c&d"]);
        assert_eq!(form.text("cn"), "x");
        assert!(form.has("ou") && !form.has("o"));
        assert_eq!(form.text("o"), "");
    }

    #[test]
    fn both_ways_of_writing_a_form_say_the_same() {
        let multipart =
            b"--B\r\nContent-Disposition: form-data; name=\"cn\"\r\n\r\n\xc3\xa9 +\r\n--B--";
        let one = Form::parse("multipart/form-data; boundary=B", multipart).expect("a form");
        let other = Form::parse(URLENCODED, b"cn=%C3%A9+%2B").expect("a form");
        assert_eq!(one.text("cn"), "é +");
        assert_eq!(one.text("cn"), other.text("cn"));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let refused = |content_type: &str, body: &[u8]| Form::parse(content_type, body).err();
        assert_eq!(refused("application/json", b"{}"), Some(Fault::OtherType));
        assert_eq!(refused("", b"a=b"), Some(Fault::OtherType));
        assert_eq!(refused("", b""), None);
        assert_eq!(refused("multipart/form-data", b"a"), Some(Fault::Malformed));
        assert_eq!(refused(URLENCODED, &b"a&".repeat(FIELDS_MAX)), None);
        assert_eq!(
            refused(URLENCODED, &b"a&".repeat(FIELDS_MAX + 1)),
            Some(Fault::Malformed)
        );
    }
}
