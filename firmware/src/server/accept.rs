//! Accepting connections, whatever is spoken over them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::timeout;

use super::places::{Mark, Network, Places, Room};
use crate::limits::{Crowd, DRAIN_MAX};
use crate::output::log;

/// A listener that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Has `serve` serve a listener until it is told that that has ended.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(
        listener: std::net::TcpListener,
        serve: impl FnOnce(TcpListener, watch::Receiver<bool>) -> F,
    ) -> io::Result<Self> {
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (ending, ended) = watch::channel(false);
        let task = tokio::spawn(serve(listener, ended));
        Ok(Self {
            address,
            ending,
            task,
        })
    }

    /// Stops listening, and waits until the connections have ended.
    pub(crate) async fn end(self) {
        self.ending.send_replace(true);
        drop(self.task.await);
    }
}

/// Has `serve` serve each connection that finds a place, until `ended` says true; then
/// those that are open have [`DRAIN_MAX`] to end.
pub(crate) async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    crowd: Crowd,
    mut ended: watch::Receiver<bool>,
    serve: impl Fn(TcpStream, SocketAddr, Mark) -> F,
) {
    let mut places: Places<AbortHandle> = Places::new(crowd);
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
        let serving = serve(stream, address, mark.clone());
        let connection = connections.spawn(async move {
            drop(timeout(crowd.connection_max, serving).await);
        });
        places.take(connection, network, mark, now);
    }
    // Whoever connects from now on is to be turned away at once.
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    drop(timeout(DRAIN_MAX, all).await);
}
