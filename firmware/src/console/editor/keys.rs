//! From octets to keys: UTF-8, control characters, and the escape sequences of arrows
//! and pastes (ECMA-48, and xterm's bracketed paste).

/// Rings the terminal's bell.
pub(super) const BELL: u8 = 0x07;

const ESCAPE: u8 = 0x1b;
/// An escape sequence with more parameters than this is nobody's key; what follows is
/// taken as typed.
const PARAMETERS_MAX: usize = 16;

/// A key that was pressed, or a combination of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Backspace,
    /// A printable character, or the tab.
    Character(char),
    Delete,
    /// Ctrl-D.
    DeleteOrEnd,
    DeleteToEnd,
    DeleteToStart,
    DeleteWord,
    Down,
    End,
    Enter,
    Home,
    Interrupt,
    Left,
    Redraw,
    Right,
    Up,
}

/// The state between two octets.
#[derive(Default)]
pub(super) struct Keys {
    state: State,
    /// The line feed after this carriage return is part of it (RFC 854, "NVT printer").
    after_return: bool,
    /// Between the brackets of a paste.
    pasted: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Ground,
    /// A character of several octets: how many are missing, and what came.
    Character {
        octets: [u8; 4],
        used: usize,
        length: usize,
    },
    Escape,
    /// Parameters of a control sequence.
    Sequence {
        parameters: [u8; PARAMETERS_MAX],
        used: usize,
    },
    /// The letter of a key in the terminal's application mode.
    Application,
}

impl Keys {
    /// Whether what came last is pasted, as far as the terminal says.
    pub(super) fn are_pasted(&self) -> bool {
        self.pasted
    }

    /// Takes an octet and returns the key that it completes, if it does.
    pub(super) fn take(&mut self, octet: u8) -> Option<Key> {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(octet),
            State::Character {
                octets,
                used,
                length,
            } => self.character(octets, used, length, octet),
            State::Escape => {
                self.state = match octet {
                    b'[' => State::Sequence {
                        parameters: [0; PARAMETERS_MAX],
                        used: 0,
                    },
                    b'O' => State::Application,
                    ESCAPE => State::Escape,
                    // Ctrl-C and the end of the line work behind a stray escape too.
                    0..0x20 => return self.ground(octet),
                    _ => State::Ground,
                };
                None
            }
            State::Sequence { parameters, used } => self.sequence(parameters, used, octet),
            State::Application => cursor_key(octet),
        }
    }

    fn ground(&mut self, octet: u8) -> Option<Key> {
        let after_return = std::mem::replace(&mut self.after_return, octet == b'\r');
        Some(match octet {
            b'\n' if after_return => return None,
            b'\r' | b'\n' => Key::Enter,
            0x01 => Key::Home,
            0x02 => Key::Left,
            0x03 => Key::Interrupt,
            0x04 => Key::DeleteOrEnd,
            0x05 => Key::End,
            0x06 => Key::Right,
            0x08 | 0x7f => Key::Backspace,
            b'\t' => Key::Character('\t'),
            0x0b => Key::DeleteToEnd,
            0x0c => Key::Redraw,
            0x0e => Key::Down,
            0x10 => Key::Up,
            0x15 => Key::DeleteToStart,
            0x17 => Key::DeleteWord,
            ESCAPE => {
                self.state = State::Escape;
                return None;
            }
            0x20..0x7f => Key::Character(char::from(octet)),
            0xc2..=0xf4 => {
                self.state = State::Character {
                    octets: [octet, 0, 0, 0],
                    used: 1,
                    length: match octet {
                        0xc2..0xe0 => 2,
                        0xe0..0xf0 => 3,
                        _ => 4,
                    },
                };
                return None;
            }
            _ => return None,
        })
    }

    fn character(
        &mut self,
        mut octets: [u8; 4],
        used: usize,
        length: usize,
        octet: u8,
    ) -> Option<Key> {
        if !(0x80..0xc0).contains(&octet) {
            // What came before was no text; this may be.
            return self.ground(octet);
        }
        if let Some(next) = octets.get_mut(used) {
            *next = octet;
        }
        let used = used + 1;
        if used < length {
            self.state = State::Character {
                octets,
                used,
                length,
            };
            return None;
        }
        let text = octets.get(..length)?;
        let character = str::from_utf8(text).ok()?.chars().next()?;
        (!character.is_control()).then_some(Key::Character(character))
    }

    fn sequence(
        &mut self,
        mut parameters: [u8; PARAMETERS_MAX],
        used: usize,
        octet: u8,
    ) -> Option<Key> {
        match octet {
            0x20..0x40 => {
                if let Some(next) = parameters.get_mut(used) {
                    *next = octet;
                    self.state = State::Sequence {
                        parameters,
                        used: used + 1,
                    };
                }
                None
            }
            b'~' => match parameters.get(..used)? {
                b"1" | b"7" => Some(Key::Home),
                b"3" => Some(Key::Delete),
                b"4" | b"8" => Some(Key::End),
                b"200" => {
                    self.pasted = true;
                    None
                }
                b"201" => {
                    self.pasted = false;
                    None
                }
                _ => None,
            },
            // A control character ends what was no key.
            0..0x20 => self.ground(octet),
            _ => cursor_key(octet),
        }
    }
}

fn cursor_key(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        _ => return None,
    })
}
