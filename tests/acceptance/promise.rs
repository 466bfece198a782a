//! The promise: after what the unit's own help page says, the browser opens the unit
//! without a warning.

use acceptance::{Administrator, Authority, Chromium, Encoding, Home, Name, Unit};
use anyhow::{Context as _, Result, ensure};

const ADDRESS: &str = "127.0.0.1";
const NAME: &str = "ntp1.example.net";

/// A name that leads to the unit, too, and is in no certificate.
const WRONG_NAME: &str = "ntp2.example.net";

const UNTRUSTED: &str = "NET::ERR_CERT_AUTHORITY_INVALID";

/// Opens the sign-in page over this name of the unit. Returns the error of the warning
/// that comes instead.
fn warning_at(chromium: &Chromium, unit: &Unit, host: &str) -> Result<Option<String>> {
    chromium.open(&format!("https://{host}:{}/login", unit.address.port()))?;
    let warning = chromium.warning()?;
    let signs_in = chromium.title()?.starts_with("Sign in");
    ensure!(
        signs_in == warning.is_none(),
        "{warning:?}, but {}",
        chromium.text()?
    );
    Ok(warning)
}

/// What Chromium says with what is trusted in this home.
fn warnings(home: &Home, unit: &Unit) -> Result<[Option<String>; 3]> {
    let chromium = Chromium::start(home, &[])?;
    Ok([
        warning_at(&chromium, unit, ADDRESS)?,
        warning_at(&chromium, unit, NAME)?,
        warning_at(&chromium, unit, WRONG_NAME)?,
    ])
}

/// The command that the help page has for Chromium on Linux.
fn command_of_the_help_page(admin: &mut Administrator) -> Result<String> {
    let help = admin.browser.open("/help/trust")?;
    let commands = help.content.all("pre");
    let mut commands = commands.iter().map(|command| command.text());
    commands
        .find(|command| command.contains("nssdb"))
        .context("no command for Chromium's store")
}

#[test]
fn a_self_signed_certificate_trusted_as_the_help_page_says_ends_the_warning() -> Result<()> {
    let unit = Unit::start()?;
    let home = Home::new()?;
    let untrusted = Some(UNTRUSTED.to_owned());
    let [by_address, by_name, _] = warnings(&home, &unit)?;
    assert_eq!([by_address, by_name], [untrusted.clone(), untrusted]);

    let mut admin = Administrator::sign_in(&unit)?;
    let form = admin.fill_form(
        &[("self_signed", "yes"), ("common_name", NAME)],
        &[Name::Of("IP", ADDRESS)],
    )?;
    admin.make(&form)?;
    let file = admin.browser.download("/help/trust/cert.pem")?;
    std::fs::write(home.downloads().join("cert.pem"), file.body)?;
    home.shell(&command_of_the_help_page(&mut admin)?)?;

    let wrong_name = Some("NET::ERR_CERT_COMMON_NAME_INVALID".to_owned());
    assert_eq!(warnings(&home, &unit)?, [None, None, wrong_name]);
    Ok(())
}

#[test]
fn a_certificate_of_a_ca_whose_root_is_trusted_ends_the_warning() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let home = Home::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", NAME)], &[Name::Of("IP", ADDRESS)])?;
    let issued = authority.sign(&request)?.encode(Encoding::X509Pem)?;
    let review = admin.paste(&issued)?;
    admin.install(&review)?;
    let [by_address, by_name, _] = warnings(&home, &unit)?;
    let untrusted = Some(UNTRUSTED.to_owned());
    assert_eq!([by_address, by_name], [untrusted.clone(), untrusted]);

    let command = command_of_the_help_page(&mut admin)?.replace("P,,", "C,,");
    std::fs::copy(authority.root(), home.downloads().join("cert.pem"))?;
    home.shell(&command)?;
    let wrong_name = Some("NET::ERR_CERT_COMMON_NAME_INVALID".to_owned());
    assert_eq!(warnings(&home, &unit)?, [None, None, wrong_name]);
    Ok(())
}
