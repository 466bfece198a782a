//! Sessions of TLS: resumed while the same certificate serves, and never after.

use std::path::Path;

use acceptance::{Administrator, Authority, Encoding, Unit, judge};
use anyhow::{Result, ensure};

const VERSIONS: [&str; 2] = ["-tls1_3", "-tls1_2"];

#[test]
fn a_session_is_resumed_until_another_certificate_serves() -> Result<()> {
    let unit = Unit::start()?;
    let folder = tempfile::tempdir()?;
    keep_sessions(&unit, folder.path())?;
    for version in VERSIONS {
        ensure!(resumes(&unit, folder.path(), version)?, "{version} before");
    }
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    for version in VERSIONS {
        ensure!(
            resumes(&unit, folder.path(), version)?,
            "{version}, a request"
        );
    }
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    not_resumed_then_resumed(&unit, folder.path(), "after an install")?;
    unit.console("defcert")?;
    not_resumed_then_resumed(&unit, folder.path(), "after defcert")?;
    let unit = unit.kill_and_restart()?;
    not_resumed_then_resumed(&unit, folder.path(), "after a restart")
}

/// The sessions of before are of no use, and new ones are.
fn not_resumed_then_resumed(unit: &Unit, folder: &Path, when: &str) -> Result<()> {
    for version in VERSIONS {
        ensure!(!resumes(unit, folder, version)?, "{version} {when}");
    }
    keep_sessions(unit, folder)?;
    for version in VERSIONS {
        ensure!(resumes(unit, folder, version)?, "{version}, new, {when}");
    }
    Ok(())
}

fn keep_sessions(unit: &Unit, folder: &Path) -> Result<()> {
    for version in VERSIONS {
        judge::keep_session(unit.address, version, &folder.join(version))?;
    }
    Ok(())
}

fn resumes(unit: &Unit, folder: &Path, version: &str) -> Result<bool> {
    judge::resumes_session(unit.address, version, &folder.join(version))
}
