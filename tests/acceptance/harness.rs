//! The harness itself, before it judges anything.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::{Authority, Connection, Encoding, foreign_request, judge};
use anyhow::{Context as _, Result, bail};

#[test]
fn the_authority_signs_and_hands_out_every_encoding() -> Result<()> {
    let authority = Authority::new()?;
    let folder = tempfile::tempdir()?;
    let (_, request) = foreign_request(folder.path(), "/C=FR/OU=a/OU=b/CN=ntp1.example.net")?;
    let issued = authority.sign(&request)?;
    let text = judge::certificate(&issued.leaf)?;
    assert!(text.contains("CN = Example Issuing CA 2"), "{text}");
    assert!(
        text.contains("C = FR, OU = a, OU = b, CN = ntp1.example.net"),
        "{text}"
    );
    assert!(text.contains("CA:FALSE"), "{text}");
    let key = judge::public_key_of_request(&request)?;
    assert_eq!(judge::public_key(&issued.leaf)?, key);

    let pem = issued.encode(Encoding::X509Pem)?;
    assert_eq!(
        judge::pem_blocks(&String::from_utf8(pem)?),
        [&*issued.leaf, &*issued.intermediate]
    );
    let der = issued.encode(Encoding::X509Der)?;
    assert!(der.starts_with(&[0x30, 0x82]), "DER begins with a SEQUENCE");
    let pkcs7 = issued.encode(Encoding::Pkcs7Pem)?;
    assert!(pkcs7.starts_with(b"-----BEGIN PKCS7-----"));
    assert!(
        issued
            .encode(Encoding::Pkcs7Der)?
            .starts_with(&[0x30, 0x82])
    );

    assert!(judge::certificate(&authority.sign_ca(&request)?.leaf)?.contains("CA:TRUE"));
    let wildcard = judge::certificate(&authority.sign_wildcard(&request)?.leaf)?;
    assert!(wildcard.contains("DNS:*.example.net"), "{wildcard}");
    assert!(
        authority
            .revocation_list()?
            .starts_with("-----BEGIN X509 CRL-----")
    );
    Ok(())
}

#[test]
fn the_client_and_the_judge_see_the_certificates_that_a_server_sends() -> Result<()> {
    let authority = Authority::new()?;
    let folder = tempfile::tempdir()?;
    let (key, request) = foreign_request(folder.path(), "/CN=ntp1.example.net")?;
    let issued = authority.sign(&request)?;
    std::fs::write(folder.path().join("key.pem"), key)?;
    std::fs::write(folder.path().join("leaf.pem"), &issued.leaf)?;
    std::fs::write(folder.path().join("chain.pem"), &issued.intermediate)?;
    let server = Server::start(folder.path())?;

    // The server serves one client after the other, so this one leaves at once.
    assert_eq!(Connection::open(server.address)?.peer_chain().len(), 2);

    let chain = judge::trusted_chain(server.address, &authority.root(), "ntp1.example.net")?;
    assert_eq!(chain, [&*issued.leaf, &*issued.intermediate]);
    assert_eq!(judge::presented_chain(server.address)?, chain);
    let other = judge::trusted_chain(server.address, &authority.root(), "ntp2.example.net");
    assert!(other.is_err(), "the judge accepts another name");
    let stranger = Authority::new()?;
    let other = judge::trusted_chain(server.address, &stranger.root(), "ntp1.example.net");
    assert!(other.is_err(), "the judge accepts another root");
    Ok(())
}

/// `openssl s_server`, killed on drop.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &std::path::Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new("openssl")
            .args(
                "s_server -www -quiet -cert leaf.pem -key key.pem -cert_chain chain.pem".split(' '),
            )
            .args(["-accept", &address.to_string()])
            .current_dir(folder)
            .stdin(Stdio::null())
            .spawn()
            .context("openssl")?;
        let server = Self { child, address };
        let deadline = Instant::now() + Duration::from_secs(10);
        while Connection::open(address).is_err() {
            if Instant::now() > deadline {
                bail!("openssl s_server does not answer");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
