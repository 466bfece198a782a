//! The certificates found in public places, where `COUNTERSIGN_CORPUS` names the folder that
//! holds them; without it the test says on standard output that it did nothing. Each is judged as
//! if it were ours, and what is said of self-signatures is compared with what OpenSSL says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cert_policy::{Code, Input, Now, OurKey, Presented, RawCertificate, Verdict, judge};
use der::Decode;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn self_signatures_are_judged_as_openssl_judges_them() {
    let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS") else {
        println!("COUNTERSIGN_CORPUS is not set: the certificates of x509/ were not judged");
        return;
    };
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = project.join(corpus);
    let manifest = std::fs::read_to_string(corpus.join("x509/manifest.jsonl")).unwrap();
    let (mut judged, mut compared) = (0, 0);
    for row in manifest.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let file = row["file"].as_str().unwrap();
        let Some(der) = first_certificate(&corpus.join(file)) else {
            continue;
        };
        let Ok(certificate) = RawCertificate::from_der(&der) else {
            continue;
        };
        let verdict = judge_alone(&certificate, &der);
        judged += 1;
        let tbs = certificate.tbs_certificate();
        if tbs.subject().is_empty() || tbs.subject() != tbs.issuer() {
            continue;
        }
        let has = |code| verdict.findings.iter().any(|finding| finding.code == code);
        match openssl(&der) {
            SelfSignature::Right => assert!(!has(Code::SignatureWrong), "{file} is right"),
            // OpenSSL reads some RSA keys that are no DER; to us they are of no known kind.
            SelfSignature::Wrong => assert!(
                has(Code::SignatureWrong) || has(Code::KeyUnusable),
                "{file} is wrong"
            ),
            SelfSignature::Unsaid => continue,
        }
        compared += 1;
    }
    println!("{judged} certificates judged, {compared} self-signatures compared with OpenSSL");
    assert!(
        judged > 300 && compared > 70,
        "{judged} judged, {compared} compared"
    );
}

/// The first certificate of a file, as OpenSSL finds it.
fn first_certificate(path: &Path) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    let output = command
        .args(["x509", "-outform", "DER", "-in"])
        .arg(path)
        .output()
        .unwrap();
    output.status.success().then_some(output.stdout)
}

fn judge_alone(certificate: &RawCertificate, der: &[u8]) -> Verdict {
    let tbs = certificate.tbs_certificate();
    judge(&Input {
        presented: &[Presented { certificate, der }],
        our_keys: &[OurKey {
            public_key: tbs.subject_public_key_info(),
            subject: Some(tbs.subject()),
            names: &[],
        }],
        reached_as: &["ntp1.example.net".parse().unwrap()],
        now: Now {
            unix_seconds: tbs.validity().not_before.to_unix_duration().as_secs(),
            trusted: true,
        },
    })
}

enum SelfSignature {
    Right,
    Wrong,
    /// OpenSSL stopped at something else, or does not know the algorithm either.
    Unsaid,
}

fn openssl(der: &[u8]) -> SelfSignature {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    let pem = pem_rfc7468::encode_string("CERTIFICATE", pem_rfc7468::LineEnding::LF, der).unwrap();
    std::fs::write(&file, pem).unwrap();
    let mut command = Command::new("openssl");
    command.args([
        "verify",
        "-check_ss_sig",
        "-no_check_time",
        "-auth_level",
        "0",
    ]);
    let output = command
        .arg("-CAfile")
        .arg(&file)
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("certificate signature failure") && said.contains("bad signature") {
        SelfSignature::Wrong
    } else if output.status.success() {
        SelfSignature::Right
    } else {
        SelfSignature::Unsaid
    }
}
