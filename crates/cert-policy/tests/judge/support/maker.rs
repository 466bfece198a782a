//! Keys and certificates, made with the `openssl` command.

use cert_policy::{RawCertificate, SubjectPublicKeyInfoOwned};
use der::asn1::{Any, BitString};
use der::{Decode, Encode};
use pem_rfc7468::LineEnding;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// The extensions of a server certificate nobody can say anything against.
pub(crate) const LEAF: &str = "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=DNS:ntp1.example.net
";

/// The extensions of a CA nobody can say anything against.
pub(crate) const CA: &str = "basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
";

/// `extensions` with the line of the same name replaced, or with `line` added.
pub(crate) fn with(extensions: &str, line: &str) -> String {
    let (name, _) = line.split_once('=').unwrap();
    format!("{}{line}\n", without(extensions, name))
}

/// `extensions` without the line of that name.
pub(crate) fn without(extensions: &str, name: &str) -> String {
    let kept = extensions
        .lines()
        .filter(|line| line.split('=').next() != Some(name));
    kept.map(|line| format!("{line}\n")).collect()
}

/// A folder in which keys and certificates are made.
pub(crate) struct Maker {
    dir: TempDir,
    made: AtomicUsize,
}

/// A key pair in a file.
pub(crate) struct Key {
    path: PathBuf,
    pub(crate) public: SubjectPublicKeyInfoOwned,
}

/// A certificate, with the key it is for.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) der: Vec<u8>,
    pub(crate) certificate: RawCertificate,
    path: PathBuf,
    key: PathBuf,
}

/// What is to be made.
pub(crate) struct Spec<'a> {
    pub(crate) subject: &'a str,
    pub(crate) key: &'a Key,
    /// `None` for self-signed.
    pub(crate) issuer: Option<&'a Made>,
    /// Lines of an OpenSSL configuration; with none, OpenSSL 3.0 makes a version 1 certificate.
    pub(crate) extensions: &'a str,
    pub(crate) days: i64,
    pub(crate) serial: &'a str,
    /// Further options of `openssl x509 -req`.
    pub(crate) options: &'a [&'a str],
}

impl<'a> Spec<'a> {
    pub(crate) fn leaf(key: &'a Key, issuer: &'a Made) -> Self {
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

    pub(crate) fn ca(subject: &'a str, key: &'a Key, issuer: Option<&'a Made>) -> Self {
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

    pub(crate) fn self_signed(key: &'a Key) -> Self {
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
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            made: AtomicUsize::new(0),
        }
    }

    /// A new key: `P-256`, `RSA:1024`, `ED25519`, … as `openssl genpkey` knows them.
    pub(crate) fn key(&self, kind: &str) -> Key {
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
    pub(crate) fn dsa_key(&self) -> Key {
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

    /// A certificate request in DER that asks for these extensions.
    pub(crate) fn request(&self, key: &Key, extensions: &[&str]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args([
            "req", "-new", "-outform", "DER", "-subj", "/CN=unit", "-key",
        ]);
        command.arg(&key.path);
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        run(&mut command)
    }

    pub(crate) fn make(&self, spec: &Spec<'_>) -> Made {
        let (request, extensions, path) = (self.file("csr"), self.file("cnf"), self.file("der"));
        std::fs::write(&extensions, spec.extensions).unwrap();
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-new",
            "-utf8",
            "-config",
            "/dev/null",
            "-subj",
            spec.subject,
        ]);
        run(command
            .arg("-key")
            .arg(&spec.key.path)
            .arg("-out")
            .arg(&request));
        let mut command = Command::new("openssl");
        command
            .args(["x509", "-req", "-outform", "DER", "-in"])
            .arg(&request);
        command.args(["-days", &spec.days.to_string(), "-set_serial", spec.serial]);
        command.args(spec.options).arg("-out").arg(&path);
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
        let der = std::fs::read(&path).unwrap();
        Made {
            certificate: decode(&der),
            der,
            path,
            key: spec.key.path.clone(),
        }
    }

    /// `made` with the signed part changed, and signed anew with an EC key: for what OpenSSL
    /// does not write.
    pub(crate) fn resigned(
        &self,
        made: &Made,
        issuer: &Key,
        patch: impl FnOnce(&mut Vec<u8>),
    ) -> Made {
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
    pub(crate) fn of(public: SubjectPublicKeyInfoOwned) -> Self {
        Self {
            path: PathBuf::new(),
            public,
        }
    }
}

impl Made {
    /// The same with its octets changed, and signed by nobody.
    pub(crate) fn patched(&self, patch: impl FnOnce(&mut Vec<u8>)) -> Self {
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
    pub(crate) fn openssl_verifies(&self, root: &Self, untrusted: &[&Self]) -> bool {
        let mut command = Command::new("openssl");
        command
            .args(["verify", "-x509_strict", "-CAfile"])
            .arg(root.pem_file());
        for made in untrusted {
            command.arg("-untrusted").arg(made.pem_file());
        }
        command
            .arg(self.pem_file())
            .output()
            .unwrap()
            .status
            .success()
    }

    /// What the Python package `cryptography` says of it as the certificate of the server in
    /// [`LEAF`].
    pub(crate) fn pyca_verifies(&self, root: &Self, untrusted: &[&Self]) -> bool {
        let script = "\
import sys
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
root, leaf, *untrusted = [
    x509.load_pem_x509_certificate(open(file, 'rb').read()) for file in sys.argv[1:]]
verifier = PolicyBuilder().store(Store([root])).build_server_verifier(
    x509.DNSName('ntp1.example.net'))
try:
    verifier.verify(leaf, untrusted)
    print('right')
except VerificationError:
    print('wrong')
";
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(root.pem_file());
        command.arg(self.pem_file());
        command.args(untrusted.iter().map(|made| made.pem_file()));
        run(&mut command) == b"right\n"
    }

    /// `openssl verify` reads no DER. A file of its own for each call: another test may
    /// be reading that of a certificate that both share.
    fn pem_file(&self) -> PathBuf {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let path = self.path.with_extension(format!("{call}.pem"));
        let pem = pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, &self.der).unwrap();
        std::fs::write(&path, pem).unwrap();
        path
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

/// Replaces `old`, which must be there exactly once, by `new`.
pub(crate) fn replace(octets: &mut Vec<u8>, old: &[u8], new: &[u8]) {
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
