//! `cargo xtask fuzz`: coverage-guided fuzzing of what reads and judges uploads.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::flags;

/// The programs in `fuzz/fuzz_targets`.
const TARGETS: [&str; 7] = [
    "upload",
    "pkcs7",
    "judge",
    "round_trip",
    "request",
    "console",
    "terminal",
];

/// One input may take this long, which is far beyond what any should.
const SECONDS_AN_INPUT_MAX: &str = "10";
/// The largest input; an upload may have 1 MiB, but small ones find more.
const INPUT_OCTETS_MAX: &str = "16384";

impl flags::Fuzz {
    pub(crate) fn run(self, sh: &Shell) -> anyhow::Result<()> {
        let _folder = sh.push_dir("fuzz");
        let seeds = make_seeds(sh).context("the seeds could not be made with openssl")?;
        let seconds = self.seconds.unwrap_or(3600).to_string();
        for target in TARGETS {
            let corpus = format!("corpus/{target}");
            sh.create_dir(&corpus)?;
            cmd!(
                sh,
                "cargo +nightly fuzz run --fuzz-dir . {target} {corpus} {seeds} --
                 -max_total_time={seconds} -timeout={SECONDS_AN_INPUT_MAX}
                 -max_len={INPUT_OCTETS_MAX} -print_final_stats=1"
            )
            .run()?;
        }
        Ok(())
    }
}

/// Files of every kind that the reader knows, made by OpenSSL.
fn make_seeds(sh: &Shell) -> anyhow::Result<PathBuf> {
    let seeds = sh.current_dir().join("corpus/seeds");
    if seeds.exists() {
        return Ok(seeds);
    }
    let work = sh.create_temp_dir()?;
    let _folder = sh.push_dir(work.path());
    make_certificates(sh)?;
    make_chain(sh)?;
    make_others(sh)?;
    sh.create_dir(&seeds)?;
    for file in sh.read_dir(".")? {
        sh.copy_file(&file, &seeds)?;
    }
    Ok(seeds)
}

fn make_certificates(sh: &Shell) -> anyhow::Result<()> {
    let keys: [(&str, &[&str]); 4] = [
        ("rsa", &["-newkey", "rsa:2048"]),
        (
            "p256",
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ),
        (
            "p521",
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
        ),
        ("ed25519", &["-newkey", "ed25519"]),
    ];
    for (name, key) in keys {
        cmd!(
            sh,
            "openssl req -x509 {key...} -nodes -keyout {name}.key -out {name}.pem -days 30
             -subj /C=FR/O=Example/OU=Time/CN=ntp1.example.net
             -addext subjectAltName=DNS:ntp1.example.net,IP:10.0.0.7,IP:2001:db8::7,email:a@example.net,URI:https://example.net/,RID:1.2.3.4
             -addext keyUsage=digitalSignature -addext extendedKeyUsage=serverAuth
             -addext nameConstraints=permitted;DNS:example.net"
        )
        .quiet()
        .ignore_stderr()
        .run()?;
        cmd!(
            sh,
            "openssl x509 -in {name}.pem -outform DER -out {name}.der"
        )
        .quiet()
        .run()?;
    }
    cmd!(
        sh,
        "openssl crl2pkcs7 -nocrl -certfile rsa.pem -certfile p256.pem -outform DER -out chain.p7b"
    )
    .quiet()
    .run()?;
    cmd!(
        sh,
        "openssl crl2pkcs7 -nocrl -certfile ed25519.pem -out chain.p7c"
    )
    .quiet()
    .run()?;
    cmd!(
        sh,
        "openssl cms -sign -in rsa.der -binary -nodetach -stream -signer rsa.pem -inkey rsa.key
         -outform DER -out signed.p7m"
    )
    .quiet()
    .run()?;
    // What the target `pkcs7` takes: the content without the two headers before it, which
    // have a length in the first file, and none in the second, but an end.
    let (chain, signed) = (
        sh.read_binary_file("chain.p7b")?,
        sh.read_binary_file("signed.p7m")?,
    );
    let chain = chain.get(19..).context("a short chain.p7b")?;
    let signed = signed
        .get(15..signed.len() - 4)
        .context("a short signed.p7m")?;
    sh.write_file("chain.content", chain)?;
    sh.write_file("signed.content", signed)?;
    Ok(())
}

/// A certificate below one of those, which constrains it, for what is judged of a chain.
fn make_chain(sh: &Shell) -> anyhow::Result<()> {
    cmd!(
        sh,
        "openssl req -x509 -CA p256.pem -CAkey p256.key -newkey rsa:2048 -nodes -keyout leaf.key
         -out leaf.pem -days 20 -subj /CN=ntp2.example.net
         -addext subjectAltName=DNS:ntp2.example.net,IP:10.0.0.7
         -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth"
    )
    .quiet()
    .ignore_stderr()
    .run()?;
    let chain = ["p256.pem", "leaf.pem"].map(|file| sh.read_file(file));
    let [issuer, leaf] = chain;
    sh.write_file("chain.pem", issuer? + &leaf?)?;
    Ok(())
}

fn make_others(sh: &Shell) -> anyhow::Result<()> {
    cmd!(
        sh,
        "openssl req -new -key rsa.key -subj /CN=ntp1 -outform DER -out request.der"
    )
    .quiet()
    .run()?;
    cmd!(
        sh,
        "openssl req -new -key p256.key -subj /CN=ntp1 -out request.pem"
    )
    .quiet()
    .run()?;
    cmd!(
        sh,
        "openssl pkcs12 -export -inkey rsa.key -in rsa.pem -passout pass:x -out rsa.p12"
    )
    .quiet()
    .run()?;
    let text = cmd!(sh, "openssl x509 -in p256.pem -text").quiet().read()?;
    sh.write_file("text.pem", text)?;
    for (name, typed) in [
        ("name", "ntp1.example.net"),
        ("address", "2001:db8::7"),
        ("line", "request new o=\"Example Ltd\" l='a b' st=x\\ y"),
    ] {
        sh.write_file(Path::new(name), typed)?;
    }
    Ok(())
}
