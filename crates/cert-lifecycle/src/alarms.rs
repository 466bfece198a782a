//! Alarms: what an administrator has to know without asking.
//!
//! They are derived from what is stored, the settings and the time whenever somebody
//! asks; only which of them were raised when the journal was last written is kept.

use cert_policy::{Now, ServerName, covers};
use der::Decode;
use x509_cert::certificate::{CertificateInner, Raw};

use crate::identity::Origin;
use crate::journal::{self, Action, Actor, Event};
use crate::key_id::sha256_of;
use crate::records::{IdentityRecord, SET_ASIDE};
use crate::settings::Settings;
use crate::store::Records;
use crate::view::CertificateView;
use crate::{Error, SetAside, Unit, other_state, trial};

mod alarm;
mod code;

pub use alarm::Alarm;
pub use code::AlarmCode;

/// The alarms that the journal knows to be raised.
const RAISED: &str = "meta/alarms";

const DAY: u64 = 86_400;
/// The days before its end at which the journal is told anew, the nearest first.
const DAYS_BEFORE_THE_END: [u64; 4] = [1, 7, 14, 30];

impl Unit {
    /// The alarms that are raised now, the gravest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn alarms(&self) -> Result<Vec<Alarm>, Error> {
        self.alarms_in(&self.store.snapshot()?)
    }

    pub(crate) fn alarms_in(&self, records: &impl Records) -> Result<Vec<Alarm>, Error> {
        let serving: Option<IdentityRecord> = records.get(self.serving_slot().key())?;
        let serving = serving.ok_or(Error::NoIdentity("serves"))?;
        let mut alarms = Vec::new();
        alarms.extend(other_state::alarm(records)?);
        alarms.extend(set_aside(records)?);
        alarms.extend(self.read_only());
        alarms.extend(
            self.stand_in()
                .map(|stand_in| serves_another(&stand_in.why)),
        );
        if let Some(view) = CertificateView::of(serving.leaf()) {
            alarms.extend(date(&view, self.environment.now()));
        }
        if let Some(remaining) = self.trial_remaining() {
            alarms.push(trial_running(remaining.as_secs()));
        }
        if let Some(certificate) = trial::ended(records)? {
            alarms.push(trial_ended(&certificate));
        }
        alarms.extend(self.disliked(records, &serving)?);
        alarms.extend(self.not_covered(&serving, &self.settings()));
        if serving.origin == Origin::Factory {
            alarms.push(Alarm::new(
                AlarmCode::FactoryServing,
                "A factory certificate serves, which no browser trusts.",
                "Make a request for one that your browser will accept, and install what the CA sends back.",
            ));
        }
        alarms.sort_by_key(|alarm| alarm.code.severity());
        Ok(alarms)
    }

    /// Takes note of an alarm that stands until somebody does.
    ///
    /// # Errors
    ///
    /// - [`Error::NotRaised`] when it is not, or ends with its cause only.
    /// - [`Error::Store`] when the store does not take it.
    pub fn acknowledge(&self, code: AlarmCode, actor: &Actor) -> Result<(), Error> {
        let _changing = self.lock();
        let raised = self.alarms()?;
        if !code.is_acknowledged() || !raised.iter().any(|alarm| alarm.code == code) {
            return Err(Error::NotRaised(code));
        }
        self.store.change(|change| {
            match code {
                AlarmCode::StateSetAside => other_state::acknowledge(change)?,
                AlarmCode::StoreSetAside => change.remove(SET_ASIDE)?,
                _ => trial::acknowledge_end(change)?,
            }
            let event = Event::of(actor, Action::AlarmAcknowledged(code), code.as_str());
            Ok(journal::append(change, self.environment.now(), event)?)
        })
    }

    /// Writes to the journal which alarms have been raised and which have ended since
    /// it was called last.
    pub(crate) fn tick_alarms(&self) -> Result<(), Error> {
        let snapshot = self.store.snapshot()?;
        let known: Vec<String> = snapshot.get(RAISED)?.unwrap_or_default();
        let raised = self.alarms_in(&snapshot)?;
        let keys: Vec<String> = raised.iter().map(Alarm::key).collect();
        let ended: Vec<&String> = known.iter().filter(|key| !keys.contains(key)).collect();
        let new: Vec<&Alarm> = raised
            .iter()
            .filter(|alarm| !known.contains(&alarm.key()))
            .collect();
        if ended.is_empty() && new.is_empty() {
            return Ok(());
        }
        let serving: Option<IdentityRecord> = snapshot.get(self.serving_slot().key())?;
        let certificate = serving.map(|serving| sha256_of(serving.leaf()));
        let _changing = self.lock();
        self.store.change(|change| {
            change.put(RAISED, &keys)?;
            let ended = ended.iter().filter_map(|key| {
                let code = AlarmCode::of_key(key)?;
                Some((Action::AlarmEnded(code), (*key).clone()))
            });
            let entries = ended.chain(new.iter().map(|alarm| {
                let said = format!("{}: {}", alarm.key(), alarm.message);
                (Action::AlarmRaised(alarm.code), said)
            }));
            for (action, outcome) in entries {
                let event = Event {
                    actor: &Actor::unit(),
                    action,
                    outcome,
                    key: None,
                    certificate: certificate.clone(),
                };
                journal::append(change, self.environment.now(), event)?;
            }
            Ok(())
        })
    }

    /// That the disk takes no change, as far as is known.
    fn read_only(&self) -> Option<Alarm> {
        let why = self.store.trouble()?;
        let (message, remedy) = match self.store.is_read_only() {
            true => (
                "The store can only be read, so nothing can be changed; what is stored serves",
                "See that the disk and the state folder can be written, then start the unit anew. \
                 Until then the journal takes no entries; sign-ins are in the system's log.",
            ),
            false => (
                "The disk did not take the last change of the store",
                "See whether the disk is full or worn out. The unit goes on by itself as soon as the \
                 disk does.",
            ),
        };
        let message = format!("{message} ({why}).");
        Some(Alarm::new(AlarmCode::StoreReadOnly, message, remedy))
    }

    /// The names and addresses of the unit that what serves does not cover.
    fn not_covered(&self, serving: &IdentityRecord, settings: &Settings) -> Vec<Alarm> {
        let Ok(certificate) = CertificateInner::<Raw>::from_der(serving.leaf()) else {
            return Vec::new();
        };
        let uncovered = |names: Vec<ServerName>| -> Vec<String> {
            let uncovered = names
                .iter()
                .filter(|name| !covers(&certificate, name).is_covered());
            uncovered.map(|name| format!("\"{name}\"")).collect()
        };
        let names = settings.names.iter();
        let names = uncovered(
            names
                .filter_map(|name| ServerName::parse(name).ok())
                .collect(),
        );
        let addresses = self.environment.addresses();
        let addresses = uncovered(addresses.into_iter().map(ServerName::from).collect());
        let alarm = |code, [one, several]: [&str; 2], uncovered: Vec<String>| {
            let what = if uncovered.len() == 1 { one } else { several };
            let listed = uncovered.join(", ");
            (!uncovered.is_empty()).then(|| {
                Alarm::new(
                    code,
                    format!("The certificate that serves does not cover {what} {listed}."),
                    "A browser warns there. Make a request that names it, or reach the unit by a \
                     name that is covered.",
                )
            })
        };
        let names = alarm(
            AlarmCode::NameNotCovered,
            ["this unit's name", "this unit's names"],
            names,
        );
        let addresses = alarm(
            AlarmCode::AddressNotCovered,
            ["this unit's address", "this unit's addresses"],
            addresses,
        );
        names.into_iter().chain(addresses).collect()
    }

    /// What current browsers refuse of the key or the signature of what serves.
    fn disliked(
        &self,
        records: &impl Records,
        serving: &IdentityRecord,
    ) -> Result<Option<Alarm>, Error> {
        use cert_policy::Code;
        let chain: Vec<&[u8]> = serving.chain.iter().map(crate::Der::as_bytes).collect();
        let pem = cert_formats::certificates_to_pem(&chain);
        let Ok(review) = self.review_in(records, pem.as_bytes(), None, Vec::new()) else {
            return Ok(None);
        };
        let about_key = |code| {
            matches!(
                code,
                Code::KeyShort
                    | Code::KeyUncommon
                    | Code::SelfSignedLegacyDigest
                    | Code::SignatureMd5
                    | Code::SignatureSha1
            )
        };
        let findings: Vec<&str> = review
            .findings()
            .iter()
            .filter(|finding| about_key(finding.code))
            .map(|finding| finding.message.as_str())
            .collect();
        Ok((!findings.is_empty()).then(|| {
            Alarm::new(
                AlarmCode::BrowsersRefuse,
                findings.join(" "),
                "Make a request or a self-signed certificate with RSA 2048 or EC P-256 and SHA-256.",
            )
        }))
    }
}

/// What the dates say; nothing while the clock is not known to be right.
fn date(certificate: &CertificateView, now: Now) -> Option<Alarm> {
    if !now.trusted {
        return None;
    }
    let Some(left) = certificate.not_after.checked_sub(now.unix_seconds) else {
        return Some(Alarm::new(
            AlarmCode::Expired,
            format!(
                "The certificate for \"{}\" that serves has expired.",
                certificate.common_name
            ),
            "It is still served so that you can get in. Make a request, or serve a self-signed \
             certificate meanwhile.",
        ));
    };
    if now.unix_seconds < certificate.not_before {
        return Some(Alarm::new(
            AlarmCode::NotYetValid,
            format!(
                "The certificate for \"{}\" that serves is not valid yet.",
                certificate.common_name
            ),
            "Browsers turn people away until it is. Serve the previous certificate or a self-signed one \
             meanwhile.",
        ));
    }
    let step = DAYS_BEFORE_THE_END
        .into_iter()
        .find(|days| left <= days * DAY)?;
    let within = match step {
        1 => "a day".into(),
        days => format!("{days} days"),
    };
    let mut alarm = Alarm::new(
        AlarmCode::ExpiresSoon,
        format!(
            "The certificate for \"{}\" that serves expires within {within}.",
            certificate.common_name
        ),
        "Make a request and install the answer before; browsers refuse it afterwards.",
    );
    alarm.step = Some(step);
    Some(alarm)
}

fn serves_another(why: &str) -> Alarm {
    Alarm::new(
        AlarmCode::ServesAnother,
        format!(
            "The certificate that should serve does not, and another serves in its place: {why}"
        ),
        "Install a certificate, or make a factory certificate; that ends it.",
    )
}

fn trial_running(seconds: u64) -> Alarm {
    let minutes = seconds.div_ceil(60);
    let plural = if minutes == 1 { "" } else { "s" };
    Alarm::new(
        AlarmCode::TrialRunning,
        format!(
            "A new certificate serves on trial. The previous one comes back in {minutes} minute{plural} \
             unless somebody signs in over the new one."
        ),
        "Sign in over the new certificate, or confirm it at a console.",
    )
}

fn trial_ended(certificate: &str) -> Alarm {
    Alarm::new(
        AlarmCode::TrialEnded,
        format!(
            "Nobody signed in over the certificate {certificate} in time, so the previous one serves \
             again."
        ),
        "The new one is kept as the previous one. Serve it again when you know why nobody could sign \
         in, or install another.",
    )
}

fn set_aside(records: &impl Records) -> Result<Option<Alarm>, Error> {
    let aside: Option<SetAside> = records.get(SET_ASIDE)?;
    Ok(aside.map(|aside| {
        Alarm::new(
            AlarmCode::StoreSetAside,
            format!("The store or the unit's secret could not be used, and is {aside}."),
            "The unit started as if for the first time. Restore a backup, or make new requests.",
        )
    }))
}
