//! What serves, and what is pasted to serve.

use super::*;
use crate::web::tests::ca;

/// A typist whose unit has a request that a CA has answered: the leaf and the root.
async fn with_answer() -> (Typist, String, String) {
    let mut typist = Typist::new().await;
    let (_, made) = typist.types("request new cn=ntp1.example.net key=\"EC P-256\"");
    let begin = made.find("-----BEGIN").expect("PEM");
    let signed = ca::sign(&made[begin..]);
    let text = |octets| String::from_utf8(octets).expect("PEM");
    (typist, text(signed.leaf), text(signed.root))
}

#[tokio::test]
async fn a_certificate_is_pasted_reviewed_and_installed() {
    let (mut typist, leaf, root) = with_answer().await;
    check_says(&typist.types("cert paste"), 0, "behind the last END line");
    assert!(typist.dialogue.pasting());
    assert_eq!(typist.types_all(&leaf), (0, String::new()));
    assert!(typist.dialogue.pasting(), "more may follow");
    let review = typist.types("");
    check_says(&review, 0, "answers request 1");
    check_says(&review, 0, "Type install to serve it.");
    // What is pasted now belongs to it, and it is said how it ends.
    let begin = typist.types(root.lines().next().expect("a line"));
    check_says(
        &begin,
        0,
        "taken as a paste. It ends behind the last END line",
    );
    check_says(&begin, 0, "Ctrl-C gives it up");
    assert_eq!(typist.dialogue.interrupt().code, 3);
    typist.types_all(&format!("cert paste\n{leaf}\n"));
    let whole = typist.types_all(&format!("{root}\n"));
    check_says(&whole, 0, "signed by the one above");
    let installed = typist.types("install");
    let serving = typist.browser.unit().status().expect("status");
    check_says(&installed, 0, &serving.serving.certificate.sha256);
    assert!(serving.trial.is_none());
    check_says(&typist.types("install"), 0, "Paste the certificate");
    assert_eq!(typist.dialogue.interrupt().code, 3);
    check_says(&typist.types("cert check ntp1.example.net"), 0, "covers");
    check_says(
        &typist.types("cert check ntp2.example.net"),
        1,
        "does not cover",
    );
    let (_, exported) = typist.types("cert export");
    assert!(
        exported.starts_with(leaf.lines().next().expect("a line")),
        "{exported}"
    );
    let (_, bundle) = typist.types("cert export -p7");
    assert!(bundle.starts_with("-----BEGIN PKCS7-----"), "{bundle}");
    check_says(&typist.types("cert show"), 0, "CN=ntp1.example.net");
    check_says(&typist.types("previous"), 0, "serves again");
    check_says(
        &typist.types("cert list"),
        0,
        "previous ntp1.example.net, EC P-256",
    );
}

#[tokio::test]
async fn install_takes_a_paste_and_ends_with_its_input() {
    let (mut typist, leaf, _) = with_answer().await;
    typist.types("install");
    typist.types_all(&leaf);
    assert!(
        typist
            .dialogue
            .quiet()
            .is_some_and(|reply| { reply.code == 0 && reply.text.contains("SHA-256 fingerprint") })
    );
    // The same certificate again, for a script.
    typist.types("install --json");
    let (code, json) = typist.types_all(&format!("{leaf}\n"));
    let installed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let serving = typist.browser.unit().status().expect("status").serving;
    assert_eq!(code, 0, "{json}");
    assert_eq!(installed["sha256"], serving.certificate.sha256);
    assert_eq!(installed["review"]["request"], 1);
    // And again: the input ends within it.
    typist.types("install");
    typist.types_all(leaf.rsplit_once("-----END").expect("an end").0);
    assert!(typist.dialogue.quiet().is_none(), "its end is missing");
    let cut = typist.dialogue.end_of_input().expect("an answer");
    assert_eq!(cut.code, 1, "{}", *cut.text);
    check_says(&typist.types("cert review"), 1, "Nothing is under review");
}

#[tokio::test]
async fn what_is_refused_is_not_installed() {
    let (mut typist, _, root) = with_answer().await;
    let before = typist.browser.unit().status().expect("status").serving;
    let other = typist.types_all(&format!("cert paste\n{root}\n"));
    check_says(&other, 1, "Refused:");
    check_says(&other, 1, "it cannot be installed");
    assert_eq!(typist.types("install").0, 1);
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n\n";
    let refused = typist.types_all(&format!("cert paste\n{key}"));
    check_says(&refused, 1, "private key");
    assert!(!refused.1.contains("MC4C"), "{}", refused.1);
    let large = format!(
        "cert paste\n{}\n.",
        "x".repeat(1024).as_str().to_owned() + "\n"
    );
    check_says(&typist.types_all(&large), 1, "");
    typist.types("cert paste");
    for _ in 0..1025 {
        typist.types(&"x".repeat(1024));
    }
    check_says(&typist.types("."), 1, "larger than 1 MiB");
    assert_eq!(
        typist.browser.unit().status().expect("status").serving,
        before
    );
}

#[tokio::test]
async fn names_from_a_certificate_cannot_steer_a_terminal() {
    let (mut typist, _, _) = with_answer().await;
    let evil = ca::self_signed("/CN=a\u{1b}[2Jb\u{7}");
    let (_, text) = typist.types_all(&format!("cert paste\n{evil}\n"));
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n'),
        "{text:?}"
    );
}

#[tokio::test]
async fn a_factory_certificate_is_made_and_shown() {
    let mut typist = Typist::new().await;
    let (code, text) = typist.types("defcert -sha1 -v");
    assert_eq!(code, 0, "{text}");
    let serving = typist.browser.unit().status().expect("status").serving;
    assert!(text.contains("sha1WithRSAEncryption"), "{text}");
    let last = text.lines().last().unwrap_or_default();
    assert!(last.ends_with(&serving.certificate.sha256), "{last}");
}

#[tokio::test]
async fn a_backup_is_restored_after_a_review_and_a_question() {
    let mut typist = Typist::new().await;
    let (_, backup) = typist.types("backup");
    check_says(
        &typist.types_all(&format!("restore\n{backup}")),
        1,
        "nothing to restore",
    );
    typist.types("services set trial 33");
    // It needs no command, and no empty line behind it.
    let review = typist.types_all(backup.trim_end());
    check_says(&review, 0, "is \"33\", becomes \"10\"");
    check_says(&review, 0, "this unit, for certain");
    assert_eq!(typist.dialogue.prompt(), "Restore it? yes or no [no]: ");
    check_says(&typist.types("yes"), 0, "Restored: 1 setting.");
    check_says(&typist.types("services"), 0, "trial 10");
    let altered = backup.replacen('A', "B", 1);
    check_says(
        &typist.types_all(&format!("restore -f\n{altered}")),
        1,
        "backup",
    );
    let (_, key) = typist.types("backup key");
    assert_eq!(key.trim(), typist.browser.unit().backup_key());
}

#[tokio::test]
async fn the_journal_is_filtered_by_kind_and_number() {
    let mut typist = Typist::new().await;
    typist.types("services set trial 20");
    typist.types("services set trial 30");
    let (_, all) = typist.types("journal -n 2");
    assert_eq!(all.lines().count(), 2, "{all}");
    let (_, kind) = typist.types("journal sign-in");
    assert!(kind.lines().count() >= 1, "{kind}");
    assert!(kind.lines().all(|line| line.contains("sign-in")), "{kind}");
    check_says(&typist.types("alarms"), 0, "factory-serving:");
    check_says(&typist.types("alarms note expired"), 1, "is not raised");
    check_says(&typist.types("confirm"), 0, "No certificate is on trial.");
    assert_eq!(typist.types("exit").0, 0);
    assert!(typist.dialogue.ended());
}

#[tokio::test]
async fn a_factory_certificate_is_cancelled_by_ctrl_c_or_by_going_away() {
    let mut typist = Typist::new().await;
    let serving = |typist: &Typist| {
        let status = typist.browser.unit().status().expect("status");
        status.serving.certificate.sha256
    };
    let before = serving(&typist);
    let begun = typist.dialogue.line("defcert");
    assert_eq!((begun.code, begun.text.as_str()), (0, ""));
    assert!(typist.dialogue.busy());
    let refused = typist.dialogue.line("version");
    check_says(&(refused.code, refused.text.to_string()), 1, "Ctrl-C");
    let cancelled = typist.dialogue.interrupt();
    check_says(
        &(cancelled.code, cancelled.text.to_string()),
        3,
        "was cancelled. Nothing was changed.",
    );
    assert!(!typist.dialogue.busy());
    typist.dialogue.line("defcert");
    typist.dialogue = dialogue(&typist.browser.app(), Via::Console);
    assert_eq!(serving(&typist), before);
    // Nobody waits for a key that somebody else makes.
    typist.dialogue.line("request new cn=ntp1 bits=4096");
    let mut other = dialogue(&typist.browser.app(), Via::Console);
    let mut reply = other.line("defcert -v");
    while other.busy() {
        reply = other.more();
    }
    assert_ne!(serving(&typist), before);
    check_says(&(0, reply.text.to_string()), 0, &serving(&typist));
    check_says(&(0, reply.text.to_string()), 0, "Subject alternative name");
}

#[tokio::test]
async fn what_is_under_review_stays_until_another_certificate_can_be_read() {
    let (mut typist, leaf, _) = with_answer().await;
    typist.types("cert paste");
    typist.types_all(&leaf);
    check_says(&typist.types(""), 0, "Type install to serve it.");
    // Begun anew and given up.
    typist.types("cert paste");
    assert_eq!(typist.dialogue.interrupt().code, 3);
    check_says(&typist.types("cert review"), 0, "answers request 1");
    // What belongs to it is damaged.
    let damaged = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
    typist.types_all(damaged);
    check_says(&typist.types(""), 1, "damaged");
    check_says(&typist.types("cert review"), 0, "answers request 1");
    check_says(&typist.types("install"), 0, "was installed");
}

#[tokio::test]
async fn a_paste_behind_the_mark_of_an_editor_is_a_paste() {
    let (mut typist, leaf, _) = with_answer().await;
    let (first, rest) = leaf.split_once('\n').expect("lines");
    check_says(
        &typist.types(&format!("\u{feff}{first}")),
        0,
        "taken as a paste",
    );
    typist.types_all(rest);
    check_says(&typist.types(""), 0, "answers request 1");
}

#[tokio::test]
async fn a_factory_certificate_says_how_to_go_back_and_what_is_wrong_with_it() {
    let (mut typist, leaf, _) = with_answer().await;
    typist.types("install");
    typist.types_all(&leaf);
    check_says(&typist.types(""), 0, "was installed");
    for (command, said) in [
        (
            "defcert",
            "Type previous to serve the certificate for \"ntp1.example.net\" again.",
        ),
        ("defcert -sha1", "SHA-1 can be forged."),
        (
            "defcert -sha1",
            "Type previous to serve the certificate for \"ntp1.example.net\" again.",
        ),
    ] {
        check_says(&typist.types(command), 0, said);
    }
    check_says(&typist.types("previous"), 0, "serves again");
    check_says(&typist.types("cert show"), 0, "CN=ntp1.example.net");
}
