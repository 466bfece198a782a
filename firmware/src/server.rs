//! The HTTPS listener: connections, their limits, and their clean end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::output::log;
use crate::tls::Tls;

/// Connections at a time; one more is closed at once.
const CONNECTIONS_MAX: usize = 256;
/// A client has this long for the TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A client has this long for the headers of each request, the wait between
/// two requests included.
const HEADERS_MAX: Duration = Duration::from_secs(30);
/// Octets of a request's headers, at most.
const HEADER_OCTETS_MAX: usize = 16 * 1024;
/// Header lines of a request, at most.
const HEADER_LINES_MAX: usize = 64;
/// A connection ends after this long, whatever it does.
const CONNECTION_MAX: Duration = Duration::from_secs(10 * 60);
/// Open connections have this long to finish their request when the unit ends.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Where a request came from, and over which certificate.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The SHA-256 fingerprint of the certificate that opened the connection.
    pub(crate) certificate: Arc<str>,
}

/// Serves `router` over TLS until `ended` says true, then lets the open
/// connections finish their requests.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<Tls>,
    router: Router,
    mut ended: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = ended.wait_for(|ended| *ended) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log(format_args!("a connection could not be accepted: {error}"));
                // The usual cause is a lack of file descriptors, which passes.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let connection = connection(
            stream,
            peer,
            Arc::clone(&tls),
            router.clone(),
            ended.clone(),
        );
        tokio::spawn(async move {
            // A client that breaks off or speaks something else is no news.
            drop(timeout(CONNECTION_MAX, connection).await);
            drop(place);
        });
    }
    let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    drop(timeout(DRAIN_MAX, places.acquire_many(all)).await);
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Arc<Tls>,
    router: Router,
    mut ended: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut current = tls.current();
    let served = current.borrow_and_update().clone();
    let served = served.ok_or_else(|| io::Error::other("nothing serves yet"))?;
    stream.set_nodelay(true)?;
    let stream = timeout(
        HANDSHAKE_MAX,
        TlsAcceptor::from(served.config).accept(stream),
    )
    .await??;
    let service = TowerToHyperService::new(with_peer(
        router,
        Peer {
            address: peer,
            certificate: served.certificate,
        },
    ));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_headers(HEADER_LINES_MAX)
        .max_buf_size(HEADER_OCTETS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        done = connection.as_mut() => return done.map_err(io::Error::other),
        // Another certificate serves: what runs finishes, then the client
        // connects anew and sees it.
        _ = current.changed() => {}
        _ = ended.wait_for(|ended| *ended) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await.map_err(io::Error::other)
}

fn with_peer(
    router: Router,
    peer: Peer,
) -> impl tower_service::Service<
    Request<hyper::body::Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> + Clone {
    router.layer(axum::Extension(peer)).into_service()
}
