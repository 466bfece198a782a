//! Runs other people's programs. A missing one fails the test with what to install.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Runs `program` in `folder` with `input` on its standard input, and gives its standard output.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str], input: &[u8], folder: &Path) -> Vec<u8> {
    let package = match program {
        "certtool" => "gnutls-bin",
        "certutil" | "cmsutil" | "crlutil" | "p7env" | "p7sign" | "pk12util" => "libnss3-tools",
        "jar" | "jarsigner" | "java" | "keytool" => "default-jdk-headless",
        other => other,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed here: install {package} ({error})"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A program that has seen enough may close its end.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("it was started");
    feeder.join().expect("it does not panic");
    assert!(
        output.status.success(),
        "{program} {} said: {}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout),
    );
    output.stdout
}

/// Runs `openssl`, its arguments separated by spaces, in the folder of [`pki`].
#[track_caller]
pub(crate) fn openssl(arguments: &str, input: &[u8]) -> Vec<u8> {
    run(
        "openssl",
        &arguments.split_whitespace().collect::<Vec<_>>(),
        input,
        pki(),
    )
}

/// Runs `certtool`, its arguments separated by spaces.
#[track_caller]
pub(crate) fn certtool(arguments: &str, input: &[u8]) -> Vec<u8> {
    run(
        "certtool",
        &arguments.split_whitespace().collect::<Vec<_>>(),
        input,
        pki(),
    )
}

/// Runs a Python script that may use the package `cryptography`; `input` is its standard input.
#[track_caller]
pub(crate) fn python(script: &str, input: &[u8]) -> Vec<u8> {
    let guarded = format!(
        "try:\n    import cryptography\n\
         except ImportError:\n    raise SystemExit('pip install cryptography: it is needed here')\n\
         import sys\n{script}"
    );
    run("python3", &["-c", &guarded], input, pki())
}

/// Bouncy Castle, where Debian's package `libbcpkix-java` puts it.
const BOUNCY_CASTLE: &str =
    "/usr/share/java/bcpkix.jar:/usr/share/java/bcprov.jar:/usr/share/java/bcutil.jar";

/// Runs one Java source file, which may use Bouncy Castle; `input` is its standard input.
#[track_caller]
pub(crate) fn java(class: &str, source: &str, input: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{class}.java");
    std::fs::write(folder.path().join(&file), source).unwrap();
    run(
        "java",
        &["-classpath", BOUNCY_CASTLE, &file],
        input,
        folder.path(),
    )
}

/// A folder with keys and certificates made for this run:
/// `ca.pem`, `ca.key`, `leaf.pem`, `leaf.key`, `crl.pem`, `content`.
pub(crate) fn pki() -> &'static Path {
    static PKI: OnceLock<TempDir> = OnceLock::new();
    PKI.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            run(
                "openssl",
                &arguments.split_whitespace().collect::<Vec<_>>(),
                b"",
                folder.path(),
            );
        };
        openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=CA");
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -CA ca.pem -CAkey ca.key -set_serial 7 \
             -keyout leaf.key -out leaf.pem -subj /CN=leaf",
        );
        std::fs::write(folder.path().join("index.txt"), "").unwrap();
        std::fs::write(
            folder.path().join("ca.cnf"),
            "[ca]\ndefault_ca=ca1\n[ca1]\ndatabase=index.txt\ndefault_md=sha256\n",
        )
        .unwrap();
        openssl("ca -gencrl -config ca.cnf -cert ca.pem -keyfile ca.key -crldays 30 -out crl.pem");
        std::fs::write(
            folder.path().join("content"),
            "what was signed\n".repeat(300),
        )
        .unwrap();
        folder
    })
    .path()
}

/// A file of [`pki`].
pub(crate) fn pki_file(name: &str) -> Vec<u8> {
    std::fs::read(pki().join(name)).unwrap()
}

/// The certificate of [`pki`] with this name, as DER, by OpenSSL.
pub(crate) fn pki_der(name: &str) -> Vec<u8> {
    openssl(&format!("x509 -in {name} -outform DER"), b"")
}
