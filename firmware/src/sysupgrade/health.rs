//! Whether the unit is healthy: a browser would be answered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::App;
use crate::output::log;
use crate::tls;

/// An answer comes within this time.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

impl App {
    /// Keeps the software that runs once the unit has answered a request as it answers
    /// those of browsers. Goes on trying for as long as it has not, or cannot be kept.
    pub(crate) fn keep_software(self: &Arc<Self>) {
        if self.upgrades.is_without_slots() {
            return;
        }
        let app = Arc::clone(self);
        tokio::spawn(async move {
            let mut said = None;
            loop {
                if answers(app.listeners.https()).await {
                    let app = Arc::clone(&app);
                    let settled = tokio::task::spawn_blocking(move || app.settle_software());
                    let why = match settled.await {
                        Ok(Ok(())) => return,
                        Ok(Err(why)) => why.to_string(),
                        Err(ended) => ended.to_string(),
                    };
                    if said.as_ref() != Some(&why) {
                        log(&why);
                        said = Some(why);
                    }
                }
                sleep(PAUSE).await;
            }
        });
    }
}

/// Whether the page at which people sign in comes.
async fn answers(https: Option<SocketAddr>) -> bool {
    // It may have moved since the last try.
    let Some(https) = https else { return false };
    let asked = timeout(ANSWER_MAX, ask(https)).await;
    matches!(asked, Ok(Ok(true)))
}

async fn ask(https: SocketAddr) -> std::io::Result<bool> {
    let address = SocketAddr::new(reached_at(https.ip()), https.port());
    let stream = TcpStream::connect(address).await?;
    let client = TlsConnector::from(tls::client().map_err(std::io::Error::other)?);
    let mut stream = client.connect(address.ip().into(), stream).await?;
    let request = format!("GET /login HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(answer == *b"HTTP/1.1 200")
}

/// An address at which a listener is reached that listens on all of them.
fn reached_at(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
