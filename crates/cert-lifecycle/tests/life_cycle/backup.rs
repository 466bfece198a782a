//! The file of a backup: what is in it, and what is not taken for one.

use cert_lifecycle::{
    Action, BACKUP_OCTETS_MAX, BACKUP_TEXT_OCTETS_MAX, BackupError, Error, Setting, Signer, Unit,
    backup_to_text,
};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::bench::{self, Bench, admin, form};

const SOFTWARE: &str = "Countersign 0.1.0";
const TOKEN: &str = "correct-horse-battery-staple";

pub(crate) fn backup(unit: &Unit) -> Vec<u8> {
    unit.backup(SOFTWARE, &admin()).expect("a backup")
}

/// A backup that somebody with a key of their own has signed.
pub(crate) fn forged(body: &str) -> Vec<u8> {
    signed(&format!("countersign-backup 1\n{body}\n"))
}

fn signed(text: &str) -> Vec<u8> {
    let hexadecimal =
        |octets: &[u8]| -> String { octets.iter().map(|octet| format!("{octet:02x}")).collect() };
    let key = SigningKey::from_bytes(&[9; 32]);
    let signature = key.sign(text.as_bytes()).to_bytes();
    let signer = hexadecimal(key.verifying_key().as_bytes());
    format!(
        "{text}signature ed25519 {signer} {}\n",
        hexadecimal(&signature)
    )
    .into_bytes()
}

#[track_caller]
pub(crate) fn refused(unit: &Unit, octets: &[u8]) -> BackupError {
    match unit.review_backup(octets) {
        Err(Error::Backup(why)) => why,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("taken"),
    }
}

fn unit_with_a_request() -> (Bench, std::sync::Arc<Unit>) {
    let bench = Bench::new();
    let unit = bench.open().unit;
    bench::make(&unit, &form("ntp1.example.net"));
    (bench, unit)
}

#[test]
fn a_backup_says_what_it_is_and_where_it_comes_from() {
    let (_bench, unit) = unit_with_a_request();
    let file = backup(&unit);
    assert!(file.starts_with(b"countersign-backup 1\n"));
    let review = unit.review_backup(&file).expect("read");
    assert_eq!(review.signer(), Signer::ThisUnit);
    assert_eq!(review.key(), unit.backup_key());
    assert_eq!(review.origin().software, SOFTWARE);
    assert_eq!(review.origin().model, "SecureSync");
    let journal = unit.journal(1).expect("journal");
    assert_eq!(journal[0].action, Action::Backup);
    let sha256 = journal[0].outcome.replace(':', "").to_lowercase();
    assert!(sha256.ends_with(review.sha256()), "{sha256}");
}

#[test]
fn nothing_in_a_backup_lets_anybody_in() {
    let (bench, unit) = unit_with_a_request();
    unit.change_settings(&[(Setting::Metrics, TOKEN)], &admin())
        .expect("changed");
    let file = String::from_utf8(backup(&unit)).expect("text");
    drop(unit);
    let store = crate::upgrade::records(&bench.store());
    // As JSON writes it: the salt and the hash of the password, the hash of the token.
    for (record, pointer) in [
        ("account/admin", "/salt"),
        ("account/admin", "/hash"),
        ("settings", "/metrics"),
    ] {
        let json: serde_json::Value = serde_json::from_slice(&store[record]).expect("JSON");
        let secret = json.pointer(pointer).expect(pointer).to_string();
        assert!(secret.len() > 30, "{pointer}: {secret}");
        assert!(!file.contains(&secret), "{pointer} of {record}");
    }
    assert!(!file.contains(TOKEN) && !file.contains("account"));
}

#[test]
fn any_octet_that_was_changed_is_seen() {
    let (_bench, unit) = unit_with_a_request();
    let file = backup(&unit);
    let journal = unit.journal(99).expect("journal");
    assert!(unit.review_backup(&file).is_ok());
    for index in 0..file.len() {
        // A bit in turn, so that letters become capitals and digits others.
        let mut altered = file.clone();
        altered[index] ^= 1 << (index % 8);
        refused(&unit, &altered);
    }
    assert_eq!(unit.journal(99).expect("journal"), journal);
}

#[test]
fn a_backup_that_was_cut_off_anywhere_is_refused() {
    let (_bench, unit) = unit_with_a_request();
    let file = backup(&unit);
    for end in 0..file.len() {
        let why = refused(&unit, &file[..end]);
        let expected = match end {
            0..19 => BackupError::NotABackup,
            _ => BackupError::NotWhole,
        };
        let in_signature = end > file.len() - 130;
        assert!(
            why == expected || (in_signature && why == BackupError::Altered),
            "cut at {end}: {why}"
        );
    }
    for more in [&b"x"[..], b"\n", b"signature ed25519 \n"] {
        refused(&unit, &[&file[..], more].concat());
    }
}

#[test]
fn what_is_no_backup_is_refused_with_its_reason() {
    let (_bench, unit) = unit_with_a_request();
    for (octets, why) in [
        (Vec::new(), BackupError::NotABackup),
        (
            b"-----BEGIN CERTIFICATE-----".to_vec(),
            BackupError::NotABackup,
        ),
        (
            signed("countersign-backup 0\n{}\n"),
            BackupError::NotABackup,
        ),
        (
            signed("countersign-backup +1\n{}\n"),
            BackupError::NotABackup,
        ),
        (
            signed("countersign-backup 2\n{}\n"),
            BackupError::Newer { version: 2 },
        ),
        (
            vec![b' '; BACKUP_TEXT_OCTETS_MAX + 1],
            BackupError::TooLarge,
        ),
    ] {
        assert_eq!(refused(&unit, &octets), why);
    }
    let mut long = b"countersign-backup 1\n".to_vec();
    long.resize(BACKUP_OCTETS_MAX + 1, b' ');
    assert_eq!(refused(&unit, &long), BackupError::TooLarge);
}

#[test]
fn what_is_signed_but_holds_something_else_is_refused() {
    let (_bench, unit) = unit_with_a_request();
    let body = |settings: &str| {
        format!(
            "{{\"made\":{{\"at\":1,\"clock_trusted\":true,\"model\":\"M\",\"serial_number\":\"S\",\
             \"software\":\"W\"}},\"settings\":{settings},\"requests\":[],\"identities\":\
             {{\"factory\":null,\"previous\":null,\"serving\":null}},\"keys\":[],\"journal\":[]}}"
        )
    };
    assert!(unit.review_backup(&forged(&body("[]"))).is_ok());
    let many = format!("[{}]", vec!["[\"a\",\"b\"]"; 65].join(","));
    for settings in ["{}", "[1]", &many, "[],\"more\":1"] {
        let why = refused(&unit, &forged(&body(settings)));
        assert!(matches!(why, BackupError::NotUnderstood(_)), "{why}");
    }
}

#[test]
fn a_backup_as_text_survives_a_terminal() {
    let (_bench, unit) = unit_with_a_request();
    let file = backup(&unit);
    let text = backup_to_text(&file);
    assert!(text.lines().all(|line| line.len() <= 64));
    let seen = format!(
        "countersign> backup\r\n{}\r\ncountersign> ",
        text.replace('\n', "\r\n")
    );
    let review = unit.review_backup(seen.as_bytes()).expect("read");
    let as_file = unit.review_backup(&file).expect("read");
    assert_eq!(review.sha256(), as_file.sha256());

    let (begin, end) = text.split_at(text.len() / 2);
    assert_eq!(refused(&unit, begin.as_bytes()), BackupError::NotWhole);
    assert_eq!(refused(&unit, end.as_bytes()), BackupError::NotABackup);
    let altered = begin.to_owned() + &end[1..];
    assert_eq!(refused(&unit, altered.as_bytes()), BackupError::Altered);
}

#[test]
fn a_journal_that_is_too_long_loses_its_oldest_entries_in_the_backup_only() {
    let bench = Bench::new();
    drop(bench.open());
    // An entry of the largest outcome that ten thousand of them make too much.
    bench.fill_journal(10_000, &"x".repeat(700));
    let unit = bench.open().unit;
    let file = backup(&unit);
    assert!(file.len() <= BACKUP_OCTETS_MAX && file.len() > BACKUP_OCTETS_MAX - 2000);
    let review = unit.review_backup(&file).expect("read");
    assert!(review.plan().is_empty(), "{:?}", review.plan());
    assert_eq!(unit.journal(20_000).expect("journal").len(), 10_000);
}
