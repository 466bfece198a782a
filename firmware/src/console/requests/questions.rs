//! `request new` without fields: the page's form, question by question.

use cert_lifecycle::{Field, NAMES_MAX, ORGANIZATIONAL_UNITS_MAX, RequestForm};

use super::super::desk::{Answer, Desk, yes_or_no};
use super::super::{names, show};
use super::make;

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Field(Field),
    /// One more organizational unit.
    Unit,
    /// One more name.
    Name,
    SelfSigned,
    /// Whether anything of the last group is to be given.
    ForTheCa,
}

const STEPS: [Step; 18] = [
    Step::Field(Field::CommonName),
    Step::Name,
    Step::Field(Field::Country),
    Step::Field(Field::State),
    Step::Field(Field::Locality),
    Step::Field(Field::Organization),
    Step::Field(Field::OrganizationalUnit),
    Step::Unit,
    Step::Field(Field::Email),
    Step::Field(Field::KeyType),
    Step::Field(Field::KeyBits),
    Step::Field(Field::SignatureAlgorithm),
    Step::SelfSigned,
    Step::Field(Field::Days),
    Step::ForTheCa,
    Step::Field(Field::ChallengePassword),
    Step::Field(Field::OptionalOrganization),
    Step::Field(Field::PassPhrase),
];

/// Asks the question at `place`, or makes the key when there is none left.
pub(super) fn ask(
    desk: &mut Desk,
    mut said: String,
    place: usize,
    json: bool,
) -> Result<Answer, Answer> {
    let Some(step) = STEPS.get(place) else {
        let mut form = desk.take_draft()?;
        let made = make(desk, &mut form, json);
        desk.keep_draft(form);
        let mut answer = made?;
        answer.reply.text.insert_str(0, &said);
        return Ok(answer);
    };
    if !applies(*step, desk.draft()?) {
        return ask(desk, said, place + 1, json);
    }
    if *step == Step::Name {
        said += &names_so_far(desk.draft()?);
        said += &not_asked_for(&names::missing(desk)?);
    }
    let form = desk.draft()?;
    let (prompt, hides) = (prompt(*step, form), is_hidden(*step));
    let then = move |desk: &mut Desk, typed: &str| {
        answered(desk, place, typed, json).unwrap_or_else(|answer| answer)
    };
    Ok(match hides {
        true => Answer::ask_hidden(said, prompt, then),
        false => Answer::ask(said, prompt, then),
    })
}

/// Takes an answer, and asks what comes next: the same again when it cannot be taken.
fn answered(desk: &mut Desk, place: usize, typed: &str, json: bool) -> Result<Answer, Answer> {
    let step = STEPS.get(place).copied().unwrap_or(Step::ForTheCa);
    let form = desk.draft()?;
    let next = match step {
        // A secret is taken as it is typed, blanks and all, as the page takes it.
        Step::Field(field) if field.is_secret() => {
            if !typed.is_empty() {
                form.set(field, typed);
            }
            fault(form, field).map_or(Ok(place + 1), Err)
        }
        Step::Field(field) => {
            let before = form.text(field);
            match typed.trim() {
                "" => Ok(place + 1),
                typed => {
                    let typed = if typed == "-" { "" } else { typed };
                    put(form, field, typed);
                    let fault = fault(form, field);
                    if fault.is_some() {
                        put(form, field, &before);
                    }
                    fault.map_or(Ok(place + 1), Err)
                }
            }
            // What was proposed may have to be changed too.
            .and_then(|next| fault(form, field).map_or(Ok(next), Err))
        }
        Step::Unit => more_units(form, place, typed),
        Step::Name => more_names(form, place, typed),
        Step::SelfSigned => yes_or_no(typed)
            .map(|yes| {
                form.self_signed |= yes;
                place + 1
            })
            .ok_or_else(|| "Type yes or no.".to_owned()),
        Step::ForTheCa => match yes_or_no(typed) {
            Some(true) => Ok(place + 1),
            Some(false) => Ok(STEPS.len()),
            None => Err("Type yes or no.".into()),
        },
    };
    match next {
        Ok(next) if next != place && STEPS.get(next) == Some(&Step::Name) => {
            ask(desk, show::paragraphs(&names::types()), next, json)
        }
        Ok(next) => ask(desk, String::new(), next, json),
        Err(fault) => ask(desk, show::paragraphs(&fault), place, json),
    }
}

/// Whether there is a reason to ask.
fn applies(step: Step, form: &RequestForm) -> bool {
    match step {
        Step::Field(Field::KeyBits) => form.key_type == "RSA",
        Step::Field(Field::Days) => form.self_signed,
        Step::Unit => !form.organizational_units.is_empty(),
        Step::SelfSigned => !form.self_signed,
        _ => true,
    }
}

fn is_hidden(step: Step) -> bool {
    matches!(step, Step::Field(field) if field.is_secret())
}

fn prompt(step: Step, form: &RequestForm) -> String {
    match step {
        Step::Field(field) => {
            let choices = match field.choices().join(", ") {
                none if none.is_empty() => none,
                choices => format!(" ({choices})"),
            };
            let kept = match form.text(field) {
                secret if field.is_secret() && !secret.is_empty() => " [typed before]".into(),
                text if text.is_empty() => String::new(),
                text => format!(" [{}]", show::visible(&text)),
            };
            format!("{}{choices}{kept}: ", field.label())
        }
        Step::Unit => format!("One more {} [no more]: ", Field::OrganizationalUnit.label()),
        Step::Name => format!("One more {} [no more]: ", Field::Name(0).label()),
        Step::SelfSigned => "Also serve a self-signed certificate at once? yes or no [no]: ".into(),
        Step::ForTheCa => {
            "Challenge password, optional organization name, pass phrase? yes or no [no]: ".into()
        }
    }
}

fn put(form: &mut RequestForm, field: Field, typed: &str) {
    if field == Field::OrganizationalUnit {
        form.organizational_units.clear();
    }
    let choices = field.choices();
    let meant = choices
        .iter()
        .find(|choice| choice.eq_ignore_ascii_case(typed));
    form.set(field, meant.map_or(typed, String::as_str));
}

/// What the page would say beside the field.
fn fault(form: &RequestForm, field: Field) -> Option<String> {
    let faults = form.parse().err()?;
    // What no type of key is, is said of the bits, which are asked for RSA only.
    let is_of_it = |of: Field| {
        of == field || (of == Field::KeyBits && field == Field::KeyType && form.key_type != "RSA")
    };
    let of_it = faults.into_iter().find(|fault| is_of_it(fault.field));
    of_it.map(|fault| fault.message)
}

fn more_units(form: &mut RequestForm, place: usize, typed: &str) -> Result<usize, String> {
    if matches!(typed.trim(), "" | "-") {
        return Ok(place + 1);
    }
    form.set(Field::OrganizationalUnit, typed.trim());
    let too_many = form.organizational_units.len() > ORGANIZATIONAL_UNITS_MAX;
    match fault(form, Field::OrganizationalUnit) {
        Some(fault) => {
            form.organizational_units.pop();
            if too_many { Ok(place + 1) } else { Err(fault) }
        }
        None => Ok(place),
    }
}

/// A single - removes them all.
fn more_names(form: &mut RequestForm, place: usize, typed: &str) -> Result<usize, String> {
    match typed.trim() {
        "" => Ok(place + 1),
        "-" => {
            form.names.clear();
            Ok(place)
        }
        typed if form.names.len() >= NAMES_MAX => Err(format!(
            "There are {NAMES_MAX} names already, and no more fit: \"{}\" was not added.",
            show::typed(typed)
        )),
        typed => {
            form.names.push(names::read(typed)?);
            Ok(place)
        }
    }
}

fn not_asked_for(missing: &[String]) -> String {
    match missing {
        [] => String::new(),
        missing => show::paragraphs(&format!(
            "The unit is also reached as {}, where browsers would warn.",
            missing.join(", ")
        )),
    }
}

fn names_so_far(form: &RequestForm) -> String {
    let names: Vec<String> = form
        .names
        .iter()
        .map(|row| match row.parse() {
            Ok(name) => name.to_string(),
            Err(_) => format!("{}:{}", row.kind, row.value),
        })
        .collect();
    match names.as_slice() {
        [] => String::new(),
        names => show::paragraphs(&show::visible(&format!(
            "Further names so far, beside the Common Name: {}. A single - removes them.",
            names.join(", ")
        ))),
    }
}
