//! Starting: opening the store, the first start, and what serves from then on.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use crate::Error;
use crate::account::{self, Account};
use crate::environment::Environment;
use crate::folder::{self, Folder};
use crate::host_key;
use crate::identity::{Identity, Listener};
use crate::journal::{self, Action, Actor, Event};
use crate::key_id::sha256_of;
use crate::making::Job;
use crate::records::{IdentityRecord, SET_ASIDE, Slot};
use crate::seal::{Secret, UnitSecret};
use crate::settings;
use crate::stand_in::StandIn;
use crate::store::{EIO, Records, Store, StoreError};
use crate::subkeys::Subkeys;
use crate::trial::Preflight;
use crate::unit::{Opened, SetAside, Unit, UnitConfig};
use crate::upgrade::{self, FORMAT, Means};

/// The name of the store in the state folder.
const STORE: &str = "store.redb";

/// Added to the name of the store until the first start is complete. So a store under
/// its own name was whole once, and one that is not is damaged.
const IN_THE_MAKING: &str = ".new";

/// Added to the journal's entry of a first start that found a secret.
const WHY_ANEW: &str = "; the unit had a secret but no store, so its state was wiped, or an earlier \
                        first start was cut off";

/// Why a secret that is not what was made is of no use.
const SECRET_ALTERED: &str = "the unit's secret was altered or damaged: it is not the one that was \
                              made here, and does not open the private keys";

/// A disk that cannot read or write what is there is asked so many times.
const TRIES_MAX: u32 = 3;

/// The time between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

impl Unit {
    /// Opens the unit's store and tells `listener` what to serve.
    ///
    /// At the first start it makes the factory identity and the account. A store of an
    /// earlier format is brought to the present one. A store or a secret that cannot be
    /// read, or that do not belong together, are set aside under another name, and the
    /// unit starts as if for the first time.
    ///
    /// A store of a *later* format, after a downgrade, is left as and where it is. So
    /// that the downgrade locks nobody out, the unit starts with a store of its own
    /// beside it; the later version finds its store as it left it.
    ///
    /// # Errors
    ///
    /// - [`Error::System`] when the state folder or the unit's secret can be
    ///   neither read nor made.
    /// - [`Error::Store`] when the state folder is in use by another process, or the
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
        let mut start = Start {
            folder: Arc::new(Folder::hold(&config.state_dir)?),
            store: STORE.into(),
            config,
            secret,
            environment,
            listener,
        };
        let mut found = start.look();
        let mut newer = None;
        if let Err(Error::Store(error @ StoreError::Newer { .. })) = &found {
            newer = Some(SetAside {
                files: vec![start.folder.file(STORE)],
                why: error.to_string(),
                at: start.environment.now().unix_seconds,
            });
            start.store = beside_a_newer_one();
            found = start.look();
        }
        match found? {
            Found::Usable(unit) => Ok(Opened {
                unit: Arc::from(unit),
                first_password: None,
                set_aside: newer,
            }),
            Found::Nothing(secret) => start.begin(secret, newer),
            Found::Damaged(damage) => {
                let aside = start.set_aside(damage)?;
                let secret = start.secret.read().map_err(|why| start.no_secret(why))?;
                start.begin(secret, Some(aside))
            }
        }
    }

    /// Serves the identity that served before; where it cannot be, the factory one. For a
    /// disk that cannot read the one, the other is the last resort.
    fn serve_what_is_stored(&self, tries: Tries) -> Result<(), Error> {
        let snapshot = self.store.snapshot()?;
        let serve = |slot: Slot, stand_in| {
            let record: Option<IdentityRecord> = snapshot.get(slot.key())?;
            let record = record.ok_or(Error::NoIdentity("serves"))?;
            self.serve_for(&self.identity(&snapshot, &record)?, stand_in)
        };
        match serve(Slot::Serving, None) {
            Err(Error::Store(why @ StoreError::Broken(_))) if tries == Tries::MoreFollow => {
                Err(why.into())
            }
            Err(why) => {
                let stand_in = StandIn {
                    slot: Slot::Factory,
                    why: why.to_string(),
                };
                serve(Slot::Factory, Some(stand_in))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Makes the account and the factory identity, which serves.
    fn make_first(
        &self,
        account: &Account,
        aside: Option<&SetAside>,
        why_anew: &str,
    ) -> Result<(), Error> {
        let new = self.make_factory_identity(pki_core::Digest::Sha256, &mut |_| {
            std::ops::ControlFlow::Continue(())
        })?;
        let now = self.environment.now();
        let identity = Identity::new(
            new.key.id,
            new.key.pkcs8_der.clone(),
            new.record.chain.clone(),
        );
        self.check(&identity, Preflight::Required, &Actor::unit())?;
        self.serve(&identity)?;
        let number = host_key::new_number(&*self.environment);
        self.store.change(|change| {
            self.put_key(change, &new.key)?;
            change.put(Slot::Factory.key(), &new.record)?;
            change.put(Slot::Serving.key(), &new.record)?;
            change.put(account::RECORD, account)?;
            change.put(host_key::RECORD, &number)?;
            if let Some(aside) = aside {
                change.put(SET_ASIDE, aside)?;
                let unit = Actor::unit();
                let event = Event::of(&unit, Action::StoreSetAside, aside.to_string());
                journal::append(change, now, event)?;
            }
            let event = Event {
                actor: &Actor::unit(),
                action: Action::FirstStart,
                outcome: format!("factory certificate made and served{why_anew}"),
                key: Some(new.key.id),
                certificate: Some(sha256_of(new.record.leaf())),
            };
            Ok(journal::append(change, now, event)?)
        })
    }
}

/// The name of the store beside one that is too new. It tells the format, so that
/// no two versions take each other's.
fn beside_a_newer_one() -> String {
    format!("store.format-{FORMAT}.redb")
}

/// Whether something is tried again when the disk refuses it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tries {
    MoreFollow,
    Last,
}

/// Does what fails because of the disk a few times.
fn patiently<T, E>(
    mut f: impl FnMut(Tries) -> Result<T, E>,
    may_pass: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 1..TRIES_MAX {
        match f(Tries::MoreFollow) {
            Err(error) if may_pass(&error) => thread::sleep(BETWEEN_TRIES),
            done => return done,
        }
    }
    f(Tries::Last)
}

/// A start on a state folder that nobody else uses.
struct Start<'a> {
    folder: Arc<Folder>,
    /// The name of the store in it.
    store: String,
    config: UnitConfig,
    secret: &'a dyn UnitSecret,
    environment: Arc<dyn Environment>,
    listener: Arc<dyn Listener>,
}

/// What a start has found.
enum Found {
    /// A store, with the secret that belongs to it. Its identity serves.
    Usable(Box<Unit>),
    /// No store; the secret may be there.
    Nothing(Option<Secret>),
    /// What is there is of no use.
    Damaged(Damage),
}

/// What has to be set aside, and why.
struct Damage {
    store: bool,
    secret: bool,
    why: String,
}

impl Start<'_> {
    fn look(&self) -> Result<Found, Error> {
        let path = self.folder.file(&self.store);
        let store = path.try_exists().map_err(StoreError::from)?;
        let is_broken = |error: &io::Error| error.raw_os_error() == Some(EIO);
        let secret = match patiently(|_| self.secret.read(), is_broken) {
            Ok(secret) => secret,
            Err(error) if error.kind() == io::ErrorKind::InvalidData || is_broken(&error) => {
                return Ok(Found::Damaged(Damage {
                    store,
                    secret: true,
                    why: format!("the unit's secret cannot be used: {error}"),
                }));
            }
            Err(why) => return Err(self.no_secret(why)),
        };
        let whole = secret
            .as_ref()
            .and_then(|secret| self.secret.is_whole(secret));
        if !store && whole == Some(false) {
            return Ok(Found::Damaged(Damage {
                store,
                secret: true,
                why: SECRET_ALTERED.into(),
            }));
        }
        if !store {
            return Ok(Found::Nothing(secret));
        }
        let Some(secret) = secret else {
            return Ok(Found::Damaged(Damage {
                store,
                secret: false,
                why: "the unit's secret, which opens the private keys, is missing".into(),
            }));
        };
        let is_broken = |error: &Error| matches!(error, Error::Store(StoreError::Broken(_)));
        match patiently(|tries| self.look_into_store(&secret, tries), is_broken) {
            Ok(found) => Ok(found),
            Err(
                error @ Error::Store(
                    StoreError::Io(_) | StoreError::Newer { .. } | StoreError::Unsettled(_),
                ),
            ) => Err(error),
            Err(Error::Store(error @ StoreError::OtherSecret)) => Ok(Found::Damaged(Damage {
                store,
                // Without a check value, which of the two was replaced cannot be told.
                secret: whole != Some(true),
                why: match whole {
                    Some(true) => format!("{error}. The secret is this unit's own, and stays"),
                    Some(false) => SECRET_ALTERED.into(),
                    None => error.to_string(),
                },
            })),
            Err(error) => Ok(Found::Damaged(Damage {
                store,
                secret: false,
                why: match error {
                    Error::Store(store) => store.to_string(),
                    other => other.to_string(),
                },
            })),
        }
    }

    /// Opens the store, or where the disk lets it only be read, a copy of it: what is stored
    /// serves, and nobody is locked out by a disk.
    fn look_into_store(&self, secret: &Secret, tries: Tries) -> Result<Found, Error> {
        let path = self.folder.file(&self.store);
        let found = Store::open(&path)
            .map_err(Error::from)
            .and_then(|store| self.look_into(store, secret, tries));
        match found {
            Err(Error::Store(StoreError::Io(why))) => {
                self.look_into(Store::open_copy(&path, why)?, secret, tries)
            }
            found => found,
        }
    }

    fn look_into(&self, store: Store, secret: &Secret, tries: Tries) -> Result<Found, Error> {
        let unit = self.unit(store, secret)?;
        if unit.store.snapshot()?.octets(account::RECORD)?.is_none() {
            return Err(StoreError::Damaged("it has no account".into()).into());
        }
        unit.serve_what_is_stored(tries)?;
        unit.store.accept();
        unit.resume_trial()?;
        // Where this start has used up the trial, it is over before anybody is told what
        // serves. What the disk refuses now is tried again at the next tick.
        drop(unit.tick_trial());
        if self.secret.is_whole(secret) != Some(true) {
            // The store has shown that it is the right one; without it, less is known later.
            drop(self.secret.keep_check(secret));
        }
        Ok(Found::Usable(Box::new(unit)))
    }

    /// The store goes first: a start that finds none and a secret begins anew.
    fn set_aside(&self, damage: Damage) -> Result<SetAside, Error> {
        let at = self.environment.now().unix_seconds;
        let refused = |what: &str| {
            let what = format!("{what}, which cannot be used, cannot be moved either");
            move |why| Error::System { what, why }
        };
        let mut files = match damage.store {
            true => vec![
                folder::set_aside(&self.folder.file(&self.store), at)
                    .map_err(refused("the store"))?,
            ],
            false => self.earlier(),
        };
        if damage.secret {
            let secret = self.secret.set_aside(at);
            files.extend(secret.map_err(refused("the unit's secret"))?);
        }
        Ok(SetAside {
            files,
            why: damage.why,
            at,
        })
    }

    /// What was set aside by a start that did not come to its end, and by those before.
    fn earlier(&self) -> Vec<PathBuf> {
        // It is only to be told of, so a folder that cannot be listed stops nothing.
        self.folder.set_aside().unwrap_or_default()
    }

    /// The first start, or one that is like it.
    fn begin(&self, secret: Option<Secret>, aside: Option<SetAside>) -> Result<Opened, Error> {
        let set_aside = aside.or_else(|| self.set_aside_earlier());
        let why_anew = match (&secret, &set_aside) {
            (Some(_), None) => WHY_ANEW,
            _ => "",
        };
        let secret = match secret {
            Some(secret) => secret,
            None => self
                .secret
                .make(&*self.environment)
                .map_err(|why| self.no_secret(why))?,
        };
        let given = self.config.admin_password.as_ref();
        let random = given
            .is_none()
            .then(|| account::random_password(&*self.environment));
        let password = given.or(random.as_ref());
        let password = password.map_or("", |password| password.as_str());
        let account = Account::new(password, random.is_some(), &*self.environment);

        let in_the_making = self.folder.file(&format!("{}{IN_THE_MAKING}", self.store));
        let unit = self.unit(Store::make(&in_the_making)?, &secret)?;
        unit.make_first(&account, set_aside.as_ref(), why_anew)?;
        let path = self.folder.file(&self.store);
        folder::rename(&in_the_making, &path).map_err(|why| {
            // A store with a password that nobody has seen must not stay.
            drop(fs::rename(&path, &in_the_making));
            StoreError::from(why)
        })?;
        Ok(Opened {
            unit: Arc::new(unit),
            first_password: random,
            set_aside,
        })
    }

    /// What a start that was cut off has set aside.
    fn set_aside_earlier(&self) -> Option<SetAside> {
        let files = self.earlier();
        (!files.is_empty()).then(|| SetAside {
            files,
            why: "a start that was cut off has set it aside".into(),
            at: self.environment.now().unix_seconds,
        })
    }

    fn unit(&self, store: Store, secret: &Secret) -> Result<Unit, Error> {
        let subkeys = Subkeys::of(secret);
        let means = Means {
            secret,
            subkeys: &subkeys,
            environment: &*self.environment,
        };
        upgrade::bring_up(&store, &means)?;
        let settings = settings::stored(&store.snapshot()?)?;
        Ok(Unit {
            _folder: Arc::clone(&self.folder),
            store,
            subkeys,
            factory: self.config.factory.clone(),
            environment: Arc::clone(&self.environment),
            listener: Arc::clone(&self.listener),
            job: Job::default(),
            settings: RwLock::new(Arc::new(settings)),
            trial: Mutex::default(),
            stands_in: Mutex::default(),
            reached: Mutex::new(None),
            resetting: Mutex::new(()),
            changing: Mutex::new(()),
        })
    }

    fn no_secret(&self, why: io::Error) -> Error {
        Error::System {
            what: format!(
                "the unit's secret beside {} can be neither read nor made",
                self.config.state_dir.display()
            ),
            why,
        }
    }
}
