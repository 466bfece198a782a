//! Restoring a backup: on the unit that made it, and on another.

use std::fs;
use std::sync::Arc;

use cert_lifecycle::{
    Action, BackupError, Digest, Error, Origin, Preflight, REQUESTS_MAX, RestorePlan, Setting,
    Signer, Unit,
};

use crate::backup::{backup, forged};
use crate::bench::{self, Bench, Ca, admin, browser, form};

fn set(unit: &Unit, setting: Setting, text: &str) {
    unit.change_settings(&[(setting, text)], &admin())
        .expect("changed");
}

#[track_caller]
fn restore(unit: &Unit, file: &[u8]) -> RestorePlan {
    let mut review = unit.review_backup(file).expect("read");
    unit.restore(&mut review, &admin()).expect("restored")
}

#[track_caller]
fn install_the_answer(unit: &Unit, ca: &Ca, pem: &str, name: &str) -> String {
    let certificate = ca.sign(pem, name);
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, &admin())
        .expect("installed")
}

fn serving(unit: &Unit) -> String {
    unit.status().expect("status").serving.certificate.sha256
}

/// What a plan leaves behind, and why.
fn left(plan: &RestorePlan) -> Vec<(&str, &str)> {
    plan.left_behind
        .iter()
        .map(|left| (left.what.as_str(), left.why.as_str()))
        .collect()
}

/// A unit that serves a certificate of a CA, and keeps a request that waits.
fn in_use() -> (Bench, Arc<Unit>, Ca) {
    let (bench, ca) = (Bench::new(), Ca::new());
    let unit = bench.open().unit;
    bench::make(&unit, &form("ntp1.example.net"));
    let request = unit.requests().expect("requests").remove(0);
    install_the_answer(&unit, &ca, &request.pem, "ntp1.example.net");
    bench::make(&unit, &form("ntp2.example.net"));
    set(&unit, Setting::Names, "ntp1.example.net");
    set(&unit, Setting::Trial, "30");
    (bench, unit, ca)
}

#[test]
fn what_was_deleted_and_changed_since_comes_back_with_its_keys() {
    let (bench, unit, ca) = in_use();
    let served = serving(&unit);
    let requests = unit.requests().expect("requests");
    let file = backup(&unit);

    unit.delete_request(requests[0].key, &admin())
        .expect("deleted");
    let other = bench::make(&unit, &form("ntp3.example.net"));
    let request = unit.requests().expect("requests").remove(0);
    install_the_answer(&unit, &ca, &request.pem, "ntp3.example.net");
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    unit.delete_request(requests[1].key, &admin())
        .expect("deleted");
    set(&unit, Setting::Trial, "off");
    let meanwhile = serving(&unit);

    let plan = restore(&unit, &file);
    assert_eq!(plan.serving.expect("serves").sha256, served);
    assert_eq!(
        plan.requests,
        requests
            .iter()
            .rev()
            .map(|request| {
                let mut request = request.clone();
                request.serving = false;
                request.in_use = false;
                request
            })
            .collect::<Vec<_>>()
    );
    assert_eq!(plan.settings.len(), 1);
    assert_eq!(
        (
            plan.settings[0].was.as_str(),
            plan.settings[0].becomes.as_str()
        ),
        ("off", "30")
    );
    assert_eq!(
        bench.served().last(),
        Some(&served),
        "the listener was told"
    );
    let mut kept = unit.requests().expect("requests");
    kept.retain(|request| request.key != other);
    assert_eq!(kept, requests);
    assert_eq!(unit.settings().text(Setting::Trial), "30");

    // What served stays within reach, and the request's answer can be installed.
    assert_eq!(
        unit.serve_previous(Preflight::Required, &admin())
            .expect("back"),
        meanwhile
    );
    let installed = install_the_answer(&unit, &ca, &requests[0].pem, "ntp2.example.net");
    drop(unit);
    assert_eq!(serving(&bench.open().unit), installed);
}

#[test]
fn a_unit_that_lost_its_store_gets_everything_back_and_keeps_its_new_journal() {
    let (bench, unit, ca) = in_use();
    let status = unit.status().expect("status");
    let waiting = unit.requests().expect("requests").remove(0);
    let journal = unit.journal(99).expect("journal");
    let file = backup(&unit);
    drop(unit);
    fs::remove_file(bench.store()).expect("lost");

    let unit = bench.open().unit;
    let new_journal = unit.journal(99).expect("journal");
    let plan = restore(&unit, &file);
    assert_eq!(plan.journal_entries, journal.len());
    let now = unit.status().expect("status");
    assert_eq!(now.serving.certificate, status.serving.certificate);
    assert_eq!(now.requests, 2);
    assert_eq!(unit.settings().text(Setting::Names), "ntp1.example.net");
    let all = unit.journal(99).expect("journal");
    assert_eq!(all[0].action, Action::Restore);
    assert_eq!(all[1..], [new_journal, journal].concat());
    install_the_answer(&unit, &ca, &waiting.pem, "ntp2.example.net");

    // A second time there is nothing more to restore but what serves.
    let plan = restore(&unit, &file);
    assert_eq!(plan.journal_entries, 0);
    assert!(plan.requests.is_empty() && plan.settings.is_empty());
}

#[test]
fn the_password_is_not_restored() {
    let bench = Bench::new();
    let opened = bench.open();
    let first = opened.first_password.expect("at the first start");
    let unit = opened.unit;
    bench::make(&unit, &form("ntp1.example.net"));
    let file = backup(&unit);
    drop(unit);
    fs::remove_file(bench.store()).expect("lost");
    let opened = bench.open();
    let present = opened.first_password.expect("at the first start");
    restore(&opened.unit, &file);
    let sign_in = |password: &str| {
        let signed_in = opened.unit.sign_in("admin", password, &admin());
        signed_in.expect("stored").is_some()
    };
    assert!(sign_in(&present) && !sign_in(&first));
}

#[test]
fn a_backup_of_what_is_there_changes_nothing() {
    let (_bench, unit, _ca) = in_use();
    let file = backup(&unit);
    let mut review = unit.review_backup(&file).expect("read");
    assert!(review.plan().is_empty(), "{:?}", review.plan());
    assert!(review.plan().left_behind.is_empty());
    let refusal = unit.restore(&mut review, &admin()).expect_err("refused");
    assert!(matches!(
        refusal,
        Error::Backup(BackupError::NothingToRestore)
    ));
}

#[test]
fn what_changed_after_the_review_is_looked_at_again() {
    let (_bench, unit, _ca) = in_use();
    let file = backup(&unit);
    set(&unit, Setting::Trial, "off");
    let mut review = unit.review_backup(&file).expect("read");
    assert_eq!(review.plan().settings[0].was, "off");
    set(&unit, Setting::Trial, "5");
    let refusal = unit.restore(&mut review, &admin()).expect_err("refused");
    assert!(matches!(refusal, Error::Backup(BackupError::Outdated)));
    assert_eq!(unit.settings().text(Setting::Trial), "5");
    assert_eq!(review.plan().settings[0].was, "5");
    unit.restore(&mut review, &admin()).expect("restored");
    assert_eq!(unit.settings().text(Setting::Trial), "30");
}

#[test]
fn another_unit_gets_the_settings_and_is_told_what_cannot_come_along() {
    let (_bench, unit, _ca) = in_use();
    let theirs = backup(&unit);
    let other_bench = Bench::new();
    let other = other_bench.open().unit;
    bench::make(&other, &form("ntp9.example.net"));
    let (served, requests) = (serving(&other), other.requests().expect("requests"));
    let journal = other.journal(99).expect("journal");

    let mut review = other.review_backup(&theirs).expect("read");
    assert_eq!(review.signer(), Signer::Another);
    assert_eq!(
        review.key(),
        unit.backup_key(),
        "what the two are compared by"
    );
    let plan = review.plan().clone();
    let changed: Vec<_> = plan
        .settings
        .iter()
        .map(|change| (change.was.as_str(), change.becomes.as_str()))
        .collect();
    assert_eq!(changed, [("", "ntp1.example.net"), ("10", "30")]);
    let said: Vec<_> = left(&plan).iter().map(|(what, _)| *what).collect();
    assert_eq!(
        said[..4],
        [
            "The certificate that served, for \"ntp1.example.net\"",
            "The certificate that had served before, for \"Spectracom\"",
            "The request for \"ntp1.example.net\"",
            "The request for \"ntp2.example.net\"",
        ]
    );
    assert!(said[4].starts_with("The journal, of "), "{}", said[4]);
    let (_, why) = left(&plan)[3];
    assert!(
        why.ends_with("sign it, for DNS: ntp2.example.net."),
        "{why}"
    );

    other.restore(&mut review, &admin()).expect("restored");
    assert_eq!(other.settings().text(Setting::Names), "ntp1.example.net");
    assert_eq!(serving(&other), served);
    assert_eq!(other.requests().expect("requests"), requests);
    let now = other.journal(99).expect("journal");
    assert_eq!(now[1..], journal);
    assert!(
        now[0].outcome.contains("a backup of another unit"),
        "{}",
        now[0].outcome
    );
    assert_eq!(
        other_bench.served(),
        [served],
        "the listener had nothing to do"
    );
}

#[test]
fn a_unit_whose_secret_was_replaced_is_another_unit_to_its_old_backups() {
    let (bench, unit, _ca) = in_use();
    let file = backup(&unit);
    drop(unit);
    fs::remove_file(bench.store()).expect("lost");
    fs::remove_file(bench.store().with_file_name("secret")).expect("lost");
    let unit = bench.open().unit;
    let mut review = unit.review_backup(&file).expect("read");
    assert_eq!(review.signer(), Signer::Another);
    let plan = unit.restore(&mut review, &admin()).expect("restored");
    assert!(plan.requests.is_empty() && plan.serving.is_none());
    let status = unit.status().expect("status");
    assert_eq!(
        (status.serving.origin, status.requests),
        (Origin::Factory, 0)
    );
}

/// A backup of another unit with these settings.
fn with_settings(settings: &str) -> Vec<u8> {
    forged(&format!(
        "{{\"made\":{{\"at\":1,\"clock_trusted\":true,\"model\":\"M\",\"serial_number\":\"\\u0007S\",\
         \"software\":\"W\"}},\"settings\":{settings},\"requests\":[{{\"new\":\"kind\"}}],\
         \"identities\":{{\"factory\":null,\"previous\":null,\"serving\":null}},\"keys\":[],\
         \"journal\":[]}}"
    ))
}

#[test]
fn what_somebody_wrote_into_a_backup_of_their_own_opens_nothing() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let before = unit.settings();
    let settings = "[[\"metrics\",\"a-token-that-an-attacker-knows\"],[\"session\",\"65535\"],\
                    [\"names\",\"<script>\"],[\"backdoor\",\"on\"],[\"tls\",\"high\"]]";
    let review = unit.review_backup(&with_settings(settings)).expect("read");
    assert_eq!(review.origin().serial_number, "\\u{7}S");
    assert!(review.plan().is_empty(), "{:?}", review.plan());
    let plan = review.plan();
    let left = left(plan);
    let whats: Vec<_> = left.iter().map(|(what, _)| *what).collect();
    assert_eq!(
        whats,
        [
            "The token for /metrics",
            "The setting \"Sign-in ends after (minutes without use)\"",
            "The setting \"Names of this unit\"",
            "The setting \"backdoor\"",
            "The setting \"TLS level\"",
            "A record",
        ]
    );
    assert!(
        left[4].1.contains("its RSA key has 2048 bits"),
        "{}",
        left[4].1
    );
    assert_eq!(unit.settings(), before);
}

#[test]
fn what_the_listener_cannot_serve_stays_behind_and_the_rest_comes() {
    let (bench, unit, _ca) = in_use();
    let file = backup(&unit);
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    set(&unit, Setting::Trial, "off");
    let served = serving(&unit);
    bench.refuse_to_serve(true);
    let plan = restore(&unit, &file);
    assert!(plan.serving.is_none());
    let left = left(&plan);
    assert_eq!(
        left[0].0,
        "The certificate that served, for \"ntp1.example.net\""
    );
    assert!(
        left[0]
            .1
            .starts_with("It cannot be served: told to refuse."),
        "{}",
        left[0].1
    );
    assert_eq!(serving(&unit), served);
    assert_eq!(unit.settings().text(Setting::Trial), "30");
}

#[test]
fn requests_of_the_unit_never_give_way_to_those_of_a_backup() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let old: Vec<_> = (0..3)
        .map(|_| bench::make(&unit, &form("old.example.net")))
        .collect();
    let file = backup(&unit);
    for key in &old {
        unit.delete_request(*key, &admin()).expect("deleted");
    }
    let new: Vec<_> = (0..REQUESTS_MAX - 1)
        .map(|_| bench::make(&unit, &form("new.example.net")))
        .collect();
    let plan = restore(&unit, &file);
    assert_eq!(plan.requests.len(), 1);
    assert_eq!(plan.requests[0].key, old[2], "the newest");
    assert_eq!(plan.left_behind.len(), 2);
    assert!(plan.left_behind[0].why.contains("Delete some"));
    let kept: Vec<_> = unit
        .requests()
        .expect("requests")
        .iter()
        .map(|r| r.key)
        .collect();
    assert_eq!(kept.len(), REQUESTS_MAX);
    assert!(new.iter().all(|key| kept.contains(key)) && kept.contains(&old[2]));
}

#[test]
fn a_restore_that_changes_what_serves_says_which_certificate_gives_way() {
    let (_bench, unit, _ca) = in_use();
    let before = unit.status().expect("status");
    let file = backup(&unit);
    let mut second = form("second.example.net");
    second.self_signed = true;
    let mut third = form("third.example.net");
    third.self_signed = true;
    bench::make(&unit, &second);
    bench::make(&unit, &third);
    let plan = restore(&unit, &file);
    assert_eq!(
        plan.gives_way.as_ref().expect("named").common_name,
        "second.example.net"
    );
    let now = unit.status().expect("status");
    assert_eq!(now.serving.certificate, before.serving.certificate);
    assert_eq!(
        now.previous.expect("previous").certificate.common_name,
        "third.example.net"
    );
}

#[test]
fn what_is_restored_from_a_browser_serves_on_trial() {
    let (bench, unit, _ca) = in_use();
    let served = serving(&unit);
    let file = backup(&unit);
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    let factory = serving(&unit);
    let mut review = unit.review_backup(&file).expect("read");
    unit.restore(&mut review, &browser()).expect("restored");
    assert_eq!(serving(&unit), served);
    let trial = unit.status().expect("status").trial.expect("a trial");
    assert_eq!(trial.falls_back_to, factory);
    bench.world.pass(30 * 60);
    unit.tick().expect("ticks");
    assert_eq!(serving(&unit), factory);
    assert_eq!(bench.served().last(), Some(&factory));
}

#[test]
fn what_is_on_trial_gives_way_to_what_a_backup_brings() {
    let (_bench, unit, ca) = in_use();
    let file = backup(&unit);
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    let confirmed = serving(&unit);
    let tried = bench::install(&unit, &ca, "tried.example.net", &browser());
    let plan = restore(&unit, &file);
    assert_eq!(plan.gives_way.expect("named").sha256, tried);
    let status = unit.status().expect("status");
    assert_eq!(
        status.previous.expect("previous").certificate.sha256,
        confirmed
    );
    assert!(status.trial.is_none());
}

#[test]
fn a_console_shows_a_line_for_each_thing_that_would_change() {
    let (_bench, unit, _ca) = in_use();
    let file = backup(&unit);
    let waiting = unit.requests().expect("requests").remove(0);
    unit.delete_request(waiting.key, &admin()).expect("deleted");
    unit.reset_to_factory(Digest::Sha256, &admin(), &mut bench::never_cancelled)
        .expect("reset");
    set(&unit, Setting::Trial, "off");
    let review = unit.review_backup(&file).expect("read");
    let plan = review.plan();
    let text = plan.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "Trial of a new certificate (minutes): is \"off\", becomes \"30\""
    );
    assert!(lines[1].starts_with("Serves again: ntp1.example.net, SHA-256 "));
    assert!(lines[2].starts_with("Becomes the factory certificate: Spectracom, "));
    assert!(lines[3].starts_with("Request that comes back: ntp2.example.net, key "));
    assert!(lines[4].starts_with("Cannot come along: The certificate that had served before,"));
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(
        plan.in_few_words(),
        "1 setting, the certificate that serves, the factory certificate, 1 request"
    );
}
