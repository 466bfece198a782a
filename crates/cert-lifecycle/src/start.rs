//! Starting: opening the store, the first start, and what serves from then on.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use crate::Error;
use crate::account::{self, Account};
use crate::environment::Environment;
use crate::identity::{Identity, Listener};
use crate::journal::{self, Action, Actor, Event};
use crate::making::Job;
use crate::records::{IdentityRecord, Slot};
use crate::seal::{UnitSecret, sync_folder_of};
use crate::settings;
use crate::store::{Records, Store, StoreError};
use crate::subkeys::Subkeys;
use crate::trial::Preflight;
use crate::unit::{Opened, SetAside, Unit, UnitConfig};
use crate::upgrade::{self, FORMAT, Means};

/// The name of the store in the state folder.
const STORE: &str = "store.redb";

impl Unit {
    /// Opens the unit's store and tells `listener` what to serve.
    ///
    /// At the first start it makes the factory identity and the account. A store
    /// of an earlier format is brought to the present one. A store that cannot be
    /// read, or belongs to another secret, is set aside under another name, and
    /// the unit starts as if for the first time.
    ///
    /// A store of a *later* format, after a downgrade, is left as and where it is.
    /// So that the downgrade locks nobody out, the unit starts with a store of its
    /// own beside it; the later version finds its store as it left it.
    ///
    /// # Errors
    ///
    /// - [`Error::System`] when the state folder or the unit's secret can be
    ///   neither read nor made.
    /// - [`Error::Store`] when the store is in use by another process, or the
    ///   file system refuses.
    /// - [`Error::Password`] when the given first password is too short or long.
    pub fn open(
        config: UnitConfig,
        secret: &dyn UnitSecret,
        environment: Arc<dyn Environment>,
        listener: Arc<dyn Listener>,
    ) -> Result<Opened, Error> {
        if let Some(password) = &config.admin_password {
            account::check_new(password)?;
        }
        make_folder(&config.state_dir)?;
        let secret = secret.secret(&*environment).map_err(|why| Error::System {
            what: format!(
                "the unit's secret beside {} cannot be read",
                config.state_dir.display()
            ),
            why,
        })?;
        let open = |path: &Path| -> Result<Self, Error> {
            let store = Store::open(path)?;
            let subkeys = Subkeys::of(&secret);
            let means = Means {
                secret: &secret,
                subkeys: &subkeys,
                environment: &*environment,
            };
            upgrade::bring_up(&store, &means)?;
            let settings = settings::stored(&store.snapshot()?)?;
            let unit = Self {
                store,
                subkeys,
                factory: config.factory.clone(),
                environment: Arc::clone(&environment),
                listener: Arc::clone(&listener),
                job: Job::default(),
                settings: RwLock::new(Arc::new(settings)),
                trial: Mutex::default(),
                reached: Mutex::new(None),
                changing: Mutex::new(()),
            };
            unit.serve_what_is_stored()?;
            unit.resume_trial()?;
            Ok(unit)
        };
        let (unit, set_aside) = open_or_begin(&config.state_dir, open, &*environment)?;
        let first_password = unit.first_start(config.admin_password, set_aside.as_ref())?;
        Ok(Opened {
            unit: Arc::new(unit),
            first_password,
            set_aside,
        })
    }

    /// Serves the identity that served before; where it cannot be, the factory
    /// one. Does nothing in an empty store.
    fn serve_what_is_stored(&self) -> Result<(), Error> {
        let snapshot = self.store.snapshot()?;
        if snapshot.octets(account::RECORD)?.is_none() {
            return Ok(());
        }
        let mut last = crate::unit::no_identity("serves");
        for slot in [Slot::Serving, Slot::Factory] {
            let Some(record) = snapshot.get::<IdentityRecord>(slot.key())? else {
                continue;
            };
            let served = self
                .identity(&snapshot, &record)
                .and_then(|identity| self.serve(&identity));
            match served {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Makes the account and the factory identity where there are none.
    fn first_start(
        &self,
        given: Option<zeroize::Zeroizing<String>>,
        set_aside: Option<&SetAside>,
    ) -> Result<Option<zeroize::Zeroizing<String>>, Error> {
        if self.store.snapshot()?.octets(account::RECORD)?.is_some() {
            return Ok(None);
        }
        let random = given
            .is_none()
            .then(|| account::random_password(&*self.environment));
        let password = given
            .as_ref()
            .or(random.as_ref())
            .map_or("", |password| password.as_str());
        let account = Account::new(password, random.is_some(), &*self.environment);
        let new = self.make_factory_identity(pki_core::Digest::Sha256)?;
        let now = self.environment.now();
        let identity = Identity::new(
            new.key.id,
            new.key.pkcs8_der.clone(),
            new.record.chain.clone(),
        );
        self.check(&identity, Preflight::Required, &Actor::unit())?;
        self.store.change(|change| {
            self.put_key(change, &new.key)?;
            change.put(Slot::Factory.key(), &new.record)?;
            change.put(Slot::Serving.key(), &new.record)?;
            change.put(account::RECORD, &account)?;
            if let Some(aside) = set_aside {
                let outcome = format!("kept as {}: {}", aside.path.display(), aside.why);
                let event = Event {
                    actor: &Actor::unit(),
                    action: Action::StoreSetAside,
                    outcome,
                    key: None,
                    certificate: None,
                };
                journal::append(change, now, event)?;
            }
            let event = Event {
                actor: &Actor::unit(),
                action: Action::FirstStart,
                outcome: "factory certificate made and served".into(),
                key: Some(new.key.id),
                certificate: Some(crate::key_id::sha256_of(new.record.leaf())),
            };
            journal::append(change, now, event)
        })?;
        self.serve(&identity)?;
        Ok(random)
    }
}

/// Opens the store of the state folder, or begins a new one where that cannot be
/// used.
fn open_or_begin(
    state_dir: &Path,
    open: impl Fn(&Path) -> Result<Unit, Error>,
    environment: &dyn Environment,
) -> Result<(Unit, Option<SetAside>), Error> {
    let open_or_set_aside = |path: &Path| match open(path) {
        Ok(unit) => Ok((unit, None)),
        Err(
            error @ Error::Store(
                StoreError::InUse { .. } | StoreError::Io(_) | StoreError::Newer { .. },
            ),
        ) => Err(error),
        Err(error) => {
            let aside = set_aside(path, &error, environment)?;
            Ok((open(path)?, Some(aside)))
        }
    };
    let path = state_dir.join(STORE);
    match open_or_set_aside(&path) {
        Err(Error::Store(newer @ StoreError::Newer { .. })) => {
            let (unit, _) = open_or_set_aside(&state_dir.join(beside_a_newer_one()))?;
            let why = newer.to_string();
            Ok((unit, Some(SetAside { path, why })))
        }
        opened => opened,
    }
}

/// The name of the store beside one that is too new. It tells the format, so that
/// no two versions take each other's.
fn beside_a_newer_one() -> String {
    format!("store.format-{FORMAT}.redb")
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|why| Error::System {
            what: format!("the state folder {} cannot be made", path.display()),
            why,
        })
}

/// Moves the store to a name that is not yet taken.
fn set_aside(path: &Path, error: &Error, environment: &dyn Environment) -> Result<SetAside, Error> {
    let why = match error {
        Error::Store(store) => store.to_string(),
        other => other.to_string(),
    };
    let stamp = environment.now().unix_seconds;
    let free = (0_u32..)
        .map(|count| PathBuf::from(format!("{}.damaged-{stamp}-{count}", path.display())))
        .find(|candidate| !candidate.exists());
    let aside = free.unwrap_or_else(|| path.with_extension("damaged"));
    let moved = fs::rename(path, &aside).and_then(|()| sync_folder_of(path));
    moved.map_err(|why| Error::System {
        what: format!("the damaged store {} cannot be moved", path.display()),
        why,
    })?;
    Ok(SetAside { path: aside, why })
}
