//! Every page in both themes, on the narrowest and on a wide screen: judged by axe-core,
//! and kept as a picture in `target/screenshots`.

use std::fs;
use std::path::PathBuf;

use acceptance::{Administrator, Authority, Chromium, Encoding, Home, Name, PASSWORD, Unit, judge};
use anyhow::{Context as _, Result, ensure};

const THEMES: [&str; 2] = ["light", "dark"];

/// The screens, in CSS pixels; on the narrowest, WCAG 1.4.10 asks pages to fit.
const SCREENS: [(&str, u32, u32); 2] = [("phone", 320, 640), ("desktop", 1280, 800)];

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
    fn new(unit: Unit) -> Result<Self> {
        let home = Home::new()?;
        let chain = judge::presented_chain(unit.address)?;
        home.trust("P,,", chain.first().context("nothing is served")?)?;
        let test = std::env::current_exe()?;
        let target = test.ancestors().find(|folder| folder.ends_with("target"));
        let pictures = target.context("no build folder")?.join("screenshots");
        fs::create_dir_all(&pictures)?;
        Ok(Self {
            chromium: Chromium::start(&home, &[])?,
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
        for theme in THEMES {
            for (screen, width, height) in SCREENS {
                self.chromium.show_on(width, height, theme)?;
                let picture = format!("{name}.{screen}.{theme}.png");
                fs::write(self.pictures.join(&picture), self.chromium.screenshot()?)?;
                for fault in self.chromium.axe()? {
                    self.faults.push(format!("{picture}: {fault}"));
                }
                for element in self.chromium.beyond_the_screen()? {
                    self.faults
                        .push(format!("{picture}: beyond the screen: {element}"));
                }
            }
        }
        Ok(())
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

/// Pages that a person who is signed in opens by their address.
const PAGES: [&str; 15] = [
    "/management/https",
    "/management/https/names",
    "/management/https/names/add",
    "/management/https/requests",
    "/management/https/paste",
    "/management/https/upload",
    "/management/https/certificate",
    "/management/https/factory",
    "/management/https/previous",
    "/management/alarms",
    "/management/services",
    "/access/sessions",
    "/password",
    "/tools/history",
    "/tools/upgrade",
];

#[test]
fn axe_core_has_nothing_against_any_page_in_either_theme() -> Result<()> {
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
    let issued = Authority::new()?.sign(&request)?;
    let backup = admin.backup()?;

    let mut viewer = Viewer::new(unit)?;
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
    viewer.open("/management/https/review")?;
    viewer.chromium.press("Install")?;
    viewer.chromium.expect("on trial")?;
    viewer.look("installed")?;

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
