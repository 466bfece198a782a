//! A TLS handshake in memory, before an identity may serve.

use std::sync::Arc;

use der::Decode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    PeerIncompatible, ServerConfig, ServerConnection, SignatureScheme,
};
use x509_cert::certificate::{CertificateInner, Raw};

use super::legacy_rsa;

/// Flights until a handshake is over, with room to spare.
const FLIGHTS_MAX: usize = 10;

/// Completes a handshake between the listener's own configuration and a client
/// that offers what current browsers offer. What a certificate says is the
/// judge's affair; whether its key can serve is decided here.
pub(super) fn handshake(
    server: Arc<ServerConfig>,
    provider: &Arc<CryptoProvider>,
) -> Result<(), String> {
    complete(server, provider).map_err(|error| match error {
        // PSS with SHA-256, the least that TLS 1.3 has for RSA (RFC 8446 section
        // 4.2.3), needs 66 octets.
        Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            "its key is too short to sign in TLS 1.3. Choose an RSA key of 2048 bits or more, or \
             an EC key; a request alone can be made with any length."
                .into()
        }
        error => {
            format!("a trial connection with what current browsers offer ended with \"{error}\".")
        }
    })
}

fn complete(server: Arc<ServerConfig>, provider: &Arc<CryptoProvider>) -> Result<(), Error> {
    let name =
        ServerName::try_from("unit.invalid").map_err(|_| Error::General("no name".into()))?;
    let mut client = ClientConnection::new(client(provider)?, name)?;
    let mut server = ServerConnection::new(server)?;
    for _ in 0..FLIGHTS_MAX {
        let mut flight = Vec::new();
        send(&mut client, &mut flight)?;
        receive(&mut server, &flight)?;
        flight.clear();
        send(&mut server, &mut flight)?;
        receive(&mut client, &flight)?;
        if !client.is_handshaking() && !server.is_handshaking() {
            return Ok(());
        }
    }
    Err(Error::HandshakeNotComplete)
}

/// A client that offers what current browsers offer, and takes any certificate.
pub(super) fn client(provider: &Arc<CryptoProvider>) -> Result<Arc<ClientConfig>, Error> {
    let client = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate {
            algorithms: provider.signature_verification_algorithms,
        }))
        .with_no_client_auth();
    Ok(Arc::new(client))
}

fn send(
    from: &mut rustls::ConnectionCommon<impl Sized>,
    flight: &mut Vec<u8>,
) -> Result<(), Error> {
    while from.wants_write() {
        from.write_tls(flight)
            .map_err(|error| Error::General(error.to_string()))?;
    }
    Ok(())
}

fn receive<D>(into: &mut rustls::ConnectionCommon<D>, mut flight: &[u8]) -> Result<(), Error> {
    while !flight.is_empty() {
        into.read_tls(&mut flight)
            .map_err(|error| Error::General(error.to_string()))?;
        into.process_new_packets()?;
    }
    Ok(())
}

/// Takes any certificate, but no wrong signature.
#[derive(Debug)]
struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    /// Checks the signature of a handshake with the certificate's key: as browsers do
    /// with the provider, and with `rsa` for the sizes of keys that it refuses.
    fn check(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        let certificate = CertificateInner::<Raw>::from_der(certificate)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = certificate.tbs_certificate().subject_public_key_info();
        let octets = key
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| bad.clone())?;
        let mappings = self.algorithms.mapping.iter();
        let mut algorithms = mappings
            .filter(|(scheme, _)| *scheme == signed.scheme)
            .flat_map(|(_, algorithms)| *algorithms);
        let fits = algorithms.any(|algorithm| {
            algorithm
                .verify_signature(octets, message, signed.signature())
                .is_ok()
        }) || legacy_rsa::verify(key, signed.scheme, message, signed.signature());
        if fits {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(bad)
        }
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check(message, certificate, signed)
    }

    /// What Chrome and Firefox offer in 2026.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA512,
        ]
    }
}
