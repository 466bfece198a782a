//! Whatever was read can be judged, with any of our keys, names and times.
//!
//! The input is the upload itself, so that every seed is judged from the first moment on; what
//! else the judge is asked is taken from what was read.

#![no_main]

use cert_formats::{Bundle, read};
use cert_policy::{Input, Now, OurKey, Presented, ServerName, Severity, covers, judge};
use libfuzzer_sys::fuzz_target;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

fuzz_target!(|upload: &[u8]| {
    let Ok(bundle) = read(upload, None) else {
        return;
    };
    let reached_as: Vec<ServerName> = ["ntp1.example.net", "10.0.0.7", "2001:db8::7"]
        .iter()
        .map(|name| name.parse().expect("a name"))
        .collect();
    for name in &reached_as {
        for certificate in &bundle.certificates {
            let _coverage = covers(certificate.certificate(), name);
        }
    }
    let first = bundle.certificates[0].certificate().tbs_certificate();
    let begin = first.validity().not_before.to_unix_duration().as_secs();
    let all = bundle.certificates.len();
    // How many of the keys are ours, and the time.
    for (ours, unix_seconds, trusted) in [
        (0, begin, true),
        (1, 0, true),
        (all, begin, true),
        (all, u64::MAX, false),
    ] {
        let now = Now {
            unix_seconds,
            trusted,
        };
        check(&bundle, ours, &reached_as, now);
    }
});

fn check(bundle: &Bundle, ours: usize, reached_as: &[ServerName], now: Now) {
    let presented: Vec<_> = bundle
        .certificates
        .iter()
        .map(|read| Presented {
            certificate: read.certificate(),
            der: read.der(),
        })
        .collect();
    let names: Vec<Vec<GeneralName>> = presented.iter().map(names).collect();
    let our_keys: Vec<_> = presented
        .iter()
        .zip(&names)
        .take(ours)
        .map(|(presented, names)| {
            let tbs = presented.certificate.tbs_certificate();
            OurKey {
                public_key: tbs.subject_public_key_info(),
                subject: Some(tbs.issuer()),
                names,
            }
        })
        .collect();
    let verdict = judge(&Input {
        presented: &presented,
        our_keys: &our_keys,
        reached_as,
        now,
    });

    let mut seen = vec![false; presented.len()];
    for index in &verdict.chain {
        assert!(
            !std::mem::replace(&mut seen[*index], true),
            "a certificate stands once in a chain"
        );
    }
    if let Some(pairing) = &verdict.pairing {
        assert!(pairing.key < our_keys.len());
        assert_eq!(verdict.chain.first(), Some(&pairing.certificate));
    }
    let refused = verdict
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Refuse);
    assert_eq!(refused, verdict.is_refused());
    assert!(
        refused || verdict.pairing.is_some(),
        "what fits no key is refused"
    );
    for finding in &verdict.findings {
        // A note may ask for nothing.
        assert!(!finding.message.is_empty());
        assert!(finding.severity == Severity::Note || !finding.remedy.is_empty());
        for text in [&finding.message, &finding.expected, &finding.came] {
            assert!(text.len() < 40_000);
            assert!(text.chars().all(|shown| !shown.is_control()));
        }
    }
}

/// The alternative names of a certificate, as if they had been asked for.
fn names(presented: &Presented<'_>) -> Vec<GeneralName> {
    let tbs = presented.certificate.tbs_certificate();
    match tbs.get_extension::<SubjectAltName>() {
        Ok(Some((_, names))) => names.0,
        _ => Vec::new(),
    }
}
