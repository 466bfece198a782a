//! How long reading takes, in milliseconds for 64 KiB, of usual uploads and of the worst known.
//!
//! Ends with an error when one is above the budget: 50 ms.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The longest that 64 KiB may take.
const BUDGET: Duration = Duration::from_millis(50);

/// The best of this many runs counts: the others show what else the machine did.
const RUNS: usize = 5;

const CHAIN_PEM: &str = include_str!("../tests/data/chain.pem");

fn main() -> ExitCode {
    let mut result = ExitCode::SUCCESS;
    println!("{:<28}{:>12}{:>16}", "upload", "octets", "ms per 64 KiB");
    for (name, upload) in uploads() {
        let time = per_64_kib(&upload);
        println!(
            "{name:<28}{:>12}{:>16.3}",
            upload.len(),
            time.as_secs_f64() * 1e3
        );
        if time > BUDGET {
            println!("{name} is above {BUDGET:?}");
            result = ExitCode::FAILURE;
        }
    }
    result
}

fn per_64_kib(upload: &[u8]) -> Duration {
    let run = || {
        let start = Instant::now();
        let _ = std::hint::black_box(cert_formats::read(std::hint::black_box(upload), None));
        start.elapsed()
    };
    let best = (0..RUNS).map(|_| run()).min().unwrap_or_default();
    let parts = u32::try_from(upload.len().div_ceil(65_536)).expect("an upload of at most 1 MiB");
    best / parts
}

fn uploads() -> Vec<(&'static str, Vec<u8>)> {
    let filled = |part: &str| part.repeat(1_000_000 / part.len()).into_bytes();
    let block = |part: &str| {
        let text = part.repeat(1_000_000 / part.len());
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes()
    };
    let chain = cert_formats::read(CHAIN_PEM.as_bytes(), None).expect("the tests' own chain");
    let ders: Vec<&[u8]> = chain
        .certificates
        .iter()
        .map(|certificate| certificate.der())
        .collect();
    let ten_chains: Vec<&[u8]> = ders.iter().copied().cycle().take(30).collect();
    let pkcs7 = cert_formats::certificates_to_pkcs7_der(&ten_chains).expect("certificates");
    vec![
        ("chain, X.509 PEM", CHAIN_PEM.into()),
        ("chain, X.509 DER", ders.concat()),
        ("30 certificates, PEM", CHAIN_PEM.repeat(10).into()),
        ("30 certificates, PKCS#7", pkcs7),
        (
            "spaces",
            format!("{CHAIN_PEM}{}", " ".repeat(1_000_000)).into(),
        ),
        ("empty lines", block("\r\n")),
        ("base64", block("MIIC")),
        ("header lines", block("a: b\n")),
        ("blocks", filled("-----BEGIN X-----\n-----END X-----\n")),
        (
            "blocks of parameters",
            filled("-----BEGIN X-----\nMAA=\n-----END X-----\n"),
        ),
        ("words of keys", filled("BEGIN PRIVATE KE")),
        ("half words of keys", filled("Private-Key: ")),
        ("hyphens", filled("-")),
        ("indefinite lengths", b"\x30\x80".repeat(500_000)),
        ("many elements", many_elements()),
        (
            "noise",
            (0..1_000_000_u32)
                .flat_map(|n| {
                    n.wrapping_mul(2_654_435_761)
                        .to_be_bytes()
                        .into_iter()
                        .take(1)
                })
                .collect(),
        ),
    ]
}

/// A certificate with as many relative distinguished names as are looked at, the last first.
fn many_elements() -> Vec<u8> {
    let attributes: Vec<u8> = (0..2_600_u16)
        .rev()
        .flat_map(|n| {
            let [high, low] = n.to_be_bytes();
            [
                0x30,
                0x08,
                0x06,
                0x02,
                0x2a,
                0x03,
                0x0c,
                0x02,
                0x20 | (high & 0x1f),
                low & 0x7f,
            ]
        })
        .collect();
    let issuer = element(0x30, &element(0x31, &attributes));
    let info = [&[0xa0, 3, 2, 1, 2, 2, 1, 1, 0x30, 0][..], &issuer].concat();
    element(
        0x30,
        &[element(0x30, &info), vec![0x30, 0], vec![3, 1, 0]].concat(),
    )
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len())
        .expect("a short element")
        .to_be_bytes();
    [&[tag, 0x84][..], &len, content].concat()
}
