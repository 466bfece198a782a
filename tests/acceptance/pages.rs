//! Every page in both themes, on a phone and on a wide screen: judged by axe-core, weighed,
//! and kept as a picture in `target/screenshots`.

use std::fs;
use std::path::PathBuf;

use acceptance::{Administrator, Authority, Chromium, Encoding, Home, Name, PASSWORD, Unit, judge};
use anyhow::{Context as _, Result, ensure};

const THEMES: [&str; 2] = ["light", "dark"];

/// The screens, in CSS pixels.
const SCREENS: [(&str, u32, u32); 2] = [("phone", 390, 844), ("desktop", 1280, 800)];

/// The narrowest screen, which WCAG 1.4.10 asks pages to fit.
const NARROWEST: (u32, u32) = (320, 640);

/// Whatever page a person opens first, the browser asks for less than so many files and
/// octets: design tokens, script, icon and page.
const REQUESTS_MAX: usize = 10;
const OCTETS_MAX: u64 = 100_000;

/// A key may be ready before anybody sees it being made; not so often in a row.
const MAKING_TRIES_MAX: usize = 8;

/// Somebody who looks at pages.
struct Viewer {
    chromium: Chromium,
    home: Home,
    unit: Unit,
    pictures: PathBuf,
    /// What is wrong with the pages so far.
    faults: Vec<String>,
}

impl Viewer {
    fn new(unit: Unit, authority: &Authority) -> Result<Self> {
        let home = Home::new()?;
        home.trust("C,,", &fs::read_to_string(authority.root())?)?;
        let chain = judge::presented_chain(unit.address)?;
        home.trust("P,,", chain.first().context("nothing is served")?)?;
        let test = std::env::current_exe()?;
        let target = test.ancestors().find(|folder| folder.ends_with("target"));
        let pictures = target.context("no build folder")?.join("screenshots");
        fs::create_dir_all(&pictures)?;
        Ok(Self {
            // Whether a new certificate is trusted is the promise's affair, not that of pages.
            chromium: Chromium::start(&home, &["--ignore-certificate-errors"])?,
            home,
            unit,
            pictures,
            faults: Vec::new(),
        })
    }

    fn open(&self, path: &str) -> Result<()> {
        self.chromium
            .open(&format!("https://{}{path}", self.unit.address))
    }

    fn open_and_look(&mut self, path: &str) -> Result<()> {
        self.open(path)?;
        self.look(&path.replace('/', "-"))
    }

    /// Judges the page that is shown, and keeps pictures of it.
    fn look(&mut self, name: &str) -> Result<()> {
        let name = name.trim_matches('-');
        self.weigh(name)?;
        let (width, height) = NARROWEST;
        self.chromium.show_on(width, height, THEMES[0])?;
        self.measure(&format!("{name} on {width} pixels"))?;
        for theme in THEMES {
            for (screen, width, height) in SCREENS {
                self.chromium.show_on(width, height, theme)?;
                let picture = format!("{name}.{screen}.{theme}.png");
                fs::write(self.pictures.join(&picture), self.chromium.screenshot()?)?;
                // Of a theme, the screen changes nothing that axe-core looks at.
                if screen == "desktop" || theme == "light" {
                    let found = self.chromium.axe()?.into_iter();
                    self.faults
                        .extend(found.map(|fault| format!("{picture}: {fault}")));
                }
                self.measure(&picture)?;
            }
        }
        Ok(())
    }

    /// Nothing is to reach beyond the screen.
    fn measure(&mut self, name: &str) -> Result<()> {
        let beyond = self.chromium.beyond_the_screen()?.into_iter();
        let beyond = beyond.map(|element| format!("{name}: beyond the screen: {element}"));
        self.faults.extend(beyond);
        Ok(())
    }

    /// The page is to be light, and everything in it from the unit.
    fn weigh(&mut self, name: &str) -> Result<()> {
        let loaded = self.chromium.loaded()?;
        let octets: u64 = loaded.iter().map(|(_, octets)| octets).sum();
        let own = format!("https://{}/", self.unit.address);
        let foreign = loaded.iter().any(|(url, _)| !url.starts_with(&own));
        let style = loaded.iter().any(|(url, _)| url.contains("style.css"));
        if foreign || !style || loaded.len() >= REQUESTS_MAX || octets >= OCTETS_MAX {
            self.faults.push(format!("{name} has loaded {loaded:#?}"));
        }
        Ok(())
    }

    /// Has a key made that takes long, looks at it, and cancels it.
    fn look_at_the_making(&mut self) -> Result<()> {
        for _ in 0..MAKING_TRIES_MAX {
            self.open("/management/https")?;
            self.chromium.fill("#common_name", "ntp1.example.net")?;
            self.chromium.fill("#country", "")?;
            self.chromium.click("#key_type option[value='RSA']")?;
            self.chromium.fill("#key_bits", "4096")?;
            let slow = self.unit.slow_down();
            self.chromium.press("Make key and")?;
            if self.chromium.expect_either("Making a key", "Made")? == "Making a key" {
                self.look("making")?;
                if self.chromium.press("Cancel").is_ok()
                    && self.chromium.expect_either("Not made", "Made")? == "Not made"
                {
                    drop(slow);
                    return self.look("not-made");
                }
            }
        }
        anyhow::bail!("{MAKING_TRIES_MAX} keys were ready before they could be cancelled")
    }

    /// Has a self-signed certificate made and serve, looks at the way there, and goes
    /// back.
    fn look_at_a_self_signed_certificate(&mut self) -> Result<()> {
        self.open("/management/https")?;
        self.chromium.fill("#common_name", "ntp1.example.net")?;
        self.chromium.click("#key_type option[value='EC P-256']")?;
        self.chromium.click("[name=self_signed][value=yes]")?;
        self.look("create-self-signed")?;
        self.chromium.press("Make key and")?;
        self.chromium.expect("self-signed certificate serves")?;
        self.look("made-self-signed")
    }

    /// Uploads a file at the form with this field and waits for the review.
    fn review(&mut self, path: &str, field: &str, octets: &[u8], name: &str) -> Result<()> {
        let file = self.home.downloads().join("upload");
        fs::write(&file, octets)?;
        self.open(path)?;
        self.chromium.attach(field, &file)?;
        self.chromium.press("Review it")?;
        self.chromium.expect("Review before")?;
        self.look(name)
    }
}

const KEY_ADDED: &str = "keys add ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAIC5GJJIcx74ZCyStppB+iIkcb7A7vwZ3oW0FwMe9YLEE me@laptop";

/// Pages that a person who is signed in opens by their address.
const PAGES: [&str; 23] = [
    "/help/guide",
    "/help/guide/backup",
    "/help/guide/console",
    "/help/guide/never-locked-out",
    "/help/guide/services",
    "/help/guide/signing-in",
    "/management/https",
    "/management/https/names",
    "/management/https/names/0",
    "/management/https/names/add",
    "/management/https/requests",
    "/management/https/paste",
    "/management/https/upload",
    "/management/https/certificate",
    "/management/https/factory",
    "/management/https/previous",
    "/management/alarms",
    "/management/services",
    "/access/keys",
    "/access/sessions",
    "/password",
    "/tools/history",
    "/tools/upgrade",
];

#[test]
fn every_page_is_accessible_light_and_no_wider_than_the_screen() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let fields = [
        ("common_name", "ntp1.example.net"),
        ("organization", "Example"),
        ("key_type", "EC P-256"),
    ];
    let names = [
        Name::Of("IP", "127.0.0.1"),
        Name::Of("DNS", "time.example.net"),
    ];
    admin.make_request(&fields, &names)?;
    let request = admin.make_request(&[("organization", "Other")], &[])?;
    let authority = Authority::new()?;
    let issued = authority.sign(&request)?;
    let backup = admin.backup()?;
    ensure!(unit.console(KEY_ADDED)?.status.success());

    let mut viewer = Viewer::new(unit, &authority)?;
    viewer.open_and_look("/login")?;
    viewer.open_and_look("/help/trust")?;
    viewer.open("/login")?;
    viewer.chromium.fill("#name", "admin")?;
    viewer.chromium.fill("#password", "not this one")?;
    viewer.chromium.press("Sign in")?;
    viewer.chromium.expect("Not signed in")?;
    viewer.look("login-refused")?;

    let login = format!("https://{}/login", viewer.unit.address);
    viewer.chromium.sign_in(&login, PASSWORD)?;
    for path in PAGES {
        viewer.open_and_look(path)?;
    }
    viewer.open("/access/keys")?;
    viewer.chromium.fill("#key", "no key")?;
    viewer.chromium.press("Let this key sign in")?;
    viewer.chromium.expect("To mend")?;
    viewer.look("access-keys-faults")?;
    let (_, width, height) = SCREENS[0];
    viewer.chromium.show_on(width, height, THEMES[0])?;
    viewer.chromium.press("Menu")?;
    viewer.look("menu")?;
    viewer.open_and_look("/no/such/page")?;
    viewer.open("/management/https/requests")?;
    let delete = "document.querySelector('a[href$=\"/delete\"]').click()";
    viewer.chromium.script(delete, &[])?;
    viewer.chromium.expect("Delete this request?")?;
    viewer.look("request-delete")?;
    viewer.open("/management/https")?;
    viewer.chromium.fill("#common_name", "not a name")?;
    viewer.chromium.fill("#country", "Utopia")?;
    viewer.chromium.press("Make key and")?;
    viewer.chromium.expect("to be mended")?;
    viewer.look("create-faults")?;

    let upload = "/management/https/upload";
    let refused = Authority::new()?.intermediate()?;
    viewer.review(upload, "#certificate", refused.as_bytes(), "review-refused")?;
    let leaf = issued.leaf.as_bytes();
    viewer.review(upload, "#certificate", leaf, "review-warned")?;
    let good = issued.encode(Encoding::X509Pem)?;
    viewer.review(upload, "#certificate", &good, "review-good")?;
    // The unit's own; it has this request still, and would bring back nothing.
    viewer.review("/tools/upgrade", "#backup", &backup, "review-backup")?;
    viewer.look_at_the_making()?;
    viewer.open("/management/https/review")?;
    viewer.chromium.press("Install")?;
    viewer.chromium.expect("on trial")?;
    viewer.look("installed")?;
    viewer.chromium.press_until(
        "Go on with the new certificate",
        "Your browser has accepted",
    )?;
    viewer.look("trial")?;
    viewer.open_and_look("/management/https")?;
    viewer.open_and_look("/management/alarms")?;
    viewer.open_and_look("/management/https/previous")?;
    viewer.look_at_a_self_signed_certificate()?;

    ensure!(viewer.faults.is_empty(), "{}", viewer.faults.join("\n"));
    Ok(())
}

#[test]
fn the_page_of_the_first_password_is_accessible_too() -> Result<()> {
    let unit = Unit::start_without_password()?;
    let first = unit.printed_password.clone().context("no password")?;
    let mut viewer = Viewer::new(unit, &Authority::elliptic()?)?;
    viewer.open("/login")?;
    viewer.chromium.fill("#name", "admin")?;
    viewer.chromium.fill("#password", &first)?;
    viewer.chromium.press("Sign in")?;
    viewer.chromium.expect("Choose a password of your own")?;
    viewer.look("first-password")?;
    ensure!(viewer.faults.is_empty(), "{}", viewer.faults.join("\n"));
    Ok(())
}

#[test]
fn axe_core_notices_a_picture_without_words() -> Result<()> {
    let chromium = Chromium::start(&Home::new()?, &[])?;
    chromium.open("data:text/html,<html lang=en><title>A</title><img src=a.png>")?;
    let found = chromium.axe()?;
    ensure!(
        found.iter().any(|rule| rule.contains("image-alt")),
        "{found:?}"
    );
    Ok(())
}
