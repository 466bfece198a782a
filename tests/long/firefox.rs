//! The promise in Firefox: after what the unit's own help page says, it opens the unit
//! without a warning.

use acceptance::{Administrator, Authority, Encoding, Firefox, Name, Profile, Unit};
use anyhow::{Context as _, Result, ensure};

const ADDRESS: &str = "127.0.0.1";
const NAME: &str = "ntp1.example.net";

/// A name that leads to the unit, too, and is in no certificate.
const WRONG_NAME: &str = "ntp2.example.net";

const WRONG: &str = "SSL_ERROR_BAD_CERT_DOMAIN";

/// What Firefox says with what is trusted in this profile.
fn warnings(profile: &Profile, unit: &Unit) -> Result<[Option<String>; 3]> {
    let mut firefox = Firefox::start(profile)?;
    let mut warning_at = |host: &str| {
        let warning = firefox.open(&format!("https://{host}:{}/login", unit.address.port()))?;
        let title = firefox.title()?;
        ensure!(
            title.starts_with("Sign in") == warning.is_none(),
            "{warning:?}, but {title}"
        );
        Ok(warning)
    };
    Ok([
        warning_at(ADDRESS)?,
        warning_at(NAME)?,
        warning_at(WRONG_NAME)?,
    ])
}

/// The command that the help page has for the store of Firefox.
fn command_of_the_help_page(admin: &mut Administrator) -> Result<String> {
    let help = admin.browser.open("/help/trust")?;
    let commands = help.content.all("pre");
    let mut commands = commands.iter().map(|command| command.text());
    commands
        .find(|command| command.contains("sql:."))
        .context("no command for Firefox's store")
}

#[test]
fn a_self_signed_certificate_trusted_as_the_help_page_says_ends_firefoxs_warning() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let form = admin.fill_form(
        &[("self_signed", "yes"), ("common_name", NAME)],
        &[Name::Of("IP", ADDRESS)],
    )?;
    admin.make(&form)?;
    let profile = Profile::new()?;
    let self_signed = Some("MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT".to_owned());
    let [by_address, by_name, _] = warnings(&profile, &unit)?;
    assert_eq!([by_address, by_name], [self_signed.clone(), self_signed]);

    let file = admin.browser.download("/help/trust/cert.pem")?;
    profile.shell_with(&file.body, &command_of_the_help_page(&mut admin)?)?;
    assert_eq!(
        warnings(&profile, &unit)?,
        [None, None, Some(WRONG.to_owned())]
    );
    Ok(())
}

#[test]
fn a_certificate_of_a_ca_whose_root_is_trusted_ends_firefoxs_warning() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", NAME)], &[Name::Of("IP", ADDRESS)])?;
    let issued = authority.sign(&request)?.encode(Encoding::X509Pem)?;
    let review = admin.paste(&issued)?;
    admin.install(&review)?;
    let profile = Profile::new()?;
    let unknown = Some("SEC_ERROR_UNKNOWN_ISSUER".to_owned());
    let [by_address, by_name, _] = warnings(&profile, &unit)?;
    assert_eq!([by_address, by_name], [unknown.clone(), unknown]);

    let root = std::fs::read(authority.root())?;
    profile.shell_with(&root, &command_of_the_help_page(&mut admin)?)?;
    assert_eq!(
        warnings(&profile, &unit)?,
        [None, None, Some(WRONG.to_owned())]
    );
    Ok(())
}
