//! The two TLS levels, as OpenSSL sees them.

use acceptance::{Administrator, Authority, Encoding, Unit, judge};
use anyhow::{Context as _, Result, ensure};

#[test]
fn the_high_level_takes_tls_1_3_only_and_no_rsa_below_3072_bits() -> Result<()> {
    let unit = Unit::start()?;
    let refused = unit.console("services set tls high")?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    for said in ["2048 bits", "3072", "EC P-256"] {
        ensure!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    assert!(
        judge::takes(unit.address, "-tls1_2")?,
        "nothing has changed"
    );

    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let names = ("common_name", "ntp1.example.net");
    let elliptic = admin.make_request(&[names, ("key_type", "EC P-256")], &[])?;
    let rsa_2048 = admin.make_request(&[names, ("key_type", "RSA"), ("key_bits", "2048")], &[])?;
    install(&mut admin, &authority, &elliptic)?;
    unit.done("confirm")?;
    let folder = tempfile::tempdir()?;
    let session = folder.path().join("session");
    judge::keep_session(unit.address, "-tls1_3", &session)?;
    assert!(judge::resumes_session(unit.address, "-tls1_3", &session)?);

    unit.done("services set tls high")?;
    assert!(!judge::resumes_session(unit.address, "-tls1_3", &session)?);
    for (version, taken) in [("-tls1_1", false), ("-tls1_2", false), ("-tls1_3", true)] {
        assert_eq!(judge::takes(unit.address, version)?, taken, "{version}");
    }
    let served = judge::presented_chain(unit.address)?;
    let issued = authority.sign(&rsa_2048)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    ensure!(review.text().contains("2048 bits"), "{}", review.text());
    assert!(
        review.form("/install").is_err(),
        "there is nothing to press"
    );
    let ran = unit.console_command("cert paste", issued.encode(Encoding::X509Pem)?)?;
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(
        said.contains("It cannot be served") && said.contains("It is refused"),
        "{said}"
    );
    assert_eq!(ran.status.code(), Some(1), "{said}");
    for command in ["install", "install -f"] {
        let ran = unit.console_command(command, issued.encode(Encoding::X509Pem)?)?;
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        ensure!(ran.stderr.contains("2048 bits"), "{}", ran.stderr);
        ensure!(!ran.stderr.contains("Type install"), "{}", ran.stderr);
    }
    assert_eq!(judge::presented_chain(unit.address)?, served);

    unit.done("defcert")?;
    let chain = judge::presented_chain(unit.address)?;
    let factory = judge::certificate(chain.first().context("it shows nothing")?)?;
    ensure!(factory.contains("Public-Key: (3072 bit)"), "{factory}");

    judge::keep_session(unit.address, "-tls1_3", &session)?;
    unit.done("services set tls standard")?;
    assert!(!judge::resumes_session(unit.address, "-tls1_3", &session)?);
    assert!(judge::takes(unit.address, "-tls1_2")?);
    install(&mut admin, &authority, &rsa_2048)
}

fn install(admin: &mut Administrator, authority: &Authority, request: &str) -> Result<()> {
    let issued = authority.sign(request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    Ok(())
}
