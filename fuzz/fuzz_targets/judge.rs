//! Whatever was read can be judged, with any of our keys, names and times.

#![no_main]

use cert_policy::{Input, Now, OurKey, Presented, ServerName, Severity, covers, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, bool, u8, &str, &[u8])| {
    let (unix_seconds, trusted, ours, name, upload) = input;
    let Ok(bundle) = cert_formats::read(upload, None) else {
        return;
    };
    let presented: Vec<_> = bundle
        .certificates
        .iter()
        .map(|read| Presented {
            certificate: read.certificate(),
            der: read.der(),
        })
        .collect();
    let tbs = |index: usize| bundle.certificates[index].certificate().tbs_certificate();
    let ours = usize::from(ours) % (presented.len() + 1);
    let our_keys: Vec<_> = (0..ours)
        .map(|index| OurKey {
            public_key: tbs(index).subject_public_key_info(),
            subject: Some(tbs(index).subject()),
            names: &[],
        })
        .collect();
    let reached_as: Vec<_> = ServerName::parse(name).into_iter().collect();
    for name in &reached_as {
        for certificate in &bundle.certificates {
            let _coverage = covers(certificate.certificate(), name);
        }
    }
    let now = Now {
        unix_seconds,
        trusted,
    };
    let verdict = judge(&Input {
        presented: &presented,
        our_keys: &our_keys,
        reached_as: &reached_as,
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
        assert!(finding.message.chars().all(|shown| !shown.is_control()));
    }
});
