//! Reads whatever somebody sent, says what it is, and prints the certificates as PEM.
//!
//! ```console
//! $ cargo run -p cert-formats --example read_anything -- answer.p7b > chain.pem
//! PKCS#7 DER, 2 certificates
//! CN=ntp1.example.net, issued by CN=Example CA
//! CN=Example CA, issued by CN=Example CA
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a tool")]

use std::fs::File;
use std::io::Read as _;
use std::process::ExitCode;

use cert_formats::{MAX_OCTETS, certificates_to_pem, read_and_wipe};

fn main() -> ExitCode {
    match read_anything() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // What came, what was expected, and what to do.
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn read_anything() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("expected a file")?;
    // One octet more than is read tells a file that is too large.
    let most = u64::try_from(MAX_OCTETS)? + 1;
    let mut octets = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut octets)?;

    // Nobody said what the file is. Where it holds a private key, the octets are wiped.
    let bundle = read_and_wipe(&mut octets, None)?;

    eprintln!(
        "{}, {} certificates",
        bundle.format,
        bundle.certificates.len()
    );
    for note in &bundle.notes {
        eprintln!("note: {note}");
    }
    for certificate in &bundle.certificates {
        let fields = certificate.certificate().tbs_certificate();
        eprintln!("{}, issued by {}", fields.subject(), fields.issuer());
    }
    let chain: Vec<&[u8]> = bundle.certificates.iter().map(|one| one.der()).collect();
    print!("{}", certificates_to_pem(&chain));
    Ok(())
}
