//! What OpenSSL and GnuTLS say of the unit's requests, certificates and connections.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::tool::Tool;

/// What OpenSSL reads in a request whose signature it has verified.
pub fn request(pem: &str) -> Result<String> {
    let reading = Tool::openssl("req -noout -text -verify -nameopt sep_multiline,sname,utf8,lname");
    let ran = reading.stdin(pem).run()?;
    let verified = ran.stderr.contains("verify OK") || ran.text().contains("verify OK");
    ensure!(
        verified,
        "OpenSSL does not verify the request: {}",
        ran.stderr
    );
    Ok(ran.text())
}

/// What GnuTLS reads in a request whose signature it has verified.
pub fn request_by_gnutls(pem: &str) -> Result<String> {
    let ran = Tool::new("certtool").args("--crq-info").stdin(pem).run()?;
    let text = ran.text();
    let verified = text.contains("Self signature: verified");
    ensure!(verified, "GnuTLS does not verify the request: {text}");
    Ok(text)
}

/// What OpenSSL reads in a certificate.
pub fn certificate(pem: &str) -> Result<String> {
    Ok(Tool::openssl("x509 -noout -text").stdin(pem).run()?.text())
}

/// The SHA-256 fingerprint of a certificate, as pairs with colons.
pub fn fingerprint(pem: &str) -> Result<String> {
    let text = Tool::openssl("x509 -noout -fingerprint -sha256")
        .stdin(pem)
        .run()?
        .text();
    let (_, fingerprint) = text
        .trim()
        .split_once('=')
        .context("openssl shows no fingerprint")?;
    Ok(fingerprint.to_owned())
}

/// Whether OpenSSL verifies the signature of a backup, made with this key, which is
/// written as pairs with colons.
pub fn verifies_backup(file: &[u8], key: &str) -> Result<bool> {
    /// Before the 32 octets of an Ed25519 key, its SubjectPublicKeyInfo has these (RFC 8410
    /// section 4).
    const INFO: &str = "302a300506032b6570032100";
    let text = std::str::from_utf8(file)?;
    let signed = text.trim_end().rfind('\n').context("one line")? + 1;
    let (signed, line) = text.split_at(signed);
    let signature = line.trim_end().rsplit(' ').next().unwrap_or_default();
    let folder = tempfile::tempdir()?;
    let key = octets(&format!("{INFO}{}", key.replace(':', "")))?;
    std::fs::write(folder.path().join("key.der"), key)?;
    std::fs::write(folder.path().join("signed"), signed)?;
    std::fs::write(folder.path().join("signature"), octets(signature)?)?;
    let ran = Tool::openssl("pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin")
        .args("-in signed -sigfile signature")
        .in_folder(folder.path())
        .try_run()?;
    Ok(ran.status.success() && ran.text().contains("Signature Verified Successfully"))
}

fn octets(hexadecimal: &str) -> Result<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect()
}

/// A certificate as PEM, from its DER.
pub fn certificate_pem(der: &[u8]) -> Result<String> {
    Ok(Tool::openssl("x509 -inform DER").stdin(der).run()?.text())
}

/// Whether a certificate will still be valid in so many seconds.
pub fn is_valid_in(certificate: &str, seconds: u32) -> Result<bool> {
    let checking = Tool::openssl("x509 -noout -checkend").arg(seconds.to_string());
    Ok(checking.stdin(certificate).try_run()?.status.success())
}

/// The public key of a certificate, as PEM.
pub fn public_key(certificate: &str) -> Result<String> {
    Ok(Tool::openssl("x509 -noout -pubkey")
        .stdin(certificate)
        .run()?
        .text())
}

/// The public key of a request, as PEM.
pub fn public_key_of_request(request: &str) -> Result<String> {
    Ok(Tool::openssl("req -noout -pubkey")
        .stdin(request)
        .run()?
        .text())
}

/// The SHA-256 fingerprint of a request, as pairs with colons.
pub fn request_fingerprint(pem: &str) -> Result<String> {
    digest(Tool::openssl("req -outform DER").stdin(pem).run()?.stdout)
}

/// The SHA-256 fingerprint of the public key of a request, as pairs with colons.
pub fn request_key_fingerprint(pem: &str) -> Result<String> {
    let key = public_key_of_request(pem)?;
    digest(
        Tool::openssl("pkey -pubin -outform DER")
            .stdin(key)
            .run()?
            .stdout,
    )
}

fn digest(octets: Vec<u8>) -> Result<String> {
    let text = Tool::openssl("dgst -sha256 -c").stdin(octets).run()?.text();
    let (_, digest) = text
        .trim()
        .split_once("= ")
        .context("openssl shows no digest")?;
    Ok(digest.to_uppercase())
}

/// Connects as a client that trusts `root` only, and expects the server to be
/// `name`. Returns the certificates that the server sent, leaf first, as PEM.
pub fn trusted_chain(address: SocketAddr, root: &Path, name: &str) -> Result<Vec<String>> {
    let expecting = match name.parse::<IpAddr>() {
        Ok(_) => "-verify_ip",
        Err(_) => "-verify_hostname",
    };
    let connecting = client(address)
        .args("-verify_return_error -no-CApath -no-CAstore -CAfile")
        .arg(root)
        .args(expecting)
        .arg(name);
    let text = connecting.run()?.text();
    ensure!(
        text.contains("Verify return code: 0 (ok)"),
        "OpenSSL does not verify it: {text}"
    );
    Ok(pem_blocks(&text))
}

/// Connects as a client that trusts anybody and accepts what is weak, and returns
/// the certificates that the server sent, leaf first, as PEM.
pub fn presented_chain(address: SocketAddr) -> Result<Vec<String>> {
    let text = client(address)
        .args("-cipher DEFAULT@SECLEVEL=0")
        .run()?
        .text();
    Ok(pem_blocks(&text))
}

/// Connects with this version of TLS, such as `-tls1_3`, and keeps the session that
/// the server offers in a file.
pub fn keep_session(address: SocketAddr, version: &str, file: &Path) -> Result<()> {
    let connecting = asking(address, version).args("-sess_out").arg(file);
    let text = connecting.run()?.text();
    ensure!(text.contains("HTTP/1.1 200"), "no page: {text}");
    ensure!(file.exists(), "no session is offered: {text}");
    Ok(())
}

/// Whether the server resumes the session in a file, instead of beginning a new one.
pub fn resumes_session(address: SocketAddr, version: &str, file: &Path) -> Result<bool> {
    let connecting = asking(address, version).args("-sess_in").arg(file);
    let text = connecting.run()?.text();
    let (resumed, new) = (
        text.contains("\nReused, TLSv1."),
        text.contains("\nNew, TLSv1."),
    );
    ensure!(resumed != new, "neither or both: {text}");
    ensure!(text.contains("HTTP/1.1 200"), "no page: {text}");
    Ok(resumed)
}

/// Whether the server takes a connection of this version of TLS, such as `-tls1_2`.
pub fn takes(address: SocketAddr, version: &str) -> Result<bool> {
    let connecting = client(address)
        .args(version)
        .args("-cipher DEFAULT@SECLEVEL=0");
    Ok(connecting.try_run()?.status.success())
}

/// A client that asks for a page, and reads until the server ends the connection:
/// tickets come after the handshake.
fn asking(address: SocketAddr, version: &str) -> Tool {
    let request = format!("GET /login HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    client(address)
        .args("-ign_eof")
        .args(version)
        .stdin(request)
}

fn client(address: SocketAddr) -> Tool {
    Tool::openssl("s_client -showcerts -connect").arg(address.to_string())
}

/// The PEM blocks in a text.
#[must_use]
pub fn pem_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines().map(str::trim_end) {
        if line.starts_with("-----BEGIN ") {
            block = Some(String::new());
        }
        if let Some(block) = &mut block {
            block.push_str(line);
            block.push('\n');
        }
        if line.starts_with("-----END ") {
            blocks.extend(block.take());
        }
    }
    blocks
}
