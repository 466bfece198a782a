//! `multipart/form-data` (RFC 7578), read in place.
//!
//! An upload may hold a private key by mistake. So a part is a slice of the body,
//! which is in memory that is wiped, and not a copy in a buffer that is not.

/// One field: its name and its octets.
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) octets: &'a [u8],
}

/// A boundary has at most this many octets (RFC 2046 section 5.1.1).
const BOUNDARY_OCTETS_MAX: usize = 70;
/// Header octets of one part, at most.
const HEADER_OCTETS_MAX: usize = 4096;

/// The boundary that a `Content-Type` of `multipart/form-data` names.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let boundary = parameter(content_type, "boundary")?;
    (1..=BOUNDARY_OCTETS_MAX)
        .contains(&boundary.len())
        .then_some(boundary)
}

/// The parts of `body`, at most `parts_max`; `None` where it is not what
/// `boundary` promises.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str, parts_max: usize) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first delimiter has no line before it, unless there is a preamble.
    let mut rest = match body.strip_prefix(delimiter.get(2..)?) {
        Some(rest) => rest,
        None => split_at(body, delimiter)?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == parts_max {
            return None;
        }
        let (padding, part) = split_at(rest, b"\r\n")?;
        if !padding.iter().all(|octet| b" \t".contains(octet)) {
            return None;
        }
        let (part, after) = split_at(part, delimiter)?;
        rest = after;
        let (headers, octets) = split_at(part, b"\r\n\r\n")?;
        if headers.len() > HEADER_OCTETS_MAX {
            return None;
        }
        parts.push(Part {
            name: name(headers)?,
            octets,
        });
    }
    Some(parts)
}

/// The field's name from the part's `Content-Disposition`.
fn name(headers: &[u8]) -> Option<String> {
    let headers = std::str::from_utf8(headers).ok()?;
    let mut lines = headers
        .split("\r\n")
        .filter_map(|line| line.split_once(':'));
    let (_, disposition) =
        lines.find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))?;
    parameter(disposition, "name")
}

/// One parameter of a header value such as `form-data; name="a"; filename="b"`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = value.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (text, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                let (token, after) = after.split_at_checked(end)?;
                (token.trim().to_owned(), after)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = after.trim_start().strip_prefix(';')?;
    }
}

/// The text up to the closing quotation mark, and what follows it.
fn quoted_string(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((text, quoted.get(index + 1..)?)),
            '\\' => text.push(characters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

fn split_at<'a>(octets: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let index = octets
        .windows(separator.len())
        .position(|window| window == separator)?;
    let (before, after) = octets.split_at_checked(index)?;
    Some((before, after.get(separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<&[(&str, &str)]>) {
        let found = parts(body.as_bytes(), "B", 3).map(|parts| {
            let part = |part: Part<'_>| {
                (
                    part.name,
                    String::from_utf8(part.octets.to_vec()).expect("text"),
                )
            };
            parts.into_iter().map(part).collect::<Vec<_>>()
        });
        let expected = expected.map(|parts| {
            parts
                .iter()
                .map(|(name, octets)| ((*name).into(), (*octets).into()))
                .collect()
        });
        assert_eq!(found, expected, "{body:?}");
    }

    fn part(disposition: &str, octets: &str) -> String {
        format!("--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{octets}\r\n")
    }

    #[test]
    fn parts_are_the_octets_between_the_boundaries() {
        let two = part("name=\"csrf\"", "12")
            + &part("name=file; filename=\"a.pem\"", "\r\n--Bee\r\n")
            + "--B--\r\n";
        // "--Bee" begins like the delimiter, and no browser chooses a boundary that does.
        check(&two, None);
        let two = part("name=\"csrf\"", "12")
            + &part("name=file; filename=\"a.pem\"", "a\r\n\r\n-- B\r\n")
            + "--B--\r\n";
        check(&two, Some(&[("csrf", "12"), ("file", "a\r\n\r\n-- B\r\n")]));
        check("--B--", Some(&[]));
        check(
            &("preamble\r\n".to_owned() + &part("name=a", "") + "--B--"),
            Some(&[("a", "")]),
        );
    }

    #[test]
    fn a_file_name_cannot_pass_for_a_field_name() {
        let sly = part("filename=\"x; name=\\\"csrf\\\"\"; name=\"file\"", "1") + "--B--";
        check(&sly, Some(&[("file", "1")]));
    }

    #[test]
    fn what_is_broken_off_or_nameless_is_refused() {
        for body in [
            "".into(),
            "--B".into(),
            "--B\r\n".into(),
            part("name=a", "x"),
            part("name=a", "x") + "--C--",
            part("filename=a", "x") + "--B--",
            part("name=\"a", "x") + "--B--",
            "--B\r\n\r\nx\r\n--B--".into(),
            "--Bad\r\n\r\nx\r\n--B--".into(),
        ] {
            check(&body, None);
        }
        check(&(part("name=a", "").repeat(4) + "--B--"), None);
    }

    #[test]
    fn the_boundary_may_be_quoted() {
        for (content_type, found) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "multipart/form-data; charset=utf-8; boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data", None),
        ] {
            assert_eq!(boundary(content_type).as_deref(), found, "{content_type}");
        }
    }
}
