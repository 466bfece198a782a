//! The commands about requests: making, listing, handing out, deleting.

mod questions;

use cert_lifecycle::{
    Error, Field, FieldMessage, KeyId, Made, Making, Preflight, REQUESTS_MAX, RequestForm,
    RequestView,
};
use serde::Serialize;
use serde_json::json;

use super::commands::Arguments;
use super::desk::{Answer, Desk, Next, yes_or_no};
use super::dialogue::Reply;
use super::show;
use super::work::Work;
use crate::time::{span, utc};

/// Short words for fields, as OpenSSL has them.
const SHORT: [(&str, Field); 9] = [
    ("cn", Field::CommonName),
    ("c", Field::Country),
    ("st", Field::State),
    ("l", Field::Locality),
    ("o", Field::Organization),
    ("ou", Field::OrganizationalUnit),
    ("key", Field::KeyType),
    ("bits", Field::KeyBits),
    ("digest", Field::SignatureAlgorithm),
];

/// A key's fingerprint is recognised by so many digits.
const KEY_DIGITS_MIN: usize = 4;

/// `request new`: with fields at once, otherwise by questions.
pub(super) fn new(desk: &mut Desk, arguments: &Arguments) -> Answer {
    begin(desk, arguments).unwrap_or_else(|answer| answer)
}

fn begin(desk: &mut Desk, arguments: &Arguments) -> Result<Answer, Answer> {
    let (json, words) = (arguments.json(), arguments.words());
    if !words.is_empty() {
        // Of the draft only the further names are in sight, so nothing else of it comes along;
        // and a line that is refused leaves it as it was.
        let mut form = desk.app.unit.proposed_form("")?;
        form.names.clone_from(&desk.draft()?.names);
        set_flags(&mut form, arguments);
        let hidden = fill(&mut form, &words).map_err(Answer::not_understood)?;
        return ask_hidden(desk, form, hidden, json);
    }
    set_flags(desk.draft()?, arguments);
    let mut said = show::paragraphs(
        "Enter keeps what stands in brackets, a single - empties it, Ctrl-C leaves.",
    );
    if let Some(request) = desk.app.unit.gives_way_next()? {
        said += &show::paragraphs(&format!(
            "The unit keeps {REQUESTS_MAX} requests: request {} for \"{}\" and its key give way to \
             this one. Type request delete for another that is not needed.",
            request.number, request.common_name
        ));
    }
    questions::ask(desk, said, 0, json)
}

fn set_flags(form: &mut RequestForm, arguments: &Arguments) {
    form.omit_names = false;
    form.self_signed = arguments.has("-s");
    form.preflight = match arguments.has("-f") {
        true => Preflight::Forced,
        false => Preflight::Required,
    };
}

/// Puts `FIELD=VALUE` into the form. Returns the secrets that are to be asked for.
fn fill(form: &mut RequestForm, words: &[&str]) -> Result<Vec<Field>, String> {
    let mut hidden = Vec::new();
    // The first of several replaces those that were proposed.
    let (mut units_given, mut names_given) = (false, false);
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            return Err(format!(
                "\"{}\" is no field and value, such as cn=ntp1.example.net.",
                show::typed(word)
            ));
        };
        match field(name) {
            Some(field) if field.is_secret() && value == "?" => hidden.push(field),
            Some(Field::OrganizationalUnit) => {
                if !std::mem::replace(&mut units_given, true) {
                    form.organizational_units.clear();
                }
                form.set(Field::OrganizationalUnit, value);
            }
            Some(Field::Name(_)) => {
                if !std::mem::replace(&mut names_given, true) {
                    form.names.clear();
                }
                form.set(Field::Name(0), value);
            }
            Some(field) => form.set(field, value),
            None if name == "omit_names" => form.omit_names = yes(name, value)?,
            None if name == "self_signed" => form.self_signed = yes(name, value)?,
            None => {
                let fields = Field::ALL.map(Field::name).join(", ");
                let short = SHORT.map(|(short, _)| short).join(", ");
                return Err(format!(
                    "\"{}\" is no field. There is {fields}, name, self_signed and omit_names; and for \
                     short {short}.",
                    show::typed(name)
                ));
            }
        }
    }
    // Whoever says how many bits means RSA, whatever the request before was for.
    let given = |name: &str| {
        words
            .iter()
            .any(|word| word.starts_with(&format!("{name}=")))
    };
    if given("bits") || given(Field::KeyBits.name()) {
        if given("key") || given(Field::KeyType.name()) {
            if !form.key_type.eq_ignore_ascii_case("RSA") {
                return Err(
                    "The number of bits is for RSA keys. Leave it out, or give key=RSA.".into(),
                );
            }
        } else {
            form.set(Field::KeyType, "RSA");
        }
    }
    Ok(hidden)
}

fn field(name: &str) -> Option<Field> {
    // In capitals too, as in a subject: "CN=ntp1.example.net".
    let short = SHORT
        .into_iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(name));
    let long = Field::ALL.into_iter().find(|field| field.name() == name);
    let further = (name == Field::Name(0).name()).then_some(Field::Name(0));
    short.map(|(_, field)| field).or(long).or(further)
}

fn yes(name: &str, value: &str) -> Result<bool, String> {
    yes_or_no(value).ok_or_else(|| format!("{name} is yes or no."))
}

/// Asks for the secrets one after the other, then makes.
fn ask_hidden(
    desk: &mut Desk,
    mut form: RequestForm,
    mut hidden: Vec<Field>,
    json: bool,
) -> Result<Answer, Answer> {
    let Some(field) = hidden.pop() else {
        let made = make(desk, &mut form, json)?;
        desk.keep_draft(form);
        return Ok(made);
    };
    let prompt = format!("{}: ", field.label());
    Ok(Answer::ask_hidden("", prompt, move |desk, typed| {
        form.set(field, typed);
        ask_hidden(desk, form, hidden, json).unwrap_or_else(|answer| answer)
    }))
}

/// Checks the form and begins to make the key. Then the form holds no secret any more, for the
/// next request begins from it.
fn make(desk: &Desk, form: &mut RequestForm, json: bool) -> Result<Answer, Answer> {
    let order = match form.parse() {
        Ok(order) => order,
        Err(faults) => return Err(Reply::not_done(said(&faults)).into()),
    };
    let job = desk.app.unit.start_making(order, desk.actor.clone())?;
    for field in Field::ALL.into_iter().filter(|field| field.is_secret()) {
        form.set(field, "");
    }
    Ok(Answer {
        reply: Reply::done(""),
        next: Next::Working(Work::Request { job, json }),
    })
}

/// What is said of fields, a paragraph each.
fn said(messages: &[FieldMessage]) -> String {
    let lines: Vec<String> = messages
        .iter()
        .map(|said| format!("{}: {}", said.field.label(), said.message))
        .collect();
    format!("{}\nNothing was made.", lines.join("\n"))
}

/// What was made, for scripts.
#[derive(Serialize)]
struct MadeShown<'a> {
    #[serde(flatten)]
    made: &'a Made,
    request: Option<&'a RequestView>,
    advice: Vec<String>,
}

/// How the making of a key ended.
pub(super) fn made(desk: &Desk, ended: Option<Making>, json: bool) -> Reply {
    let (made, advice) = match ended {
        Some(Making::Done { made, advice }) => (made, advice),
        Some(Making::Failed(why)) => {
            return match why == Error::Cancelled.to_string() {
                true => Reply::cancelled_by(why),
                false => Reply::not_done(why),
            };
        }
        _ => {
            return Reply::not_done(
                "Another key has been made meanwhile. Type request list for what there is.",
            );
        }
    };
    let requests = match desk.app.unit.requests() {
        Ok(requests) => requests,
        Err(error) => return Reply::not_done(error),
    };
    let shown = MadeShown {
        request: requests.iter().find(|request| request.key == made.key),
        advice: advice.iter().map(|said| said.message.clone()).collect(),
        made: &made,
    };
    match json {
        true => Reply::done(show::json(&shown)),
        false => Reply::done(made_text(&shown)),
    }
}

fn made_text(shown: &MadeShown<'_>) -> String {
    let mut text = String::new();
    for advice in &shown.advice {
        text += &show::paragraphs(advice);
    }
    for gone in &shown.made.gave_way {
        text += &show::paragraphs(&format!(
            "Request {} for \"{}\" and its key gave way: the unit keeps {REQUESTS_MAX}. A certificate \
             for it cannot be installed any more.",
            gone.number, gone.common_name
        ));
    }
    if let Some(request) = shown.request {
        text += &show::paragraphs(&format!(
            "A key and request {} for \"{}\" were made. Send the request to the CA:",
            request.number, request.common_name
        ));
        text += &rows_of(request);
        text += &request.pem;
    }
    if let Some(fingerprint) = &shown.made.serving {
        text += &show::paragraphs(
            "A self-signed certificate serves from the next connection on. Compare this fingerprint \
             with the one your browser shows:",
        );
        text += &format!("SHA-256 fingerprint {fingerprint}\n");
    }
    text
}

/// What a request asks for.
fn rows_of(request: &RequestView) -> String {
    let fields = request.fields.iter();
    let mut rows: Vec<_> = fields
        .map(|(field, value)| (field.as_str(), value.clone()))
        .collect();
    rows.push(("names", request.names.join(", ")));
    rows.push(("key", request.public_key.clone()));
    show::rows(&rows)
}

pub(super) fn list(desk: &mut Desk, arguments: &Arguments) -> Answer {
    Answer::show_result(arguments.json(), desk.app.unit.requests(), |requests| {
        if requests.is_empty() {
            return "There is no request. Type request new for one.\n".into();
        }
        let mut text = String::new();
        for request in requests {
            let of = format!(
                "{}, {}, made {} by {}{}, key {}",
                request.common_name,
                request.public_key,
                utc(request.made_at),
                request.made_by,
                if request.serving { ", serves" } else { "" },
                request.key.fingerprint()
            );
            show::push_row(&mut text, 5, &request.number.to_string(), &of);
        }
        text
    })
}

/// The request that is named, the newest where none is.
fn named(desk: &Desk, arguments: &Arguments) -> Result<RequestView, Answer> {
    let requests = desk.app.unit.requests()?;
    let words = arguments.words();
    let Some(name) = words.first() else {
        return requests.into_iter().next().ok_or_else(no_request);
    };
    let number = name.parse::<u64>().ok();
    let digits = name.replace(':', "").to_ascii_lowercase();
    let fits = |key: KeyId| digits.len() >= KEY_DIGITS_MIN && key.to_string().starts_with(&digits);
    let mut found: Vec<&RequestView> = requests
        .iter()
        .filter(|request| Some(request.number) == number)
        .collect();
    if found.is_empty() {
        found = requests
            .iter()
            .filter(|request| fits(request.key))
            .collect();
    }
    match found.as_slice() {
        [found] => Ok((*found).clone()),
        [] if requests.is_empty() => Err(no_request()),
        [] => Err(Reply::not_done(format_args!(
            "\"{}\" names no request. Type request list for those there are.",
            show::typed(name)
        ))
        .into()),
        several => Err(Reply::not_done(format_args!(
            "\"{}\" names {} requests. Name the one you mean by more of its key, as request list \
             shows it.",
            show::typed(name),
            several.len()
        ))
        .into()),
    }
}

fn no_request() -> Answer {
    Reply::not_done("There is no request. Type request new for one.").into()
}

pub(super) fn show(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let request = match named(desk, arguments) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    Answer::show(arguments.json(), &request, |request| {
        let mut rows = vec![
            ("number", request.number.to_string()),
            (
                "made",
                format!("{} by {}", utc(request.made_at), request.made_by),
            ),
        ];
        for (field, value) in &request.fields {
            rows.push((field, value.clone()));
        }
        rows.extend([
            ("names", request.names.join(", ")),
            ("key", request.public_key.clone()),
            ("signature", request.signature_algorithm.clone()),
            ("key SHA-256", request.key.fingerprint()),
            ("SHA-256", request.sha256.clone()),
            ("in use", if request.in_use { "yes" } else { "no" }.into()),
        ]);
        format!("{}{}", show::rows(&rows), request.pem)
    })
}

pub(super) fn export(desk: &mut Desk, arguments: &Arguments) -> Answer {
    match named(desk, arguments) {
        Ok(request) => Answer::done(request.pem),
        Err(answer) => answer,
    }
}

pub(super) fn delete(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let request = match named(desk, arguments) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let delete = move |desk: &mut Desk| match desk.app.unit.delete_request(request.key, &desk.actor)
    {
        Ok(()) => Answer::done("The request and its key are gone.\n"),
        Err(error) => error.into(),
    };
    // What is in use is refused, and is not asked about.
    if arguments.has("-f") || request.in_use {
        return delete(desk);
    }
    let what = show::paragraphs(&format!(
        "The request for \"{}\" and its private key go for good; a certificate for it can then never \
         be installed.",
        request.common_name
    ));
    Answer::ask_yes(what, "Delete it?", delete)
}

pub(super) fn making(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let making = desk.app.unit.making();
    let (value, said) = match making {
        Making::Running {
            key,
            since,
            percent,
        } => {
            let so_far = span(desk.app.unit.now().unix_seconds.saturating_sub(since));
            (
                json!({ "key": &key, "since": since, "percent": percent }),
                format!(
                    "A key of {key} is being made: {percent} % of the expected work in {so_far}."
                ),
            )
        }
        _ => (json!(null), "No key is being made.".into()),
    };
    Answer::show(arguments.json(), &value, |_| show::paragraphs(&said))
}

pub(super) fn cancel(desk: &mut Desk, _: &Arguments) -> Answer {
    match desk.app.unit.making() {
        Making::Running { key, .. } => {
            desk.app.unit.cancel_making();
            Answer::said(format!("The making of the key of {key} ends."))
        }
        _ => Answer::done("No key is being made.\n"),
    }
}
