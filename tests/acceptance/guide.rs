//! What the user guide says is done as it stands there.

use std::fs;
use std::path::Path;

use acceptance::{Administrator, Tool, Unit, judge};
use anyhow::{Context as _, Result};

/// The commands under a heading of the guide, one block after the other.
fn commands(heading: &str) -> Result<String> {
    let guide = include_str!("../../docs/guide.md");
    let (_, chapter) = guide
        .split_once(&format!("### {heading}\n"))
        .with_context(|| format!("no chapter {heading}"))?;
    let chapter = chapter.split("\n#").next().unwrap_or_default();
    let blocks = chapter.split("```sh\n").skip(1);
    let blocks: Vec<&str> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    Ok(blocks.concat())
}

/// Runs the chapter in a folder with a request of the unit, and installs what it made.
#[track_caller]
fn check(heading: &str, certificate: &str, root: &str) -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let names = [acceptance::Name::Of("IP", "127.0.0.1")];
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &names)?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("cert.csr"), request)?;
    let commands = commands(heading)?;
    // Debian has easy-rsa where no PATH leads.
    let script = format!("set -e\nPATH=$PATH:/usr/share/easy-rsa\n{commands}");
    Tool::new("sh")
        .in_folder(folder.path())
        .stdin(script)
        .run()?;
    install(&mut admin, &file(certificate))?;
    for name in ["ntp1.example.net", "127.0.0.1"] {
        judge::trusted_chain(unit.address, &file(root), name)?;
    }
    Ok(())
}

fn install(admin: &mut Administrator, certificate: &Path) -> Result<()> {
    let octets = fs::read(certificate)?;
    let review = admin.upload("unit.crt", &octets, "automatic")?;
    admin.install(&review)?;
    Ok(())
}

#[test]
fn a_ca_of_openssl_signs_as_the_guide_says() -> Result<()> {
    check("With OpenSSL", "cert.pem", "ca.pem")
}

#[test]
fn a_ca_of_easy_rsa_signs_as_the_guide_says() -> Result<()> {
    check("With easy-rsa", "pki/issued/unit.crt", "pki/ca.crt")
}
