//! The server cases of [x509-limbo](https://x509-limbo.com), where `COUNTERSIGN_CORPUS` names the
//! folder that holds them. They are never copied into this project. Without the variable the list
//! of exceptions is still checked, and the test says on standard output what it could not do.
//!
//! Limbo asks a client whether it would trust a server. The judge is asked before a server has
//! its certificate, and knows no roots, so the questions are brought together like this:
//!
//! - What is uploaded is the leaf, the intermediates and the root, in that order; the key of the
//!   leaf is ours; we are reached by the name limbo asks for.
//! - Limbo's *failure* is a refusal or a warning of ours, and *success* is neither. The lifetime
//!   is left out: limbo's certificates live for a thousand years.
//! - Every case that is marked as decidable from the leaf must agree or be an exception with a
//!   reason. The others need a trust store, but since their roots are uploaded too, most are
//!   decided by the chain and are run the same way. Left out are those about CRLs and about a
//!   limit on the depth, for which the judge has no input, and those about the form of the root,
//!   which is not sent and which whoever trusts it has looked at.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cert_policy::{
    Code, Finding, Input, Now, OurKey, Presented, RawCertificate, ServerName, Severity, judge,
};
use der::{DateTime, Decode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const EXCEPTIONS: &str = include_str!("limbo-exceptions.txt");

/// The most exceptions there may be.
const EXCEPTIONS_MAX: usize = 20;

/// The time of cases that do not say one: 1 July 2026.
const NOW: u64 = 1_782_864_000;

/// Features that ask for an input the judge does not have.
const UNDECIDABLE: [&str; 2] = ["has-crl", "max-chain-depth"];

/// Cases about the form of the root.
const ABOUT_ROOTS: [&str; 2] = ["webpki::aki::root-", "webpki::eku::root-"];

#[test]
fn every_exception_has_a_reason_and_there_are_few() {
    let exceptions = exceptions();
    assert!(
        exceptions.len() <= EXCEPTIONS_MAX,
        "{} exceptions",
        exceptions.len()
    );
    for (id, reason) in exceptions {
        assert!(reason.len() > 20 && reason.ends_with('.'), "{id}: {reason}");
    }
}

#[test]
fn limbo_agrees_or_is_an_exception() {
    let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS") else {
        println!("COUNTERSIGN_CORPUS is not set: the cases of x509-limbo were not run");
        return;
    };
    let corpus = Path::new(&corpus);
    // Tests run in the folder of the package; the variable may be relative to the project's.
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = project.join(corpus).join("limbo/limbo-server.jsonl");
    let cases = std::fs::read_to_string(&cases)
        .unwrap_or_else(|error| panic!("{}: {error}", cases.display()));
    let cases: Vec<Value> = cases
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let exceptions = exceptions();
    let mut disagreeing = BTreeSet::new();
    let (mut run, mut undecidable) = (0, 0);
    let mut complaints = Vec::new();
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        if is_left_out(case, id) {
            assert_ne!(case["leaf_decidable"], true, "{id} is left out");
            undecidable += 1;
            continue;
        }
        run += 1;
        let expected = case["expected_result"] == "SUCCESS";
        let found = attention(case);
        if found.is_empty() != expected {
            disagreeing.insert(id);
            if !exceptions.contains_key(id) {
                complaints.push(format!(
                    "{id}: limbo says {}, we {found:?}",
                    case["expected_result"]
                ));
            }
        }
    }
    let unneeded = exceptions.keys().filter(|id| !disagreeing.contains(*id));
    complaints.extend(unneeded.map(|id| format!("{id}: the exception is not needed any more")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let agreeing = run - disagreeing.len();
    println!(
        "limbo: {agreeing} agree, {} are exceptions, {undecidable} undecidable",
        disagreeing.len()
    );
    assert!(run > 80, "only {run} of {} cases were run", cases.len());
}

fn is_left_out(case: &Value, id: &str) -> bool {
    let features = case["features"].as_array().unwrap();
    features
        .iter()
        .any(|feature| UNDECIDABLE.iter().any(|without| feature == without))
        || ABOUT_ROOTS.iter().any(|prefix| id.starts_with(prefix))
}

/// The codes of refusals and warnings, or one text for a certificate that cannot be read at all.
fn attention(case: &Value) -> Vec<String> {
    let pem = [&case["peer_certificate"]].into_iter();
    let pem = pem.chain(case["untrusted_intermediates"].as_array().unwrap());
    let pem = pem.chain(case["trusted_certs"].as_array().unwrap());
    let der: Vec<Vec<u8>> = pem
        .map(|pem| {
            pem_rfc7468::decode_vec(pem.as_str().unwrap().as_bytes())
                .unwrap()
                .1
        })
        .collect();
    let Ok(certificates) = der
        .iter()
        .map(|der| RawCertificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()
    else {
        return vec!["unreadable".into()];
    };
    let presented: Vec<_> = certificates
        .iter()
        .zip(&der)
        .map(|(certificate, der)| Presented { certificate, der })
        .collect();
    let key = certificates[0].tbs_certificate().subject_public_key_info();
    let name = case["expected_peer_name"]["value"].as_str();
    let reached_as: Vec<_> = name
        .map(|name| ServerName::parse(name).unwrap())
        .into_iter()
        .collect();
    let verdict = judge(&Input {
        presented: &presented,
        our_keys: &[OurKey {
            public_key: key,
            subject: None,
            names: &[],
        }],
        reached_as: &reached_as,
        now: Now {
            unix_seconds: time(&case["validation_time"]),
            trusted: true,
        },
    });
    let counts = |finding: &&Finding| {
        finding.severity < Severity::Note && finding.code != Code::LifetimeTooLong
    };
    verdict
        .findings
        .iter()
        .filter(counts)
        .map(|finding| finding.code.to_string())
        .collect()
}

/// Whole seconds: RFC 5280 knows no others.
fn time(time: &Value) -> u64 {
    let Some(time) = time.as_str() else {
        return NOW;
    };
    assert!(time.ends_with("+00:00"), "{time}");
    let time: DateTime = format!("{}Z", &time[..19]).parse().unwrap();
    time.unix_duration().as_secs()
}

fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let lines = EXCEPTIONS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap()).collect()
}
