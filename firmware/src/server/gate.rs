//! What stands before the HTTP parser: lets through only what every parser reads
//! in the same way.
//!
//! Request smuggling lives on messages of which one reader sees one request and
//! another sees two. The parser behind this gate forgives several of them (bare
//! line feeds, both lengths at once), as it may (RFC 9112 sections 2.2 and 6.3).
//! The gate does not: it watches each line of a request's head, takes exactly one
//! way to say where the body ends, `Content-Length`, and hands over nothing more
//! after the first octet that is out of line.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::{Zeroize, Zeroizing};

use crate::limits::HEAD_OCTETS_MAX;
use crate::wiped;

/// So much is read at a time.
const READ_OCTETS: usize = 4 * 1024;

/// What the parser is given instead of a line that is refused: no request and no
/// header field begins so, and it answers 400 and closes.
const REFUSED: &[u8] = b"\0\r\n\r\n";

/// A connection on which only well-formed requests arrive.
pub(super) struct Gate<S> {
    inner: S,
    /// What came and was not handed over yet; wiped, for bodies hold passwords.
    waiting: Zeroizing<Vec<u8>>,
    /// So many octets of it were looked at and are in order.
    passed: usize,
    next: Next,
}

/// What has to come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    RequestLine,
    /// A header field, or the empty line after the last.
    Field(Option<u64>),
    /// So many octets of a body.
    Body(u64),
    /// Nothing that would be handed over.
    Nothing,
}

/// A line that some reader would take for something else.
#[derive(Debug, PartialEq, Eq)]
struct OutOfLine;

impl<S> Gate<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            waiting: Zeroizing::default(),
            passed: 0,
            next: Next::RequestLine,
        }
    }

    /// The connection behind the gate, to end it.
    pub(super) fn into_inner(self) -> S {
        self.inner
    }

    /// Looks at what waits, as far as it is whole.
    fn look(&mut self) {
        loop {
            let rest = self.waiting.get(self.passed..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
            let length = match self.next {
                Next::Nothing => {
                    self.waiting.truncate(self.passed);
                    return;
                }
                Next::Body(octets) => {
                    let here =
                        usize::try_from(octets).map_or(rest.len(), |all| all.min(rest.len()));
                    self.next = match octets - u64::try_from(here).unwrap_or(octets) {
                        0 => Next::RequestLine,
                        octets => Next::Body(octets),
                    };
                    here
                }
                Next::RequestLine | Next::Field(_) => {
                    let Some(end) = rest.iter().position(|octet| *octet == b'\n') else {
                        self.pass_what_is_too_long();
                        return;
                    };
                    let (line, _) = rest.split_at(end + 1);
                    let Ok(next) = self.next.after(line) else {
                        self.refuse();
                        return;
                    };
                    self.next = next;
                    line.len()
                }
            };
            self.passed += length;
        }
    }

    /// A line that fills the whole buffer goes to the parser, which has the same
    /// limit and says which of its parts was too long.
    fn pass_what_is_too_long(&mut self) {
        if self.waiting.len() >= HEAD_OCTETS_MAX {
            self.passed = self.waiting.len();
            self.next = Next::Nothing;
        }
    }

    fn refuse(&mut self) {
        self.waiting.truncate(self.passed);
        self.waiting.extend_from_slice(REFUSED);
        self.passed = self.waiting.len();
        self.next = Next::Nothing;
    }

    /// Hands over what has passed, as far as it fits.
    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.passed.min(buffer.remaining());
        let (octets, _) = self.waiting.split_at(length);
        buffer.put_slice(octets);
        let rest = self.waiting.len() - length;
        self.waiting.copy_within(length.., 0);
        if let Some(left) = self.waiting.get_mut(rest..) {
            left.zeroize();
        }
        self.waiting.truncate(rest);
        self.passed -= length;
    }
}

impl Next {
    /// What has to come after `line`, its end included.
    fn after(self, line: &[u8]) -> Result<Self, OutOfLine> {
        let line = line.strip_suffix(b"\r\n").ok_or(OutOfLine)?;
        match (self, line) {
            // A server ought to overlook empty lines there (RFC 9112 section 2.2).
            (Self::RequestLine, b"") => Ok(Self::RequestLine),
            (Self::RequestLine, _) => check_request_line(line).map(|()| Self::Field(None)),
            (Self::Field(None | Some(0)), b"") => Ok(Self::RequestLine),
            (Self::Field(Some(octets)), b"") => Ok(Self::Body(octets)),
            (Self::Field(length), _) => match (content_length(line)?, length) {
                (Some(_), Some(_)) => Err(OutOfLine),
                (new, old) => Ok(Self::Field(new.or(old))),
            },
            (Self::Body(_) | Self::Nothing, _) => Err(OutOfLine),
        }
    }
}

/// `method SP request-target SP HTTP-version` (RFC 9112 section 3).
fn check_request_line(line: &[u8]) -> Result<(), OutOfLine> {
    let mut words = line.split(|octet| *octet == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let visible = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_graphic);
    // A tunnel has a target of another form, and what follows would be no HTTP.
    let whole = method.is_some_and(|method| visible(method) && method != b"CONNECT")
        && target.is_some_and(visible)
        && version.is_some_and(|version| [b"HTTP/1.1", b"HTTP/1.0"].contains(&version_of(version)))
        && words.next().is_none();
    whole.then_some(()).ok_or(OutOfLine)
}

fn version_of(word: &[u8]) -> &[u8; 8] {
    word.try_into().unwrap_or(b"        ")
}

/// The value of `line`, if it is a `Content-Length` (RFC 9112 section 5).
fn content_length(line: &[u8]) -> Result<Option<u64>, OutOfLine> {
    let colon = line
        .iter()
        .position(|octet| *octet == b':')
        .ok_or(OutOfLine)?;
    let (name, value) = line.split_at(colon);
    // A field that begins with a blank would continue the one before ("obs-fold");
    // a blank before the colon is refused as section 5.1 asks.
    if name.is_empty() || !name.iter().all(|octet| is_token(*octet)) {
        return Err(OutOfLine);
    }
    let value = value.strip_prefix(b":").unwrap_or_default();
    if value
        .iter()
        .any(|octet| octet.is_ascii_control() && *octet != b'\t')
    {
        return Err(OutOfLine);
    }
    if name.eq_ignore_ascii_case(b"transfer-encoding") {
        return Err(OutOfLine);
    }
    if !name.eq_ignore_ascii_case(b"content-length") {
        return Ok(None);
    }
    let value = value.trim_ascii();
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(value).ok().filter(|_| digits);
    let number = number.and_then(|number| number.parse().ok());
    number.map(Some).ok_or(OutOfLine)
}

/// RFC 9110 section 5.6.2.
fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

impl<S: AsyncRead + Unpin> Gate<S> {
    /// Reads what has come, and returns how much.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let before = self.waiting.len();
        wiped::reserve(&mut self.waiting, READ_OCTETS, HEAD_OCTETS_MAX);
        self.waiting.resize(before + READ_OCTETS, 0);
        let mut free = ReadBuf::new(self.waiting.get_mut(before..).unwrap_or_default());
        let read = Pin::new(&mut self.inner).poll_read(context, &mut free);
        let came = free.filled().len();
        self.waiting.truncate(before + came);
        if self.waiting.is_empty() {
            // Connections that are idle hold no memory for what may come.
            self.waiting = Zeroizing::default();
        }
        read.map_ok(|()| came)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gate<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        loop {
            if gate.passed > 0 {
                gate.hand_over(buffer);
                return Poll::Ready(Ok(()));
            }
            if gate.next == Next::Nothing {
                return Poll::Ready(Ok(()));
            }
            if ready!(gate.poll_more(context))? == 0 {
                return Poll::Ready(Ok(()));
            }
            gate.look();
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gate<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, octets)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// What the parser sees of `sent`, which comes in pieces of this length.
    async fn seen(sent: &[u8], piece: usize) -> Vec<u8> {
        let (mut client, server) = tokio::io::duplex(piece);
        let sent = sent.to_vec();
        let sending = tokio::spawn(async move {
            // A gate that has seen enough reads no further.
            drop(tokio::io::AsyncWriteExt::write_all(&mut client, &sent).await);
        });
        let mut seen = Vec::new();
        Gate::new(server)
            .read_to_end(&mut seen)
            .await
            .expect("read");
        sending.await.expect("sent");
        seen
    }

    async fn check(sent: &[u8], expected: &[u8]) {
        for piece in [1, 7, 64 * 1024] {
            let seen = seen(sent, piece).await;
            assert_eq!(
                String::from_utf8_lossy(&seen),
                String::from_utf8_lossy(expected),
                "in pieces of {piece}"
            );
        }
    }

    #[tokio::test]
    async fn well_formed_requests_pass_as_they_are_with_any_octets_in_their_bodies() {
        let one = b"POST /a HTTP/1.1\r\nHost: unit\r\nContent-Length: 5\r\n\r\n\n\0\r\n\n".to_vec();
        let two =
            b"\r\nGET /b?c=%0a HTTP/1.0\r\nX:\r\nY:\ta b \xc3\xa9\r\nCONTENT-LENGTH:0 \r\n\r\n";
        let all = [&one[..], two, &one].concat();
        check(&all, &all).await;
        let large = [
            &b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n"[..],
            &[b'x'; 70_000],
            &one,
        ];
        check(&large.concat(), &large.concat()).await;
    }

    #[tokio::test]
    async fn what_follows_a_line_that_is_refused_is_never_seen() {
        for line in [
            "Host: unit\n",
            "Host: unit\r",
            "Host: un\rit\r\n",
            "Host: un\0it\r\n",
            " continued\r\n",
            "\tcontinued\r\n",
            "Host : unit\r\n",
            ": unit\r\n",
            "no colon\r\n",
            "\n",
            "Transfer-Encoding: chunked\r\n",
            "transfer-encoding:identity\r\n",
            "Transfer-Encoding\t: chunked\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length:\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length: 99999999999999999999\r\n",
        ] {
            for before in [
                "",
                "Content-Length: 5\r\n",
                "Host: unit\r\nContent-Length: 0\r\n",
            ] {
                let passes = format!("POST / HTTP/1.1\r\n{before}");
                let sent = format!("{passes}{line}A: b\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
                check(sent.as_bytes(), &[passes.as_bytes(), REFUSED].concat()).await;
            }
        }
        let length = "POST / HTTP/1.1\r\nContent-Length: 5\r\n";
        let sent = format!("{length}content-length: 5\r\n\r\nhello");
        check(sent.as_bytes(), &[length.as_bytes(), REFUSED].concat()).await;
        for line in [
            "GET /\r\n",
            "GET  / HTTP/1.1\r\n",
            "GET / HTTP/1.1 \r\n",
            " GET / HTTP/1.1\r\n",
            "GET /a b HTTP/1.1\r\n",
            "GET /\u{e9} HTTP/1.1\r\n",
            "GET / HTTP/1.1\n",
            "GET / HTTP/1.2\r\n",
            "GET / http/1.1\r\n",
            "PRI * HTTP/2.0\r\n",
            "CONNECT unit:443 HTTP/1.1\r\n",
            "\n",
        ] {
            let sent = format!("{line}Host: unit\r\n\r\n");
            check(sent.as_bytes(), REFUSED).await;
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_the_last_that_passes() {
        let line = [b'x'; 2 * HEAD_OCTETS_MAX];
        let seen = seen(&line, 64 * 1024).await;
        assert!(seen.len() >= HEAD_OCTETS_MAX, "{}", seen.len());
        assert!(seen.iter().all(|octet| *octet == b'x'));
    }
}
