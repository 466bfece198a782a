//! The way to a collector: datagrams ([RFC 5426](https://www.rfc-editor.org/rfc/rfc5426)),
//! or a connection with octet counting
//! ([RFC 6587](https://www.rfc-editor.org/rfc/rfc6587) section 3.4.1).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use cert_lifecycle::{Collector, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

/// Finding and reaching the collector may take this long.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// A collector that takes nothing for this long counts as away.
const SEND_MAX: Duration = Duration::from_secs(10);

/// A way that is open.
pub(super) enum Link {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Link {
    pub(super) async fn open(collector: &Collector) -> io::Result<Self> {
        let opening = async {
            let place = (collector.host.as_str(), collector.port);
            match collector.transport {
                Transport::Tcp => TcpStream::connect(place).await.map(Self::Tcp),
                _ => datagrams_to(place).await.map(Self::Udp),
            }
        };
        within(OPEN_MAX, opening).await
    }

    /// Sends a message. After an error the link is of no use any more: a part of the
    /// message may have been sent.
    pub(super) async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                let mut frame = format!("{} ", message.len()).into_bytes();
                frame.extend_from_slice(message);
                within(SEND_MAX, stream.write_all(&frame)).await
            }
            Self::Udp(socket) => within(SEND_MAX, socket.send(message)).await.map(drop),
        }
    }

    /// Waits until the collector goes away, or says that it takes nothing.
    pub(super) async fn ended(&mut self) -> io::Error {
        let mut ignored = [0; 512];
        loop {
            let read = match self {
                Self::Tcp(stream) => match stream.read(&mut ignored).await {
                    Ok(0) => Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "it closed the connection",
                    )),
                    other => other,
                },
                Self::Udp(socket) => socket.recv(&mut ignored).await,
            };
            if let Err(error) = read {
                return error;
            }
        }
    }
}

async fn within<T>(limit: Duration, doing: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, doing).await.unwrap_or_else(|_| {
        let why = format!("no answer within {} seconds", limit.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// A socket that is connected, so that it learns when nobody takes its datagrams.
async fn datagrams_to(place: (&str, u16)) -> io::Result<UdpSocket> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host(place).await? {
        let own: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(own).await?;
        match socket.connect(address).await {
            Ok(()) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}
