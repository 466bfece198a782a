//! The commands that show how things are: status, alarms, version.

use cert_lifecycle::{Alarm, Status};
use serde_json::json;

use super::commands::Arguments;
use super::desk::{Answer, Desk};
use super::show;
use crate::time::utc;

pub(super) fn alarms(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let alarms = desk.app.unit.alarms();
    Answer::show_result(arguments.json(), alarms, |alarms| alarms_text(alarms))
}

fn alarms_text(alarms: &[Alarm]) -> String {
    if alarms.is_empty() {
        return "There is no alarm.\n".into();
    }
    let text = |alarm: &Alarm| {
        let code = alarm.code.as_str();
        show::paragraphs(&format!("{code}: {} {}", alarm.message, alarm.remedy))
    };
    alarms.iter().map(text).collect()
}

pub(super) fn note_alarm(desk: &mut Desk, arguments: &Arguments) -> Answer {
    let words = arguments.words();
    let code = words.first().copied().unwrap_or_default().parse();
    match code.and_then(|code| desk.app.unit.acknowledge(code, &desk.actor)) {
        Ok(()) => Answer::done("Noted.\n"),
        Err(error) => error.into(),
    }
}

pub(super) fn version(_: &mut Desk, arguments: &Arguments) -> Answer {
    let version =
        json!({ "name": "countersign", "version": crate::VERSION, "build": crate::BUILD });
    Answer::show(arguments.json(), &version, |_| {
        format!("countersign {} ({})\n", crate::VERSION, crate::BUILD)
    })
}

pub(super) fn status(desk: &mut Desk, arguments: &Arguments) -> Answer {
    Answer::show_result(arguments.json(), desk.app.unit.status(), status_text)
}

fn status_text(status: &Status) -> String {
    let certificate = &status.serving.certificate;
    let issuer = match certificate.self_issued {
        true => "self-signed by this unit",
        false => certificate.issuer.as_str(),
    };
    let trial = match &status.trial {
        Some(trial) => format!(
            "for {} seconds more, then {} serves again",
            trial.remaining_seconds, trial.falls_back_to
        ),
        None => "no".into(),
    };
    let alarms: Vec<&str> = status
        .alarms
        .iter()
        .map(|alarm| alarm.code.as_str())
        .collect();
    let doubt = match status.clock_trusted {
        true => "",
        false => " (clock not set)",
    };
    show::rows(&[
        ("unit", format!("{} {}", status.model, status.serial_number)),
        ("clock", format!("{}{doubt}", utc(status.now))),
        ("serves", certificate.common_name.clone()),
        ("issued by", issuer.to_owned()),
        ("names", certificate.names.join(", ")),
        ("valid from", utc(certificate.not_before)),
        ("valid to", utc(certificate.not_after)),
        ("key", certificate.public_key.clone()),
        ("signature", certificate.signature_algorithm.clone()),
        ("SHA-256", certificate.sha256.clone()),
        ("on trial", trial),
        ("alarms", alarms.join(", ")),
        ("requests", status.requests.to_string()),
        ("host key", status.host_key.clone()),
    ])
}
