//! The life cycle of requests and identities, with OpenSSL as the CA.

mod afterwards;
mod alarms;
mod authorized_keys;
mod backup;
mod bench;
mod clock;
mod damage;
mod details;
mod docs;
mod follow;
mod proposal;
mod read_only;
mod restore;
mod review;
mod settings;
mod trial;
mod upgrade;

use std::ops::ControlFlow;
use std::time::Duration;

use bench::{Bench, Ca, admin, form, order};
use cert_lifecycle::{
    Action, Actor, Digest, Error, Making, Origin, PasswordError, Preflight, REQUESTS_MAX,
    ServerName, Setting, SignIn, Unit, Via,
};

#[test]
fn the_first_start_makes_a_factory_identity_that_a_restart_serves_again() {
    let bench = Bench::new();
    let opened = bench.open();
    let first = opened.unit.status().expect("status");
    assert_eq!(first.serving.origin, Origin::Factory);
    assert_eq!(first.serving.certificate.subject, "CN=Spectracom");
    assert_eq!(
        first.serving.certificate.names,
        ["DNS: Spectracom", "IP: 192.0.2.7"]
    );
    assert!(opened.first_password.is_some());
    drop(opened);
    let again = bench.open();
    assert!(again.first_password.is_none());
    assert_eq!(again.unit.status().expect("status").serving, first.serving);
    assert_eq!(
        bench.served(),
        [
            first.serving.certificate.sha256.clone(),
            first.serving.certificate.sha256
        ]
    );
}

#[test]
fn the_answer_to_the_first_of_two_requests_is_installed() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let first = bench::make(&unit, &form("ntp1.example.net"));
    let second = bench::make(&unit, &form("ntp1.example.net"));
    assert_ne!(first, second);
    let requests = unit.requests().expect("requests");
    assert_eq!(
        requests
            .iter()
            .map(|request| request.key)
            .collect::<Vec<_>>(),
        [second, first]
    );

    let ca = Ca::new();
    let certificate = ca.sign(&requests[1].pem, "ntp1.example.net");
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    assert!(!review.is_refused(), "{:?}", review.findings());
    assert_eq!(review.key(), Some(first));
    let fingerprint = unit
        .install(&mut review, Preflight::Required, &admin())
        .expect("installed");
    let status = unit.status().expect("status");
    assert_eq!(status.serving.certificate.sha256, fingerprint);
    assert_eq!(status.serving.origin, Origin::Imported);
    assert_eq!(status.previous.expect("previous").origin, Origin::Factory);
    assert_eq!(bench.served().last(), Some(&fingerprint));
    drop(unit);
    assert_eq!(
        bench
            .open()
            .unit
            .status()
            .expect("status")
            .serving
            .certificate
            .sha256,
        fingerprint
    );
}

#[test]
fn a_certificate_for_another_units_key_is_refused_and_changes_nothing() {
    let (bench, other) = (Bench::new(), Bench::new());
    let unit = bench.open().unit;
    bench::make(&unit, &form("ntp1.example.net"));
    let stranger = other.open().unit;
    bench::make(&stranger, &form("ntp1.example.net"));
    let request = stranger.requests().expect("requests").remove(0);
    let certificate = Ca::new().sign(&request.pem, "ntp1.example.net");
    let now = || {
        let status = unit.status().expect("status");
        (status.serving, unit.journal(99).expect("journal"))
    };
    let before = now();
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    assert!(review.is_refused());
    let refusal = unit
        .install(&mut review, Preflight::Required, &admin())
        .expect_err("refused");
    assert!(matches!(refusal, Error::Refused(_)));
    assert!(refusal.to_string().contains("another key"), "{refusal}");
    assert_eq!(now(), before);
}

#[test]
fn what_the_listener_cannot_serve_is_told_before_it_is_installed() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::make(&unit, &form("ntp1.example.net"));
    let request = unit.requests().expect("requests").remove(0);
    let certificate = Ca::new().sign(&request.pem, "ntp1.example.net");
    let review = unit.review(&certificate, None, Vec::new()).expect("read");
    assert_eq!(review.unservable(), None);

    bench.refuse_to_serve(true);
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    let told = review.unservable().expect("told");
    assert_eq!(told, "It cannot be served: told to refuse.");
    assert!(!review.is_refused(), "the judge has nothing against it");
    let refusal = unit
        .install(&mut review, Preflight::Required, &admin())
        .expect_err("refused");
    assert!(matches!(refusal, Error::Listener(_)));
}

#[test]
fn what_the_listener_cannot_serve_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let before = unit.status().expect("status").serving;
    bench.refuse_to_serve(true);
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    let refusal = unit
        .make(&order(&self_signed), &admin(), &mut bench::never_cancelled)
        .expect_err("refused");
    assert!(matches!(refusal, Error::Listener(_)));
    assert!(
        unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
            .is_err()
    );
    assert_eq!(unit.status().expect("status").serving, before);
    assert!(unit.requests().expect("requests").is_empty());
}

#[test]
fn a_self_signed_certificate_serves_at_once_and_the_previous_one_can_come_back() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let factory = unit.status().expect("status").serving.certificate.sha256;
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    let key = bench::make(&unit, &self_signed);
    let status = unit.status().expect("status");
    assert_eq!(status.serving.certificate.key, key);
    assert_eq!(
        unit.serve_previous(Preflight::Required, &admin())
            .expect("back"),
        factory
    );
    assert_eq!(
        unit.status()
            .expect("status")
            .previous
            .expect("previous")
            .certificate
            .key,
        key
    );
    assert_eq!(bench.served().last(), Some(&factory));
}

#[test]
fn a_reset_makes_a_new_key_and_keeps_the_requests() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let old = unit.status().expect("status").serving.certificate;
    bench::make(&unit, &form("ntp1.example.net"));
    unit.reset_to_factory(Digest::Sha1, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    let new = unit.status().expect("status").serving.certificate;
    assert_eq!(new.signature_algorithm, "sha1WithRSAEncryption");
    assert_ne!(new.key, old.key);
    assert_eq!(unit.requests().expect("requests").len(), 1);
}

#[test]
fn of_too_many_requests_the_oldest_unused_one_goes() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut serving = form("ntp1.example.net");
    serving.self_signed = true;
    let in_use = bench::make(&unit, &serving);
    let oldest_unused = bench::make(&unit, &form("ntp1.example.net"));
    for _ in 0..REQUESTS_MAX - 1 {
        bench::make(&unit, &form("ntp1.example.net"));
    }
    let kept = || -> Vec<_> {
        let requests = unit.requests().expect("requests");
        requests.iter().map(|request| request.key).collect()
    };
    assert_eq!(kept().len(), REQUESTS_MAX);
    assert!(kept().contains(&in_use) && !kept().contains(&oldest_unused));
    let journal = unit.journal(2).expect("journal");
    let gone = &journal[1];
    assert_eq!(gone.action, Action::DeleteRequest);
    assert_eq!(gone.key, Some(oldest_unused));
    assert!(gone.outcome.starts_with("request 2 "), "{}", gone.outcome);

    // One that was answered goes before those that wait.
    let answered = unit.requests().expect("requests").remove(0);
    let certificate = Ca::new().sign(&answered.pem, "ntp1.example.net");
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, &admin())
        .expect("installed");
    for _ in 0..2 {
        unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
            .expect("reset");
    }
    assert_eq!(
        unit.status()
            .expect("status")
            .previous
            .map(|it| it.certificate.key),
        Some(answered.key),
        "the way back"
    );
    let requests = unit.requests().expect("requests");
    let is_answered = requests.iter().filter(|request| request.answered);
    assert_eq!(
        is_answered.map(|it| it.key).collect::<Vec<_>>(),
        [answered.key]
    );
    let order = order(&form("ntp2.example.net"));
    let made = unit
        .make(&order, &admin(), &mut bench::never_cancelled)
        .expect("made");
    let gave_way: Vec<_> = made.gave_way.iter().map(|gone| gone.number).collect();
    assert_eq!(gave_way, [1], "what once served and is no one's way back");
    assert!(kept().contains(&answered.key));
}

#[test]
fn a_request_whose_key_serves_cannot_be_deleted_and_another_one_can() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut serving = form("ntp1.example.net");
    serving.self_signed = true;
    let in_use = bench::make(&unit, &serving);
    let unused = bench::make(&unit, &form("ntp2.example.net"));
    assert!(matches!(
        unit.delete_request(in_use, &admin()),
        Err(Error::RequestInUse)
    ));
    unit.delete_request(unused, &admin()).expect("deleted");
    assert!(matches!(
        unit.delete_request(unused, &admin()),
        Err(Error::NotFound { .. })
    ));
    assert_eq!(unit.requests().expect("requests").len(), 1);
}

#[test]
fn a_cancelled_key_leaves_nothing_behind() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut slow = form("ntp1.example.net");
    slow.key_type = "RSA".into();
    slow.key_bits = "4096".into();
    let cancel = &mut |_| ControlFlow::Break(());
    let ended = unit.make(&order(&slow), &admin(), cancel);
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    assert!(unit.requests().expect("requests").is_empty());
}

#[test]
fn a_cancelled_factory_certificate_changes_nothing() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let serving = || unit.status().expect("status").serving;
    let (before, journal) = (serving(), unit.journal(9).expect("journal"));
    let mut steps = 0;
    let cancel = &mut |_| {
        steps += 1;
        match steps {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let ended = unit.reset_to_factory(Digest::Sha256, &admin(), cancel);
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    assert_eq!(serving(), before);
    assert_eq!(unit.journal(9).expect("journal"), journal);
}

#[test]
fn only_one_factory_certificate_is_made_at_a_time() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    fn reset(
        unit: &Unit,
        mut progress: impl FnMut() -> ControlFlow<()> + Send,
    ) -> Result<String, Error> {
        unit.reset_to_factory(Digest::Sha256, &admin(), &mut |_| progress())
    }
    let unit = &*unit;
    std::thread::scope(|scope| {
        let mut others = Vec::new();
        let made = reset(unit, || {
            if others.is_empty() {
                for answer in [ControlFlow::Continue(()), ControlFlow::Break(())] {
                    others.push(scope.spawn(move || reset(unit, || answer)));
                }
                std::thread::sleep(Duration::from_secs(1));
                assert!(!others[0].is_finished(), "it waits");
                assert!(others[1].is_finished(), "who waits can give up");
            }
            ControlFlow::Continue(())
        });
        assert!(made.is_ok(), "{made:?}");
        let ended: Vec<_> = others.into_iter().map(|other| other.join()).collect();
        assert!(matches!(ended[0], Ok(Ok(_))), "{ended:?}");
        assert!(matches!(ended[1], Ok(Err(Error::Cancelled))), "{ended:?}");
    });
}

#[test]
fn only_one_key_is_made_at_a_time_in_the_background() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let mut slow = form("ntp1.example.net");
    slow.key_type = "RSA".into();
    slow.key_bits = "4096".into();
    let first = unit.start_making(order(&slow), admin()).expect("started");
    let second = unit.start_making(order(&slow), admin());
    assert!(matches!(second, Err(Error::Busy)));
    unit.cancel_making();
    while matches!(unit.making(), Making::Running { .. }) {
        std::thread::yield_now();
    }
    assert!(matches!(unit.making(), Making::Failed(why) if why.contains("cancelled")));
    let third = unit.start_making(order(&slow), admin()).expect("started");
    unit.cancel_making_of(first);
    assert!(
        matches!(unit.making(), Making::Running { .. }),
        "the first is over"
    );
    unit.cancel_making_of(third);
    while matches!(unit.making(), Making::Running { .. }) {
        std::thread::yield_now();
    }
    assert!(matches!(unit.making(), Making::Failed(why) if why.contains("cancelled")));
    unit.start_making(order(&form("ntp1.example.net")), admin())
        .expect("started");
    while matches!(unit.making(), Making::Running { .. }) {
        std::thread::yield_now();
    }
    assert!(matches!(unit.making(), Making::Done { .. }));
}

#[test]
fn the_first_password_opens_only_the_page_for_a_new_one() {
    let bench = Bench::new();
    let opened = bench.open();
    let first = opened.first_password.expect("at the first start");
    let unit = opened.unit;
    let sign_in = |password: &str| unit.sign_in("admin", password, &admin()).expect("stored");
    assert_eq!(sign_in(&first), Some(SignIn::ChangePassword));
    assert_eq!(sign_in("guess"), None);
    assert_eq!(
        unit.sign_in("root", &first, &admin()).expect("stored"),
        None
    );
    let change = |present: &str, new: &str| unit.change_password(present, new, &admin());
    for (present, new, why) in [
        ("guess", "long enough", PasswordError::PresentWrong),
        (first.as_str(), "short", PasswordError::Short { chars: 5 }),
        (first.as_str(), first.as_str(), PasswordError::Same),
    ] {
        assert!(matches!(change(present, new), Err(Error::Password(said)) if said == why));
    }
    change(&first, "long enough").expect("changed");
    assert_eq!(sign_in("long enough"), Some(SignIn::Granted));
    assert_eq!(sign_in(&first), None);
}

#[test]
fn a_password_is_reset_from_the_serial_console_only() {
    let bench = Bench::new();
    let opened = bench.open();
    let first = opened.first_password.expect("at the first start");
    let unit = opened.unit;
    let before = unit.journal(99).expect("journal");
    let peer = [192, 0, 2, 1].into();
    for via in [
        Via::Console,
        Via::Ssh(peer),
        Via::Telnet(peer),
        Via::Unit,
        Via::Web(peer),
    ] {
        let actor = Actor { via, ..admin() };
        let refusal = unit.reset_password(&actor).expect_err("refused");
        assert!(matches!(refusal, Error::SerialOnly));
        assert!(refusal.to_string().contains("serial console"), "{refusal}");
    }
    assert_eq!(unit.journal(99).expect("journal"), before);
    let at_the_unit = Actor {
        via: Via::Serial,
        ..admin()
    };
    let sign_in = |password: &str| unit.sign_in("admin", password, &admin()).expect("stored");
    unit.change_password(&first, "long enough", &admin())
        .expect("changed");
    let random = unit.reset_password(&at_the_unit).expect("reset");
    let newest = unit.journal(1).expect("journal").remove(0);
    assert_eq!(newest.action, Action::PasswordReset);
    assert_eq!(newest.actor, at_the_unit);
    assert!(!newest.outcome.contains(random.as_str()));
    assert_eq!(sign_in("long enough"), None);
    assert_eq!(sign_in(&random), Some(SignIn::ChangePassword));
}

#[test]
fn a_unit_answers_to_its_own_names_and_to_every_address() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let answers = |name: &str| {
        let name = ServerName::parse(name).expect("a name");
        unit.answers_to(&name).expect("stored")
    };
    for name in [
        "192.0.2.1",
        "10.0.0.7",
        "::1",
        "localhost",
        "SPECTRACOM",
        "spectracom.",
    ] {
        assert!(answers(name), "{name}");
    }
    let set = |names: &str| {
        unit.change_settings(&[(Setting::Names, names)], &admin())
            .expect("changed");
    };
    assert!(!answers("time.example.net") && unit.knows_names());
    set("time.example.net");
    assert!(!unit.knows_names(), "the change is yet to be read");
    assert!(answers("time.example.net") && !answers("a.time.example.net"));
    set("");
    assert!(!answers("time.example.net") && !answers("evil.localhost"));

    assert!(!answers("ntp1.example.net"));
    let key = bench::make(&unit, &form("ntp1.example.net"));
    assert!(answers("ntp1.example.net"));
    unit.delete_request(key, &admin()).expect("deleted");
    assert!(!answers("ntp1.example.net"));

    let mut self_signed = form("ntp2.example.net");
    self_signed.self_signed = true;
    bench::make(&unit, &self_signed);
    unit.serve_previous(Preflight::Required, &admin())
        .expect("back");
    assert!(answers("ntp2.example.net"), "the previous one's name");
    drop(unit);
    let unit = bench.open().unit;
    let name = ServerName::parse("ntp2.example.net").expect("a name");
    assert!(unit.answers_to(&name).expect("stored"), "after a restart");
}

#[test]
fn browsers_are_told_to_insist_only_on_the_name_in_a_cas_certificate() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let told = |name: &str| {
        let name = ServerName::parse(name).expect("a name");
        unit.strict_transport_seconds(&name).expect("stored")
    };
    let switch = |on: &str| {
        unit.change_settings(&[(Setting::Hsts, on)], &admin())
            .expect("changed");
    };
    switch("on");
    assert_eq!(told("spectracom"), None, "a factory certificate");
    let mut self_signed = form("ntp1.example.net");
    self_signed.self_signed = true;
    bench::make(&unit, &self_signed);
    assert_eq!(told("ntp1.example.net"), None, "a self-signed one");
    let request = unit.requests().expect("requests").remove(0);
    let certificate = Ca::new().sign(&request.pem, "ntp1.example.net");
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, &admin())
        .expect("installed");
    assert_eq!(told("ntp1.example.net"), Some(86_400));
    assert_eq!(told("ntp2.example.net"), None, "a name it does not cover");
    assert_eq!(told("192.0.2.7"), None, "an address");
    switch("off");
    assert_eq!(told("ntp1.example.net"), None, "switched off");
    switch("on");
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    assert_eq!(told("ntp1.example.net"), None, "after defcert");
}

#[test]
fn every_fault_of_a_form_is_said_at_once() {
    let mut faulty = form("*.example.net");
    faulty.key_type = "RSA".into();
    faulty.key_bits = "511".into();
    faulty.country = "XX".into();
    faulty.days = "0".into();
    let faults = faulty.parse().err().expect("faults");
    let labels: Vec<&str> = faults.iter().map(|fault| fault.field.label()).collect();
    assert_eq!(
        labels,
        [
            "RSA Private Key Bit Length",
            "Common Name (e.g. Hostname or IP)",
            "Two Letter Country Code (ISO 3166-1)",
            "Self Signed Certificate Expiration (Days)",
        ]
    );
}

#[test]
fn legacy_choices_are_taken_with_advice() {
    let mut legacy = form("ntp1.example.net");
    legacy.key_type = "RSA".into();
    legacy.key_bits = "1024".into();
    legacy.signature_algorithm = "MD5".into();
    legacy.country = "UK".into();
    let said: Vec<String> = order(&legacy)
        .advice
        .into_iter()
        .map(|said| said.message)
        .collect();
    assert_eq!(said.len(), 3);
    assert!(said[0].contains("forged") && said[1].contains("1024") && said[2].contains("GB"));
}
