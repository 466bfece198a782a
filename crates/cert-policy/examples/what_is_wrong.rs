//! Says everything that is wrong with a certificate, for a server that is reached by a name.
//!
//! ```console
//! $ cargo run -p cert-policy --example what_is_wrong -- ntp1.example.net leaf.der ca.der
//! warn: The unit is reached as "ntp1.example.net". The certificate covers …
//! ```
//!
//! The files are certificates in DER, in any order; the key of the first counts as that of
//! the server. It ends with 1 where the certificate would be refused.

#![expect(clippy::print_stdout, reason = "it is a tool")]

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use cert_policy::{Input, Now, OurKey, Presented, RawCertificate, ServerName, judge};
use der::Decode as _;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = ServerName::parse(&arguments.next().ok_or("expected a name and files")?)?;
    let files: Vec<Vec<u8>> = arguments.map(std::fs::read).collect::<Result<_, _>>()?;
    let read = files.iter().map(|der| RawCertificate::from_der(der));
    let certificates: Vec<RawCertificate> = read.collect::<Result<_, _>>()?;
    let presented: Vec<Presented<'_>> = certificates
        .iter()
        .zip(&files)
        .map(|(certificate, der)| Presented { certificate, der })
        .collect();
    let leaf = certificates.first().ok_or("expected a certificate")?;

    let verdict = judge(&Input {
        presented: &presented,
        our_keys: &[OurKey {
            public_key: leaf.tbs_certificate().subject_public_key_info(),
            subject: None,
            names: &[],
        }],
        reached_as: &[name],
        now: Now {
            unix_seconds: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            trusted: true,
        },
    });
    for finding in &verdict.findings {
        println!(
            "{}: {} {}",
            finding.severity, finding.message, finding.remedy
        );
    }
    Ok(match verdict.is_refused() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}
