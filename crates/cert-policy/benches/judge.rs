//! How long judging takes, in milliseconds for 64 KiB, of a usual upload and of the worst known.
//!
//! Ends with an error when one is above the budget: 50 ms.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the makers of the tests make more than is needed here"
)]

#[path = "../tests/judge/support/heavy.rs"]
mod heavy;
#[path = "../tests/judge/support/maker.rs"]
mod maker;

use cert_policy::{Input, Now, OurKey, Presented, judge};
use heavy::{Heavy, lists};
use maker::{CA, LEAF, Made, Maker, Spec, with};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest that 64 KiB may take.
const BUDGET: Duration = Duration::from_millis(50);

/// The best of this many runs counts: the others show what else the machine did.
const RUNS: usize = 5;

fn main() -> ExitCode {
    let mut result = ExitCode::SUCCESS;
    println!("{:<28}{:>12}{:>16}", "upload", "octets", "ms per 64 KiB");
    for upload in uploads() {
        let octets = upload.presented.iter().map(|made| made.der.len()).sum();
        let time = per_64_kib(&upload, octets);
        let name = &upload.name;
        println!("{name:<28}{octets:>12}{:>16.3}", time.as_secs_f64() * 1e3);
        if time > BUDGET {
            println!("{name} is above {BUDGET:?}");
            result = ExitCode::FAILURE;
        }
    }
    result
}

fn uploads() -> Vec<Heavy> {
    let maker = Maker::new();
    let (root_key, issuer_key, key) = (
        maker.key("P-256"),
        maker.key("P-256"),
        maker.key("RSA:2048"),
    );
    let root = maker.make(&Spec::ca("/CN=Root", &root_key, None));
    let issuer = maker.make(&Spec::ca("/CN=Issuer", &issuer_key, Some(&root)));
    let leaf = maker.make(&Spec::leaf(&key, &issuer));
    let usual = Heavy {
        name: "chain".into(),
        presented: vec![leaf, issuer, root],
    };
    let kinds = ["RSA:2048", "P-256", "P-384", "P-521", "ED25519"];
    let tangles = kinds.map(|kind| tangle(&maker, kind));
    let mut uploads = vec![usual];
    uploads.extend(tangles);
    uploads.extend(lists(&maker));
    uploads
}

/// A leaf below 31 CAs of one name, each signed by another: whose key signed what has to be tried.
fn tangle(maker: &Maker, kind: &str) -> Heavy {
    let extensions = with(
        &with(CA, "subjectKeyIdentifier=none"),
        "authorityKeyIdentifier=none",
    );
    let mut cas: Vec<Made> = Vec::new();
    for _ in 0..31 {
        let key = maker.key(kind);
        let ca = maker.make(&Spec {
            extensions: &extensions,
            options: &[],
            ..Spec::ca("/CN=Example CA", &key, cas.last())
        });
        cas.push(ca);
    }
    let extensions = with(LEAF, "authorityKeyIdentifier=none");
    let leaf = maker.make(&Spec {
        extensions: &extensions,
        options: &[],
        ..Spec::leaf(&maker.key("P-256"), cas.last().unwrap())
    });
    Heavy::new(
        format!("31 CAs with {kind} keys"),
        [vec![leaf], cas].concat(),
    )
}

fn per_64_kib(upload: &Heavy, octets: usize) -> Duration {
    let presented: Vec<Presented<'_>> = upload
        .presented
        .iter()
        .map(|made| Presented {
            certificate: &made.certificate,
            der: &made.der,
        })
        .collect();
    let leaf = upload.presented.first().expect("a leaf");
    let our_key = OurKey {
        public_key: leaf.certificate.tbs_certificate().subject_public_key_info(),
        subject: None,
        names: &[],
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let reached_as = ["ntp1.example.net", "10.0.0.7"].map(|name| name.parse().expect("a name"));
    let input = Input {
        presented: &presented,
        our_keys: &[our_key],
        reached_as: &reached_as,
        now: Now {
            unix_seconds: now.expect("a time after 1970").as_secs(),
            trusted: true,
        },
    };
    let run = || {
        let start = Instant::now();
        let _ = std::hint::black_box(judge(std::hint::black_box(&input)));
        start.elapsed()
    };
    let best = (0..RUNS).map(|_| run()).min().unwrap_or_default();
    let parts = u32::try_from(octets.div_ceil(65_536)).expect("not as many certificates");
    best / parts
}
