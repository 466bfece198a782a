//! The way of an administrator from the first sign-in to a certificate that is kept,
//! and back again, in Chromium: with and without scripts.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use acceptance::{
    Administrator, Authority, Chromium, Encoding, Home, NO_SCRIPT, Name, PASSWORD, Unit,
    foreign_request, judge,
};
use anyhow::{Context as _, Result, ensure};

const NAME: &str = "ntp1.example.net";

/// The name of a second request.
const SPARE: &str = "spare.example.net";

/// A key may be ready before anybody can cancel it; not so often in a row.
const CANCEL_TRIES_MAX: usize = 8;

/// A trial of one minute is over within so long.
const TRIAL_MAX: Duration = Duration::from_secs(100);

/// Somebody at a browser that trusts the unit's factory certificate and the CA.
struct Person {
    home: Home,
    chromium: Chromium,
    unit: Unit,
    authority: Authority,
}

impl Person {
    fn new(unit: Unit, flags: &[&str]) -> Result<Self> {
        let home = Home::new()?;
        let authority = Authority::new()?;
        home.trust("P,,", &served(&unit)?)?;
        home.trust("C,,", &std::fs::read_to_string(authority.root())?)?;
        let chromium = Chromium::start(&home, flags)?;
        Ok(Self {
            home,
            chromium,
            unit,
            authority,
        })
    }

    fn open(&self, path: &str) -> Result<()> {
        let url = format!("https://{}{path}", self.unit.address);
        self.chromium.open(&url)
    }

    /// Follows a link or presses a button, and waits for what is read then.
    fn press(&self, label: &str, expected: &str) -> Result<()> {
        self.chromium.press(label)?;
        self.chromium.expect(expected)
    }

    /// Goes on after another certificate has been made to serve.
    fn go_on(&self, expected: &str) -> Result<()> {
        self.chromium
            .press_until("Go on with the new certificate", expected)
    }

    fn sign_in(&self, password: &str, expected: &str) -> Result<()> {
        self.open("/login")?;
        self.chromium.fill("#name", "admin")?;
        self.chromium.fill("#password", password)?;
        self.press("Sign in", expected)
    }

    /// Pastes text and waits for what is said of it.
    fn review_pasted(&self, text: &str, expected: &str) -> Result<()> {
        self.press("Upload X.509 PEM Certificate", "Paste what the CA sent")?;
        self.chromium.fill("#certificate", text)?;
        self.press("Review it", expected)
    }

    /// Uploads a file and waits for what is said of it.
    fn review(&self, octets: &[u8], expected: &str) -> Result<()> {
        self.press("Upload Certificate File", "Choose the file")?;
        self.chromium
            .attach("#certificate", &self.file("answer", octets)?)?;
        self.press("Review it", expected)
    }

    fn file(&self, name: &str, octets: &[u8]) -> Result<PathBuf> {
        let file = self.home.downloads().join(name);
        std::fs::write(&file, octets)?;
        Ok(file)
    }

    /// Fills in the form: names are added, changed and deleted on the way.
    fn fill_in_the_form(&self) -> Result<()> {
        let chromium = &self.chromium;
        chromium.fill("#common_name", NAME)?;
        chromium.fill("#organization", "Exämple & Söhne")?;
        for (index, kind, value) in [
            (0, "IP", "127.0.0.1"),
            (1, "DNS", "tine.example.net"),
            (2, "DNS", "gone.example.net"),
            (3, "email", "time@example.net"),
            (4, "URI", "https://ntp1.example.net/"),
        ] {
            chromium.press("+ Add a name")?;
            chromium.expect_element(&format!("#name-{index}"))?;
            chromium.click(&format!("#name-{index}-type option[value='{kind}']"))?;
            chromium.fill(&format!("#name-{index}"), value)?;
        }
        chromium.click("#key_type option[value='EC P-256']")?;

        self.press("Subject Alternative Name Extension", "gone.example.net")?;
        chromium.press("Delete DNS gone")?;
        chromium.expect_gone("gone.example.net")?;
        self.press("Edit DNS tine", "Keep the change")?;
        chromium.fill("#name_value", "time.example.net")?;
        self.press("Keep the change", "time.example.net")?;
        chromium.press("Create Certificate Request")?;
        chromium.expect_element("#common_name")?;
        chromium.press("+ Add a name")?;
        chromium.expect_element("#name-4")?;
        chromium.click("#name-4-type option[value='dirName']")?;
        chromium.fill("#name-4-organization", "Example")?;
        chromium.fill("#name-4-common_name", "NTP 1")?;
        for (field, value) in [
            ("#common_name", NAME),
            ("#organization", "Exämple & Söhne"),
            ("#name-0", "127.0.0.1"),
            ("#name-1", "time.example.net"),
            ("#name-2", "time@example.net"),
            ("#name-3", "https://ntp1.example.net/"),
        ] {
            assert_eq!(chromium.value(field)?, value, "{field} after the names");
        }
        Ok(())
    }

    /// Makes a request and returns the file that was downloaded.
    fn request(&self) -> Result<String> {
        self.fill_in_the_form()?;
        self.press("Make key and", "The key and the request are made")?;
        self.chromium.press("Download cert.csr")?;
        let request = String::from_utf8(self.home.take_download("cert.csr")?)?;
        let text = judge::request(&request)?;
        for expected in [
            "IP Address:127.0.0.1",
            "DNS:time.example.net",
            "email:time@example.net",
            "URI:https://ntp1.example.net/",
            "DirName:/O=Example/CN=NTP 1",
            "organizationName=Exämple & Söhne",
        ] {
            ensure!(text.contains(expected), "{expected} is not in {text}");
        }
        ensure!(!text.contains("gone.example.net"), "{text}");
        self.press("See the request", "Send a request to your CA")?;
        let shown = self.chromium.value("textarea.pem")?;
        assert_eq!(shown.trim_end(), request.trim_end(), "the text to copy");
        Ok(request)
    }

    /// Starts to make a key that takes long, sees how far it is, and cancels it.
    fn cancel_a_key(&self) -> Result<()> {
        for _ in 0..CANCEL_TRIES_MAX {
            self.open("/management/https")?;
            let slow = self.unit.slow_down();
            self.chromium.fill("#common_name", NAME)?;
            self.chromium.click("#key_type option[value='RSA']")?;
            self.chromium.fill("#key_bits", "4096")?;
            self.chromium.press("Make key and")?;
            // The page opens itself again each second, perhaps under the finger.
            if self.chromium.expect_either("Making a key", "Made")? == "Making a key"
                && self.chromium.text()?.contains("% of the work expected")
                && self.chromium.press("Cancel").is_ok()
                && self.chromium.expect_either("Not made", "Made")? == "Not made"
            {
                drop(slow);
                return self.press("Back to the form", "What browsers see now");
            }
        }
        anyhow::bail!("{CANCEL_TRIES_MAX} keys were ready before they could be cancelled")
    }
}

/// The certificate that serves, as PEM.
fn served(unit: &Unit) -> Result<String> {
    let chain = judge::presented_chain(unit.address)?;
    chain.into_iter().next().context("nothing is served")
}

/// The requests that the unit keeps, as PEM.
fn requests(unit: &Unit) -> Result<Vec<String>> {
    Administrator::sign_in(unit)?.requests()
}

fn from_the_first_sign_in_to_a_kept_certificate_and_back(flags: &[&str]) -> Result<()> {
    let unit = Unit::start_without_password()?;
    let first = unit.printed_password.clone().context("no password")?;
    let person = Person::new(unit, flags)?;
    let factory = served(&person.unit)?;

    person.sign_in(&first, "Choose a password of your own")?;
    person.chromium.fill("#present", &first)?;
    person.chromium.fill("#new", PASSWORD)?;
    person.chromium.fill("#again", PASSWORD)?;
    person.press("Change the password", "What browsers see now")?;

    let request = person.request()?;
    let good = person
        .authority
        .sign(&request)?
        .encode(Encoding::Pkcs7Der)?;
    // Without the issuing CA's certificate, which some browsers miss.
    let warned = person.authority.sign(&request)?.leaf;
    let (_, foreign) = foreign_request(&person.home.downloads(), "/CN=ntp1.example.net")?;
    let refused = person.authority.sign(&foreign)?;

    person.open("/management/https")?;
    person.review(refused.leaf.as_bytes(), "None of this unit's keys")?;
    ensure!(
        person.chromium.press("Install").is_err(),
        "it can be installed"
    );
    person.press("HTTPS Setup", "What browsers see now")?;
    for encoding in [Encoding::X509Pem, Encoding::X509Der, Encoding::Pkcs7Pem] {
        let answer = person.authority.sign(&request)?.encode(encoding)?;
        let format = encoding.label().replace("PKCS7", "PKCS#7");
        person.review(&answer, &format!("The file is {format}"))?;
        person.press("Leave it", "What browsers see now")?;
    }
    person.review_pasted(&warned, "Review before install")?;
    person.chromium.expect_element(".findings.attention")?;
    person.press("Leave it", "What browsers see now")?;
    assert_eq!(served(&person.unit)?, factory, "nothing was installed yet");
    person.review(&good, "Review before install")?;
    ensure!(
        !person.chromium.text()?.contains("None of this unit's keys"),
        "{}",
        person.chromium.text()?
    );
    person.press("Install", "on trial")?;
    person.go_on("Your browser has accepted")?;
    person.press("Keep it", "What browsers see now")?;
    let installed = served(&person.unit)?;
    assert_ne!(installed, factory);

    person.chromium.fill("#common_name", SPARE)?;
    person.press("Make key and", "The key and the request are made")?;
    person.press("Upgrade/Backup", "System Configuration")?;
    person.chromium.press("Download a backup")?;
    let backup = person.home.take_download(".backup")?;

    person.press("HTTPS Setup", "What browsers see now")?;
    person.press(
        "Serve the previous certificate again",
        "becomes the previous",
    )?;
    person.chromium.press("Serve it again")?;
    person.go_on("What browsers see now")?;
    assert_eq!(served(&person.unit)?, factory);
    person.press("Certificate Request", SPARE)?;
    let delete = format!("Delete… the request for {SPARE}");
    person.press(&delete, "Delete this request?")?;
    person.press("Delete the request", "Send a request to your CA")?;
    assert_eq!(requests(&person.unit)?, [&*request]);

    person.press("Upgrade/Backup", "System Configuration")?;
    let backup = person.file("unit.backup", &backup)?;
    person.chromium.attach("#backup", &backup)?;
    person.press("Review it", "made by this unit")?;
    person.chromium.press("Restore")?;
    person.go_on("Your browser has accepted")?;
    person.press("Keep it", "What browsers see now")?;
    assert_eq!(served(&person.unit)?, installed);
    assert_eq!(requests(&person.unit)?.len(), 2);
    person.cancel_a_key()?;

    person.press("Back to a factory certificate", "Make and serve")?;
    person.press("Make and serve", "on trial")?;
    let latest = served(&person.unit)?;
    ensure!(![installed, factory].contains(&latest), "no new one serves");
    let shown = person.chromium.text()?.replace(['\n', ' '], "");
    let fingerprint = judge::fingerprint(&latest)?;
    ensure!(shown.contains(&fingerprint), "{fingerprint}: {shown}");
    person.open("/management/https")?;
    // Without scripts the warning does not say why.
    assert_eq!(person.chromium.title()?, "Privacy error");
    Ok(())
}

#[test]
fn with_scripts_an_administrator_gets_from_the_first_sign_in_to_a_kept_certificate_and_back()
-> Result<()> {
    from_the_first_sign_in_to_a_kept_certificate_and_back(&[])
}

#[test]
fn without_scripts_an_administrator_gets_from_the_first_sign_in_to_a_kept_certificate_and_back()
-> Result<()> {
    from_the_first_sign_in_to_a_kept_certificate_and_back(&[NO_SCRIPT])
}

#[test]
fn a_trial_that_nobody_ends_brings_the_previous_certificate_back_and_the_page_says_so() -> Result<()>
{
    let unit = Unit::start()?;
    unit.console("services set trial 1")?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", NAME)], &[Name::Of("IP", "127.0.0.1")])?;
    let person = Person::new(unit, &[])?;
    let factory = served(&person.unit)?;
    let issued = person.authority.sign(&request)?;
    person.sign_in(PASSWORD, "What browsers see now")?;
    person.review_pasted(
        &String::from_utf8(issued.encode(Encoding::X509Pem)?)?,
        "Review before install",
    )?;
    person.press("Install", "on trial")?;
    person.go_on("Your browser has accepted")?;
    assert_ne!(served(&person.unit)?, factory);
    let deadline = Instant::now() + TRIAL_MAX;
    while served(&person.unit)? != factory {
        ensure!(Instant::now() < deadline, "the previous one stays away");
        thread::sleep(Duration::from_secs(1));
    }
    // The page has counted down, and asks the unit by itself.
    person
        .chromium
        .expect("Nobody signed in over the certificate")
}

#[test]
fn without_scripts_means_that_no_script_runs() -> Result<()> {
    let page = "data:text/html,<title>off</title><script>document.title='on'</script>";
    let home = Home::new()?;
    for (flags, title) in [(Vec::new(), "on"), (vec![NO_SCRIPT], "off")] {
        let chromium = Chromium::start(&home, &flags)?;
        chromium.open(page)?;
        assert_eq!(chromium.title()?, title);
    }
    Ok(())
}
