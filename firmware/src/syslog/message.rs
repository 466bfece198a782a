//! One message, as [RFC 5424](https://www.rfc-editor.org/rfc/rfc5424) writes it.

use cert_lifecycle::{Entry, Now, Severity};

/// "security/authorization messages" (section 6.2.1), which collectors call
/// authpriv: the entries tell who came in from where, and such messages are kept
/// from general readers without further ado. 13, "log audit", would say it better,
/// but few collectors know it by name.
const FACILITY: u8 = 10;

/// The name of our structured data (section 7.2.2). 32473 is the enterprise number
/// that RFC 5612 sets aside for examples; a maker puts its own here.
const SD_ID: &str = "countersign@32473";

/// A message has at most so many octets: what every receiver over IPv6 has to take
/// (RFC 5426 section 3.2), so that none is cut off or torn into fragments.
pub(super) const OCTETS_MAX: usize = 1180;

/// The largest sequence number (section 7.3.1); 1 follows it.
const SEQUENCE_MAX: u32 = 2_147_483_647;

/// The octets of a host name, at most (section 6).
const HOSTNAME_OCTETS_MAX: usize = 255;

/// Who sends: what all messages have alike, and the number of the next.
pub(super) struct Origin {
    hostname: String,
    process: u32,
    sequence: u32,
}

impl Origin {
    /// A process that has sent nothing yet.
    pub(super) fn new(process: u32) -> Self {
        Self {
            hostname: String::new(),
            process,
            sequence: 0,
        }
    }

    /// Names the unit; without a name, or with one that cannot stand in a header,
    /// it has none.
    pub(super) fn rename(&mut self, hostname: &str) {
        let stands = hostname.len() <= HOSTNAME_OCTETS_MAX
            && hostname.bytes().all(|octet| octet.is_ascii_graphic());
        self.hostname.clear();
        self.hostname.push_str(if stands && !hostname.is_empty() {
            hostname
        } else {
            "-"
        });
    }
}

/// What is told.
pub(super) struct Message {
    severity: Severity,
    /// Seconds since 1970-01-01 UTC, if the clock is known to be right.
    at: Option<u64>,
    id: &'static str,
    params: Vec<(&'static str, String)>,
    text: String,
}

impl Message {
    /// An entry of the journal.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut params = vec![
            ("entry", entry.number.to_string()),
            ("who", entry.actor.who.clone()),
            ("via", entry.actor.via.as_str().to_owned()),
        ];
        let alarm = entry.action.alarm().map(|code| code.as_str().to_owned());
        let optional = [
            (
                "from",
                entry.actor.via.address().map(|from| from.to_string()),
            ),
            ("alarm", alarm),
            ("key", entry.key.map(|key| key.fingerprint())),
            ("certificate", entry.certificate.clone()),
        ];
        let given = optional.into_iter();
        params.extend(given.filter_map(|(name, value)| Some((name, value?))));
        Self {
            severity: entry.action.severity(),
            at: entry.clock_trusted.then_some(entry.at),
            id: entry.action.as_str(),
            params,
            text: format!("{}: {}", entry.action, entry.outcome),
        }
    }

    /// Entries that gave way in the journal before they could be sent.
    pub(super) fn lost(count: u64, now: Now) -> Self {
        let plural = if count == 1 { "y was" } else { "ies were" };
        Self {
            severity: Severity::Warn,
            at: now.trusted.then_some(now.unix_seconds),
            id: "entries-lost",
            params: vec![("count", count.to_string())],
            text: format!(
                "{count} entr{plural} not sent: the journal let them go before the collector was back"
            ),
        }
    }

    /// The octets of the message, which is the next that `origin` sends.
    pub(super) fn write(&self, origin: &mut Origin) -> Vec<u8> {
        origin.sequence = origin.sequence % SEQUENCE_MAX + 1;
        let priority = FACILITY * 8 + number(self.severity);
        let timestamp = self.at.map_or_else(|| "-".into(), crate::time::rfc3339);
        let mut message = format!(
            "<{priority}>1 {timestamp} {} countersign {} {} [timeQuality tzKnown=\"1\" isSynced=\"{}\"]\
             [meta sequenceId=\"{}\"][{SD_ID}",
            origin.hostname,
            origin.process,
            self.id,
            u8::from(self.at.is_some()),
            origin.sequence,
        );
        for (name, value) in &self.params {
            message += &format!(" {name}=\"{}\"", escaped(value));
        }
        message.push_str("] ");
        push_text(&mut message, &self.text);
        message.into_bytes()
    }
}

/// The severity's number (section 6.2.1).
fn number(severity: Severity) -> u8 {
    match severity {
        // error
        Severity::Refuse => 3,
        // warning
        Severity::Warn => 4,
        // notice: normal, but significant
        _ => 5,
    }
}

/// A parameter's value, whose `"`, `\` and `]` need a backslash (section 6.3.3).
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars().map(visible) {
        if matches!(character, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Appends the text, cut off where the message becomes too long. A byte order mark
/// says that it is UTF-8 (section 6.4), unless it is ASCII, which needs no saying
/// and which older collectors show as it is.
fn push_text(message: &mut String, text: &str) {
    if !text.is_ascii() {
        message.push('\u{feff}');
    }
    for character in text.chars().map(visible) {
        if message.len() + character.len_utf8() > OCTETS_MAX {
            return;
        }
        message.push(character);
    }
}

/// A message is one line: some collectors break it at control characters.
fn visible(character: char) -> char {
    if character.is_control() {
        ' '
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message {
            severity: Severity::Warn,
            at: Some(1_802_441_105),
            id: "sign-in-refused",
            params: vec![("who", "a \"b\" \\ [c]\n".into())],
            text: text.into(),
        }
    }

    fn written(message: &Message, hostname: &str) -> String {
        let mut origin = Origin::new(4711);
        origin.rename(hostname);
        String::from_utf8(message.write(&mut origin)).expect("UTF-8")
    }

    #[test]
    fn a_message_is_written_as_the_standard_says() {
        assert_eq!(
            written(&message("wrong name or password"), "ntp1.example.net"),
            "<84>1 2027-02-12T14:05:05Z ntp1.example.net countersign 4711 sign-in-refused \
             [timeQuality tzKnown=\"1\" isSynced=\"1\"][meta sequenceId=\"1\"]\
             [countersign@32473 who=\"a \\\"b\\\" \\\\ [c\\] \"] wrong name or password"
        );
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_never_a_wrong_time() {
        let mut message = message("x");
        message.at = None;
        for hostname in ["", "two words", "höst", &"x".repeat(256)] {
            let written = written(&message, hostname);
            assert!(
                written.starts_with("<84>1 - - countersign 4711 "),
                "{written}"
            );
            assert!(written.contains("isSynced=\"0\""), "{written}");
        }
    }

    #[test]
    fn a_byte_order_mark_stands_before_what_is_not_ascii_and_only_there() {
        let written = |text: &str| written(&message(text), "h");
        assert!(written("plain").ends_with("\"] plain"));
        assert!(written("Zürich\n…").ends_with("\"] \u{feff}Zürich …"));
    }

    #[test]
    fn a_message_is_never_too_long_and_never_cut_within_a_character() {
        for text in ["x".repeat(4000), "ü…".repeat(4000), "…ü".repeat(4000)] {
            let length = written(&message(&text), "h").len();
            assert!((OCTETS_MAX - 2..=OCTETS_MAX).contains(&length), "{length}");
        }
    }

    #[test]
    fn messages_are_numbered_from_1_and_again_from_1_after_the_last() {
        let mut origin = Origin::new(1);
        origin.rename("h");
        origin.sequence = SEQUENCE_MAX - 1;
        for number in [SEQUENCE_MAX, 1, 2] {
            let written = String::from_utf8(message("x").write(&mut origin)).expect("UTF-8");
            let sequence = format!("[meta sequenceId=\"{number}\"]");
            assert!(written.contains(&sequence), "{written}");
        }
    }

    #[test]
    fn each_severity_has_its_number() {
        let numbers = [Severity::Refuse, Severity::Warn, Severity::Note].map(number);
        assert_eq!(numbers, [3, 4, 5]);
    }
}
