//! The octets of telnet: commands and options apart from what was typed (RFC 854, 855).
//!
//! The unit echoes (RFC 857), and neither side sends "go ahead" (RFC 858); both may
//! send eight bits (RFC 856). Everything else is refused. An answer is given only to
//! what changes something, so that two sides never answer each other for ever
//! (RFC 1143).

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SUBNEGOTIATION: u8 = 250;
const ERASE_LINE: u8 = 248;
const ERASE_CHARACTER: u8 = 247;
const ARE_YOU_THERE: u8 = 246;
const INTERRUPT: u8 = 244;
const BREAK: u8 = 243;
const SUBNEGOTIATION_END: u8 = 240;
const END_OF_FILE: u8 = 236;

const BINARY: u8 = 0;
const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;

/// A subnegotiation of more octets than this is nobody's; the unit asks for none.
const SUBNEGOTIATION_OCTETS_MAX: usize = 512;

/// What an octet that came was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Typed by the person, or as good as typed.
    Typed(u8),
    /// A part of telnet itself.
    Nothing,
    /// A part of what is no telnet; the connection is to be closed.
    Broken,
}

/// One end of a telnet connection.
#[derive(Debug)]
pub(super) struct Telnet {
    state: State,
    /// What the unit does: [`BINARY`], [`ECHO`], [`SUPPRESS_GO_AHEAD`].
    ours: [Side; 3],
    /// What the client does: [`BINARY`], [`SUPPRESS_GO_AHEAD`].
    theirs: [Side; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Typed,
    Command,
    /// Behind one of the four verbs.
    Option(u8),
    /// So many octets of a subnegotiation came.
    Within(usize),
    /// Behind an `IAC` in a subnegotiation.
    WithinCommand(usize),
}

/// One option at one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Side {
    option: u8,
    on: bool,
    /// The unit has asked and waits for the answer, which is not answered.
    asked: bool,
}

impl Side {
    const fn new(option: u8) -> Self {
        Self {
            option,
            on: false,
            asked: false,
        }
    }
}

impl Telnet {
    /// A new connection, and what the unit says first.
    pub(super) fn new(out: &mut Vec<u8>) -> Self {
        let mut telnet = Self {
            state: State::Typed,
            ours: [BINARY, ECHO, SUPPRESS_GO_AHEAD].map(Side::new),
            theirs: [BINARY, SUPPRESS_GO_AHEAD].map(Side::new),
        };
        for side in &mut telnet.ours {
            if side.option != BINARY {
                side.asked = true;
                out.extend_from_slice(&[IAC, WILL, side.option]);
            }
        }
        for side in &mut telnet.theirs {
            if side.option != BINARY {
                side.asked = true;
                out.extend_from_slice(&[IAC, DO, side.option]);
            }
        }
        telnet
    }

    /// Takes an octet that came. What is to be answered goes to `out`.
    pub(super) fn take(&mut self, octet: u8, out: &mut Vec<u8>) -> Taken {
        let (state, taken) = match self.state {
            State::Typed if octet == IAC => (State::Command, Taken::Nothing),
            State::Typed => (State::Typed, Taken::Typed(octet)),
            State::Command => self.command(octet, out),
            State::Option(verb) => {
                self.negotiate(verb, octet, out);
                (State::Typed, Taken::Nothing)
            }
            State::Within(count) if count >= SUBNEGOTIATION_OCTETS_MAX => {
                (self.state, Taken::Broken)
            }
            State::Within(count) if octet == IAC => (State::WithinCommand(count), Taken::Nothing),
            State::Within(count) => (State::Within(count + 1), Taken::Nothing),
            State::WithinCommand(_) if octet == SUBNEGOTIATION_END => {
                (State::Typed, Taken::Nothing)
            }
            State::WithinCommand(count) => (State::Within(count + 1), Taken::Nothing),
        };
        self.state = state;
        taken
    }

    /// Writes what is to be shown as telnet carries it.
    pub(super) fn encode(&self, shown: &[u8], out: &mut Vec<u8>) {
        let binary = self
            .ours
            .iter()
            .any(|side| side.option == BINARY && side.on);
        for (index, octet) in shown.iter().enumerate() {
            out.push(*octet);
            match octet {
                &IAC => out.push(IAC),
                b'\r' if !binary && shown.get(index + 1) != Some(&b'\n') => out.push(0),
                _ => {}
            }
        }
    }

    fn command(&self, octet: u8, out: &mut Vec<u8>) -> (State, Taken) {
        let typed = |octet| (State::Typed, Taken::Typed(octet));
        match octet {
            WILL | WONT | DO | DONT => (State::Option(octet), Taken::Nothing),
            SUBNEGOTIATION => (State::Within(0), Taken::Nothing),
            // An octet 255 that was typed; no text has one.
            IAC => typed(IAC),
            INTERRUPT | BREAK => typed(0x03),
            END_OF_FILE => typed(0x04),
            ERASE_CHARACTER => typed(0x7f),
            ERASE_LINE => typed(0x15),
            ARE_YOU_THERE => {
                self.encode(b"\r\n[Yes]\r\n", out);
                (State::Typed, Taken::Nothing)
            }
            _ => (State::Typed, Taken::Nothing),
        }
    }

    fn negotiate(&mut self, verb: u8, option: u8, out: &mut Vec<u8>) {
        let (wanted, agree, refuse) = match verb {
            DO => (true, WILL, WONT),
            DONT => (false, WILL, WONT),
            WILL => (true, DO, DONT),
            _ => (false, DO, DONT),
        };
        let mut sides = match verb {
            DO | DONT => self.ours.iter_mut(),
            _ => self.theirs.iter_mut(),
        };
        let Some(side) = sides.find(|side| side.option == option) else {
            if wanted {
                out.extend_from_slice(&[IAC, refuse, option]);
            }
            return;
        };
        if !side.asked && side.on != wanted {
            out.extend_from_slice(&[IAC, if wanted { agree } else { refuse }, option]);
        }
        side.asked = false;
        side.on = wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_SIZE: u8 = 31;

    /// A connection on which the client has agreed to what the unit asked.
    fn agreed() -> Telnet {
        let mut telnet = Telnet::new(&mut Vec::new());
        let yes = [
            IAC,
            DO,
            ECHO,
            IAC,
            DO,
            SUPPRESS_GO_AHEAD,
            IAC,
            WILL,
            SUPPRESS_GO_AHEAD,
        ];
        assert_eq!(take(&mut telnet, &yes), (vec![], vec![]));
        telnet
    }

    /// What was typed, and what is answered.
    fn take(telnet: &mut Telnet, octets: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut typed, mut answered) = (Vec::new(), Vec::new());
        for octet in octets {
            match telnet.take(*octet, &mut answered) {
                Taken::Typed(octet) => typed.push(octet),
                Taken::Nothing => {}
                Taken::Broken => panic!("broken at {octet}"),
            }
        }
        (typed, answered)
    }

    #[test]
    fn the_unit_offers_to_echo_and_needs_no_go_ahead() {
        let mut said = Vec::new();
        Telnet::new(&mut said);
        let offered = [
            IAC,
            WILL,
            ECHO,
            IAC,
            WILL,
            SUPPRESS_GO_AHEAD,
            IAC,
            DO,
            SUPPRESS_GO_AHEAD,
        ];
        assert_eq!(said, offered);
    }

    #[test]
    fn what_is_typed_comes_out_without_the_commands_among_it() {
        let typed = [
            b'a',
            IAC,
            241,
            b'b',
            IAC,
            IAC,
            b'c',
            IAC,
            SUBNEGOTIATION,
            WINDOW_SIZE,
            0,
            80,
            IAC,
            IAC,
            24,
            IAC,
            SUBNEGOTIATION_END,
            b'd',
            IAC,
            INTERRUPT,
            IAC,
            ERASE_CHARACTER,
        ];
        let (typed, answered) = take(&mut agreed(), &typed);
        assert_eq!(typed, b"ab\xffcd\x03\x7f");
        assert!(answered.is_empty());
    }

    #[test]
    fn an_answer_is_never_answered() {
        let mut telnet = agreed();
        for verb in [DO, DO] {
            assert!(take(&mut telnet, &[IAC, verb, ECHO]).1.is_empty());
        }
        assert_eq!(take(&mut telnet, &[IAC, DONT, ECHO]).1, [IAC, WONT, ECHO]);
        assert!(take(&mut telnet, &[IAC, DONT, ECHO]).1.is_empty());
        assert_eq!(take(&mut telnet, &[IAC, DO, ECHO]).1, [IAC, WILL, ECHO]);
        assert!(
            take(&mut telnet, &[IAC, WONT, 99, IAC, DONT, 99])
                .1
                .is_empty()
        );
    }

    #[test]
    fn eight_bits_are_agreed_to_and_everything_else_is_refused() {
        let mut telnet = agreed();
        assert_eq!(take(&mut telnet, &[IAC, DO, BINARY]).1, [IAC, WILL, BINARY]);
        assert_eq!(take(&mut telnet, &[IAC, WILL, BINARY]).1, [IAC, DO, BINARY]);
        for option in (0..=255).filter(|option| ![BINARY, ECHO, SUPPRESS_GO_AHEAD].contains(option))
        {
            let asked = [IAC, WILL, option, IAC, DO, option];
            let refused = [IAC, DONT, option, IAC, WONT, option];
            assert_eq!(take(&mut telnet, &asked).1, refused);
        }
        // A client that would echo what the unit sends would send it round and round.
        assert_eq!(take(&mut telnet, &[IAC, WILL, ECHO]).1, [IAC, DONT, ECHO]);
    }

    /// Two units that were connected with each other by mistake.
    #[test]
    fn two_of_a_kind_come_to_an_end() {
        let (mut to_second, mut to_first) = (Vec::new(), Vec::new());
        let mut first = Telnet::new(&mut to_second);
        let mut second = Telnet::new(&mut to_first);
        let mut rounds = 0;
        while !to_first.is_empty() || !to_second.is_empty() {
            let (_, from_first) = take(&mut first, &std::mem::take(&mut to_first));
            let (_, from_second) = take(&mut second, &std::mem::take(&mut to_second));
            (to_second, to_first) = (from_first, from_second);
            rounds += 1;
            assert!(rounds < 10);
        }
    }

    #[test]
    fn a_subnegotiation_without_an_end_breaks_the_connection() {
        let mut telnet = agreed();
        let mut out = Vec::new();
        telnet.take(IAC, &mut out);
        telnet.take(SUBNEGOTIATION, &mut out);
        for _ in 0..SUBNEGOTIATION_OCTETS_MAX {
            assert_eq!(telnet.take(1, &mut out), Taken::Nothing);
        }
        assert_eq!(telnet.take(IAC, &mut out), Taken::Broken);
        assert!(out.is_empty());
    }

    #[test]
    fn what_is_shown_is_written_as_telnet_has_it() {
        let mut telnet = agreed();
        let encode = |telnet: &Telnet| {
            let mut out = Vec::new();
            telnet.encode(b"a\r\nb\rc\xff\r", &mut out);
            out
        };
        assert_eq!(encode(&telnet), b"a\r\nb\r\0c\xff\xff\r\0");
        take(&mut telnet, &[IAC, DO, BINARY]);
        assert_eq!(encode(&telnet), b"a\r\nb\rc\xff\xff\r");
    }
}
