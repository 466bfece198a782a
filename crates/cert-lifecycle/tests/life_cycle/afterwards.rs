//! What is said before another certificate serves is what happens.

use cert_lifecycle::{Actor, Afterwards, Comes, Digest, Preflight, Unit};

use crate::bench::{self, Bench, Ca, admin, browser, form};

/// The fingerprints of what serves and of the previous one.
fn now(unit: &Unit) -> [Option<String>; 2] {
    let status = unit.status().expect("status");
    let previous = status.previous.map(|previous| previous.certificate.sha256);
    [Some(status.serving.certificate.sha256), previous]
}

fn foretold(unit: &Unit, comes: Comes<'_>) -> [Option<String>; 2] {
    let then = unit.afterwards(comes).expect("read");
    let Afterwards {
        previous,
        gives_way,
        ..
    } = then.expect("something comes");
    [previous, gives_way].map(|view| view.map(|view| view.certificate.sha256))
}

/// Does it, and compares.
#[track_caller]
fn check(unit: &Unit, comes: Comes<'_>, act: impl FnOnce()) {
    let [previous, gives_way] = foretold(unit, comes);
    let before = now(unit);
    act();
    let after = now(unit);
    assert_eq!(after[1], previous, "{comes:?}: the previous one");
    let gone = before.into_iter().flatten();
    let gone = gone.filter(|known| !after.iter().flatten().any(|kept| kept == known));
    let gone: Vec<String> = gone.collect();
    assert_eq!(gone, gives_way.into_iter().collect::<Vec<_>>(), "{comes:?}");
}

fn check_install(unit: &Unit, ca: &Ca, actor: &Actor) {
    bench::make(unit, &form("ntp1.example.net"));
    let request = unit.requests().expect("requests").remove(0);
    let certificate = ca.sign(&request.pem, "ntp1.example.net");
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    let sha256 = review.chain().remove(0).sha256;
    let mut install = || {
        let installed = unit.install(&mut review, Preflight::Required, actor);
        installed.expect("installed");
    };
    check(unit, Comes::Reviewed(&sha256), &mut install);
    check(unit, Comes::Reviewed(&sha256), install);
}

fn check_reset(unit: &Unit, actor: &Actor) {
    check(unit, Comes::Factory, || {
        let reset = unit.reset_to_factory(Digest::Sha256, actor, &mut bench::never_cancelled);
        reset.expect("reset");
    });
}

fn check_back(unit: &Unit, actor: &Actor) {
    check(unit, Comes::Previous, || {
        let back = unit.serve_previous(Preflight::Required, actor);
        back.expect("back");
    });
}

#[test]
fn what_is_foretold_of_the_previous_certificate_comes_true() {
    let (bench, ca) = (Bench::new(), Ca::new());
    let unit = bench.open().unit;
    assert_eq!(unit.afterwards(Comes::Previous).expect("read"), None);
    for actor in [admin(), browser()] {
        check_install(&unit, &ca, &actor);
        check_install(&unit, &ca, &actor);
        check_reset(&unit, &actor);
        check_reset(&unit, &actor);
        check_back(&unit, &actor);
        check_back(&unit, &actor);
        check_install(&unit, &ca, &actor);
    }
}
