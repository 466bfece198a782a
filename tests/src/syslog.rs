//! Syslog messages, read strictly by the grammar of
//! [RFC 5424 section 6](https://www.rfc-editor.org/rfc/rfc5424#section-6).

use anyhow::{Context as _, Result, bail, ensure};

/// A message that follows the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The facility's number.
    pub facility: u8,
    /// The severity's number.
    pub severity: u8,
    /// The time as it was written, if there is one.
    pub timestamp: Option<String>,
    /// HOSTNAME, if there is one.
    pub hostname: Option<String>,
    /// APP-NAME, if there is one.
    pub app_name: Option<String>,
    /// PROCID, if there is one.
    pub process: Option<String>,
    /// MSGID, if there is one.
    pub id: Option<String>,
    /// The structured data: each element's id and its parameters.
    pub data: Vec<(String, Vec<(String, String)>)>,
    /// MSG without its byte order mark.
    pub text: String,
    /// Whether MSG began with a byte order mark.
    pub marked: bool,
}

impl Message {
    /// Reads a message.
    pub fn parse(octets: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(octets).context("it is not UTF-8")?;
        parse(text).with_context(|| format!("the message {text:?}"))
    }

    /// The parameter `name` of the element `id`.
    #[must_use]
    pub fn param(&self, id: &str, name: &str) -> Option<&str> {
        let (_, params) = self.data.iter().find(|(given, _)| given == id)?;
        let param = params.iter().find(|(given, _)| given == name);
        param.map(|(_, value)| value.as_str())
    }
}

fn parse(text: &str) -> Result<Message> {
    let rest = text.strip_prefix('<').context("no PRI")?;
    let (priority, rest) = rest.split_once('>').context("no end of PRI")?;
    let priority = number(priority, 0, 191).context("PRIVAL")?;
    let mut fields = rest.splitn(7, ' ');
    let mut field = |name: &'static str| fields.next().with_context(|| format!("no {name}"));
    ensure!(field("VERSION")? == "1", "VERSION is not 1");
    let timestamp = given(field("TIMESTAMP")?);
    if let Some(timestamp) = &timestamp {
        check_timestamp(timestamp).with_context(|| format!("TIMESTAMP {timestamp}"))?;
    }
    let hostname = printable(field("HOSTNAME")?, 255)?;
    let app_name = printable(field("APP-NAME")?, 48)?;
    let process = printable(field("PROCID")?, 128)?;
    let id = printable(field("MSGID")?, 32)?;
    let (data, rest) = structured_data(field("STRUCTURED-DATA")?)?;
    let message = match rest.strip_prefix(' ') {
        Some(message) => message,
        None if rest.is_empty() => "",
        None => bail!("{rest:?} stands behind the structured data"),
    };
    let marked = message.starts_with('\u{feff}');
    let message = message.strip_prefix('\u{feff}').unwrap_or(message);
    ensure!(!message.contains('\u{feff}'), "a second byte order mark");
    ensure!(
        marked || message.is_ascii(),
        "UTF-8 without a byte order mark"
    );
    ensure!(
        !message.contains(|c: char| c.is_control()),
        "control characters"
    );
    Ok(Message {
        facility: u8::try_from(priority / 8)?,
        severity: u8::try_from(priority % 8)?,
        timestamp,
        hostname,
        app_name,
        process,
        id,
        data,
        text: message.into(),
        marked,
    })
}

/// A number of digits only, without a zero in front, within bounds.
pub(crate) fn number(digits: &str, min: u32, max: u32) -> Result<u32> {
    let canonical = digits == "0" || !digits.starts_with('0');
    ensure!(
        canonical && digits.bytes().all(|octet| octet.is_ascii_digit()),
        "{digits:?} is no number"
    );
    within(digits, min, max)
}

fn within(digits: &str, min: u32, max: u32) -> Result<u32> {
    let number: u32 = digits.parse().with_context(|| format!("{digits:?}"))?;
    ensure!((min..=max).contains(&number), "{number} is out of bounds");
    Ok(number)
}

/// `None` for the NILVALUE.
fn given(field: &str) -> Option<String> {
    (field != "-").then(|| field.to_owned())
}

fn printable(field: &str, octets_max: usize) -> Result<Option<String>> {
    let printable = field.bytes().all(|octet| (33..=126).contains(&octet));
    ensure!(
        printable && (1..=octets_max).contains(&field.len()),
        "{field:?} is not 1 to {octets_max} of PRINTUSASCII"
    );
    Ok(given(field))
}

/// `2027-02-12T14:05:05.000001+01:00`, with or without a fraction, `Z` or an offset.
fn check_timestamp(timestamp: &str) -> Result<()> {
    let (date, time) = timestamp.split_once('T').context("no T")?;
    let [year, month, day] = *date.split('-').collect::<Vec<_>>() else {
        bail!("no FULL-DATE")
    };
    ensure!([year.len(), month.len(), day.len()] == [4, 2, 2], "digits");
    let (_, month, day) = (within(year, 0, 9999)?, within(month, 1, 12)?, day);
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    within(day, 1, days)?;
    let (time, offset) = match time.strip_suffix('Z') {
        Some(time) => (time, None),
        None => {
            let sign = time.rfind(['+', '-']).context("no TIME-OFFSET")?;
            let (time, offset) = time.split_at(sign);
            (time, Some(offset.split_at(1).1))
        }
    };
    if let Some(offset) = offset {
        let (hours, minutes) = offset.split_once(':').context("no offset")?;
        within(hours, 0, 23)?;
        within(minutes, 0, 59)?;
    }
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    ensure!((1..=6).contains(&fraction.len()), "TIME-SECFRAC");
    within(fraction, 0, 999_999)?;
    let [hour, minute, second] = *time.split(':').collect::<Vec<_>>() else {
        bail!("no PARTIAL-TIME")
    };
    ensure!(
        [hour.len(), minute.len(), second.len()] == [2, 2, 2],
        "digits"
    );
    within(hour, 0, 23)?;
    within(minute, 0, 59)?;
    within(second, 0, 59)?;
    Ok(())
}

type Data = Vec<(String, Vec<(String, String)>)>;

/// Reads the structured data, and returns it with what follows.
fn structured_data(text: &str) -> Result<(Data, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Ok((Vec::new(), rest));
    }
    let mut data: Data = Vec::new();
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        let end = element.find([' ', ']']).context("no end of SD-ID")?;
        let (id, mut params_text) = element.split_at(end);
        check_sd_id(id)?;
        ensure!(data.iter().all(|(given, _)| given != id), "{id} twice");
        let mut params = Vec::new();
        while let Some(param) = params_text.strip_prefix(' ') {
            let (name, value) = param.split_once("=\"").context("no PARAM-VALUE")?;
            check_sd_name(name)?;
            let (value, after) = param_value(value)?;
            params.push((name.to_owned(), value));
            params_text = after;
        }
        rest = params_text
            .strip_prefix(']')
            .context("no end of SD-ELEMENT")?;
        data.push((id.to_owned(), params));
    }
    ensure!(!data.is_empty(), "no STRUCTURED-DATA");
    Ok((data, rest))
}

fn check_sd_id(id: &str) -> Result<()> {
    check_sd_name(id)?;
    match id.split_once('@') {
        Some((_, enterprise)) => number(enterprise, 1, u32::MAX).map(drop),
        None => {
            let registered = ["timeQuality", "origin", "meta"].contains(&id);
            ensure!(registered, "IANA has not registered {id}");
            Ok(())
        }
    }
}

fn check_sd_name(name: &str) -> Result<()> {
    let fits = |octet: u8| (33..=126).contains(&octet) && !b"=]\"".contains(&octet);
    ensure!(
        (1..=32).contains(&name.len()) && name.bytes().all(fits),
        "{name:?} is no SD-NAME"
    );
    Ok(())
}

/// Reads up to the closing quote, and returns what follows it.
fn param_value(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Ok((value, text.split_at(index + 1).1)),
            ']' => bail!("a ] without a backslash"),
            '\\' => {
                let (_, escaped) = characters.next().context("nothing behind a backslash")?;
                ensure!("\"\\]".contains(escaped), "\\{escaped} is no escape");
                value.push(escaped);
            }
            other => value.push(other),
        }
    }
    bail!("no end of PARAM-VALUE")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples 1 and 3 of RFC 5424 section 6.5, and one with every escape.
    #[test]
    fn what_the_standard_shows_is_read() {
        let first = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \
                     \u{feff}'su root' failed for lonvick on /dev/pts/8";
        let first = Message::parse(first.as_bytes()).expect("example 1");
        assert_eq!((first.facility, first.severity), (4, 2));
        assert_eq!(first.process, None);
        assert!(first.data.is_empty() && first.marked);
        let third = "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 evntslog - ID47 \
                     [exampleSDID@32473 iut=\"3\" eventSource=\"App \\\"x\\\" \\\\ [\\]\"] An entry";
        let third = Message::parse(third.as_bytes()).expect("example 3");
        let source = third.param("exampleSDID@32473", "eventSource");
        assert_eq!(source, Some("App \"x\" \\ []"));
        assert_eq!(third.text, "An entry");
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        for message in [
            "<192>1 - - - - - - x",
            "<034>1 - - - - - - x",
            "<34>2 - - - - - - x",
            "<34>1 2003-10-11 22:14:15Z - - - - - x",
            "<34>1 2003-10-11T22:14:15 - - - - - x",
            "<34>1 2003-13-11T22:14:15Z - - - - - x",
            "<34>1 2003-10-11T22:14:60Z - - - - - x",
            "<34>1 2003-10-11t22:14:15z - - - - - x",
            "<34>1 - host  app - - - x",
            "<34>1 - - - - - [own a=\"b\"] x",
            "<34>1 - - - - - [own@1 a=\"]\"] x",
            "<34>1 - - - - - [own@1 a=\"\\n\"] x",
            "<34>1 - - - - - [own@1 a=\"b\"",
            "<34>1 - - - - - [own@1][own@1] x",
            "<34>1 - - - - -x",
            "<34>1 - - - - - - \u{fc}",
            "<34>1 - - - - - - a\nb",
        ] {
            assert!(Message::parse(message.as_bytes()).is_err(), "{message}");
        }
        assert!(Message::parse(b"<34>1 - - - - - - \xff").is_err());
    }
}
