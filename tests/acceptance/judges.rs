//! What scanners that others use say of the unit's TLS, and which keys are agreed on.

use acceptance::scanners::{Mozilla, key_agreement, mozilla};
use acceptance::{Administrator, Authority, Encoding, Unit};
use anyhow::{Result, ensure};

const NAME: &str = "ntp1.example.net";
const RSA: &[(&str, &str)] = &[("key_type", "RSA"), ("key_bits", "2048")];
const ELLIPTIC: &[(&str, &str)] = &[("key_type", "EC P-256")];

/// A unit with a certificate of a CA for a key of this type.
fn unit_with(authority: &Authority, key: &[(&str, &str)]) -> Result<Unit> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let fields = [&[("common_name", NAME)], key].concat();
    let request = admin.make_request(&fields, &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    Ok(unit)
}

#[test]
fn mozillas_profiles_are_kept_with_rsa_and_ec_and_at_both_levels() -> Result<()> {
    let authority = Authority::new()?;
    let judge = |unit: &Unit, profile| mozilla(unit.address, NAME, &authority.root(), profile);
    let rsa = unit_with(&authority, RSA)?;
    expect_kept(&judge(&rsa, "intermediate")?)?;
    let authority = Authority::elliptic()?;
    let judge = |unit: &Unit, profile| mozilla(unit.address, NAME, &authority.root(), profile);
    let elliptic = unit_with(&authority, ELLIPTIC)?;
    expect_kept(&judge(&elliptic, "intermediate")?)?;
    let standard = judge(&elliptic, "modern")?;
    ensure!(
        !standard.is_kept(),
        "TLS 1.2 is modern: {}",
        standard.said()
    );
    for line in ["confirm", "services set tls high"] {
        elliptic.done(line)?;
    }
    expect_kept(&judge(&elliptic, "modern")?)?;

    // The judge does object, where there is something to object to.
    let stranger = Authority::new()?;
    let untrusted = mozilla(rsa.address, NAME, &stranger.root(), "intermediate")?;
    ensure!(
        !untrusted.is_kept(),
        "any root is trusted: {}",
        untrusted.said()
    );
    Ok(())
}

fn expect_kept(verdict: &Mozilla) -> Result<()> {
    ensure!(verdict.is_kept(), "{}", verdict.said());
    Ok(())
}

#[test]
fn every_suite_encrypts_and_authenticates_at_once() -> Result<()> {
    let authority = Authority::new()?;
    let unit = unit_with(&authority, RSA)?;
    let verdict = mozilla(unit.address, NAME, &authority.root(), "intermediate")?;
    assert_eq!(
        verdict.suites(),
        [
            "TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS 1.2 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS 1.3 TLS_AES_128_GCM_SHA256",
            "TLS 1.3 TLS_AES_256_GCM_SHA384",
            "TLS 1.3 TLS_CHACHA20_POLY1305_SHA256",
        ]
    );
    Ok(())
}

#[test]
fn keys_are_agreed_on_so_that_no_quantum_computer_finds_them_later() -> Result<()> {
    let unit = Unit::start()?;
    let agreed = key_agreement(unit.address, "TLS1_3_VERSION")?;
    assert_eq!(agreed, "TLSv1.3 X25519MLKEM768");
    let agreed = key_agreement(unit.address, "TLS1_2_VERSION")?;
    assert_eq!(agreed, "TLSv1.2 x25519", "TLS 1.2 has nothing better");
    Ok(())
}
