//! Comparing a backup with what the unit has.

use der::Decode;
use x509_cert::request::CertReq;
use zeroize::Zeroizing;

use super::{LeftBehind, RestorePlan, SettingChange, Signer};
use crate::backup::Backup;
use crate::identity::{Identity, Origin};
use crate::journal::{self, Entry, JOURNAL_ENTRIES_MAX};
use crate::records::{
    IdentityRecord, REQUESTS, REQUESTS_MAX, RequestRecord, Slot, gives_way_to, private_key_of,
    request_of,
};
use crate::settings::{Setting, Settings};
use crate::store::{Records, Snapshot};
use crate::tls_level::TlsLevel;
use crate::view::{CertificateView, RequestView, shown};
use crate::{Error, KeyId, Unit};

/// What the store is to take.
pub(super) struct Work {
    pub(super) settings: Settings,
    /// Sealed.
    pub(super) keys: Vec<(KeyId, Vec<u8>)>,
    pub(super) requests: Vec<RequestRecord>,
    pub(super) factory: Option<IdentityRecord>,
    pub(super) previous: Option<IdentityRecord>,
    pub(super) serving: Option<IdentityRecord>,
    pub(super) journal: Vec<Entry>,
}

/// Compares `backup` with what the unit has.
pub(super) fn plan(
    unit: &Unit,
    snapshot: &Snapshot,
    backup: &Backup,
    signer: Signer,
) -> Result<(Work, RestorePlan), Error> {
    let mut planner = Planner {
        unit,
        snapshot,
        backup,
        work: Work {
            settings: Settings::clone(&unit.settings()),
            keys: Vec::new(),
            requests: Vec::new(),
            factory: None,
            previous: None,
            serving: None,
            journal: Vec::new(),
        },
        plan: RestorePlan::default(),
    };
    let before = planner.work.settings.clone();
    planner.settings();
    match signer {
        Signer::ThisUnit => {
            planner.identities()?;
            planner.requests()?;
            planner.journal()?;
        }
        Signer::Another => planner.leave_behind_what_is_anothers(),
    }
    planner.check_tls_level(&before)?;
    planner.name_changed_settings(&before);
    planner.count_what_is_not_understood();
    Ok((planner.work, planner.plan))
}

struct Planner<'a> {
    unit: &'a Unit,
    snapshot: &'a Snapshot,
    backup: &'a Backup,
    work: Work,
    plan: RestorePlan,
}

impl Planner<'_> {
    fn leave_behind(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.plan.left_behind.push(LeftBehind {
            what: what.into(),
            why: why.into(),
        });
    }

    /// Takes the settings as if somebody had typed them, so that nothing is taken
    /// that could not be typed.
    fn settings(&mut self) {
        for (name, text) in &self.backup.settings {
            let Ok(setting) = name.parse::<Setting>() else {
                let what = format!("The setting \"{}\"", shown(name));
                self.leave_behind(what, "This version of the software does not have it.");
                continue;
            };
            if *text == self.work.settings.text(setting) {
                continue;
            }
            // Whatever else stands here would be a token, known to who wrote it.
            if setting == Setting::Metrics && text != "off" {
                self.leave_behind(
                    "The token for /metrics",
                    "Nothing in a backup lets anybody in. Set a token anew.",
                );
                continue;
            }
            if let Err(why) = self.work.settings.set(setting, text) {
                self.leave_behind(format!("The setting \"{}\"", setting.label()), why);
            }
        }
    }

    fn name_changed_settings(&mut self, before: &Settings) {
        for setting in self.work.settings.changed_from(before) {
            self.plan.settings.push(SettingChange {
                label: setting.label(),
                was: before.text(setting),
                becomes: self.work.settings.text(setting),
            });
        }
    }

    /// A TLS level that would end what serves is not taken.
    fn check_tls_level(&mut self, before: &Settings) -> Result<(), Error> {
        let level = self.work.settings.tls;
        if level == before.tls || self.work.serving.is_some() {
            return Ok(());
        }
        let Some(record) = self.stored(Slot::Serving)? else {
            return Ok(());
        };
        let identity = self.unit.identity(self.snapshot, &record)?;
        if let Err(why) = self.check(&identity, level) {
            self.work.settings.tls = before.tls;
            self.leave_behind(format!("The setting \"{}\"", Setting::Tls.label()), why);
        }
        Ok(())
    }

    fn identities(&mut self) -> Result<(), Error> {
        let serving = self.stored(Slot::Serving)?;
        let previous = self.stored(Slot::Previous)?;
        let identities = &self.backup.identities;
        if let Some(record) = new(identities.serving.as_ref(), &[&serving])
            && let Some(view) = self.usable("The certificate that served", record)?
        {
            let gives_way = gives_way_to(record.into(), serving.as_ref(), previous.as_ref());
            self.plan.gives_way = gives_way.and_then(|it| CertificateView::of(it.leaf()));
            self.plan.serving = Some(view);
            self.work.serving = Some(record.clone());
        }
        if let Some(record) = new(identities.previous.as_ref(), &[&serving, &previous]) {
            self.previous(record, previous.is_some())?;
        }
        let factory = self.stored(Slot::Factory)?;
        if let Some(record) = new(identities.factory.as_ref(), &[&factory])
            && let Some(view) = self.usable("The factory certificate", record)?
        {
            self.work.factory = Some(record.clone());
            self.plan.factory = Some(view);
        }
        Ok(())
    }

    fn previous(&mut self, record: &IdentityRecord, has_one: bool) -> Result<(), Error> {
        let what = "The certificate that had served before";
        let comes = self.work.serving.as_ref();
        if comes.is_some_and(|comes| comes.leaf() == record.leaf()) {
            return Ok(());
        }
        if comes.is_some() || has_one {
            self.leave_behind(
                named(what, record),
                "Its place is taken: this unit keeps one previous certificate, so that you can go \
                 back to what serves now or served last.",
            );
        } else if let Some(view) = self.usable(what, record)? {
            self.work.previous = Some(record.clone());
            self.plan.previous = Some(view);
        }
        Ok(())
    }

    fn requests(&mut self) -> Result<(), Error> {
        let kept = self.snapshot.keys(REQUESTS)?.len();
        let mut room = REQUESTS_MAX.saturating_sub(kept);
        for request in self.backup.requests.iter().rev() {
            if self.snapshot.octets(&request_of(&request.key))?.is_some() {
                continue;
            }
            let Some(view) = view_of(request) else {
                self.leave_behind("A request", "It cannot be read.");
                continue;
            };
            let what = format!("The request for \"{}\"", view.common_name);
            if self.open(&request.key)?.is_none() {
                self.leave_behind(what, NO_KEY);
            } else if room == 0 {
                let why = format!(
                    "This unit keeps {REQUESTS_MAX} requests, and has as many. Delete some, then \
                     restore once more."
                );
                self.leave_behind(what, why);
            } else {
                room -= 1;
                self.bring_key(request.key)?;
                self.work.requests.insert(0, request.clone());
                self.plan.requests.insert(0, view);
            }
        }
        Ok(())
    }

    fn journal(&mut self) -> Result<(), Error> {
        let (missing, over) = journal::missing(self.snapshot, &self.backup.journal)?;
        if over > 0 {
            let what = format!("{over} entries of the journal");
            let why = format!("This unit keeps {JOURNAL_ENTRIES_MAX} from earlier journals.");
            self.leave_behind(what, why);
        }
        self.plan.journal_entries = missing.len();
        self.work.journal = missing;
        Ok(())
    }

    /// Says what each thing was, so that it can be made anew.
    fn leave_behind_what_is_anothers(&mut self) {
        const WHY: &str = "Its private key never leaves the unit that made it. Make a request on \
                           this unit, and have your CA sign it, for ";
        let identities = &self.backup.identities;
        for (what, record) in [
            ("The certificate that served", &identities.serving),
            (
                "The certificate that had served before",
                &identities.previous,
            ),
        ] {
            let Some(record) = record else { continue };
            let why = match CertificateView::of(record.leaf()) {
                Some(_) if record.origin == Origin::Factory => {
                    "This unit has a factory certificate of its own.".to_owned()
                }
                Some(view) => format!("{WHY}{}.", names(&view.common_name, &view.names)),
                None => "It cannot be read.".to_owned(),
            };
            self.leave_behind(named(what, record), why);
        }
        for request in &self.backup.requests {
            let Some(view) = RequestView::of(request, None, &[]) else {
                continue;
            };
            let what = format!("The request for \"{}\"", view.common_name);
            let why = format!("{WHY}{}.", names(&view.common_name, &view.names));
            self.leave_behind(what, why);
        }
        if !self.backup.journal.is_empty() {
            let what = format!("The journal, of {} entries", self.backup.journal.len());
            let why = "What happened on another unit is not mixed with what happened here. It can be \
                       read in the file, which is text.";
            self.leave_behind(what, why);
        }
    }

    fn count_what_is_not_understood(&mut self) {
        let what = match self.backup.not_understood {
            0 => return,
            1 => "A record".to_owned(),
            count => format!("{count} records"),
        };
        let why = "It was written by a later version of the software, and this one does not know \
                   its kind.";
        self.leave_behind(what, why);
    }

    fn stored(&self, slot: Slot) -> Result<Option<IdentityRecord>, Error> {
        Ok(self.snapshot.get(slot.key())?)
    }

    /// The certificate, when the unit has its key and the listener can serve it;
    /// then its key is brought along. Otherwise it is left behind.
    fn usable(
        &mut self,
        what: &str,
        record: &IdentityRecord,
    ) -> Result<Option<CertificateView>, Error> {
        let view = CertificateView::of(record.leaf()).filter(|view| view.key == record.key);
        let key = self.open(&record.key)?;
        let usable = match (view, key) {
            (Some(view), Some(key)) => {
                let identity = Identity::new(record.key, key, record.chain.clone());
                self.check(&identity, self.work.settings.tls).map(|()| view)
            }
            (None, _) => Err("It is not for the key it stands with.".into()),
            (_, None) => Err(NO_KEY.into()),
        };
        match usable {
            Ok(view) => {
                self.bring_key(record.key)?;
                Ok(Some(view))
            }
            Err(why) => {
                self.leave_behind(named(what, record), why);
                Ok(None)
            }
        }
    }

    fn check(&self, identity: &Identity, level: TlsLevel) -> Result<(), String> {
        let checked = self.unit.check_at(identity, level);
        checked.map_err(|error| error.unservable().unwrap_or_else(|| error.to_string()))
    }

    fn open(&self, id: &KeyId) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        open(self.unit, self.snapshot, self.backup, id)
    }

    fn bring_key(&mut self, id: KeyId) -> Result<(), Error> {
        let kept = self.snapshot.octets(&private_key_of(&id))?.is_some();
        let comes = self.work.keys.iter().any(|(known, _)| *known == id);
        if let Some(sealed) = self.backup.keys.get(&id).filter(|_| !kept && !comes) {
            self.work.keys.push((id, sealed.clone()));
        }
        Ok(())
    }
}

const NO_KEY: &str = "Its private key is not in the backup.";

/// The record of the backup, unless it is one of those that the unit has.
fn new<'a>(
    record: Option<&'a IdentityRecord>,
    known: &[&Option<IdentityRecord>],
) -> Option<&'a IdentityRecord> {
    let mut known = known.iter().filter_map(|known| known.as_ref());
    record.filter(|record| !known.any(|known| known.chain == record.chain))
}

/// The private key, from the store or from the backup.
pub(super) fn open(
    unit: &Unit,
    snapshot: &Snapshot,
    backup: &Backup,
    id: &KeyId,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let kept = snapshot.octets(&private_key_of(id))?;
    let sealed = kept.as_ref().or(backup.keys.get(id));
    Ok(sealed.and_then(|sealed| unit.subkeys.sealer.open(id, sealed)))
}

/// The request, when it is for the key it stands with.
fn view_of(request: &RequestRecord) -> Option<RequestView> {
    let asked = CertReq::from_der(request.request.as_bytes()).ok()?;
    (KeyId::of(&asked.info.public_key) == request.key)
        .then(|| RequestView::of(request, None, &[]))
        .flatten()
}

fn named(what: &str, record: &IdentityRecord) -> String {
    match CertificateView::of(record.leaf()) {
        Some(view) => format!("{what}, for \"{}\"", view.common_name),
        None => what.to_owned(),
    }
}

/// The names in a certificate or request, or the Common Name where it has none.
fn names(common_name: &str, names: &[String]) -> String {
    if names.is_empty() {
        format!("\"{common_name}\"")
    } else {
        names.join(", ")
    }
}
