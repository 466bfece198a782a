//! `software` and `sysupgrade`: what runs on the board, and what replaces it.

use base64ct::{Base64, Decoder};
use serde_json::json;
use zeroize::Zeroizing;

use super::commands::Arguments;
use super::desk::{Answer, Desk, Next, Pasted};
use super::dialogue::Reply;
use super::paste::Paste;
use super::show;
use crate::sysupgrade::{BUNDLE_OCTETS_MAX, BundleError, Progress, Software, UpgradeError};

/// Octets of a bundle as text, at most: lines of 64 characters and more.
const TEXT_OCTETS_MAX: usize = BUNDLE_OCTETS_MAX / 3 * 4 / 64 * 66;

pub(super) fn software(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let upgrades = &desk.app.upgrades;
    let software = match upgrades.software() {
        Ok(software) => software,
        Err(error) => return Reply::not_done(error).into(),
    };
    let slot = |software: &Software| software.running.letter();
    let shown = json!({
        "version": crate::VERSION,
        "build": crate::BUILD,
        "slot": software.as_ref().map(slot),
        "kept": software.as_ref().map(|software| software.kept),
        "went_back": software.as_ref().map(|software| software.fell_back),
        "upgrade": upgrades.progress().to_string(),
    });
    Answer::show(arguments.json(), &shown, |_| {
        let runs = match &software {
            Some(software) => software.to_string(),
            None => "not started from slots, so it cannot be upgraded from here".into(),
        };
        show::rows(&[
            ("version", format!("{} ({})", crate::VERSION, crate::BUILD)),
            ("slot", runs),
            ("upgrade", upgrades.progress().to_string()),
        ])
    })
}

pub(super) fn sysupgrade(desk: &mut Desk, arguments: &Arguments) -> Answer {
    // Said before megabytes are pasted.
    if let Err(error) = desk.app.upgrades.is_able() {
        return Reply::not_done(error).into();
    }
    let (at_once, older_too) = (arguments.has("-f"), arguments.has("--older"));
    Answer {
        reply: Reply::done(show::paragraphs(
            "Paste the upgrade as base64 text, and a line with a dot after it. It is checked whole \
             before anything is written; Ctrl-C leaves.",
        )),
        next: Next::Paste(
            Paste::new(Zeroizing::default(), TEXT_OCTETS_MAX),
            Box::new(move |desk, pasted| check(desk, pasted, at_once, older_too)),
        ),
    }
}

fn check(desk: &mut Desk, pasted: Pasted, at_once: bool, older_too: bool) -> Answer {
    let Some(octets) = pasted.ok().and_then(|text| decoded(&text)) else {
        return Reply::not_done(UpgradeError::from(BundleError::NotABundle)).into();
    };
    let what = match desk.app.upgrades.check(&octets, older_too) {
        Ok(bundle) => format!("{} ({})", bundle.header.version, bundle.header.commit),
        Err(error) => return Reply::not_done(error).into(),
    };
    if at_once {
        return upgrade(desk, &octets, older_too);
    }
    let text = format!("The upgrade to {what} is whole, signed, and for this board.\n");
    Answer::ask_yes(text, "Write it, and start the board?", move |desk| {
        upgrade(desk, &octets, older_too)
    })
}

fn upgrade(desk: &Desk, octets: &[u8], older_too: bool) -> Answer {
    let checked = desk.app.upgrades.check(octets, older_too);
    let done = checked.and_then(|bundle| desk.app.upgrade(&bundle, &desk.actor, || ()));
    match done {
        Ok(()) => Answer::done(show::paragraphs(&Progress::Restarting.to_string())),
        Err(error) => Reply::not_done(error).into(),
    }
}

/// The octets that lines of base64 say.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let bare: Vec<u8> = text
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let mut octets = Vec::with_capacity(bare.len() / 4 * 3);
    Decoder::<Base64>::new(&bare)
        .ok()?
        .decode_to_end(&mut octets)
        .ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_however_it_is_broken_into_lines() {
        assert_eq!(decoded(b"aGVs\nbG8=\n").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decoded(b"aGVsbG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decoded(b"not base64!"), None);
    }
}
