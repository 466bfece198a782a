//! Listeners: connections, their limits, and their clean end; and HTTP over them.

mod accept;
mod gate;
mod open;
mod places;

use std::convert::{Infallible, identity};
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::ready;
use std::thread::available_parallelism;

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use crate::limits::{
    FIELDS_MAX, HANDSHAKE_MAX, HEAD_MAX, HEAD_OCTETS_MAX, LINGER_MAX, PAGES, REQUESTS_MAX,
};
use crate::tls::Current;
pub(crate) use accept::{Running, accept};
use gate::Gate;
pub(crate) use open::Open;
pub(crate) use places::Mark;

/// Where a request came from, and over which certificate.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The SHA-256 fingerprint of the certificate that opened the connection.
    pub(crate) certificate: Arc<str>,
    /// Of its connection; to be set to whether somebody who is signed in asks.
    pub(crate) mark: Mark,
}

/// What HTTP is carried by.
#[derive(Clone)]
pub(crate) enum Carrier {
    Tcp,
    Tls(Current),
}

/// Serves `router` until `ended` says true, then lets the open connections finish their
/// requests.
pub(crate) async fn serve(
    listener: TcpListener,
    carrier: Carrier,
    router: Router,
    open: Open,
    ended: watch::Receiver<bool>,
) {
    let turns = turns();
    let until = ended.clone();
    accept(listener, PAGES, ended, |stream, address, mark| {
        let connection = Connection {
            address,
            mark,
            turns: Arc::clone(&turns),
            router: router.clone(),
            ended: until.clone(),
        };
        let counted = open.enter();
        let carrier = carrier.clone();
        async move {
            let _counted = counted;
            // A client that breaks off or speaks something else is no news.
            drop(connection.serve(stream, carrier).await);
        }
    })
    .await;
}

/// A connection, and what it is served with.
struct Connection {
    address: SocketAddr,
    mark: Mark,
    turns: Arc<Semaphore>,
    router: Router,
    ended: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: TcpStream, carrier: Carrier) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut current = match carrier {
            Carrier::Tcp => {
                // Nothing ever changes under a connection that no certificate opened.
                let (_never, unchanging) = watch::channel(());
                let stream = self.answer(stream, "".into(), unchanging).await?;
                return timeout(LINGER_MAX, farewell(stream, identity)).await?;
            }
            Carrier::Tls(current) => current,
        };
        let served = current.borrow_and_update().clone();
        let served = served.ok_or_else(|| io::Error::other("nothing serves yet"))?;
        let handshake = TlsAcceptor::from(served.config).accept(stream);
        let handshake = in_turns(Arc::clone(&self.turns), handshake);
        let stream = timeout(HANDSHAKE_MAX, handshake).await??;
        let stream = self.answer(stream, served.certificate, current).await?;
        let below = |stream: TlsStream<TcpStream>| stream.into_inner().0;
        timeout(LINGER_MAX, farewell(stream, below)).await?
    }

    /// Answers requests until the client has no more, `served` changes or the listener
    /// ends.
    async fn answer<S, T>(
        mut self,
        stream: S,
        certificate: Arc<str>,
        mut served: watch::Receiver<T>,
    ) -> io::Result<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: Send + Sync + 'static,
    {
        let (other, end) = (served.clone(), self.ended.clone());
        let is_over = move || other.has_changed().unwrap_or(false) || *end.borrow();
        let peer = Peer {
            address: self.address,
            certificate,
            mark: self.mark,
        };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_MAX)
            .max_headers(FIELDS_MAX)
            .max_buf_size(HEAD_OCTETS_MAX)
            .serve_connection(
                TokioIo::new(Gate::new(stream)),
                service(self.router, peer, is_over),
            );
        let over = tokio::select! {
            over = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(over),
            // Another certificate serves: what runs finishes, then the client
            // connects anew and sees it.
            Ok(()) = served.changed() => None,
            _ = self.ended.wait_for(|ended| *ended) => None,
        };
        if over.is_none() {
            Pin::new(&mut connection).graceful_shutdown();
            drop(poll_fn(|context| connection.poll_without_shutdown(context)).await);
        }
        Ok(connection.into_parts().io.into_inner().into_inner())
    }
}

/// Ends a connection so that the last answer arrives: what the client is still
/// sending is read, for the system answers what nobody reads with a reset, which
/// takes the answer with it (RFC 9112 section 9.6).
async fn farewell<S: AsyncWrite + Unpin>(
    mut stream: S,
    below: impl FnOnce(S) -> TcpStream,
) -> io::Result<()> {
    stream.shutdown().await?;
    let mut stream = below(stream);
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

/// What answers the requests of one connection. Once `is_over`, an answer says that it is
/// the last: who is not told may send another request before the end is seen.
fn service(
    router: Router,
    peer: Peer,
    is_over: impl Fn() -> bool + Send + Sync + 'static,
) -> impl HttpService<Incoming, ResBody = axum::body::Body, Error = Infallible, Future = Answering> + Unpin
{
    let asked = AtomicU32::new(0);
    let is_over = Arc::new(is_over);
    service_fn(move |mut request: Request<Incoming>| -> Answering {
        let is_last = asked.fetch_add(1, Ordering::Relaxed) + 1 >= REQUESTS_MAX;
        request.extensions_mut().insert(peer.clone());
        let answer = router.clone().into_service::<Incoming>().call(request);
        let is_over = Arc::clone(&is_over);
        Box::pin(async move {
            let mut response = answer.await?;
            if is_last || is_over() || is_final(response.status()) {
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

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn whoever_changes_what_serves_is_told_that_the_connection_ends() {
        // Which of the two is looked at first is left to chance.
        for _ in 0..32 {
            let (tell, served) = watch::channel(0);
            let (_going_on, ended) = watch::channel(false);
            let changed = post(async move || tell.send_replace(1).to_string());
            let connection = Connection {
                address: ([127, 0, 0, 1], 1).into(),
                mark: Mark::default(),
                turns: turns(),
                router: Router::new().route("/", changed),
                ended,
            };
            let (mut client, unit) = duplex(4096);
            let request = b"POST / HTTP/1.1\r\nHost: unit\r\nContent-Length: 0\r\n\r\n";
            client.write_all(request).await.expect("sent");
            let answered = connection.answer(unit, "".into(), served).await;
            drop(answered.expect("answered"));
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.expect("read");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(answer.contains("connection: close\r\n"), "{answer}");
        }
    }
}
