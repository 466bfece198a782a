//! Every limit on who talks to the unit over the network, in one place. They are
//! told to administrators in `docs/security.md`.

use std::time::Duration;

/// Connections at a time, of everybody together.
pub(crate) const CONNECTIONS_MAX: usize = 256;
/// Connections at a time of one address; all addresses of an IPv6 /64 are one.
pub(crate) const ADDRESS_CONNECTIONS_MAX: usize = 64;
/// A connection is left alone for this long before it may have to give way to a new
/// one of an address that has as many. Longer than a handshake and a page take, so
/// that a flood cannot make everybody begin and nobody finish.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
/// A connection of a browser ends after this long, whatever it does.
pub(crate) const CONNECTION_MAX: Duration = Duration::from_secs(10 * 60);

/// How many connections one listener has at a time, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    /// Of everybody together.
    pub(crate) all_max: usize,
    /// Of one address.
    pub(crate) address_max: usize,
    /// Each ends after this long.
    pub(crate) connection_max: Duration,
}

/// Browsers, over HTTPS; and as many over HTTP, while that is on.
pub(crate) const PAGES: Crowd = Crowd {
    all_max: CONNECTIONS_MAX,
    address_max: ADDRESS_CONNECTIONS_MAX,
    connection_max: CONNECTION_MAX,
};
/// Consoles over SSH, and as many over telnet. A sign-in ends after a day, and a
/// connection with it.
pub(crate) const CONSOLES: Crowd = Crowd {
    all_max: 32,
    address_max: 8,
    connection_max: crate::access::AGE_MAX,
};
/// Consoles on the unit itself at a time; one more is closed at once.
pub(crate) const LOCAL_CONSOLES_MAX: usize = 8;
/// Whoever connects to a console has this long to sign in.
pub(crate) const SIGN_IN_MAX: Duration = Duration::from_secs(60);
/// Attempts to sign in over one connection.
pub(crate) const SIGN_INS_MAX: usize = 6;
/// Channels of one SSH connection.
pub(crate) const CHANNELS_MAX: usize = 4;
/// Octets that an SSH client may send ahead on one channel.
pub(crate) const WINDOW_OCTETS: u32 = 64 * 1024;
/// Octets that may be typed ahead while a command runs.
pub(crate) const AHEAD_OCTETS_MAX: usize = 64 * 1024;
/// A terminal has this long to take each KiB that is shown.
pub(crate) const SHOW_MAX: Duration = Duration::from_secs(120);
/// A terminal on a serial line has this long, for people stop it (Ctrl-S) to read.
pub(crate) const SERIAL_SHOW_MAX: Duration = Duration::from_secs(30 * 60);
/// Requests over one connection; the last one is answered and closes it.
pub(crate) const REQUESTS_MAX: u32 = 100;

/// A client has this long for the TLS handshake.
pub(crate) const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A client has this long for the head of each request, the wait between two
/// requests included.
pub(crate) const HEAD_MAX: Duration = Duration::from_secs(30);
/// Octets of the head of a request, its first line included.
pub(crate) const HEAD_OCTETS_MAX: usize = 16 * 1024;
/// Header fields of a request.
pub(crate) const FIELDS_MAX: usize = 64;
/// A client that was refused has this long to read why and to hang up.
pub(crate) const LINGER_MAX: Duration = Duration::from_secs(2);
/// Open connections have this long to finish their request when the unit ends.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Octets of an upload.
pub(crate) const UPLOAD_OCTETS_MAX: usize = 1024 * 1024;
/// Octets of the fields beside an upload, and of any other form of somebody who is signed in.
pub(crate) const BESIDE_OCTETS_MAX: usize = 64 * 1024;
/// Octets of the body of somebody who is not signed in: a sign-in.
pub(crate) const STRANGER_OCTETS_MAX: usize = 16 * 1024;
/// Octets of all bodies together that are larger than a stranger's; the next ones wait.
/// Seven uploads, or one backup.
pub(crate) const UPLOADS_OCTETS_MAX: usize = 8 * 1024 * 1024;
/// A body that is too large is read and thrown away up to here, for a browser shows
/// the answer only after it has sent the body.
pub(crate) const DRAINED_OCTETS_MAX: usize = 8 * 1024 * 1024;
/// An upload has this long to arrive.
pub(crate) const UPLOAD_MAX: Duration = Duration::from_secs(120);
/// The body of anybody else, and any form but an upload, has this long to arrive.
pub(crate) const FORM_MAX: Duration = Duration::from_secs(30);

/// Files that may be open at a time: the connections, the consoles, the store.
/// Where the limit of the process is lower, it is raised to this at the start.
pub(crate) const OPEN_FILES: u64 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_for_administrators_says_the_same() {
        let table = include_str!("../../docs/security.md");
        let (_, table) = table.split_once("\n## Limits\n").expect("a table");
        let (kib, mib) = (|octets| octets / 1024, |octets| octets / (1024 * 1024));
        let seconds = |time: Duration| time.as_secs();
        for (what, limit) in [
            (
                "connections, of all and of one address (an IPv6 /64)",
                format!("{CONNECTIONS_MAX}, {ADDRESS_CONNECTIONS_MAX}"),
            ),
            (
                "requests over one connection; how long one lives",
                format!("{REQUESTS_MAX}; {} minutes", seconds(CONNECTION_MAX) / 60),
            ),
            (
                "a connection is left alone for its first",
                format!("{} s", seconds(GRACE)),
            ),
            (
                "handshake; head of a request, the wait before it included",
                format!("{} s; {} s", seconds(HANDSHAKE_MAX), seconds(HEAD_MAX)),
            ),
            (
                "head of a request, fields in it",
                format!("{} KiB, {FIELDS_MAX}", kib(HEAD_OCTETS_MAX)),
            ),
            (
                "body of a stranger; its time",
                format!("{} KiB; {} s", kib(STRANGER_OCTETS_MAX), seconds(FORM_MAX)),
            ),
            (
                "an upload, the fields beside it or another form; its time",
                format!(
                    "{} MiB, {} KiB; {} s",
                    mib(UPLOAD_OCTETS_MAX),
                    kib(BESIDE_OCTETS_MAX),
                    seconds(UPLOAD_MAX)
                ),
            ),
            (
                "all larger bodies together; one too large is thrown away up to",
                format!(
                    "{} MiB; {} MiB",
                    mib(UPLOADS_OCTETS_MAX),
                    mib(DRAINED_OCTETS_MAX)
                ),
            ),
            (
                "who was refused, or whose connection ends, may still hear it for",
                format!("{} s", seconds(LINGER_MAX)),
            ),
            (
                "open requests at the end of the unit",
                format!("{} s", seconds(DRAIN_MAX)),
            ),
        ] {
            let row = format!("| {what} | {limit} |");
            assert!(table.contains(&row), "{row}");
        }
    }
}
