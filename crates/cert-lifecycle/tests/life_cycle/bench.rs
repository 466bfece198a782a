//! The test bench: a unit in a folder of its own, a listener that remembers,
//! and OpenSSL as the CA.

use std::fs;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cert_lifecycle::{
    Actor, AlarmCode, CertificateView, Environment, Error, Factory, Identity, KeyId, Listener, Now,
    Opened, Preflight, RequestForm, RequestOrder, SecretFile, StoreError, TlsLevel, Unit,
    UnitConfig, Via,
};

/// A store that was let go can be opened again within this time.
const LET_GO_MAX: Duration = Duration::from_secs(20);

pub(crate) struct Bench {
    folder: tempfile::TempDir,
    listener: Arc<Remembering>,
    pub(crate) world: Arc<World>,
}

#[derive(Default)]
struct Remembering {
    served: Mutex<Vec<String>>,
    refuses: AtomicBool,
    /// The certificate that it refuses to serve.
    refused: Mutex<String>,
}

impl Listener for Remembering {
    fn check(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
        if self.refuses.load(Ordering::Relaxed) {
            Err("told to refuse.".into())
        } else {
            Ok(())
        }
    }

    fn serve(&self, identity: &Identity, _: TlsLevel) -> Result<(), String> {
        let leaf = CertificateView::of(identity.chain()[0].as_bytes()).expect("a certificate");
        if *self.refused.lock().expect("not poisoned") == leaf.sha256 {
            return Err("told to refuse.".into());
        }
        self.served.lock().expect("not poisoned").push(leaf.sha256);
        Ok(())
    }
}

/// The world around the unit, whose clock a test sets.
pub(crate) struct World(Mutex<Clock>, Mutex<Vec<String>>);

struct Clock {
    now: Now,
    monotonic: Duration,
}

impl World {
    fn at_this_time() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let now = Now {
            unix_seconds: since.as_secs(),
            trusted: true,
        };
        let monotonic = Duration::from_secs(1000);
        Self(Mutex::new(Clock { now, monotonic }), Mutex::default())
    }

    /// What was written to the log of the system.
    pub(crate) fn logged(&self) -> Vec<String> {
        self.1.lock().expect("not poisoned").clone()
    }

    /// Lets time go by.
    pub(crate) fn pass(&self, seconds: u64) {
        let mut clock = self.0.lock().expect("not poisoned");
        clock.now.unix_seconds += seconds;
        clock.monotonic += Duration::from_secs(seconds);
    }

    /// Sets the clock; the one that nobody sets goes on as it was.
    pub(crate) fn set(&self, unix_seconds: u64, trusted: bool) {
        self.0.lock().expect("not poisoned").now = Now {
            unix_seconds,
            trusted,
        };
    }
}

impl Environment for World {
    fn now(&self) -> Now {
        self.0.lock().expect("not poisoned").now
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().expect("not poisoned").monotonic
    }

    fn fill_random(&self, octets: &mut [u8]) {
        getrandom::fill(octets).expect("randomness");
    }

    fn addresses(&self) -> Vec<IpAddr> {
        vec![IpAddr::from([192, 0, 2, 7])]
    }

    fn log(&self, line: &str) {
        self.1.lock().expect("not poisoned").push(line.into());
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            folder,
            listener: Arc::default(),
            world: Arc::new(World::at_this_time()),
        }
    }

    /// On the state in this folder of `tests/data`.
    pub(crate) fn on_state(name: &str) -> Self {
        let bench = Self::new();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        for file in ["secret", "store.redb"] {
            let copied = fs::copy(from.join(name).join(file), bench.folder.path().join(file));
            copied.expect("copied");
        }
        bench
    }

    /// Opens it in a thread that may only read the state, whoever runs the test.
    pub(crate) fn open_for_reading_only(&self) -> Opened {
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| {
                confine_to_reading();
                self.open()
            });
            opened.join().expect("opens")
        })
    }

    pub(crate) fn open(&self) -> Opened {
        let secret = SecretFile::new(self.secret());
        let deadline = Instant::now() + LET_GO_MAX;
        loop {
            let config = UnitConfig {
                state_dir: self.folder.path().into(),
                factory: Factory::default(),
                admin_password: None,
            };
            let listener: Arc<dyn Listener> = self.listener.clone();
            match Unit::open(config, &secret, self.world.clone(), listener) {
                // A program that another test starts has every file of this process open,
                // and so the lock of the store, until it begins.
                Err(Error::Store(StoreError::InUse { .. })) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                opened => return opened.expect("opens"),
            }
        }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store.redb")
    }

    /// Has the journal hold this many entries with this outcome, while nobody has the
    /// store open.
    pub(crate) fn fill_journal(&self, entries: u64, outcome: &str) {
        let database = redb::Database::create(self.store()).expect("opens");
        let change = database.begin_write().expect("begins");
        {
            let records: redb::TableDefinition<'_, &str, &[u8]> =
                redb::TableDefinition::new("records");
            let mut table = change.open_table(records).expect("opens");
            for number in 1..=entries {
                let entry = format!(
                    "{{\"number\":{number},\"at\":{number},\"clock_trusted\":true,\"actor\":\
                     {{\"who\":\"unit\",\"via\":\"unit\"}},\"action\":\"settings\",\"outcome\":\
                     \"{outcome}\",\"key\":null,\"certificate\":null}}"
                );
                let key = format!("journal/{number:020}");
                table.insert(key.as_str(), entry.as_bytes()).expect("put");
            }
            let last = entries.to_string();
            table
                .insert("meta/journal-last", last.as_bytes())
                .expect("put");
        }
        change.commit().expect("kept");
    }

    pub(crate) fn secret(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    /// The fingerprints of what was served, in order.
    pub(crate) fn served(&self) -> Vec<String> {
        self.listener.served.lock().expect("not poisoned").clone()
    }

    /// Refuses to serve the certificate with this fingerprint.
    pub(crate) fn refuse_to_serve_this(&self, certificate: &str) {
        *self.listener.refused.lock().expect("not poisoned") = certificate.into();
    }

    pub(crate) fn refuse_to_serve(&self, refuse: bool) {
        self.listener.refuses.store(refuse, Ordering::Relaxed);
    }
}

/// From here on, this thread may write no file.
fn confine_to_reading() {
    use landlock::{
        ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, path_beneath_rules,
    };
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V3))
        .and_then(Ruleset::create)
        .and_then(|ruleset| {
            ruleset.add_rules(path_beneath_rules(["/"], AccessFs::from_read(ABI::V3)))
        });
    let confined = ruleset
        .expect("the rules")
        .restrict_self()
        .expect("confined");
    assert!(
        confined.ruleset != landlock::RulesetStatus::NotEnforced,
        "a kernel with Landlock"
    );
}

pub(crate) fn admin() -> Actor {
    Actor {
        who: "admin".into(),
        via: Via::Console,
    }
}

/// Somebody at a browser.
pub(crate) fn browser() -> Actor {
    Actor {
        who: "admin".into(),
        via: Via::Web(IpAddr::from([192, 0, 2, 66])),
    }
}

/// A certificate of `ca` for a new request of `unit`, installed by `actor`.
#[track_caller]
pub(crate) fn install(unit: &Unit, ca: &Ca, name: &str, actor: &Actor) -> String {
    make(unit, &form(name));
    let request = unit.requests().expect("requests").remove(0);
    let certificate = ca.sign(&request.pem, name);
    let mut review = unit.review(&certificate, None, Vec::new()).expect("read");
    unit.install(&mut review, Preflight::Required, actor)
        .expect("installed")
}

/// The codes of the alarms that are raised.
#[track_caller]
pub(crate) fn alarms(unit: &Unit) -> Vec<AlarmCode> {
    let alarms = unit.alarms().expect("alarms");
    alarms.iter().map(|alarm| alarm.code).collect()
}

/// A form that is quickly done: an EC key.
pub(crate) fn form(common_name: &str) -> RequestForm {
    RequestForm {
        key_type: "EC P-256".into(),
        common_name: common_name.into(),
        ..RequestForm::default()
    }
}

#[track_caller]
pub(crate) fn order(form: &RequestForm) -> RequestOrder {
    match form.parse() {
        Ok(order) => order,
        Err(faults) => panic!("{faults:?}"),
    }
}

pub(crate) fn never_cancelled(_: pki_core::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[track_caller]
pub(crate) fn make(unit: &Unit, form: &RequestForm) -> KeyId {
    unit.make(&order(form), &admin(), &mut never_cancelled)
        .expect("made")
        .key
}

/// A CA with one root, made and run by the `openssl` program.
pub(crate) struct Ca(tempfile::TempDir);

impl Ca {
    pub(crate) fn new() -> Self {
        Self::with_serial("0x1D5E")
    }

    /// One whose own certificate has this serial number.
    pub(crate) fn with_serial(serial: &str) -> Self {
        let ca = Self(tempfile::tempdir().expect("a folder"));
        ca.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-subj",
            "/CN=Test Root",
            "-days",
            "30",
            "-set_serial",
            serial,
        ]);
        ca
    }

    /// The root's certificate, in PEM.
    pub(crate) fn root(&self) -> Vec<u8> {
        fs::read(self.0.path().join("root.pem")).expect("made")
    }

    /// The certificate for a request, in PEM.
    pub(crate) fn sign(&self, request_pem: &str, name: &str) -> Vec<u8> {
        let path = |name: &str| self.0.path().join(name);
        fs::write(path("unit.csr"), request_pem).expect("written");
        let extensions = format!(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
             extendedKeyUsage=serverAuth\nsubjectAltName=DNS:{name}\n"
        );
        fs::write(path("unit.ext"), extensions).expect("written");
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            "unit.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "unit.ext",
            "-out",
            "unit.pem",
        ]);
        fs::read(path("unit.pem")).expect("signed")
    }

    fn openssl(&self, arguments: &[&str]) {
        let ran = Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .output();
        let ran = ran.expect("openssl is installed");
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}
