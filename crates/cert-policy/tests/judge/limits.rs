//! However much an upload asks for, the judge does no more than is stated.

use crate::support::heavy::{Heavy, lists};
use crate::support::{CA, Case, DAY, Key, LEAF, Made, Spec, World, finding, with};
use allocation_counter::measure;
use cert_policy::{Code, Verdict};

/// The most memory in use while judging, in octets for each octet of certificates, and besides.
///
/// The README states these two.
const MEMORY_PER_OCTET: usize = 1;
const MEMORY_BESIDES: usize = 1024 * 1024;

/// Judges within the stated memory.
#[track_caller]
fn judge_measured(heavy: &Heavy) -> Verdict {
    let certificate = &heavy.presented[0].certificate;
    let key = Key::of(
        certificate
            .tbs_certificate()
            .subject_public_key_info()
            .clone(),
    );
    let presented: Vec<&Made> = heavy.presented.iter().collect();
    let case = Case::new([&key], &presented);
    let mut verdict = Verdict::default();
    let used = measure(|| verdict = case.verdict()).bytes_max;
    let octets: usize = presented.iter().map(|made| made.der.len()).sum();
    let allowed = MEMORY_PER_OCTET * octets + MEMORY_BESIDES;
    assert!(
        usize::try_from(used).unwrap() <= allowed,
        "{}: {used} octets in use for {octets}",
        heavy.name
    );
    verdict
}

#[test]
fn long_lists_take_no_more_memory_than_is_stated() {
    let world = World::shared();
    for heavy in lists(&world.maker) {
        let verdict = judge_measured(&heavy);
        assert!(!verdict.findings.is_empty(), "{}", heavy.name);
        for finding in &verdict.findings {
            assert!(
                finding.message.len() < 10_000,
                "{}: {finding:?}",
                heavy.name
            );
        }
    }
}

#[test]
fn comparisons_with_constraints_are_counted_over_all_chains() {
    let world = World::shared();
    let list = |section: &str, kind: &str, count: usize| {
        let lines: String = (0..count)
            .map(|number| format!("{kind}DNS.{number}=h{number}.example.net\n"))
            .collect();
        format!("\n[{section}]\n{lines}")
    };
    let constrained = with(CA, "nameConstraints=critical,@constraints");
    let constrained = constrained + &list("constraints", "permitted;", 300);
    let issuer = |serial, days| {
        let spec = Spec::ca(
            "/CN=Constrained",
            &world.intermediate_key,
            Some(&world.root),
        );
        let (extensions, options) = (constrained.as_str(), ["-sha256"]);
        world.maker.make(&Spec {
            extensions,
            serial,
            days,
            options: &options,
            ..spec
        })
    };
    let extensions = with(LEAF, "subjectAltName=@names") + &list("names", "", 300);
    let (old, new) = (issuer("1", 10), issuer("2", 2_000));
    let leaf = world.maker.make(&Spec {
        subject: "/CN=clock",
        extensions: &extensions,
        ..Spec::leaf(&world.key, &old)
    });
    let reached_as = ["h1.example.net"];

    // One chain can be compared; of two, the second cannot, though it is the better one.
    let case = Case::new([&world.key], &[&leaf, &new, &world.root]).reached_as(&reached_as);
    case.check(&[Code::RootIncluded]);
    let case = Case::new([&world.key], &[&leaf, &old, &new, &world.root]).reached_as(&reached_as);
    let verdict = case.seconds_from_now(20 * DAY).verdict();
    assert_eq!(
        verdict.findings[0].code,
        Code::IssuerExpired,
        "{verdict:#?}"
    );
    let case = Case::new([&world.key], &[&leaf, &new, &old, &world.root]).reached_as(&reached_as);
    let verdict = case.seconds_from_now(20 * DAY).verdict();
    assert!(!verdict.is_refused(), "{verdict:#?}");
    finding(&verdict, Code::CertificatesLeftOut);
}
