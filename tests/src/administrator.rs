//! What an administrator does at the browser.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::browser::{Browser, Page};
use crate::form::Form;
use crate::judge;
use crate::unit::{PASSWORD, Unit};

/// A person who is signed in.
pub struct Administrator {
    /// Where it sits.
    pub browser: Browser,
}

/// A further name for the form.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Name<'a> {
    /// A directory name: country, organization, organizational unit, common name.
    Directory([&'a str; 4]),
    /// A name of this type, as the form calls it, such as "DNS".
    Of(&'a str, &'a str),
}

impl Administrator {
    /// Signs in with [`PASSWORD`].
    pub fn sign_in(unit: &Unit) -> Result<Self> {
        Self::sign_in_with(unit.browser())
    }

    /// Signs in with [`PASSWORD`] in this browser.
    pub fn sign_in_with(mut browser: Browser) -> Result<Self> {
        let page = sign_in(&mut browser, PASSWORD)?;
        ensure!(
            page.path == "/management/https",
            "after signing in: {}",
            page.text()
        );
        Ok(Self { browser })
    }

    /// The form of "Create Certificate Request", with these fields and names filled in.
    pub fn fill_form(&mut self, fields: &[(&str, &str)], names: &[Name<'_>]) -> Result<Form> {
        let mut form = self.browser.open("/management/https")?.form("/create")?;
        for name in names {
            form = self
                .browser
                .press(&form, "then", "add-name")?
                .form("/create")?;
            let row = form.values("name_type").len().saturating_sub(1);
            match name {
                Name::Of(kind, value) => {
                    form.fill_nth("name_type", row, kind)?;
                    form.fill_nth("name_value", row, value)?;
                }
                Name::Directory([country, organization, organizational_unit, common_name]) => {
                    form.fill_nth("name_type", row, "dirName")?;
                    form.fill_nth("name_country", row, country)?;
                    form.fill_nth("name_organization", row, organization)?;
                    form.fill_nth("name_organizational_unit", row, organizational_unit)?;
                    form.fill_nth("name_common_name", row, common_name)?;
                }
            }
        }
        let mut units = 0;
        for (name, value) in fields {
            if *name != "organizational_unit" {
                form.fill(name, value)?;
                continue;
            }
            if units >= form.values(name).len() {
                form = self
                    .browser
                    .press(&form, "then", "add-unit")?
                    .form("/create")?;
            }
            form.fill_nth(name, units, value)?;
            units += 1;
        }
        Ok(form)
    }

    /// Sends the form and waits until the key is made. Returns the page that says
    /// what was made, or what was wrong with the form.
    pub fn make(&mut self, form: &Form) -> Result<Page> {
        let mut page = self.browser.press(form, "then", "make")?;
        while page.path == "/management/https/making" && page.text().contains("Cancel") {
            page = self.browser.open("/management/https/making")?;
        }
        Ok(page)
    }

    /// Makes a request with these fields, and returns it as PEM.
    pub fn make_request(&mut self, fields: &[(&str, &str)], names: &[Name<'_>]) -> Result<String> {
        let before = self.requests()?;
        let form = self.fill_form(fields, names)?;
        let page = self.make(&form)?;
        let new = self
            .requests()?
            .into_iter()
            .find(|request| !before.contains(request));
        new.with_context(|| format!("no new request; the page says: {}", page.text()))
    }

    /// The requests that the unit keeps, as PEM, in the order of the page.
    pub fn requests(&mut self) -> Result<Vec<String>> {
        let page = self.browser.open("/management/https/requests")?;
        let shown = page.content.raw_text();
        Ok(judge::pem_blocks(&shown))
    }

    /// Deletes a request and its key.
    pub fn delete_request(&mut self, request: &str) -> Result<()> {
        let form = self.open_deletion(request)?;
        self.browser.submit(&form)?;
        let gone = !self.requests()?.iter().any(|kept| kept == request);
        ensure!(gone, "the request is still there");
        Ok(())
    }

    /// The form that deletes a request.
    pub fn open_deletion(&mut self, request: &str) -> Result<Form> {
        let key = judge::request_key_fingerprint(request)?;
        let key = key.replace(':', "").to_lowercase();
        let page = format!("/management/https/requests/{key}/delete");
        self.browser.open(&page)?.form("/delete")
    }

    /// Pastes text into "Upload X.509 PEM Certificate". Returns the review, or the
    /// page that says why there is none.
    pub fn paste(&mut self, text: &[u8]) -> Result<Page> {
        let mut form = self
            .browser
            .open("/management/https/paste")?
            .form("/paste")?;
        form.fill("certificate", std::str::from_utf8(text)?)?;
        self.browser.submit(&form)
    }

    /// Uploads a file at "Upload Certificate File" as this type, such as "x509-pem".
    /// Returns the review, or the page that says why there is none.
    pub fn upload(&mut self, file_name: &str, octets: &[u8], kind: &str) -> Result<Page> {
        let mut form = self
            .browser
            .open("/management/https/upload")?
            .form("/upload")?;
        form.fill("type", kind)?;
        form.attach("certificate", file_name, octets)?;
        self.browser.submit(&form)
    }

    /// Presses "Install" on a review.
    pub fn install(&mut self, review: &Page) -> Result<Page> {
        let page = self.browser.submit(&review.form("/install")?)?;
        ensure!(page.status == 200, "not installed: {}", page.text());
        Ok(page)
    }

    /// Every setting with its value, as the page shows them.
    pub fn settings(&mut self) -> Result<BTreeMap<String, String>> {
        let page = self.browser.open("/management/services")?;
        let form = page.form("/services")?;
        let names = form.names().filter_map(|name| name.strip_prefix("before_"));
        Ok(names
            .map(|name| (name.into(), form.values(name).concat()))
            .collect())
    }

    /// Downloads a backup.
    pub fn backup(&mut self) -> Result<Vec<u8>> {
        let form = self.browser.open("/tools/upgrade")?.form("/backup")?;
        let file = self.browser.fetch(&form)?;
        ensure!(file.status == 200, "no backup: {}", file.status);
        let named = file.header("content-disposition").unwrap_or_default();
        ensure!(named.contains(".backup\""), "no file: {named}");
        Ok(file.body)
    }

    /// Uploads a backup. Returns the review, or the page that says why there is none.
    pub fn review_backup(&mut self, file: &[u8]) -> Result<Page> {
        let mut form = self.browser.open("/tools/upgrade")?.form("/review")?;
        form.attach("backup", "unit.backup", file)?;
        self.browser.submit(&form)
    }

    /// Presses "Restore" on the review of a backup.
    pub fn restore(&mut self, review: &Page) -> Result<Page> {
        let page = self.browser.submit(&review.form("/restore")?)?;
        ensure!(page.status == 200, "not restored: {}", page.text());
        Ok(page)
    }

    /// The journal, as the page shows it, newest first.
    pub fn journal(&mut self) -> Result<Vec<String>> {
        let page = self.browser.open("/tools/history")?;
        let rows = page.content.all("tr");
        let entries = rows.iter().filter(|row| !row.all("td").is_empty());
        Ok(entries.map(|row| row.text()).collect())
    }
}

/// Fills in the form at `/login`, and returns where it leads.
pub fn sign_in(browser: &mut Browser, password: &str) -> Result<Page> {
    let mut form = browser.open("/login")?.form("/login")?;
    form.fill("name", "admin")?;
    form.fill("password", password)?;
    browser.submit(&form)
}
