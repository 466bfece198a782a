//! Certificates that the unit signs itself.

use acceptance::{Administrator, Name, Unit, judge};
use anyhow::{Context as _, Result};

#[test]
fn a_self_signed_certificate_of_1024_bits_with_md5_works_and_warns() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let form = admin.fill_form(
        &[
            ("self_signed", "yes"),
            ("common_name", "ntp1.example.net"),
            ("key_bits", "1024"),
            ("signature_algorithm", "MD5"),
            ("days", "30"),
        ],
        &[],
    )?;
    let made = admin.make(&form)?;
    for expected in [
        "Attention, Signature Algorithm",
        "Attention, RSA Private Key Bit Length",
    ] {
        assert!(
            made.text().contains(expected),
            "{expected} is not in {}",
            made.text()
        );
    }

    let chain = judge::presented_chain(unit.address)?;
    let certificate = chain.first().context("the unit shows nothing")?;
    let text = judge::certificate(certificate)?;
    for expected in [
        "Signature Algorithm: md5WithRSAEncryption",
        "Public-Key: (1024 bit)",
        "Subject: CN = ntp1.example.net\n",
        "DNS:ntp1.example.net",
        "CA:FALSE",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let fingerprint = judge::fingerprint(certificate)?;
    assert!(made.text().contains(&fingerprint), "{}", made.text());

    let page = admin.browser.open("/management/https")?;
    assert_eq!(
        (page.status, page.certificate()?),
        (200, certificate.clone())
    );
    assert!(page.text().contains(&fingerprint), "{}", page.text());
    let requests = admin.requests()?;
    let request = requests.first().context("no request was made")?;
    assert_eq!(
        judge::public_key_of_request(request)?,
        judge::public_key(certificate)?
    );
    Ok(())
}

#[test]
fn a_self_signed_certificate_of_512_bits_is_not_served_and_its_request_can_be_made() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let before = judge::presented_chain(unit.address)?;
    let too_short = [
        ("self_signed", "yes"),
        ("common_name", "ntp1.example.net"),
        ("key_bits", "512"),
    ];
    let form = admin.fill_form(&too_short, &[])?;
    let refused = admin.make(&form)?.text();
    assert!(
        refused.contains("too short to sign in TLS 1.3"),
        "{refused}"
    );
    assert!(refused.contains("Nothing was made"), "{refused}");
    assert_eq!(judge::presented_chain(unit.address)?, before);
    assert!(admin.requests()?.is_empty());

    let form = admin.fill_form(&[("self_signed", "no")], &[])?;
    admin.make(&form)?;
    let requests = admin.requests()?;
    let request = requests.first().context("no request was made")?;
    let text = judge::request(request)?;
    assert!(text.contains("Public-Key: (512 bit)"), "{text}");
    assert_eq!(judge::presented_chain(unit.address)?, before);
    Ok(())
}

#[test]
fn a_self_signed_certificate_satisfies_a_client_that_trusts_it() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let names = [
        Name::Of("IP", "127.0.0.1"),
        Name::Of("DNS", "time.example.net"),
    ];
    let fields = [
        ("self_signed", "yes"),
        ("common_name", "ntp1.example.net"),
        ("days", "47"),
    ];
    let form = admin.fill_form(&fields, &names)?;
    admin.make(&form)?;

    let chain = judge::presented_chain(unit.address)?;
    let certificate = chain.first().context("the unit shows nothing")?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("unit.pem");
    std::fs::write(&file, certificate)?;
    for name in ["ntp1.example.net", "time.example.net", "127.0.0.1"] {
        judge::trusted_chain(unit.address, &file, name)?;
    }
    // It began an hour ago, for browsers whose clocks are late.
    let valid_for = |days: u32| judge::is_valid_in(certificate, days * 24 * 60 * 60 - 3600 - 600);
    assert!(valid_for(47)?, "it ends too early");
    assert!(!valid_for(48)?, "it ends too late");

    let unit = unit.kill_and_restart()?;
    assert_eq!(judge::presented_chain(unit.address)?, chain);
    Ok(())
}
