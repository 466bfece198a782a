//! What scanners that others use say of a unit's TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::tool::{Ran, Tool};

/// The program that agrees on keys with a server, by the OpenSSL that comes with the
/// Python package cryptography, which is newer than Debian's.
const AGREE: &str = "
import socket, sys
from OpenSSL import SSL
context = SSL.Context(SSL.TLS_CLIENT_METHOD)
context.set_max_proto_version(getattr(SSL, sys.argv[3]))
connection = SSL.Connection(context, socket.create_connection((sys.argv[1], int(sys.argv[2]))))
connection.set_connect_state()
connection.do_handshake()
print(connection.get_protocol_version_name(), connection.get_group_name())
";

/// The heading of sslyze's verdict.
const COMPLIANCE: &str = "COMPLIANCE AGAINST";

/// It makes hundreds of connections.
const TESTSSL_MAX: Duration = Duration::from_secs(15 * 60);

/// What sslyze makes of a server.
pub struct Mozilla(Ran);

/// Lets sslyze hold the server at `address` against a profile of Mozilla's, "modern",
/// "intermediate" or "old", as a client that knows it as `name` and trusts `root`.
pub fn mozilla(address: SocketAddr, name: &str, root: &Path, profile: &str) -> Result<Mozilla> {
    let ran = Tool::new("python3")
        .args("-m sslyze --certinfo_ca_file")
        .arg(root)
        .arg(format!("--mozilla_config={profile}"))
        .arg(format!("{name}:{}{{{}}}", address.port(), address.ip()))
        .try_run()?;
    let text = ran.text();
    ensure!(
        text.contains(COMPLIANCE),
        "no verdict: {text}{}",
        ran.stderr
    );
    Ok(Mozilla(ran))
}

impl Mozilla {
    /// Whether the profile is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.0.status.success()
    }

    /// What is not as the profile asks for.
    #[must_use]
    pub fn said(&self) -> String {
        let text = self.0.text();
        let verdict = text.split_once(COMPLIANCE);
        verdict.map_or_else(String::new, |(_, verdict)| verdict.into())
    }

    /// The cipher suites that the server takes, sorted, such as
    /// `TLS 1.3 TLS_AES_128_GCM_SHA256`.
    #[must_use]
    pub fn suites(&self) -> Vec<String> {
        let mut version = None;
        let mut suites = Vec::new();
        for line in self.0.text().lines() {
            if let Some(heading) = line.strip_prefix(" * ") {
                version = heading
                    .strip_suffix(" Cipher Suites:")
                    .map(ToOwned::to_owned);
            } else if let (Some(version), Some(word)) = (&version, line.split_whitespace().next())
                && (word.starts_with("TLS_") || word.starts_with("SSL_"))
            {
                suites.push(format!("{version} {word}"));
            }
        }
        suites.sort();
        suites
    }
}

/// On which version and group the server agrees with a client of the newest OpenSSL that
/// takes no newer version than this, such as `TLS1_3_VERSION`.
pub fn key_agreement(address: SocketAddr, newest: &str) -> Result<String> {
    let agreeing = Tool::new("python3").args("-c").arg(AGREE);
    let agreeing = agreeing
        .arg(address.ip().to_string())
        .arg(address.port().to_string());
    Ok(agreeing.arg(newest).run()?.text().trim().to_owned())
}

/// One thing that testssl.sh has found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// What was looked at, such as `BREACH`.
    pub id: String,
    /// How bad it is: `OK`, `INFO`, `LOW`, `MEDIUM`, `HIGH`, `CRITICAL`, `WARN` or `FATAL`.
    pub severity: String,
    /// What it says.
    pub finding: String,
}

/// Lets testssl.sh look at a server, as a client that knows it as `name` and trusts
/// `root`.
pub fn testssl(address: SocketAddr, name: &str, root: &Path) -> Result<Vec<Found>> {
    let folder = tempfile::tempdir()?;
    let findings = folder.path().join("findings.json");
    let ran = Tool::new("testssl")
        .within(TESTSSL_MAX)
        .args("--color 0 --warnings off --quiet --jsonfile")
        .arg(&findings)
        .arg("--add-ca")
        .arg(root)
        .arg("--ip")
        .arg(address.ip().to_string())
        .arg(format!("https://{name}:{}/login", address.port()))
        .try_run()?;
    let text = fs::read_to_string(findings).with_context(|| ran.stderr.clone())?;
    let findings: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    let findings = findings.as_array().context("no list of findings")?;
    let text = |found: &Value, key: &str| {
        let text = found.get(key).and_then(Value::as_str);
        text.map(ToOwned::to_owned)
            .with_context(|| format!("no {key} in {found}"))
    };
    let found = findings.iter().map(|found| {
        Ok(Found {
            id: text(found, "id")?,
            severity: text(found, "severity")?,
            finding: text(found, "finding")?,
        })
    });
    found.collect()
}

/// The letters with which nmap grades the cipher suites of a server, the worst last.
pub fn nmap_grades(address: SocketAddr) -> Result<Vec<String>> {
    let ran = Tool::new("nmap")
        .args("-Pn -n --script ssl-enum-ciphers -p")
        .arg(address.port().to_string())
        .arg(address.ip().to_string())
        .run()?;
    let text = ran.text();
    let mut grades = Vec::new();
    for line in text
        .lines()
        .map(|line| line.trim_start_matches(['|', '_', ' ']))
    {
        if let Some(suite) = line.strip_prefix("TLS_") {
            match suite.rsplit_once(" - ") {
                Some((_, grade)) => grades.push(grade.trim().to_owned()),
                None => bail!("no grade in {line}"),
            }
        }
    }
    ensure!(!grades.is_empty(), "nmap saw no suite: {text}");
    grades.sort();
    grades.dedup();
    Ok(grades)
}
