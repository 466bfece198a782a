//! The listener of an appliance that serves with rustls.

mod legacy_rsa;
mod preflight;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, Error, ServerConfig, SupportedProtocolVersion};

use crate::{Identity, Listener, TlsLevel};
use legacy_rsa::LegacyRsaKey;

/// What connections that begin now are served with.
#[derive(Clone)]
#[non_exhaustive]
pub struct Served {
    /// The configuration for a rustls server connection. It speaks HTTP/1.1 (ALPN).
    pub config: Arc<ServerConfig>,
    /// The SHA-256 fingerprint of the certificate, as [`Unit::confirm`](crate::Unit::confirm)
    /// takes it.
    pub certificate: Arc<str>,
}

/// Makes the tickets of one configuration, such as
/// `rustls::crypto::aws_lc_rs::Ticketer::new`.
pub type MakeTicketer = fn() -> Result<Arc<dyn ProducesTickets>, Error>;

/// A [`Listener`] on rustls: it makes a configuration for each identity that is to serve,
/// tries it in a handshake in memory, and hands it to whoever accepts connections.
///
/// The provider signs with the keys that it takes. RSA keys that every provider refuses
/// for their size, from 512 bits on, sign through the `rsa` crate.
///
/// # Resumption
///
/// A browser resumes its session with a ticket (RFC 8446 section 2.2, RFC 5077), which
/// spares a small processor the signature. The ticketer is made with the configuration
/// of an identity. So another certificate or TLS level ends every session at once, and
/// browsers see the new certificate at their next connection; and a flood of handshakes
/// pushes nobody's session out, as it would from a table. There is no early data, so a
/// ticket that is seen twice does no harm.
pub struct RustlsListener {
    provider: Arc<CryptoProvider>,
    ticketer: MakeTicketer,
    tell: Box<dyn Fn(Served) + Send + Sync>,
}

impl RustlsListener {
    /// A listener that calls `tell` with what is served from then on: when the unit is
    /// opened, and whenever another identity or TLS level is to serve. Connections that
    /// run are left to finish, or ended, by whoever is told.
    pub fn new(
        provider: Arc<CryptoProvider>,
        ticketer: MakeTicketer,
        tell: impl Fn(Served) + Send + Sync + 'static,
    ) -> Self {
        Self {
            provider,
            ticketer,
            tell: Box::new(tell),
        }
    }

    /// A client's configuration that offers what current browsers offer and takes *any*
    /// certificate, with which a unit asks whether it answers itself. It proves nothing
    /// about who is at the other end.
    ///
    /// # Errors
    ///
    /// [`Error`] when the provider has no version of TLS in common with it.
    pub fn client_of_any_certificate(
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<ClientConfig>, Error> {
        preflight::client(provider)
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
        config.ticketer = (self.ticketer)().map_err(|error| format!("{error}."))?;
        Ok(Arc::new(config))
    }

    fn signing_key(&self, identity: &Identity) -> Result<Arc<dyn SigningKey>, String> {
        let der = identity.key_pkcs8_der();
        let pkcs8 = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()));
        match self.provider.key_provider.load_private_key(pkcs8) {
            Ok(key) => Ok(key),
            Err(refused) => match LegacyRsaKey::from_pkcs8_der(der, self.provider.secure_random) {
                Some(key) => Ok(Arc::new(key)),
                None => Err(format!("the TLS stack refuses its key ({refused}).")),
            },
        }
    }
}

/// The versions of TLS that a level takes.
fn versions(level: TlsLevel) -> &'static [&'static SupportedProtocolVersion] {
    static STANDARD: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    static HIGH: [&SupportedProtocolVersion; 1] = [&TLS13];
    match level {
        TlsLevel::High => &HIGH,
        TlsLevel::Standard => &STANDARD,
    }
}

impl Listener for RustlsListener {
    fn check(&self, identity: &Identity, level: TlsLevel) -> Result<(), String> {
        preflight::handshake(self.config(identity, level)?, &self.provider)
    }

    fn serve(&self, identity: &Identity, level: TlsLevel) -> Result<(), String> {
        let config = self.config(identity, level)?;
        let certificate = identity.certificate_sha256().into();
        (self.tell)(Served {
            config,
            certificate,
        });
        Ok(())
    }
}
