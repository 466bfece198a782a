//! The HTTPS listener: connections, their limits, and their clean end.

mod gate;
mod open;
mod places;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::ready;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use crate::limits::{
    CONNECTION_MAX, DRAIN_MAX, FIELDS_MAX, HANDSHAKE_MAX, HEAD_MAX, HEAD_OCTETS_MAX, LINGER_MAX,
    REQUESTS_MAX,
};
use crate::output::log;
use crate::tls::Tls;
use gate::Gate;
pub(crate) use open::Open;
pub(crate) use places::Mark;
use places::{Network, Places, Room};

/// Where a request came from, and over which certificate.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The SHA-256 fingerprint of the certificate that opened the connection.
    pub(crate) certificate: Arc<str>,
    /// Of its connection; to be set to whether somebody who is signed in asks.
    pub(crate) mark: Mark,
}

/// Serves `router` over TLS until `ended` says true, then lets the open
/// connections finish their requests.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<Tls>,
    router: Router,
    open: Open,
    mut ended: watch::Receiver<bool>,
) {
    let turns = turns();
    let mut places: Places<AbortHandle> = Places::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = ended.wait_for(|ended| *ended) => break,
            Some(left) = connections.join_next_with_id() => {
                let id = left.map_or_else(|error| error.id(), |(id, ())| id);
                places.leave(|connection| connection.id() == id);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log(format_args!("a connection could not be accepted: {error}"));
                // The usual cause is a lack of file descriptors, which passes.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (network, now) = (Network::of(address.ip()), Instant::now());
        match places.make_room(network, now) {
            Room::Free => {}
            Room::Vacated(oldest) => oldest.abort(),
            Room::None => continue,
        }
        let mark = Mark::default();
        let connection = Connection {
            address,
            mark: mark.clone(),
            tls: Arc::clone(&tls),
            turns: Arc::clone(&turns),
            router: router.clone(),
            ended: ended.clone(),
        };
        let counted = open.enter();
        let connection = connections.spawn(async move {
            let _counted = counted;
            // A client that breaks off or speaks something else is no news.
            drop(timeout(CONNECTION_MAX, connection.serve(stream)).await);
        });
        places.take(connection, network, mark, now);
    }
    let all = async { while connections.join_next().await.is_some() {} };
    drop(timeout(DRAIN_MAX, all).await);
}

/// A connection, and what it is served with.
struct Connection {
    address: SocketAddr,
    mark: Mark,
    tls: Arc<Tls>,
    turns: Arc<Semaphore>,
    router: Router,
    ended: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(mut self, stream: TcpStream) -> io::Result<()> {
        let mut current = self.tls.current();
        let served = current.borrow_and_update().clone();
        let served = served.ok_or_else(|| io::Error::other("nothing serves yet"))?;
        stream.set_nodelay(true)?;
        let handshake = TlsAcceptor::from(served.config).accept(stream);
        let stream = timeout(HANDSHAKE_MAX, in_turns(self.turns, handshake)).await??;
        let peer = Peer {
            address: self.address,
            certificate: served.certificate,
            mark: self.mark,
        };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_MAX)
            .max_headers(FIELDS_MAX)
            .max_buf_size(HEAD_OCTETS_MAX)
            .serve_connection(TokioIo::new(Gate::new(stream)), service(self.router, peer));
        let over = tokio::select! {
            over = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(over),
            // Another certificate serves: what runs finishes, then the client
            // connects anew and sees it.
            _ = current.changed() => None,
            _ = self.ended.wait_for(|ended| *ended) => None,
        };
        if over.is_none() {
            Pin::new(&mut connection).graceful_shutdown();
            drop(poll_fn(|context| connection.poll_without_shutdown(context)).await);
        }
        let stream = connection.into_parts().io.into_inner().into_inner();
        timeout(LINGER_MAX, farewell(stream)).await?
    }
}

/// Ends a connection so that the last answer arrives: what the client is still
/// sending is read, for the system answers what nobody reads with a reset, which
/// takes the answer with it (RFC 9112 section 9.6).
async fn farewell(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    stream.shutdown().await?;
    let (mut stream, _) = stream.into_inner();
    let mut thrown_away = [0; 1024];
    while stream.read(&mut thrown_away).await? > 0 {}
    Ok(())
}

/// So many handshakes compute at a time that those who are connected already keep
/// a processor, where there are several.
fn turns() -> Arc<Semaphore> {
    let processors = available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(processors.saturating_sub(1).max(1)))
}

/// Polls `future` only when it is its turn. Turns are given in the order in which
/// they were asked for and last as long as one computation: who waits for the
/// network holds none.
async fn in_turns<F: Future>(turns: Arc<Semaphore>, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut next = Box::pin(Arc::clone(&turns).acquire_owned());
    poll_fn(|context| {
        let turn = ready!(next.as_mut().poll(context));
        next.set(Arc::clone(&turns).acquire_owned());
        let polled = future.as_mut().poll(context);
        drop(turn);
        polled
    })
    .await
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// What answers the requests of one connection.
fn service(
    router: Router,
    peer: Peer,
) -> impl HttpService<Incoming, ResBody = axum::body::Body, Error = Infallible, Future = Answering> + Unpin
{
    let asked = AtomicU32::new(0);
    service_fn(move |mut request: Request<Incoming>| -> Answering {
        let is_last = asked.fetch_add(1, Ordering::Relaxed) + 1 >= REQUESTS_MAX;
        request.extensions_mut().insert(peer.clone());
        let answer = router.clone().into_service::<Incoming>().call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if is_last || is_final(response.status()) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok(response)
        })
    })
}

/// Whether nothing more is taken from a client that was answered so: what it sends
/// next may be the rest of what was not understood.
fn is_final(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
    )
}
