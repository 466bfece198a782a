//! What will be so once another certificate serves, said before anybody presses the button.

use cert_lifecycle::{Afterwards, AlarmCode, Comes, IdentityView, Origin, Status};

use crate::web::times::minutes_left;

/// Whether it is on trial, and which certificate is the previous one then, as sentences.
pub(super) fn sentences(
    status: &Status,
    then: Option<&Afterwards>,
    trial_minutes: u16,
    comes: Comes<'_>,
) -> Vec<String> {
    let mut said = vec![trial(trial_minutes, comes)];
    let stands_in = |code| code == AlarmCode::ServesAnother;
    // What serves then is not what the unit takes to be serving.
    if !status.alarms.iter().any(|alarm| stands_in(alarm.code)) {
        said.extend(then.into_iter().flat_map(|then| others(status, then)));
    }
    said
}

fn trial(minutes: u16, comes: Comes<'_>) -> String {
    let length = minutes_left(u64::from(minutes) * 60);
    let begins = match comes {
        _ if minutes == 0 => {
            return "It stays at once, for trials are off under Services: if nobody can get in \
                    over it, only the console can go back."
                .into();
        }
        Comes::Previous => {
            "It stays at once where somebody has signed in over it before. Otherwise it"
        }
        _ => "It",
    };
    let comes_back = match comes {
        Comes::Previous => "what serves now",
        _ => "the previous certificate",
    };
    format!(
        "{begins} is on trial for {length}: press \"Keep it\" on the page that comes, or \
         sign in over it anew, within that time. If nobody does so, {comes_back} comes back by itself."
    )
}

/// What becomes of what serves now, and of the previous one.
fn others(status: &Status, then: &Afterwards) -> Vec<String> {
    let is = |other: &Option<IdentityView>, now: &IdentityView| {
        let other = other.as_ref();
        other.is_some_and(|other| other.certificate.sha256 == now.certificate.sha256)
    };
    let serving = called(&status.serving);
    let of_serving = match () {
        () if is(&then.previous, &status.serving) => format!(
            "What serves now, {serving}, becomes the previous certificate, so you can come back to it."
        ),
        () if is(&then.gives_way, &status.serving) && status.trial.is_some() => format!(
            "What serves now, {serving}, is on trial itself and gives way. Keep it first if it is to be \
             the previous one."
        ),
        () if is(&then.gives_way, &status.serving) => {
            format!("What serves now, {serving}, gives way.")
        }
        () => "It is the certificate that serves already.".to_owned(),
    };
    let of_previous = status.previous.as_ref().and_then(|previous| match () {
        () if is(&then.previous, previous) => {
            Some(format!("The previous one stays {}.", called(previous)))
        }
        () if is(&then.gives_way, previous) => Some(format!(
            "The one that is previous now, {}, gives way.",
            called(previous)
        )),
        // It comes back.
        () => None,
    });
    [Some(of_serving), of_previous]
        .into_iter()
        .flatten()
        .collect()
}

/// "ntp1.example.net" alone may be the name of all of them.
fn called(identity: &IdentityView) -> String {
    let certificate = &identity.certificate;
    let from = match identity.origin {
        Origin::Factory => "a factory certificate".into(),
        Origin::SelfSigned => "self-signed by this unit".into(),
        _ if certificate.self_issued => "self-signed".into(),
        _ => format!("issued by {}", certificate.issuer),
    };
    let begins = certificate.sha256.get(..11).unwrap_or_default();
    format!(
        "\"{}\" ({from}, fingerprint {begins}…)",
        certificate.common_name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_trial_is_and_how_it_ends_is_said_before() {
        let new = trial(1, Comes::Factory);
        assert!(new.starts_with("It is on trial for 1 minute: press \"Keep it\""));
        let back = trial(10, Comes::Previous);
        assert!(back.starts_with("It stays at once where somebody has signed in"));
        assert!(back.contains("on trial for 10 minutes:"), "{back}");
        assert!(back.ends_with("what serves now comes back by itself."));
        let off = trial(0, Comes::Reviewed("3F"));
        assert!(off.contains("trials are off") && !off.contains("minute"));
    }
}
