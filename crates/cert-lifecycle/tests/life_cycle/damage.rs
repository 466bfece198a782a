//! What a start does with a store or a secret that is of no use.

use std::fs;
use std::path::PathBuf;

use cert_lifecycle::{Action, Opened, Origin};

use crate::bench::Bench;

#[test]
fn a_store_that_cannot_be_read_is_set_aside_and_never_overwritten() {
    let bench = Bench::new();
    drop(bench.open());
    let noise = vec![0x5a; 40_000];
    fs::write(bench.store(), &noise).expect("damaged");
    let secret = fs::read(bench.secret()).expect("there");
    let files = begun_anew(&bench.open(), "cannot be read");
    assert_eq!(kept(&files), [noise]);
    assert_eq!(fs::read(bench.secret()).expect("there"), secret);
}

#[test]
fn a_store_without_octets_is_damaged_and_no_first_start() {
    let bench = Bench::new();
    drop(bench.open());
    fs::write(bench.store(), b"").expect("damaged");
    let files = begun_anew(&bench.open(), "it is empty");
    assert_eq!(kept(&files), [b""]);
}

#[test]
fn a_store_from_another_unit_gives_no_key_and_is_set_aside_without_the_secret() {
    let (bench, other) = (Bench::new(), Bench::new());
    drop((bench.open(), other.open()));
    let store = fs::read(other.store()).expect("there");
    let secret = fs::read(bench.secret()).expect("there");
    fs::write(bench.store(), &store).expect("copied");
    let files = begun_anew(&bench.open(), "sealed with another secret");
    assert_eq!(kept(&files), [store]);
    assert_eq!(fs::read(bench.secret()).expect("kept"), secret);
}

#[test]
fn without_a_check_value_a_store_that_does_not_fit_is_set_aside_with_the_secret() {
    let (bench, other) = (Bench::new(), Bench::new());
    drop((bench.open(), other.open()));
    let store = fs::read(other.store()).expect("there");
    let secret = fs::read(bench.secret()).expect("there");
    fs::write(bench.store(), &store).expect("copied");
    fs::remove_file(check(&bench)).expect("as an earlier version left it");
    let files = begun_anew(&bench.open(), "sealed with another secret");
    assert_eq!(kept(&files), [store, secret.clone()]);
    assert_ne!(fs::read(bench.secret()).expect("made anew"), secret);
}

#[test]
fn a_secret_of_which_a_bit_has_flipped_is_told_as_damaged() {
    let bench = Bench::new();
    drop(bench.open());
    let store = fs::read(bench.store()).expect("there");
    let mut secret = fs::read(bench.secret()).expect("there");
    secret[7] ^= 1;
    fs::write(bench.secret(), &secret).expect("damaged");
    let files = begun_anew(&bench.open(), "secret was altered or damaged");
    assert_eq!(kept(&files), [store, secret.clone()]);

    fs::write(bench.secret(), &secret).expect("damaged");
    fs::remove_file(bench.store()).expect("lost too");
    let opened = bench.open();
    let aside = opened.set_aside.expect("set aside");
    assert!(aside.why.contains("altered or damaged"), "{}", aside.why);
    assert_ne!(fs::read(bench.secret()).expect("made anew"), secret);
}

#[test]
fn a_check_value_that_is_damaged_or_missing_is_made_anew_and_costs_nothing() {
    let bench = Bench::new();
    drop(bench.open());
    let value = fs::read(check(&bench)).expect("there");
    assert_eq!(value.len(), 32);
    for damage in [Some(&b"noise"[..]), None] {
        match damage {
            Some(octets) => fs::write(check(&bench), octets).expect("damaged"),
            None => fs::remove_file(check(&bench)).expect("lost"),
        }
        let opened = bench.open();
        assert!(opened.set_aside.is_none() && opened.first_password.is_none());
        assert_eq!(fs::read(check(&bench)).expect("made anew"), value);
    }
}

fn check(bench: &Bench) -> PathBuf {
    bench.secret().with_extension("check")
}

#[test]
fn a_secret_of_another_length_is_set_aside_with_the_store() {
    let bench = Bench::new();
    drop(bench.open());
    let half = fs::read(bench.secret()).expect("there")[..16].to_vec();
    let store = fs::read(bench.store()).expect("there");
    fs::write(bench.secret(), &half).expect("damaged");
    let files = begun_anew(&bench.open(), "it has 16 octets");
    assert_eq!(kept(&files), [store, half]);
}

#[test]
fn a_store_without_its_secret_is_set_aside() {
    let bench = Bench::new();
    drop(bench.open());
    fs::remove_file(bench.secret()).expect("removed");
    assert_eq!(begun_anew(&bench.open(), "is missing").len(), 1);
}

#[test]
fn a_secret_without_a_store_is_kept_and_the_journal_says_so() {
    let bench = Bench::new();
    drop(bench.open());
    let secret = fs::read(bench.secret()).expect("there");
    fs::remove_file(bench.store()).expect("wiped");
    let opened = bench.open();
    assert!(opened.set_aside.is_none() && opened.first_password.is_some());
    assert_eq!(fs::read(bench.secret()).expect("kept"), secret);
    let entry = opened.unit.journal(1).expect("journal").remove(0);
    assert_eq!(entry.action, Action::FirstStart);
    assert!(entry.outcome.contains("no store"), "{}", entry.outcome);
}

#[test]
fn a_first_start_that_was_cut_off_begins_anew() {
    let bench = Bench::new();
    fs::write(bench.store().with_extension("redb.new"), b"half a store").expect("written");
    let opened = bench.open();
    assert!(opened.set_aside.is_none() && opened.first_password.is_some());
    drop(opened);
    assert!(bench.open().first_password.is_none());
}

#[test]
fn what_a_start_that_was_cut_off_has_set_aside_is_told_of() {
    let bench = Bench::new();
    drop(bench.open());
    let aside = bench.store().with_extension("redb.damaged-1767225600-0");
    fs::rename(bench.store(), &aside).expect("moved");
    assert_eq!(begun_anew(&bench.open(), "cut off"), [aside]);
}

/// The files that this start has set aside, for a reason with these words in it. The
/// unit serves a factory identity, and the journal says why.
#[track_caller]
fn begun_anew(opened: &Opened, why: &str) -> Vec<PathBuf> {
    let aside = opened.set_aside.clone().expect("set aside");
    assert!(aside.why.contains(why), "{}", aside.why);
    let status = opened.unit.status().expect("status");
    assert_eq!(status.serving.origin, Origin::Factory);
    assert!(opened.first_password.is_some());
    let journal = opened.unit.journal(9).expect("journal");
    let actions: Vec<Action> = journal.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [Action::FirstStart, Action::StoreSetAside]);
    assert!(journal[1].outcome.contains(&aside.why));
    aside.files
}

fn kept(files: &[PathBuf]) -> Vec<Vec<u8>> {
    let read = files.iter().map(|path| fs::read(path).expect("kept"));
    read.collect()
}
