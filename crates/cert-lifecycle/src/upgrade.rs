//! The format of the store, and what brings an older one up to it.
//!
//! | format | what changed |
//! |---|---|
//! | 1 | private keys are sealed with the unit's secret itself |
//! | 2 | private keys are sealed with a subkey; the store knows its secret |
//!
//! A next format is a further line here, a higher [`FORMAT`] and a further row of
//! [`STEPS`]. All steps that a store needs are one transaction, so that a power
//! cut leaves it in its old format or in this one.

use crate::KeyId;
use crate::environment::Environment;
use crate::journal::{self, Action, Actor, Event};
use crate::records::PRIVATE_KEYS;
use crate::seal::Sealer;
use crate::store::{Change, Records, Store, StoreError};
use crate::subkeys::Subkeys;

/// The format of the store that this version reads and writes: what the records are
/// and mean.
pub const FORMAT: u32 = 2;

/// Where a store keeps its format.
const FORMAT_RECORD: &str = "meta/format";
/// Where a store keeps the fingerprint of the secret it belongs to.
const SECRET_RECORD: &str = "meta/secret";

/// Brings a store from the format `from` to the next one.
struct Step {
    from: u32,
    run: fn(&Change, &Means<'_>) -> Result<(), StoreError>,
}

const STEPS: &[Step] = &[Step {
    from: 1,
    run: seal_with_a_subkey,
}];

/// What a step works with.
pub(crate) struct Means<'a> {
    pub(crate) secret: &'a [u8; 32],
    pub(crate) subkeys: &'a Subkeys,
    pub(crate) environment: &'a dyn Environment,
}

/// Brings what is in `store` to [`FORMAT`], and makes sure that it belongs to this
/// secret. An empty store begins with the present format.
///
/// # Errors
///
/// - [`StoreError::Newer`] when a later version wrote it.
/// - [`StoreError::OtherSecret`] when its keys are sealed with another secret.
/// - [`StoreError::Damaged`] when no version wrote such a store.
pub(crate) fn bring_up(store: &Store, means: &Means<'_>) -> Result<(), StoreError> {
    let snapshot = store.snapshot()?;
    if snapshot.get::<u32>(FORMAT_RECORD)? == Some(FORMAT) {
        return belongs(&snapshot, means);
    }
    drop(snapshot);
    store.change(|change| {
        let stored = match change.get::<u32>(FORMAT_RECORD)? {
            Some(format) => format,
            None => begin(change, means)?,
        };
        if stored > FORMAT {
            return Err(StoreError::Newer {
                found: stored,
                known: FORMAT,
            });
        }
        for format in stored..FORMAT {
            let step = STEPS.iter().find(|step| step.from == format);
            let step = step.ok_or_else(|| {
                StoreError::Damaged(format!("its format is {stored}, which never was"))
            })?;
            (step.run)(change, means)?;
        }
        if stored < FORMAT {
            change.put(FORMAT_RECORD, &FORMAT)?;
            note(change, means, stored)?;
        }
        belongs(change, means)
    })
}

/// Makes sure that the store belongs to this secret.
fn belongs(records: &impl Records, means: &Means<'_>) -> Result<(), StoreError> {
    match records.get::<String>(SECRET_RECORD)? {
        Some(fingerprint) if fingerprint == means.subkeys.fingerprint => Ok(()),
        Some(_) => Err(StoreError::OtherSecret),
        None => Err(StoreError::Damaged(
            "it does not say which secret it belongs to".into(),
        )),
    }
}

/// Makes an empty store one of this format and this secret.
fn begin(change: &Change, means: &Means<'_>) -> Result<u32, StoreError> {
    if !change.keys("")?.is_empty() {
        return Err(StoreError::Damaged("it does not say its format".into()));
    }
    change.put(FORMAT_RECORD, &FORMAT)?;
    change.put(SECRET_RECORD, &means.subkeys.fingerprint)?;
    Ok(FORMAT)
}

fn note(change: &Change, means: &Means<'_>, before: u32) -> Result<(), StoreError> {
    let unit = Actor::unit();
    let event = Event::of(
        &unit,
        Action::Upgrade,
        format!("its format is {FORMAT}, and was {before}"),
    );
    journal::append(change, means.environment.now(), event)
}

/// From 1 to 2. A key that cannot be opened was of no use before, so it stays as it
/// is; where none can, the store belongs to another secret.
fn seal_with_a_subkey(change: &Change, means: &Means<'_>) -> Result<(), StoreError> {
    let before = Sealer::new(means.secret);
    let names = change.keys(PRIVATE_KEYS)?;
    let mut opened: usize = 0;
    for name in &names {
        let id = name.strip_prefix(PRIVATE_KEYS);
        let id: Option<KeyId> = id.and_then(|id| id.parse().ok());
        let sealed = change.octets(name)?;
        let (Some(id), Some(sealed)) = (id, sealed) else {
            continue;
        };
        let Some(key) = before.open(&id, &sealed) else {
            continue;
        };
        let sealed = means.subkeys.sealer.seal(&id, &key, means.environment);
        change.put_octets(name, &sealed)?;
        opened += 1;
    }
    if opened == 0 && !names.is_empty() {
        return Err(StoreError::OtherSecret);
    }
    change.put(SECRET_RECORD, &means.subkeys.fingerprint)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use redb::StorageBackend;

    use super::*;
    use crate::environment::fixed::FixedEnvironment;
    use crate::records::private_key_of;

    const SECRET: [u8; 32] = [7; 32];
    const KEYS: usize = 3;

    /// A file whose power is cut after so many operations that change it.
    #[derive(Debug, Clone)]
    struct Cut(Arc<Mutex<Disk>>);

    #[derive(Debug)]
    struct Disk {
        /// With everything written, as a killed process leaves it.
        written: Vec<u8>,
        /// With what was made durable only, as a power cut may leave it.
        durable: Vec<u8>,
        operations_left: usize,
    }

    impl Cut {
        fn new(octets: Vec<u8>, operations_left: usize) -> Self {
            Self(Arc::new(Mutex::new(Disk {
                written: octets.clone(),
                durable: octets,
                operations_left,
            })))
        }

        fn images(&self) -> [Vec<u8>; 2] {
            let disk = self.0.lock().expect("not poisoned");
            [disk.written.clone(), disk.durable.clone()]
        }

        fn operate(&self, run: impl FnOnce(&mut Disk)) -> Result<(), io::Error> {
            let mut disk = self.0.lock().expect("not poisoned");
            disk.operations_left = match disk.operations_left.checked_sub(1) {
                Some(left) => left,
                None => return Err(io::Error::other("the power is cut")),
            };
            run(&mut disk);
            Ok(())
        }
    }

    impl StorageBackend for Cut {
        fn len(&self) -> Result<u64, io::Error> {
            let length = self.0.lock().expect("not poisoned").written.len();
            Ok(u64::try_from(length).expect("64 bits"))
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
            let from = usize::try_from(offset).expect("64 bits");
            let disk = self.0.lock().expect("not poisoned");
            out.copy_from_slice(&disk.written[from..from + out.len()]);
            Ok(())
        }

        fn set_len(&self, len: u64) -> Result<(), io::Error> {
            let length = usize::try_from(len).expect("64 bits");
            self.operate(|disk| disk.written.resize(length, 0))
        }

        fn sync_data(&self) -> Result<(), io::Error> {
            self.operate(|disk| disk.durable.clone_from(&disk.written))
        }

        fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
            let from = usize::try_from(offset).expect("64 bits");
            self.operate(|disk| disk.written[from..from + data.len()].copy_from_slice(data))
        }
    }

    fn means<'a>(subkeys: &'a Subkeys, environment: &'a FixedEnvironment) -> Means<'a> {
        Means {
            secret: &SECRET,
            subkeys,
            environment,
        }
    }

    fn ids() -> impl Iterator<Item = KeyId> {
        (0..KEYS).map(|key| format!("{key:064x}").parse().expect("64 digits"))
    }

    /// The octets of a store of format 1.
    fn format_1() -> Vec<u8> {
        let disk = Cut::new(Vec::new(), usize::MAX);
        let store = Store::on(disk.clone()).expect("opens");
        let environment = FixedEnvironment::default();
        let put = |change: &Change| {
            change.put(FORMAT_RECORD, &1)?;
            for id in ids() {
                let sealed = Sealer::new(&SECRET).seal(&id, id.as_bytes(), &environment);
                change.put_octets(&private_key_of(&id), &sealed)?;
            }
            Ok::<_, StoreError>(())
        };
        store.change(put).expect("kept");
        drop(store);
        let [written, _] = disk.images();
        written
    }

    /// The format of a store, of which every key opens as that format says.
    #[track_caller]
    fn whole_format(octets: Vec<u8>) -> u32 {
        let store = Store::on(Cut::new(octets, usize::MAX)).expect("opens after the cut");
        let snapshot = store.snapshot().expect("reads");
        let format = snapshot.get::<u32>(FORMAT_RECORD).expect("reads");
        let format = format.expect("a format");
        let sealer = match format {
            1 => Sealer::new(&SECRET),
            _ => Subkeys::of(&SECRET).sealer,
        };
        for id in ids() {
            let sealed = snapshot.octets(&private_key_of(&id)).expect("reads");
            let key = sealer.open(&id, &sealed.expect("kept"));
            assert_eq!(key.expect("opens").as_slice(), id.as_bytes());
        }
        let secret = snapshot.get::<String>(SECRET_RECORD).expect("reads");
        assert_eq!(secret.is_some(), format == 2);
        format
    }

    #[test]
    fn a_power_cut_at_any_operation_leaves_the_old_format_or_the_new_one_whole() {
        let before = format_1();
        let (subkeys, environment) = (Subkeys::of(&SECRET), FixedEnvironment::default());
        let mut found = Vec::new();
        for operations in 0.. {
            let disk = Cut::new(before.clone(), operations);
            let ended = Store::on(disk.clone())
                .map_err(|error| StoreError::Io(error.to_string()))
                .and_then(|store| bring_up(&store, &means(&subkeys, &environment)));
            found.extend(disk.images().map(whole_format));
            if ended.is_ok() {
                break;
            }
        }
        assert!(found.len() > 10, "hardly any operation: {found:?}");
        assert!(found.contains(&1) && found.ends_with(&[2, 2]), "{found:?}");
    }

    #[test]
    fn every_format_before_the_present_one_has_its_step() {
        let from: Vec<u32> = STEPS.iter().map(|step| step.from).collect();
        assert_eq!(from, (1..FORMAT).collect::<Vec<_>>());
    }

    #[track_caller]
    fn refused(records: &[(&str, u32)]) -> StoreError {
        let store = Store::on(Cut::new(Vec::new(), usize::MAX)).expect("opens");
        let put = |change: &Change| {
            let mut records = records.iter();
            records.try_for_each(|(key, value)| change.put(key, value))
        };
        store.change(put).expect("kept");
        let (subkeys, environment) = (Subkeys::of(&SECRET), FixedEnvironment::default());
        bring_up(&store, &means(&subkeys, &environment)).expect_err("refused")
    }

    #[test]
    fn what_no_version_wrote_is_damage_and_what_a_later_one_wrote_is_not() {
        for records in [
            &[("a/1", 1)][..],
            &[(FORMAT_RECORD, 0)],
            &[(FORMAT_RECORD, FORMAT)],
        ] {
            assert!(matches!(refused(records), StoreError::Damaged(_)));
        }
        assert!(matches!(
            refused(&[(FORMAT_RECORD, FORMAT + 1)]),
            StoreError::Newer { .. }
        ));
    }
}
