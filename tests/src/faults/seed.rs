//! A unit with a history, on whose state every change is tried.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use tempfile::TempDir;

use super::look::Look;
use crate::{Administrator, Authority, Encoding, Unit, judge};

/// The unit looks once a second whether there is anything to write.
const QUIET: Duration = Duration::from_millis(2500);

/// It has come to rest within this time.
const QUIET_MAX: Duration = Duration::from_secs(60);

/// The password that is the new one, where the password is changed.
pub(super) const NEW_PASSWORD: &str = "faults-new-password-0815";

/// The state of a unit that was killed: a certificate of a CA serves, the factory one
/// is the previous, one request waits for the certificate that [`next`](Self::next)
/// is, one for nothing.
pub struct Seed {
    folder: TempDir,
    /// How the unit looks on it.
    pub look: Look,
    /// The factory certificate, as PEM.
    pub factory: String,
    /// The certificate that the CA has made for the waiting request, with its chain.
    pub next: String,
    /// The request that nobody needs, as PEM.
    pub unneeded: String,
    /// A backup, which has everything that the state has, and one request more.
    pub backup: Vec<u8>,
    /// That request, as PEM.
    pub deleted: String,
}

impl Seed {
    /// The one that all tests of this process share; it takes seconds to make.
    pub fn shared() -> Result<&'static Self> {
        static SEED: OnceLock<Result<Seed, String>> = OnceLock::new();
        let seed = SEED.get_or_init(|| Self::make().map_err(|error| format!("{error:#}")));
        seed.as_ref()
            .map_err(|error| anyhow!("the state to begin with: {error}"))
    }

    /// Copies the state to the folder `state`.
    pub fn lay(&self, state: &Path) -> Result<()> {
        copy(&self.folder.path().join("state"), state)
    }

    /// What is in a file of the state.
    pub fn file(&self, name: &str) -> Result<Vec<u8>> {
        Ok(fs::read(self.folder.path().join("state").join(name))?)
    }

    fn make() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state");
        let unit = Unit::start_on(&state, Command::new(Unit::program()?))?;
        let factory = judge::presented_chain(unit.address)?.remove(0);
        let authority = Authority::new()?;
        let mut admin = Administrator::sign_in(&unit)?;
        let mut request = |name| {
            let fields = [("common_name", name), ("key_type", "EC P-256")];
            admin.make_request(&fields, &[])
        };
        let serving = request("ntp1.example.net")?;
        let next = request("ntp2.example.net")?;
        let unneeded = request("ntp3.example.net")?;
        let encoded = authority.sign(&serving)?.encode(Encoding::X509Pem)?;
        let review = admin.paste(&encoded)?;
        admin.install(&review)?;
        let next = authority.sign(&next)?.encode(Encoding::X509Pem)?;
        // Over the new certificate, so that nothing goes back by itself.
        Administrator::sign_in(&unit)?;
        let mut admin = Administrator::sign_in(&unit)?;
        let fields = [
            ("common_name", "ntp5.example.net"),
            ("key_type", "EC P-256"),
        ];
        let deleted = admin.make_request(&fields, &[])?;
        let backup = admin.backup()?;
        admin.delete_request(&deleted)?;
        wait_until_quiet(&state.join("store.redb"))?;
        // So that the newest change is one that is looked at: alarms are not.
        Administrator::sign_in(&unit)?;
        unit.kill()?;
        // Looking signs in, which the journal keeps.
        let looked_at = folder.path().join("looked at");
        copy(&state, &looked_at)?;
        Ok(Self {
            look: Look::at(&looked_at)?,
            folder,
            factory,
            next: String::from_utf8(next)?,
            unneeded,
            backup,
            deleted,
        })
    }
}

/// Waits until the unit writes no more by itself, as it does when alarms come and go.
/// A unit that is started on such a state has nothing of that kind to write, so that
/// what is written there is what somebody has asked for.
pub(super) fn wait_until_quiet(store: &Path) -> Result<()> {
    let deadline = Instant::now() + QUIET_MAX;
    loop {
        let before = fs::read(store)?;
        thread::sleep(QUIET);
        if fs::read(store)? == before {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the unit writes without end");
    }
}

/// Copies the files of a state; a socket is left by a unit that was killed.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
