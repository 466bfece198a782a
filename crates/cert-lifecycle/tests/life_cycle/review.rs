//! What a review shows of an upload: the chain, and the names it covers.

use cert_lifecycle::{ServerName, Setting, Signed, Way};

use crate::bench::{self, Bench, Ca, admin, form};

#[test]
fn the_chain_is_shown_from_the_root_down_and_says_who_signed_what() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::make(&unit, &form("ntp1.example.net"));
    let request = unit.requests().expect("requests").remove(0);
    let ca = Ca::new();
    let leaf = ca.sign(&request.pem, "ntp1.example.net");
    let steps = |upload: &[u8]| {
        let review = unit.review(upload, None, Vec::new()).expect("read");
        let steps = review.steps().into_iter();
        steps
            .map(|step| {
                (
                    step.name,
                    step.certificate.is_some(),
                    step.sent,
                    step.signed,
                )
            })
            .collect::<Vec<_>>()
    };
    let own = |signed| ("ntp1.example.net".to_owned(), true, true, signed);
    let absent = ("CN=Test Root".to_owned(), false, false, Signed::Unknown);
    assert_eq!(steps(&leaf), [absent.clone(), own(Signed::ByAbsent)]);
    let root = ("Test Root".to_owned(), true, false, Signed::ByItself);
    let both = [leaf.as_slice(), &ca.root()].concat();
    assert_eq!(steps(&both), [root, own(Signed::ByAbove)]);
    // Another root of the same name did not sign it.
    let wrong = [leaf.as_slice(), &Ca::new().root()].concat();
    assert_eq!(steps(&wrong), [absent, own(Signed::ByAnother)]);
}

#[test]
fn a_certificate_that_signed_itself_stands_alone() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let status = unit.status().expect("status");
    let review = unit.review(status.serving.pem.as_bytes(), None, Vec::new());
    let steps = review.expect("read").steps();
    let [step] = steps.as_slice() else {
        panic!("{steps:?}");
    };
    assert_eq!((step.sent, step.signed), (true, Signed::ByItself));
}

#[test]
fn every_way_to_the_unit_is_told_once_with_what_covers_it() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let typed = "ntp1.example.net, ntp2.example.net";
    unit.change_settings(&[(Setting::Names, typed)], &admin())
        .expect("in force");
    bench::make(&unit, &form("ntp1.example.net"));
    let request = unit.requests().expect("requests").remove(0);
    let leaf = Ca::new().sign(&request.pem, "ntp1.example.net");
    let name = |text| ServerName::parse(text).expect("a name");
    let reached_as = vec![name("NTP1.example.net.")];
    let review = unit.review(&leaf, None, reached_as).expect("read");
    let covered = review.names_covered().into_iter();
    let covered: Vec<_> = covered.map(|name| (name.name, name.way, name.by)).collect();
    let by = Some("ntp1.example.net".to_owned());
    assert_eq!(
        covered,
        [
            ("ntp1.example.net".to_owned(), Way::Now, by),
            ("ntp2.example.net".to_owned(), Way::Set, None),
            ("192.0.2.7".to_owned(), Way::Address, None),
        ]
    );
    // Those that nobody uses just now are no reason to warn.
    assert!(review.findings().iter().all(|finding| {
        !finding.message.contains("ntp2") && !finding.message.contains("192.0.2.7")
    }));
}
