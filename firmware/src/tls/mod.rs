//! The TLS side of the listener: which identity it serves.
//!
//! # Resumption
//!
//! A browser resumes its session with a ticket (RFC 8446 section 2.2, RFC 5077), which
//! spares a small processor the signature. The ticket's key is made with the
//! configuration of an identity, replaced every 6 hours, taken for 6 hours more, and
//! never stored. So another certificate or TLS level ends every session at once, and a
//! flood of handshakes pushes nobody's session out, as it would from a table. There
//! is no early data, so a ticket that is seen twice does no harm; in TLS 1.3 every
//! resumption agrees on new keys.

mod legacy_rsa;
mod preflight;

use std::sync::Arc;

use cert_lifecycle::{Identity, Listener, TlsLevel};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};
use tokio::sync::watch;

/// What the listener serves. An operation replaces it while connections run.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    current: watch::Sender<Option<Served>>,
}

/// What connections that begin now are served with.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) config: Arc<ServerConfig>,
    /// The SHA-256 fingerprint of the certificate.
    pub(crate) certificate: Arc<str>,
}

/// What a client of our own begins a connection to this unit with: it asks whether the
/// unit answers, and not who it is.
pub(crate) fn client() -> Result<Arc<ClientConfig>, rustls::Error> {
    preflight::client(&Arc::new(aws_lc_rs::default_provider()))
}

impl Tls {
    pub(crate) fn new() -> Self {
        Self {
            provider: Arc::new(aws_lc_rs::default_provider()),
            current: watch::Sender::new(None),
        }
    }

    /// The configuration for connections that begin now, which changes when
    /// another identity is served; `None` before the unit has told what to serve.
    pub(crate) fn current(&self) -> watch::Receiver<Option<Served>> {
        self.current.subscribe()
    }

    /// A configuration of its own for each identity: sessions of another
    /// certificate cannot be resumed, so browsers see the new one at once.
    fn config(&self, identity: &Identity, level: TlsLevel) -> Result<Arc<ServerConfig>, String> {
        let chain = identity.chain().iter();
        let chain = chain
            .map(|der| CertificateDer::from(der.as_bytes().to_vec()))
            .collect();
        let certified = CertifiedKey::new(chain, self.signing_key(identity)?);
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions(level))
            .map_err(|error| format!("{error}."))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().map_err(|error| format!("{error}."))?;
        Ok(Arc::new(config))
    }

    /// The provider signs with the keys it takes; the smaller RSA keys, which
    /// every provider refuses, are signed with by our own.
    fn signing_key(&self, identity: &Identity) -> Result<Arc<dyn SigningKey>, String> {
        let pkcs8 = PrivatePkcs8KeyDer::from(identity.key_pkcs8_der().to_vec());
        match self
            .provider
            .key_provider
            .load_private_key(PrivateKeyDer::Pkcs8(pkcs8))
        {
            Ok(key) => Ok(key),
            Err(refused) => {
                match legacy_rsa::LegacyRsaKey::from_pkcs8_der(identity.key_pkcs8_der()) {
                    Some(key) => Ok(Arc::new(key)),
                    None => Err(format!("the TLS stack refuses its key ({refused}).")),
                }
            }
        }
    }
}

/// The versions of TLS that a level takes.
fn versions(level: TlsLevel) -> &'static [&'static SupportedProtocolVersion] {
    static STANDARD: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    static HIGH: [&SupportedProtocolVersion; 1] = [&TLS13];
    match level {
        TlsLevel::High => &HIGH,
        _ => &STANDARD,
    }
}

impl Listener for Tls {
    fn check(&self, identity: &Identity, level: TlsLevel) -> Result<(), String> {
        preflight::handshake(self.config(identity, level)?, &self.provider)
    }

    fn serve(&self, identity: &Identity, level: TlsLevel) -> Result<(), String> {
        let config = self.config(identity, level)?;
        let certificate = identity.certificate_sha256().into();
        self.current.send_replace(Some(Served {
            config,
            certificate,
        }));
        Ok(())
    }
}
