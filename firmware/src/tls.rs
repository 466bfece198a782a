//! What the HTTPS listener serves at the moment.

use std::sync::Arc;

use cert_lifecycle::{RustlsListener, Served};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, Ticketer};
use tokio::sync::watch;

/// What connections that begin now are served with; `None` before the unit has told.
pub(crate) type Current = watch::Receiver<Option<Served>>;

/// What the unit tells which identity to serve, and where that is seen.
pub(crate) fn listener() -> (RustlsListener, Current) {
    let (tell, current) = watch::channel(None);
    let listener = RustlsListener::new(provider(), Ticketer::new, move |served| {
        tell.send_replace(Some(served));
    });
    (listener, current)
}

/// What a client of our own begins a connection to this unit with: it asks whether the
/// unit answers, and not who it is.
pub(crate) fn client() -> Result<Arc<ClientConfig>, rustls::Error> {
    RustlsListener::client_of_any_certificate(&provider())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
