//! Whatever a terminal sends, over telnet or not: the line editor stays within its line
//! and shows no secret, and telnet answers no more than it is asked.

#![no_main]

use libfuzzer_sys::fuzz_target;

// They know nothing of the firmware, so they stand here as they are.
#[path = "../../firmware/src/console/editor/mod.rs"]
#[allow(dead_code)]
mod editor;
#[path = "../../firmware/src/console/telnet/options.rs"]
mod options;

/// What the editor takes from its neighbour.
mod dialogue {
    pub(super) const LINE_OCTETS_MAX: usize = 256;
}

use editor::{Editor, Event, Mode};
use options::{Taken, Telnet};

const MODES: [Mode; 4] = [Mode::Command, Mode::Answer, Mode::Secret, Mode::Paste];

fuzz_target!(|octets: &[u8]| {
    let Some((first, octets)) = octets.split_first() else {
        return;
    };
    let mode = MODES[usize::from(*first) % MODES.len()];
    let mut typed = Vec::new();
    let mut answered = Vec::new();
    let mut telnet = Telnet::new(&mut Vec::new());
    for octet in octets {
        match telnet.take(*octet, &mut answered) {
            Taken::Typed(octet) => typed.push(octet),
            Taken::Nothing => {}
            Taken::Broken => break,
        }
    }
    // Three octets at most for three, and eleven for "are you there", which are two.
    assert!(answered.len() <= 6 * octets.len());
    edit(&typed, mode);
});

fn edit(typed: &[u8], mode: Mode) {
    let mut editor = Editor::new();
    let mut out = Vec::new();
    editor.ask("> ", mode, &mut out);
    for octet in typed {
        out.clear();
        let event = editor.take(*octet, &mut out);
        if matches!(mode, Mode::Secret | Mode::Paste) {
            let shown = std::str::from_utf8(&out).expect("what is shown is text");
            let said = ["", "\r\n", "\r\n> ", "> ", "^C\r\n"];
            assert!(said.contains(&shown), "{shown:?}");
        }
        match event {
            Some(Event::Line(line)) => {
                assert!(line.len() <= dialogue::LINE_OCTETS_MAX);
                assert!(!line.chars().any(char::is_control));
                editor.remember(&line);
                editor.ask("> ", mode, &mut out);
            }
            Some(Event::Complete(before)) => {
                editor.offer(&[format!("{before}x"), format!("{before}y")], &mut out);
            }
            Some(_) => editor.ask("> ", mode, &mut out),
            None => {}
        }
    }
}
