//! Handshakes and requests, against nginx: what the server's processor spends on each.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::Extent;
use crate::measure::{Contender, head, in_turns, rows};

/// The administrator's.
pub(crate) const PASSWORD: &str = "a-password-of-the-bench";

/// Operations of one turn.
const BATCH: u32 = 50;

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let ours = Server::countersign(&folder.path().join("state"))?;
    // As long as the page that is asked of the unit.
    let page = Client::new(ours.address)?.page_length("/login")?;
    let nginx = Server::nginx(folder.path(), page)?;
    let rounds = extent.rounds(40);
    let mut table = head();
    type Operation = fn(&Client) -> Result<()>;
    let operations: [(&str, &str, Operation); 3] = [
        ("a full handshake", "0.70", |client| {
            (0..BATCH).try_for_each(|_| client.full_handshake())
        }),
        (
            "a resumed handshake, and a page that is not there",
            "0.50",
            |client| (0..BATCH).try_for_each(|_| client.handshake()),
        ),
        (
            "a request over a connection that is open",
            "0.70",
            |client| client.requests("/login", BATCH),
        ),
    ];
    for (what, goal, operation) in operations {
        let contenders = [&ours, &nginx].map(|server| {
            let client = Client::new(server.address);
            Contender::timed(server.name, move || {
                let client = client.as_ref().expect("a client of the server");
                let before = server.processor_time().expect("it runs");
                operation(client).expect("the server answers");
                // What it has to do after the answer is done by then.
                std::thread::sleep(Duration::from_millis(20));
                (server.processor_time().expect("it runs") - before) / BATCH
            })
        });
        let times = in_turns(rounds, contenders.into());
        rows(&mut table, what, &times, &[goal]);
    }
    let version = crate::page::run("nginx", &["-v"])?;
    table.push_str(&format!(
        "\nThe peer is {version}, with one worker and a page of {page} octets from a file; \
         the unit renders it. Each has one core and a self-signed RSA certificate of 2048 bits of its own.\n"
    ));
    Ok(table)
}

/// A server that runs as long as this lives.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    /// Of the process that does the work.
    process: u32,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The program that `COUNTERSIGN_BIN` names, and its state in this folder.
    pub(crate) fn countersign(state: &Path) -> Result<Self> {
        let program = std::env::var_os("COUNTERSIGN_BIN").context("COUNTERSIGN_BIN names none")?;
        let address = free_address()?;
        let mut command = on_one_core();
        command
            .arg(program)
            .args(["--ssh", "off", "--https", &address.to_string(), "--state"])
            .arg(state)
            .env("COUNTERSIGN_ADMIN_PASSWORD", PASSWORD);
        Self::start("Countersign", command, address)
    }

    fn nginx(folder: &Path, page: usize) -> Result<Self> {
        let address = free_address()?;
        let path = |name: &str| folder.join(name).display().to_string();
        let key = path("key.pem");
        let certificate = path("certificate.pem");
        let request = "req -x509 -newkey rsa:2048 -nodes -subj /CN=ntp1.example.net -days 30";
        let mut arguments: Vec<&str> = request.split(' ').collect();
        arguments.extend(["-keyout", &key, "-out", &certificate]);
        crate::page::run("openssl", &arguments)?;
        fs::create_dir_all(folder.join("www"))?;
        fs::write(folder.join("www/login"), "x".repeat(page))?;
        let root = path("www");
        let pid = path("nginx.pid");
        let configuration = format!(
            "daemon off; worker_processes 1; pid {pid}; error_log /dev/null;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; keepalive_requests 100; server {{ listen {address} ssl;\n\
             root {root}; ssl_certificate {certificate}; ssl_certificate_key {key};\n\
             ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on; }} }}\n"
        );
        fs::write(folder.join("nginx.conf"), configuration)?;
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let mut command = on_one_core();
        command.args(["nginx", "-c"]).arg(folder.join("nginx.conf"));
        let mut server = Self::start("nginx", command, address)?;
        server.process = worker_of(server.child.id())?;
        Ok(server)
    }

    fn start(name: &'static str, mut command: Command, address: SocketAddr) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.with_context(|| format!("{name} cannot be started"))?;
        let mut server = Self {
            name,
            process: child.id(),
            child,
            address,
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(ended) = server.child.try_wait()? {
                bail!("{name} ended: {ended}");
            }
            ensure!(
                start.elapsed() < Duration::from_secs(60),
                "{name} does not listen"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(server)
    }

    /// What the processor has spent on all its threads.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process))? {
            // A thread may have ended meanwhile.
            let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else {
                continue;
            };
            let spent = times.split(' ').next().unwrap_or("0");
            nanoseconds += spent.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    pub(crate) fn resident_kib(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    pub(crate) fn resident_anonymous_kib(&self) -> Result<f64> {
        self.status("RssAnon:")
    }

    /// The most that was resident since [`forget_peak`](Self::forget_peak).
    pub(crate) fn peak_kib(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) -> Result<()> {
        // proc_pid_clear_refs(5)
        Ok(fs::write(
            format!("/proc/{}/clear_refs", self.process),
            "5",
        )?)
    }

    fn status(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let value = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(value.with_context(|| format!("no {field}"))?.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A signal that nginx passes on to its worker.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let _ = self.child.wait();
    }
}

/// Runs a program on the first core alone, as on an appliance that has one.
fn on_one_core() -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]);
    command
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

fn worker_of(master: u32) -> Result<u32> {
    let path = PathBuf::from(format!("/proc/{master}/task/{master}/children"));
    let start = Instant::now();
    loop {
        let children = fs::read_to_string(&path)?;
        if let Some(worker) = children.split_whitespace().next() {
            return Ok(worker.parse()?);
        }
        ensure!(
            start.elapsed() < Duration::from_secs(10),
            "nginx has no worker"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A client that offers what browsers do, and takes any certificate.
pub(crate) struct Client {
    address: SocketAddr,
    forgetful: Arc<ClientConfig>,
    remembering: Arc<ClientConfig>,
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(as_browsers()))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let forgetful = Arc::new(config.clone());
        config.resumption = Resumption::in_memory_sessions(64);
        let remembering = Arc::new(config);
        Ok(Self {
            address,
            forgetful,
            remembering,
        })
    }

    pub(crate) fn full_handshake(&self) -> Result<()> {
        self.open(&self.forgetful, 1).map(drop)
    }

    /// Resumed after the first time.
    pub(crate) fn handshake(&self) -> Result<()> {
        let mut stream = self.open(&self.remembering, 1)?;
        // The ticket comes after the handshake, with the answer at the latest.
        get(&mut stream, "/nothing").map(drop)
    }

    /// Opens so many connections that do nothing, from as many addresses as may.
    pub(crate) fn open_idle(&self, count: usize) -> Result<Vec<impl Sized + use<>>> {
        (0..count)
            .map(|index| self.open(&self.forgetful, u8::try_from(index / 50)? + 2))
            .collect()
    }

    fn requests(&self, path: &str, count: u32) -> Result<()> {
        let mut stream = self.open(&self.remembering, 1)?;
        (0..count).try_for_each(|_| get(&mut stream, path).map(drop))
    }

    fn page_length(&self, path: &str) -> Result<usize> {
        get(&mut self.open(&self.forgetful, 1)?, path)
    }

    fn open(&self, config: &Arc<ClientConfig>, last_octet: u8) -> Result<Stream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let from = SocketAddr::from(([127, 0, 0, last_octet], 0));
        socket.bind(&from.into())?;
        socket.connect(&self.address.into())?;
        let mut socket = TcpStream::from(socket);
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        let name = ServerName::try_from("localhost")?;
        let mut connection = ClientConnection::new(Arc::clone(config), name)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(connection, socket))
    }
}

/// Asks for a page, and returns how long it was.
fn get(stream: &mut Stream, path: &str) -> Result<usize> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the connection ended");
        answer.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>())
        });
        let length = length.context("an answer without a length")??;
        if body.len() >= length {
            return Ok(length);
        }
    }
}

/// What browsers offer: AES with 128 bits before that with 256, and so SHA-256, for which
/// processors have instructions.
fn as_browsers() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider
        .cipher_suites
        .sort_by_key(|suite| !format!("{suite:?}").contains("AES_128_GCM"));
    provider
}

/// Takes any certificate: what is measured is the server.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
