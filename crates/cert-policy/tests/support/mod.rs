//! Certificates made with the `openssl` command, and judging them in one line.
//!
//! Nothing is skipped: where OpenSSL is missing or says no, the test fails with what it said.

use cert_policy::{
    Code, Finding, Input, Now, OurKey, Presented, RawCertificate, ServerName, Severity,
    SubjectPublicKeyInfoOwned, Verdict, judge,
};
use der::asn1::{Any, BitString};
use der::{Decode, Encode};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

pub const DAY: i64 = 86_400;

/// The extensions of a server certificate nobody can say anything against.
pub const LEAF: &str = "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=DNS:ntp1.example.net
";

/// The extensions of a CA nobody can say anything against.
pub const CA: &str = "basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
";

/// `extensions` with the line of the same name replaced, or with `line` added.
pub fn with(extensions: &str, line: &str) -> String {
    let (name, _) = line.split_once('=').unwrap();
    format!("{}{line}\n", without(extensions, name))
}

/// `extensions` without the line of that name.
pub fn without(extensions: &str, name: &str) -> String {
    let kept = extensions
        .lines()
        .filter(|line| line.split('=').next() != Some(name));
    kept.map(|line| format!("{line}\n")).collect()
}

/// A folder in which keys and certificates are made.
pub struct Maker {
    dir: TempDir,
    made: AtomicUsize,
}

/// A key pair in a file.
pub struct Key {
    path: PathBuf,
    pub public: SubjectPublicKeyInfoOwned,
}

/// A certificate, with the key it is for.
pub struct Made {
    pub der: Vec<u8>,
    pub certificate: RawCertificate,
    path: PathBuf,
    key: PathBuf,
}

/// What is to be made.
pub struct Spec<'a> {
    pub subject: &'a str,
    pub key: &'a Key,
    /// `None` for self-signed.
    pub issuer: Option<&'a Made>,
    /// Lines of an OpenSSL configuration; with none, OpenSSL 3.0 makes a version 1 certificate.
    pub extensions: &'a str,
    pub days: i64,
    pub serial: &'a str,
    /// Further options of `openssl x509 -req`.
    pub options: &'a [&'a str],
}

impl<'a> Spec<'a> {
    pub fn leaf(key: &'a Key, issuer: &'a Made) -> Self {
        Self {
            subject: "/CN=ntp1.example.net",
            key,
            issuer: Some(issuer),
            extensions: LEAF,
            days: 40,
            serial: "0x1001",
            options: &["-sha256"],
        }
    }

    pub fn ca(subject: &'a str, key: &'a Key, issuer: Option<&'a Made>) -> Self {
        let spec = Self {
            subject,
            key,
            issuer,
            extensions: CA,
            ..Self::self_signed(key)
        };
        Self {
            days: 2_000,
            ..spec
        }
    }

    pub fn self_signed(key: &'a Key) -> Self {
        Self {
            subject: "/CN=ntp1.example.net",
            key,
            issuer: None,
            extensions: LEAF,
            days: 40,
            serial: "0x1002",
            options: &["-sha256"],
        }
    }
}

impl Maker {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            made: AtomicUsize::new(0),
        }
    }

    /// A new key: `P-256`, `RSA:1024`, `ED25519`, … as `openssl genpkey` knows them.
    pub fn key(&self, kind: &str) -> Key {
        let path = self.file("key");
        let (algorithm, option) = match kind.split_once(':') {
            Some((algorithm, bits)) => (algorithm, Some(format!("rsa_keygen_bits:{bits}"))),
            None if kind.starts_with("P-") || kind.starts_with("brainpool") => {
                ("EC", Some(format!("ec_paramgen_curve:{kind}")))
            }
            None => (kind, None),
        };
        let mut command = Command::new("openssl");
        command
            .args(["genpkey", "-quiet", "-algorithm", algorithm, "-out"])
            .arg(&path);
        if let Some(option) = option {
            command.args(["-pkeyopt", &option]);
        }
        run(&mut command);
        Self::load_key(path)
    }

    fn load_key(path: PathBuf) -> Key {
        let mut command = Command::new("openssl");
        command
            .args(["pkey", "-pubout", "-outform", "DER", "-in"])
            .arg(&path);
        let public = SubjectPublicKeyInfoOwned::from_der(&run(&mut command)).unwrap();
        Key { path, public }
    }

    /// A DSA key, which needs parameters first.
    pub fn dsa_key(&self) -> Key {
        let (parameters, path) = (self.file("dsaparam"), self.file("key"));
        let mut command = Command::new("openssl");
        command.args(["genpkey", "-quiet", "-genparam", "-algorithm", "DSA"]);
        command
            .args(["-pkeyopt", "dsa_paramgen_bits:1024", "-out"])
            .arg(&parameters);
        run(&mut command);
        let mut command = Command::new("openssl");
        command
            .args(["genpkey", "-quiet", "-paramfile"])
            .arg(&parameters);
        run(command.arg("-out").arg(&path));
        Self::load_key(path)
    }

    pub fn make(&self, spec: &Spec<'_>) -> Made {
        let (request, extensions, path) = (self.file("csr"), self.file("cnf"), self.file("pem"));
        std::fs::write(&extensions, spec.extensions).unwrap();
        let mut command = Command::new("openssl");
        command.args(["req", "-new", "-utf8", "-config", "/dev/null"]);
        command
            .args(["-subj", spec.subject, "-key"])
            .arg(&spec.key.path);
        run(command.arg("-out").arg(&request));
        let mut command = Command::new("openssl");
        command
            .args(["x509", "-req", "-in"])
            .arg(&request)
            .arg("-out")
            .arg(&path);
        command.args(["-days", &spec.days.to_string(), "-set_serial", spec.serial]);
        command.args(spec.options);
        match spec.issuer {
            Some(issuer) => command
                .arg("-CA")
                .arg(&issuer.path)
                .arg("-CAkey")
                .arg(&issuer.key),
            None => command.arg("-signkey").arg(&spec.key.path),
        };
        if !spec.extensions.is_empty() {
            command.arg("-extfile").arg(&extensions);
        }
        run(&mut command);
        Made::load(path, spec.key.path.clone())
    }

    /// `made` with the signed part changed, and signed anew with an EC key: for what OpenSSL
    /// does not write.
    pub fn resigned(&self, made: &Made, issuer: &Key, patch: impl FnOnce(&mut Vec<u8>)) -> Made {
        let [tbs, algorithm, _] = Vec::<Any>::from_der(&made.der).unwrap().try_into().unwrap();
        let mut tbs = tbs.to_der().unwrap();
        patch(&mut tbs);
        let (signed, signature) = (self.file("tbs"), self.file("sig"));
        std::fs::write(&signed, &tbs).unwrap();
        let mut command = Command::new("openssl");
        command
            .args(["dgst", "-sha256", "-sign"])
            .arg(&issuer.path)
            .arg("-out")
            .arg(&signature);
        run(command.arg(&signed));
        let signature = BitString::from_bytes(&std::fs::read(&signature).unwrap()).unwrap();
        let tbs = Any::from_der(&tbs).unwrap();
        let signature = Any::encode_from(&signature).unwrap();
        let der = vec![tbs, algorithm, signature].to_der().unwrap();
        Made {
            certificate: decode(&der),
            der,
            path: made.path.clone(),
            key: made.key.clone(),
        }
    }

    fn file(&self, suffix: &str) -> PathBuf {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.dir.path().join(format!("{number}.{suffix}"))
    }
}

impl Key {
    /// The public half alone.
    pub fn of(public: SubjectPublicKeyInfoOwned) -> Self {
        Self {
            path: PathBuf::new(),
            public,
        }
    }
}

impl Made {
    fn load(path: PathBuf, key: PathBuf) -> Self {
        let mut command = Command::new("openssl");
        let der = run(command.args(["x509", "-outform", "DER", "-in"]).arg(&path));
        Self {
            certificate: decode(&der),
            der,
            path,
            key,
        }
    }

    /// The same with its octets changed, and signed by nobody.
    pub fn patched(&self, patch: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut der = self.der.clone();
        patch(&mut der);
        assert_ne!(der, self.der, "the patch changed nothing");
        Self {
            certificate: decode(&der),
            der,
            path: self.path.clone(),
            key: self.key.clone(),
        }
    }

    /// What `openssl verify` says of it: an outside opinion where there is one.
    pub fn openssl_verifies(&self, root: &Made, untrusted: &[&Made]) -> bool {
        let mut command = Command::new("openssl");
        command
            .args(["verify", "-x509_strict", "-CAfile"])
            .arg(&root.path);
        for made in untrusted {
            command.arg("-untrusted").arg(&made.path);
        }
        command.arg(&self.path).output().unwrap().status.success()
    }
}

fn decode(der: &[u8]) -> RawCertificate {
    RawCertificate::from_der(der).unwrap()
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} said:\n{said}");
    output.stdout
}

/// A CA of three: a root, an intermediate, and a server key of the unit.
pub struct World {
    pub maker: Maker,
    pub root: Made,
    pub intermediate: Made,
    pub root_key: Key,
    pub intermediate_key: Key,
    pub key: Key,
}

impl World {
    /// The world of the tests that run at this moment; its folder goes with the last of them.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<World>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let world = Arc::new(Self::new());
            *shared = Arc::downgrade(&world);
            world
        })
    }

    fn new() -> Self {
        let maker = Maker::new();
        let (root_key, intermediate_key) = (maker.key("P-256"), maker.key("P-256"));
        let root = maker.make(&Spec::ca("/CN=Example Root", &root_key, None));
        let spec = Spec::ca("/CN=Example Issuing CA", &intermediate_key, Some(&root));
        let intermediate = maker.make(&spec);
        let key = maker.key("P-256");
        Self {
            maker,
            root,
            intermediate,
            root_key,
            intermediate_key,
            key,
        }
    }

    /// A good leaf of the intermediate.
    pub fn leaf(&self) -> Made {
        self.maker.make(&Spec::leaf(&self.key, &self.intermediate))
    }

    /// The leaf of the intermediate with other extensions.
    pub fn leaf_with(&self, extensions: &str) -> Made {
        let spec = Spec::leaf(&self.key, &self.intermediate);
        self.maker.make(&Spec { extensions, ..spec })
    }
}

/// A judgement in the making: a good clock, reached by the name in [`LEAF`].
pub struct Case<'a> {
    pub presented: Vec<&'a Made>,
    pub keys: Vec<&'a Key>,
    pub reached_as: Vec<&'a str>,
    pub now: Now,
    pub subject: Option<Name>,
    pub names: Vec<GeneralName>,
}

impl<'a> Case<'a> {
    pub fn new(keys: impl IntoIterator<Item = &'a Key>, presented: &[&'a Made]) -> Self {
        Self {
            presented: presented.to_vec(),
            keys: keys.into_iter().collect(),
            reached_as: vec!["ntp1.example.net"],
            now: Now {
                unix_seconds: unix_seconds(60),
                trusted: true,
            },
            subject: None,
            names: Vec::new(),
        }
    }

    /// Judged so many seconds from now.
    pub fn seconds_from_now(mut self, seconds: i64) -> Self {
        self.now.unix_seconds = unix_seconds(seconds);
        self
    }

    pub fn with_a_doubtful_clock(mut self) -> Self {
        self.now.trusted = false;
        self
    }

    pub fn reached_as(mut self, names: &[&'a str]) -> Self {
        self.reached_as = names.to_vec();
        self
    }

    /// The request made with the keys.
    pub fn requested(mut self, subject: &str, names: Vec<GeneralName>) -> Self {
        self.subject = Some(subject.parse().unwrap());
        self.names = names;
        self
    }

    pub fn verdict(&self) -> Verdict {
        let presented: Vec<_> = self
            .presented
            .iter()
            .map(|made| Presented {
                certificate: &made.certificate,
                der: &made.der,
            })
            .collect();
        let our_keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| OurKey {
                public_key: &key.public,
                subject: self.subject.as_ref(),
                names: &self.names,
            })
            .collect();
        let reached_as: Vec<_> = self
            .reached_as
            .iter()
            .map(|name| ServerName::parse(name).unwrap())
            .collect();
        let verdict = judge(&Input {
            presented: &presented,
            our_keys: &our_keys,
            reached_as: &reached_as,
            now: self.now,
        });
        verdict.findings.iter().for_each(check_form);
        verdict
    }

    /// Judges, and compares the codes found with those expected, in whatever order.
    #[track_caller]
    pub fn check(&self, expected: &[Code]) -> Verdict {
        let verdict = self.verdict();
        let mut expected = expected.to_vec();
        let mut found: Vec<_> = verdict
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{:#?}", verdict.findings);
        verdict
    }
}

/// The finding with that code.
#[track_caller]
pub fn finding(verdict: &Verdict, code: Code) -> &Finding {
    let mut found = verdict
        .findings
        .iter()
        .filter(|finding| finding.code == code);
    found
        .next()
        .unwrap_or_else(|| panic!("no {code} in {:#?}", verdict.findings))
}

/// What holds for every finding whatever it says.
fn check_form(finding: &Finding) {
    let texts = [&finding.message, &finding.expected, &finding.came];
    for text in texts {
        assert!(!text.is_empty(), "{finding:#?}");
        assert!(!text.contains(char::is_control), "{finding:#?}");
        assert!(text.len() < 40_000, "{finding:#?}");
    }
    assert!(
        finding.message.ends_with(['.', '"']),
        "a sentence: {finding:#?}"
    );
    assert!(!finding.message.contains("  "), "{finding:#?}");
    let needs_remedy = finding.severity != Severity::Note;
    assert!(
        !needs_remedy || finding.remedy.ends_with('.'),
        "{finding:#?}"
    );
    assert!(
        finding.severity >= finding.code.severity(),
        "only ever milder: {finding:#?}"
    );
}

/// Seconds since 1970, so many seconds from now.
pub fn unix_seconds(from_now: i64) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    now.checked_add_signed(from_now).unwrap()
}

/// Replaces `old`, which must be there exactly once, by `new`.
pub fn replace(octets: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let places: Vec<_> = (0..octets.len())
        .filter(|at| octets[*at..].starts_with(old))
        .collect();
    assert_eq!(
        places.len(),
        1,
        "{old:02x?} is there {} times",
        places.len()
    );
    octets.splice(places[0]..places[0] + old.len(), new.iter().copied());
}

/// The folder of this crate.
pub fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
