//! Stores of other versions of this software.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cert_lifecycle::{Action, Origin, Preflight, Setting, SignIn};
use redb::{Database, ReadableDatabase, TableDefinition};

use crate::bench::{Bench, Ca, admin};

/// See `tests/data/README.md`.
const FORMAT_1_PASSWORD: &str = "npzn-jvnc-7786-vfb5";

#[test]
fn a_store_of_format_1_is_brought_to_the_present_one_with_all_that_is_in_it() {
    let bench = Bench::on_state("format-1");
    let opened = bench.open();
    assert!(opened.set_aside.is_none() && opened.first_password.is_none());
    let unit = opened.unit;
    let signed_in = unit.sign_in("admin", FORMAT_1_PASSWORD, &admin());
    assert_eq!(signed_in.expect("stored"), Some(SignIn::ChangePassword));
    assert_eq!(unit.settings().text(Setting::Names), "ntp1.example.net");
    let status = unit.status().expect("status");
    assert_eq!(status.serving.origin, Origin::Imported);
    assert_eq!(status.serving.certificate.common_name, "ntp1.example.net");
    assert_eq!(
        bench.served(),
        [status.serving.certificate.sha256.as_str()],
        "its key opens"
    );
    unit.serve_previous(Preflight::Required, &admin())
        .expect("its key opens");
    let waiting = unit.requests().expect("requests").remove(0);
    assert_eq!(waiting.common_name, "ntp2.example.net");
    let certificate = Ca::new().sign(&waiting.pem, "ntp2.example.net");
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, &admin())
        .expect("its key opens");
}

#[test]
fn a_store_is_upgraded_once_and_the_journal_says_so() {
    let bench = Bench::on_state("format-1");
    let upgrades = || {
        let journal = bench.open().unit.journal(99).expect("journal");
        let upgrades = journal
            .into_iter()
            .filter(|entry| entry.action == Action::Upgrade);
        upgrades.map(|entry| entry.outcome).collect::<Vec<_>>()
    };
    assert_eq!(upgrades(), ["its format is 2, and was 1"]);
    assert_eq!(upgrades().len(), 1);
}

#[test]
fn a_store_of_format_1_with_another_secret_is_set_aside_as_it_was() {
    let bench = Bench::on_state("format-1");
    let before = records(&bench.store());
    fs::write(bench.store().with_file_name("secret"), [1; 32]).expect("written");
    let opened = bench.open();
    let aside = opened.set_aside.expect("set aside");
    assert!(aside.why.contains("another secret"), "{}", aside.why);
    assert!(records(&aside.files[0]) == before, "a record was changed");
}

#[test]
fn a_store_of_a_later_version_is_left_alone_and_locks_nobody_out() {
    let bench = Bench::new();
    let earlier = bench.open().unit.status().expect("status").serving;
    set_format(&bench.store(), 3);
    let before = records(&bench.store());

    let opened = bench.open();
    let aside = opened.set_aside.expect("told");
    assert_eq!(aside.files, [bench.store()]);
    assert!(
        aside
            .why
            .contains("later version of this software, in format 3"),
        "{}",
        aside.why
    );
    let first = opened.first_password.expect("a way in");
    let change = opened.unit.change_password(&first, "long enough", &admin());
    change.expect("changed");
    let meanwhile = opened.unit.status().expect("status").serving;
    assert_eq!(meanwhile.origin, Origin::Factory);
    assert_ne!(meanwhile.certificate.key, earlier.certificate.key);
    drop(opened.unit);

    // A restart of the earlier version goes on where it was.
    let opened = bench.open();
    assert!(opened.first_password.is_none() && opened.set_aside.is_some());
    let signed_in = opened.unit.sign_in("admin", "long enough", &admin());
    assert_eq!(signed_in.expect("stored"), Some(SignIn::Granted));
    assert_eq!(opened.unit.status().expect("status").serving, meanwhile);
    drop(opened.unit);

    // And the later version finds its store as it left it.
    assert!(records(&bench.store()) == before, "a record was changed");
    set_format(&bench.store(), 2);
    let opened = bench.open();
    assert!(opened.set_aside.is_none());
    assert_eq!(opened.unit.status().expect("status").serving, earlier);
}

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");

/// Has the store say that it is of this format.
fn set_format(store: &Path, format: u32) {
    let database = Database::create(store).expect("opens");
    let change = database.begin_write().expect("begins");
    {
        let mut table = change.open_table(RECORDS).expect("opens");
        table
            .insert("meta/format", format.to_string().as_bytes())
            .expect("put");
    }
    change.commit().expect("kept");
}

/// Every record of a store that nobody has open.
pub(crate) fn records(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let database = Database::create(store).expect("opens");
    let snapshot = database.begin_read().expect("begins");
    let table = snapshot.open_table(RECORDS).expect("opens");
    let all = table.range::<&str>(..).expect("reads");
    all.map(|record| {
        let (key, value) = record.expect("reads");
        (key.value().to_owned(), value.value().to_vec())
    })
    .collect()
}
