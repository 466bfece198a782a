use super::*;

const PROMPT: &str = "> ";

/// A person at a terminal of one row that can do nothing but carriage return, line
/// feed, backspace and text.
struct Scene {
    editor: Editor,
    rows: Vec<Vec<char>>,
    column: usize,
    bells: usize,
}

impl Scene {
    fn new(mode: Mode) -> Self {
        let mut scene = Self {
            editor: Editor::new(),
            rows: vec![Vec::new()],
            column: 0,
            bells: 0,
        };
        scene.ask(mode);
        scene
    }

    fn ask(&mut self, mode: Mode) {
        let mut out = Vec::new();
        self.editor.ask(PROMPT, mode, &mut out);
        self.show(&out);
    }

    fn type_in(&mut self, octets: impl AsRef<[u8]>) -> Vec<Event> {
        let mut events = Vec::new();
        for octet in octets.as_ref() {
            let mut out = Vec::new();
            let event = self.editor.take(*octet, &mut out);
            if let (Some(Event::Line(line)), Mode::Command) = (&event, self.editor.mode) {
                self.editor.remember(line);
            }
            events.extend(event);
            self.show(&out);
        }
        events
    }

    fn offer(&mut self, words: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| (*word).into()).collect();
        let mut out = Vec::new();
        self.editor.offer(&words, &mut out);
        self.show(&out);
    }

    fn show(&mut self, octets: &[u8]) {
        for character in String::from_utf8(octets.to_vec()).expect("UTF-8").chars() {
            let row = self.rows.last_mut().expect("a row");
            match character {
                '\r' => self.column = 0,
                '\n' => self.rows.push(vec![' '; self.column]),
                '\x08' => self.column = self.column.checked_sub(1).expect("a column"),
                '\x07' => self.bells += 1,
                text => {
                    assert!(!text.is_control(), "{text:?} on a dumb terminal");
                    row.resize(row.len().max(self.column + 1), ' ');
                    row[self.column] = text;
                    self.column += 1;
                    assert!(self.column <= COLUMNS + 1, "beyond the last column");
                }
            }
        }
    }

    /// The last row, with the cursor as `|`.
    fn row(&self) -> String {
        let mut row = self.rows.last().expect("a row").clone();
        row.resize(row.len().max(self.column), ' ');
        row.insert(self.column, '|');
        row.into_iter().collect::<String>().trim_end().into()
    }
}

fn line(text: &str) -> Event {
    Event::Line(Zeroizing::new(text.into()))
}

/// What stands in the row after these keys.
#[track_caller]
fn check(keys: &str, row: &str) {
    let mut scene = Scene::new(Mode::Command);
    scene.type_in(keys);
    assert_eq!(scene.row(), row, "{keys:?}");
    // What stands there is what is typed in.
    let shown = row.replacen(PROMPT, "", 1).replace('|', "");
    let events = scene.type_in("\r");
    let Some(Event::Line(line)) = events.first() else {
        panic!("{events:?}");
    };
    assert_eq!(line.trim_end(), shown.trim_end(), "{keys:?}");
}

#[test]
fn keys_edit_the_line_as_people_expect() {
    check("defcert", "> defcert|");
    check("defcrt\x1b[D\x1b[De", "> defce|rt");
    check("defcrt\x02\x02e\x05!", "> defcert!|");
    check("xdefcert\x01\x1b[3~", "> |defcert");
    check("xdefcert\x1b[H\x04", "> |defcert");
    check("xdefcert\x1b[1~\x04\x1b[4~.", "> defcert.|");
    check("version\x7f\x7f", "> versi|");
    check("version\x08", "> versio|");
    check("a b\x1b[D\x7f", "> a|b");
    check("services set trial\x17", "> services set |");
    check("services set  \x17", "> services |");
    check("services set\x15", "> |");
    check("services set\x1b[D\x1b[D\x0b", "> services s|");
    check("abc\x1bOD\x1bOC\x1bOHx", "> x|abc");
    check("\x7f\x1b[D\x1b[3~\x17", "> |");
}

#[test]
fn text_is_utf_8_and_a_character_goes_as_a_whole() {
    check("Zürich – 東京\x7f", "> Zürich – 東|");
    check("Zü\x1b[D\x1b[3~rich", "> Zrich|");
}

#[test]
fn what_is_no_text_is_left_out() {
    let mut scene = Scene::new(Mode::Command);
    let events = scene.type_in(b"a\xff\x80b\xc3(c\x00\xed\xa0\x80\xc2\x85\x1b[31mm\x1b[99~\r");
    assert_eq!(events, [line("ab(cm")]);
}

#[test]
fn a_line_ends_once_however_its_end_is_written() {
    for (octets, lines) in [
        ("a\rb\r", 2),
        ("a\nb\n", 2),
        ("a\r\nb\r\n", 2),
        ("a\r\0b\r\0", 2),
        ("a\r\r\n\n", 3),
    ] {
        let events = Scene::new(Mode::Command).type_in(octets);
        assert_eq!(events.len(), lines, "{octets:?}: {events:?}");
        assert_eq!(events[0], line("a"));
    }
}

#[test]
fn a_long_line_is_shown_in_part_and_kept_whole() {
    let mut scene = Scene::new(Mode::Command);
    let text: String = ('a'..='z').cycle().take(300).collect();
    scene.type_in(&text);
    let row = scene.row();
    assert!(row.starts_with(PROMPT) && row.ends_with("lmn|"), "{row}");
    scene.type_in("\x01");
    assert!(scene.row().starts_with("> |abcdef"), "{}", scene.row());
    scene.type_in("X\x05Y");
    let whole = format!("X{text}Y");
    assert_eq!(scene.type_in("\r"), [line(&whole)]);
}

#[test]
fn a_secret_is_neither_shown_nor_remembered() {
    let mut scene = Scene::new(Mode::Secret);
    let events = scene.type_in("secretx\x7f\x1b[A\x0c\r");
    assert_eq!(events, [line("secret")]);
    let shown: String = scene.rows.iter().flatten().collect();
    assert!(!shown.contains("secret") && !shown.contains('*'), "{shown}");
    scene.ask(Mode::Command);
    scene.type_in("\x1b[A");
    assert_eq!((scene.row().as_str(), scene.bells), ("> |", 1));
}

#[test]
fn lines_typed_before_come_back_and_what_was_begun_is_not_lost() {
    let mut scene = Scene::new(Mode::Command);
    for text in ["version\r", "status\r", "status\r", "\r"] {
        scene.type_in(text);
        scene.ask(Mode::Command);
    }
    scene.type_in("def\x1b[A");
    assert_eq!(scene.row(), "> status|");
    scene.type_in("\x10");
    assert_eq!(scene.row(), "> version|");
    scene.type_in("\x1b[A\x1b[A");
    assert_eq!((scene.row().as_str(), scene.bells), ("> version|", 2));
    scene.type_in("\x1b[B\x0e");
    assert_eq!(scene.row(), "> def|");
    scene.type_in("\x1b[B");
    assert_eq!(scene.bells, 3);
    assert_eq!(scene.type_in("cert\r"), [line("defcert")]);
}

#[test]
fn no_more_than_a_hundred_lines_are_remembered() {
    let mut scene = Scene::new(Mode::Command);
    for number in 0..150 {
        scene.type_in(format!("{number}\r"));
        scene.ask(Mode::Command);
    }
    for _ in 0..150 {
        scene.type_in("\x1b[A");
    }
    assert_eq!((scene.row().as_str(), scene.bells), ("> 50|", 50));
}

#[test]
fn the_tab_key_completes_a_word_or_shows_what_it_could_be() {
    let mut scene = Scene::new(Mode::Command);
    assert_eq!(scene.type_in("ver\t"), [Event::Complete("ver".to_owned())]);
    scene.offer(&["version"]);
    assert_eq!(scene.row(), "> version |".trim_end());
    scene.type_in("\x15services se\t");
    scene.offer(&["services session", "services set"]);
    assert_eq!(scene.rows.len(), 3, "{:?}", scene.rows);
    assert_eq!(scene.row(), "> services se|");
    scene.type_in("s\t");
    scene.offer(&["services session", "services sessions"]);
    assert_eq!(scene.row(), "> services session|");
    scene.type_in("x\t");
    scene.offer(&[]);
    assert_eq!(scene.bells, 1);
}

#[test]
fn a_paste_is_taken_without_a_word() {
    let mut scene = Scene::new(Mode::Paste);
    let before = scene.rows.clone();
    let events = scene.type_in("MIIB\tAA\x1b[A\x04\x7f==\r\nAB\n");
    assert_eq!(events, [line("MIIB AA=="), line("AB")]);
    assert_eq!(scene.rows, before);
    assert_eq!(scene.type_in("x\x03"), [Event::Interrupt]);
    assert_eq!(scene.type_in("y\r"), [line("y")]);
}

#[test]
fn a_tab_that_a_terminal_pastes_completes_nothing() {
    let mut scene = Scene::new(Mode::Command);
    let events = scene.type_in("\x1b[200~names\tadd\x1b[201~\r");
    assert_eq!(events, [line("names add")]);
    assert_eq!(scene.type_in("\t").len(), 1);
}

#[test]
fn a_line_that_is_too_long_is_not_taken_in_part() {
    for mode in [Mode::Command, Mode::Paste, Mode::Secret] {
        let mut scene = Scene::new(mode);
        let longest = "x".repeat(LINE_OCTETS_MAX);
        scene.type_in(&longest);
        assert_eq!(scene.type_in("\r"), [line(&longest)]);
        scene.ask(mode);
        scene.type_in(format!("{longest}y"));
        assert_eq!(scene.type_in("\r"), [Event::TooLong]);
        scene.ask(mode);
        assert_eq!(scene.type_in("z\r"), [line("z")]);
    }
}

#[test]
fn the_ends_of_line_and_session_are_told_apart() {
    let mut scene = Scene::new(Mode::Command);
    assert_eq!(scene.type_in("ab\x01\x04\x04\x04"), [Event::End]);
    assert_eq!(scene.type_in("def\x03"), [Event::Interrupt]);
    scene.ask(Mode::Command);
    assert_eq!(scene.type_in("version\r"), [line("version")]);
    assert_eq!(scene.type_in("\x1b\x03"), [Event::Interrupt]);
}
