//! The commands about certificates: what serves, and what is to serve.

use cert_lifecycle::{
    CertificateDetails, CertificateView, Detail, Digest, Error, Format, Origin, Preflight,
    ServerName, Which,
};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::commands::Arguments;
use super::desk::{Answer, Desk, Next, Pasted, UnderReview};
use super::dialogue::{NOT_DONE, Reply};
use super::paste::{ENDS, Paste};
use super::review::Shown;
use super::show;
use super::work::{Reset, Work};
use crate::limits::UPLOAD_OCTETS_MAX;
use crate::time::utc;

const WHICH: [(&str, Which); 3] = [
    ("serving", Which::Serving),
    ("previous", Which::Previous),
    ("factory", Which::Factory),
];

/// The identity that is named, the one that serves where none is.
fn which(arguments: &Arguments) -> Result<Which, Answer> {
    let words = arguments.words();
    let Some(named) = words.first() else {
        return Ok(Which::Serving);
    };
    let found = WHICH.into_iter().find(|(name, _)| name == named);
    found.map(|(_, which)| which).ok_or_else(|| {
        Answer::not_understood(format_args!(
            "\"{}\" is not one of serving, previous and factory.",
            show::typed(named)
        ))
    })
}

/// A certificate in its place, for scripts.
#[derive(Serialize)]
struct Listed {
    place: &'static str,
    intermediates: usize,
    #[serde(flatten)]
    certificate: CertificateView,
}

pub(super) fn list(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let mut listed = Vec::new();
    for (place, which) in WHICH {
        let chain = match desk.app.unit.chain(which) {
            Ok(chain) => chain,
            Err(Error::NoIdentity(_)) => continue,
            Err(error) => return error.into(),
        };
        let leaf = chain.first();
        listed.extend(leaf.and_then(|leaf| {
            Some(Listed {
                place,
                intermediates: chain.len() - 1,
                certificate: CertificateView::of(leaf.as_bytes())?,
            })
        }));
    }
    Answer::show(arguments.json(), &listed, |listed| {
        let mut text = String::new();
        for one in listed {
            let certificate = &one.certificate;
            let of = format!(
                "{}, {}, issued by {}, until {}",
                certificate.common_name,
                certificate.public_key,
                certificate.issuer,
                utc(certificate.not_after)
            );
            show::push_row(&mut text, 10, one.place, &of);
            show::push_row(&mut text, 10, "", &certificate.sha256);
        }
        text
    })
}

pub(super) fn show(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let which = match which(arguments) {
        Ok(which) => which,
        Err(answer) => return answer,
    };
    let details = details(desk, which);
    Answer::show_result(arguments.json(), details, details_text)
}

fn details(desk: &Desk, which: Which) -> Result<CertificateDetails, Error> {
    let chain = desk.app.unit.chain(which)?;
    let leaf = chain
        .first()
        .map(|leaf| leaf.as_bytes())
        .unwrap_or_default();
    CertificateDetails::of(leaf).ok_or(Error::NotFound {
        what: "The certificate",
        named: "leaf".into(),
    })
}

fn details_text(details: &CertificateDetails) -> String {
    let mut text = String::new();
    let all = [&details.fields, &details.extensions, &details.thumbprints];
    for Detail { windows, value, .. } in all.into_iter().flatten() {
        for (number, line) in value.lines().enumerate() {
            let name = if number == 0 { windows.as_str() } else { "" };
            show::push_row(&mut text, 30, name, line);
        }
    }
    text
}

pub(super) fn export(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let which = match which(arguments) {
        Ok(which) => which,
        Err(answer) => return answer,
    };
    let format = match arguments.has("-p7") {
        true => Format::Pkcs7Pem,
        false => Format::X509Pem,
    };
    match desk.app.unit.export(which, format) {
        Ok(pem) => Answer::done(String::from_utf8_lossy(&pem)),
        Err(error) => error.into(),
    }
}

pub(super) fn check(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    let typed = words.first().copied().unwrap_or_default();
    let Ok(name) = ServerName::parse(typed) else {
        return Answer::not_understood(format_args!(
            "\"{}\" is neither a host name nor an address.",
            show::typed(typed)
        ));
    };
    let covered = match desk.app.unit.covers(&name) {
        Ok(covered) => covered,
        Err(error) => return error.into(),
    };
    let said = match covered {
        true => format!("The certificate that serves covers \"{name}\"."),
        false => format!(
            "The certificate that serves does not cover \"{name}\", so browsers warn there. Make a \
             request with this name."
        ),
    };
    let value = json!({ "name": name.to_string(), "covered": covered });
    let mut answer = Answer::show(arguments.json(), &value, |_| show::paragraphs(&said));
    answer.reply.code = if covered { 0 } else { NOT_DONE };
    answer
}

pub(super) fn confirm(desk: &mut Desk, _: &Arguments) -> Answer {
    match desk.app.unit.confirm_serving(&desk.actor) {
        Ok(true) => Answer::done("The certificate that was on trial stays.\n"),
        Ok(false) => Answer::done("No certificate is on trial.\n"),
        Err(error) => error.into(),
    }
}

pub(super) fn previous(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let preflight = preflight(arguments);
    match desk.app.unit.serve_previous(preflight, &desk.actor) {
        Ok(fingerprint) => Answer::done(format!(
            "The previous certificate serves again. SHA-256 fingerprint {fingerprint}\n"
        )),
        Err(error) => error.into(),
    }
}

pub(super) fn defcert(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let digest = match arguments.has("-sha1") || arguments.has("-sha") {
        true => Digest::Sha1,
        false => Digest::Sha256,
    };
    match Reset::begin(desk, digest, arguments.has("-v")) {
        Ok(reset) => Answer {
            reply: Reply::done(""),
            next: Next::Working(Work::Reset(reset)),
        },
        Err(error) => error.into(),
    }
}

/// How the making of a factory certificate ended.
pub(super) fn reset(
    desk: &Desk,
    ended: Result<String, Error>,
    digest: Digest,
    verbose: bool,
) -> Reply {
    let fingerprint = match ended {
        Ok(fingerprint) => fingerprint,
        Err(error @ Error::Cancelled) => return Reply::cancelled_by(error),
        Err(error) => return Reply::not_done(error),
    };
    let mut said = way_back(desk);
    if digest.is_legacy() {
        said += &show::paragraphs(&format!(
            "{digest} can be forged. Use it only for a client that cannot do better."
        ));
    }
    said += &format!("Factory certificate made and served. SHA-256 fingerprint {fingerprint}\n");
    match details(desk, Which::Serving) {
        Ok(details) if verbose => Reply::done(format!("{}{said}", details_text(&details))),
        _ => Reply::done(said),
    }
}

/// How to get back to what served before a factory certificate.
fn way_back(desk: &Desk) -> String {
    let Ok(status) = desk.app.unit.status() else {
        return String::new();
    };
    let previous = status.previous.filter(|it| it.origin != Origin::Factory);
    previous.map_or_else(String::new, |previous| {
        show::paragraphs(&format!(
            "Type previous to serve the certificate for \"{}\" again.",
            previous.certificate.common_name
        ))
    })
}

fn preflight(arguments: &Arguments) -> Preflight {
    match arguments.has("-f") {
        true => Preflight::Forced,
        false => Preflight::Required,
    }
}

const PASTE: &str = "Paste the certificate as PEM, with the CA's own certificates after it.";

pub(super) fn paste_command(_: &mut Desk, arguments: &Arguments) -> Answer {
    let json = arguments.json();
    // What is pasted on demand begins anew; what is under review stays until it can be read.
    let mut answer = paste_then(Zeroizing::default(), move |desk, pasted| {
        match reviewed(desk, pasted) {
            Ok(()) => shown(desk, json),
            Err(answer) => answer,
        }
    });
    answer.reply = Reply::done(if json { String::new() } else { asked() });
    answer
}

/// Asks for a certificate, and says how what is pasted ends.
fn asked() -> String {
    show::paragraphs(&format!("{PASTE} {ENDS}"))
}

/// Takes what somebody pastes without a word: it belongs to the certificate that is under
/// review, if there is one.
pub(super) fn paste(desk: &mut Desk) -> Answer {
    let kept = desk.review.as_ref().map(|under| under.text.clone());
    paste_then(kept.unwrap_or_default(), |desk, pasted| {
        match reviewed(desk, pasted) {
            Ok(()) => shown(desk, false),
            Err(answer) => answer,
        }
    })
}

fn paste_then(
    kept: Zeroizing<Vec<u8>>,
    then: impl FnOnce(&mut Desk, Pasted) -> Answer + Send + 'static,
) -> Answer {
    Answer {
        reply: Reply::done(""),
        next: Next::Paste(Paste::new(kept, UPLOAD_OCTETS_MAX), Box::new(then)),
    }
}

/// Reads and judges what was pasted, and keeps the review.
fn reviewed(desk: &mut Desk, pasted: Pasted) -> Result<(), Answer> {
    let text = pasted.map_err(|octets_max| {
        Answer::from(Reply::not_done(format_args!(
            "What was pasted is larger than 1 MiB ({octets_max} octets), so it was not read. A \
             certificate with its chain has some kilobytes. Nothing was changed."
        )))
    })?;
    let unit = &desk.app.unit;
    let review = unit.review(&text, None, Desk::reached_as())?;
    desk.review = Some(UnderReview { review, text });
    Ok(())
}

pub(super) fn review(desk: &mut Desk, arguments: &Arguments) -> Answer {
    shown(desk, arguments.json())
}

/// Shows what is under review, and what can be done with it.
fn shown(desk: &Desk, json: bool) -> Answer {
    let Some(under) = &desk.review else {
        return nothing_under_review();
    };
    let requests = match desk.app.unit.requests() {
        Ok(requests) => requests,
        Err(error) => return error.into(),
    };
    let shown = Shown::new(&under.review, &requests);
    let refused = shown.is_refused();
    let next = match refused {
        true => "It is refused, so it cannot be installed. Nothing was changed.",
        false => "Nothing was changed so far. Type install to serve it.",
    };
    let mut answer = Answer::show(json, &shown, |shown| {
        format!("{}{}", shown.text(), show::paragraphs(next))
    });
    answer.reply.code = if refused { NOT_DONE } else { 0 };
    answer
}

/// What is under review, as the person reads it.
fn review_text(desk: &Desk) -> Result<String, Error> {
    let requests = desk.app.unit.requests()?;
    let under = desk.review.as_ref();
    Ok(under.map_or_else(String::new, |under| {
        Shown::new(&under.review, &requests).text()
    }))
}

fn nothing_under_review() -> Answer {
    Reply::not_done(
        "Nothing is under review: paste a certificate first, with cert paste. Nothing was changed.",
    )
    .into()
}

/// Installs what is under review; where nothing is, what is pasted now.
pub(super) fn install(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let (preflight, json) = (preflight(arguments), arguments.json());
    if desk.review.is_some() {
        return put_in_service(desk, preflight, json);
    }
    let mut answer = paste_then(Zeroizing::default(), move |desk, pasted| {
        if let Err(answer) = reviewed(desk, pasted) {
            return answer;
        }
        let is_refused = |under: &UnderReview| under.review.is_refused();
        match desk.review.as_ref().is_some_and(is_refused) {
            // What was pasted was not looked at yet, so it is shown with what is wrong.
            false => {
                let seen = match review_text(desk) {
                    Ok(seen) => seen,
                    Err(error) => return error.into(),
                };
                let mut answer = put_in_service(desk, preflight, json);
                if !json {
                    answer.reply.text.insert_str(0, &seen);
                }
                answer
            }
            true => {
                let review = shown(desk, json);
                desk.review = None;
                review
            }
        }
    });
    answer.reply = Reply::done(match json {
        true => String::new(),
        false => asked(),
    });
    answer
}

/// What was installed, for scripts.
#[derive(Serialize)]
struct Installed {
    /// The fingerprint of the certificate that serves from now on.
    sha256: String,
    review: Shown,
}

fn installed(desk: &mut Desk, sha256: String) -> Answer {
    let Some(under) = desk.review.take() else {
        return nothing_under_review();
    };
    let installed = desk.app.unit.requests().map(|requests| Installed {
        sha256,
        review: Shown::new(&under.review, &requests),
    });
    Answer::show_result(true, installed, |_| String::new())
}

fn put_in_service(desk: &mut Desk, preflight: Preflight, json: bool) -> Answer {
    let Some(under) = &mut desk.review else {
        return nothing_under_review();
    };
    match desk
        .app
        .unit
        .install(&mut under.review, preflight, &desk.actor)
    {
        Ok(sha256) if json => installed(desk, sha256),
        Ok(fingerprint) => {
            desk.review = None;
            let said = show::paragraphs(
                "The certificate was installed and serves from the next connection on. It is \
                 confirmed, without a trial. Compare this fingerprint with the one your browser shows:",
            );
            Answer::done(format!("{said}SHA-256 fingerprint {fingerprint}\n"))
        }
        Err(error @ Error::Listener(_)) => Reply::not_done(format_args!(
            "{error} Type install -f to serve it all the same, for clients that know TLS 1.2 only."
        ))
        .into(),
        Err(error) => error.into(),
    }
}
