//! `backup` and `restore`: the state of the unit as text.

use cert_lifecycle::{
    BACKUP_TEXT_OCTETS_MAX, BackupError, BackupReview, Error, Signer, backup_to_text,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::commands::Arguments;
use super::desk::{Answer, Desk, Next, Pasted};
use super::dialogue::Reply;
use super::paste::Paste;
use super::show;
use crate::time::utc;

pub(super) fn backup(desk: &mut Desk, _: &Arguments) -> Answer {
    match desk.app.unit.backup(&crate::software(), &desk.actor) {
        Ok(file) => Answer::done(backup_to_text(&file)),
        Err(error) => error.into(),
    }
}

pub(super) fn key(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let key = json!({ "ed25519": desk.app.unit.backup_key() });
    Answer::show(arguments.json(), &key, |_| {
        format!("{}\n", desk.app.unit.backup_key())
    })
}

pub(super) fn restore(_: &mut Desk, arguments: &Arguments) -> Answer {
    let mut answer = paste_then(arguments.has("-f"));
    answer.reply = Reply::done(show::paragraphs(
        "Paste the backup, with its BEGIN and END lines. It ends at the END line; Ctrl-C gives it up. \
         Nothing is changed before you agree.",
    ));
    answer
}

/// Takes a backup that somebody pastes without a word.
pub(super) fn paste() -> Answer {
    paste_then(false)
}

fn paste_then(at_once: bool) -> Answer {
    Answer {
        reply: Reply::done(""),
        next: Next::Paste(
            Paste::new(Zeroizing::default(), BACKUP_TEXT_OCTETS_MAX),
            Box::new(move |desk, pasted| review(desk, pasted, at_once)),
        ),
    }
}

fn review(desk: &mut Desk, pasted: Pasted, at_once: bool) -> Answer {
    let Ok(text) = pasted else {
        return Error::Backup(BackupError::TooLarge).into();
    };
    let review = match desk.app.unit.review_backup(&text) {
        Ok(review) => review,
        Err(error) => return error.into(),
    };
    let shown = review_text(&review);
    if review.plan().is_empty() {
        return Reply::new(
            super::dialogue::NOT_DONE,
            format!("{shown}Nothing would change, so there is nothing to restore.\n"),
        )
        .into();
    }
    if at_once {
        let mut answer = put_back(desk, review);
        answer.reply.text.insert_str(0, &shown);
        return answer;
    }
    Answer::ask_yes(shown, "Restore it?", |desk| put_back(desk, review))
}

fn put_back(desk: &mut Desk, mut review: BackupReview) -> Answer {
    match desk.app.unit.restore(&mut review, &desk.actor) {
        Ok(plan) => {
            let mut said = show::paragraphs(&format!("Restored: {}.", plan.in_few_words()));
            if let Some(serving) = &plan.serving {
                said += &format!("SHA-256 fingerprint {}\n", serving.sha256);
            }
            Answer::done(said)
        }
        Err(error) => error.into(),
    }
}

fn review_text(review: &BackupReview) -> String {
    let origin = review.origin();
    let signer = match review.signer() {
        Signer::ThisUnit => "this unit, for certain".to_owned(),
        _ => format!(
            "another unit, with the key {}; compare it with what backup key says there",
            review.key()
        ),
    };
    let mut text = show::rows(&[
        (
            "backup of",
            format!("{} {}", origin.model, origin.serial_number),
        ),
        ("made", format!("{} by {}", utc(origin.at), origin.software)),
        ("signed by", signer),
    ]);
    text += &show::paragraphs(&show::visible(&review.plan().to_string()));
    text
}
