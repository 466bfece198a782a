//! Makes a private key and a certificate request for a CA.
//!
//! ```console
//! $ cargo run -p pki-core --example make_request -- ntp1.example.net 192.0.2.7
//! key.der is the private key: it stays here. request.der goes to the CA.
//! $ openssl req -in request.der -inform DER -noout -text -verify
//! ```
//!
//! The first argument is the Common Name; it and all others are subject alternative
//! names: DNS names, or IP addresses.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a tool")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;

use pki_core::{
    CommonName, KeySpec, PrivateKey, RequestParams, Subject, SubjectAltName, SubjectAltNameKind,
    certificate_request,
};
use x509_cert::der::Encode as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut names = std::env::args().skip(1);
    let common_name = names
        .next()
        .ok_or("expected the name the unit is reached by")?;
    let mut params = RequestParams::new(Subject::new(CommonName::parse(&common_name)?));
    for name in names {
        let kind = match name.parse::<IpAddr>() {
            Ok(_) => SubjectAltNameKind::Ip,
            Err(_) => SubjectAltNameKind::Dns,
        };
        params.names.push(SubjectAltName::parse(kind, &name)?);
    }

    // Only the owner may read it, from the first moment on; one that is there stays.
    let mut file = OpenOptions::new();
    let mut file = file
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open("key.der")?;

    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let key = PrivateKey::generate(KeySpec::default(), &mut rng, &mut |progress| {
        eprint!("\rMaking the key: {:3.0} %", progress.fraction * 100.0);
        ControlFlow::Continue(())
    })?;
    eprintln!();
    let request = certificate_request(&key, &params, &mut rng)?;

    file.write_all(&key.to_pkcs8_der())?;
    std::fs::write("request.der", request.to_der()?)?;
    println!("key.der is the private key: it stays here. request.der goes to the CA.");
    Ok(())
}
