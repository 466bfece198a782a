//! HTTP/1.1 over TLS, by a client that accepts any certificate and shows which.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use socket2::{Domain, Socket, Type};

/// The unit has this long for each answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One connection to the unit.
pub struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    /// What was read beyond the last answer.
    ahead: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// Names, in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects and shakes hands.
    pub fn open(address: SocketAddr) -> Result<Self> {
        Self::open_from(None, address)
    }

    /// Connects from this address of one's own, and shakes hands.
    pub fn open_from(source: Option<IpAddr>, address: SocketAddr) -> Result<Self> {
        let tcp = connect(source, address).with_context(|| format!("nobody at {address}"))?;
        tcp.set_read_timeout(Some(ANSWER_MAX))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::from(address.ip());
        let tls = ClientConnection::new(Arc::new(configuration()?), name)?;
        let mut stream = StreamOwned::new(tls, tcp);
        while stream.conn.is_handshaking() {
            stream
                .conn
                .complete_io(&mut stream.sock)
                .context("the TLS handshake")?;
        }
        Ok(Self {
            stream,
            ahead: Vec::new(),
        })
    }

    /// The certificates that the unit has shown, leaf first, as DER.
    #[must_use]
    pub fn peer_chain(&self) -> Vec<Vec<u8>> {
        let chain = self.stream.conn.peer_certificates().unwrap_or_default();
        chain
            .iter()
            .map(|certificate| certificate.to_vec())
            .collect()
    }

    /// Sends octets, such as a part of a request.
    pub fn send(&mut self, octets: &[u8]) -> Result<()> {
        self.stream.write_all(octets)?;
        Ok(self.stream.flush()?)
    }

    /// Reads the answer to the request that was sent last.
    pub fn answer(&mut self) -> Result<Response> {
        let (head, body) = loop {
            if let Some(parted) = part(&self.ahead, b"\r\n\r\n") {
                break parted;
            }
            ensure!(
                self.read_more()? > 0,
                "the connection ended instead of an answer"
            );
        };
        self.ahead = body;
        let mut response = Response::parse_head(&head)?;
        response.body = if response.header("transfer-encoding") == Some("chunked") {
            self.chunks()?
        } else {
            let length = response.header("content-length").unwrap_or("0");
            let length = length.parse().context("the length of the content")?;
            self.exactly(length)?
        };
        Ok(response)
    }

    /// Whether the unit has not ended the connection yet, as far as has arrived.
    pub fn is_open(&mut self) -> Result<bool> {
        self.stream.sock.set_nonblocking(true)?;
        let open = loop {
            match self.stream.conn.read_tls(&mut self.stream.sock) {
                Ok(0) => break false,
                Ok(_) => {
                    if self.stream.conn.process_new_packets()?.peer_has_closed() {
                        break false;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break true,
                Err(_) => break false,
            }
        };
        self.stream.sock.set_nonblocking(false)?;
        Ok(open)
    }

    /// Everything that comes until the unit ends the connection, which has to be
    /// announced as TLS asks for.
    pub fn until_end(mut self) -> Result<Vec<u8>> {
        while self
            .read_more()
            .context("the connection did not end cleanly")?
            > 0
        {}
        Ok(self.ahead)
    }

    /// Waits for the end, which has to be announced as TLS asks for, so that nobody
    /// can have cut off anything (RFC 8446 section 6.1).
    pub fn expect_clean_end(mut self) -> Result<()> {
        let more = self
            .read_more()
            .context("the connection did not end cleanly")?;
        ensure!(more == 0, "more came instead of the end: {:?}", self.ahead);
        Ok(())
    }

    fn read_more(&mut self) -> Result<usize> {
        let mut octets = [0; 16 * 1024];
        let read = self.stream.read(&mut octets)?;
        self.ahead.extend(octets.iter().take(read));
        Ok(read)
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.ahead.len() < length {
            ensure!(self.read_more()? > 0, "the answer broke off");
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let (line, rest) = loop {
                if let Some(parted) = part(&self.ahead, b"\r\n") {
                    break parted;
                }
                ensure!(self.read_more()? > 0, "the answer broke off");
            };
            self.ahead = rest;
            let length = usize::from_str_radix(&String::from_utf8(line)?, 16)?;
            body.extend(self.exactly(length)?);
            self.exactly(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}

/// Connects from `source`, where one is given; all of 127.0.0.0/8 is this machine's.
pub fn connect(source: Option<IpAddr>, address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if let Some(source) = source {
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    socket.connect(&address.into())?;
    Ok(socket.into())
}

/// What a client sends first. It may be sent again and again, which makes the unit
/// compute and costs the client nothing.
pub fn client_hello(address: SocketAddr) -> Result<Vec<u8>> {
    let name = ServerName::from(address.ip());
    let mut tls = ClientConnection::new(Arc::new(configuration()?), name)?;
    let mut hello = Vec::new();
    tls.write_tls(&mut hello)?;
    Ok(hello)
}

impl Response {
    /// The first header of this name, which is in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    fn parse_head(head: &[u8]) -> Result<Self> {
        let head = std::str::from_utf8(head).context("headers are text")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|rest| rest.split(' ').next());
        let Some(Ok(status)) = status.map(str::parse) else {
            bail!("no HTTP: {head}")
        };
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Ok(Self {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        })
    }
}

fn part(octets: &[u8], at: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let index = octets.windows(at.len()).position(|window| window == at)?;
    let (before, after) = octets.split_at(index);
    Some((
        before.to_vec(),
        after.iter().skip(at.len()).copied().collect(),
    ))
}

fn configuration() -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnything))
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

/// Whether a certificate is good is for the judges to say.
#[derive(Debug)]
struct AcceptAnything;

impl ServerCertVerifier for AcceptAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
        ]
    }
}
