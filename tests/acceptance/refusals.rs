//! What is refused: with what is wrong and what to do now, and with nothing changed.

use acceptance::{
    Administrator, Authority, Encoding, Form, Issued, Page, Tool, Unit, foreign_request, judge,
};
use anyhow::{Context as _, Result, ensure};

/// A unit with a request, and a CA that would sign it.
struct Scene {
    unit: Unit,
    admin: Administrator,
    authority: Authority,
    request: String,
}

/// All that an import could change.
#[derive(Debug, PartialEq)]
struct Stand {
    served: Vec<String>,
    requests: Vec<String>,
    journal: Vec<String>,
}

const SUBJECT: [(&str, &str); 2] = [
    ("organization", "Example"),
    ("common_name", "ntp1.example.net"),
];

impl Scene {
    fn new() -> Result<Self> {
        let unit = Unit::start()?;
        let mut admin = Administrator::sign_in(&unit)?;
        let request = admin.make_request(&SUBJECT, &[])?;
        Ok(Self {
            unit,
            admin,
            authority: Authority::new()?,
            request,
        })
    }

    fn stand(&mut self) -> Result<Stand> {
        Ok(Stand {
            served: judge::presented_chain(self.unit.address)?,
            requests: self.admin.requests()?,
            journal: self.admin.journal()?,
        })
    }

    /// Uploads `octets`, and pastes them if they are text. Each answer has to say all
    /// of `expected`, offer no installation, and leave everything as it was.
    fn refused(&mut self, octets: &[u8], expected: &[&str]) -> Result<()> {
        let before = self.stand()?;
        let mut pages = vec![self.admin.upload("file", octets, "automatic")?];
        if std::str::from_utf8(octets).is_ok() {
            pages.push(self.admin.paste(octets)?);
        }
        for page in pages {
            let text = page.text();
            for expected in expected {
                // Where something is pasted there is no file.
                let expected = match page.path.as_str() {
                    "/management/https/paste" => said_of_a_paste(expected),
                    _ => (*expected).into(),
                };
                ensure!(text.contains(&expected), "{expected:?} is not in {text}");
            }
            ensure!(
                page.form("/install").is_err(),
                "an installation is offered: {text}"
            );
            self.install_by_hand(&page)?;
        }
        assert_eq!(self.stand()?, before);
        Ok(())
    }

    /// Sends the form that the page does not offer.
    fn install_by_hand(&mut self, page: &Page) -> Result<()> {
        let token = page.form("/logout")?.values("csrf");
        let token = token.first().context("no token")?;
        let prints = page.content.find_all(|element| element.tag() == "code");
        for print in prints {
            let fields = [("csrf", token.as_str()), ("sha256", &print.text())];
            self.admin
                .browser
                .submit(&Form::handmade("/management/https/install", &fields))?;
        }
        Ok(())
    }
}

/// What is said of a file, said of what was pasted.
fn said_of_a_paste(text: &str) -> String {
    text.replace("The file is empty", "Nothing was pasted")
        .replace("Choose the file", "Paste the text")
        .replace("Upload ", "Paste ")
}

/// Both certificates as PEM, as the authority hands them out.
fn pem(issued: &Issued) -> Result<Vec<u8>> {
    issued.encode(Encoding::X509Pem)
}

#[test]
fn a_certificate_for_the_key_of_another_unit_is_refused() -> Result<()> {
    let mut scene = Scene::new()?;
    let other = Unit::start()?;
    let other_names = [("common_name", "ntp2.example.net")];
    let request = Administrator::sign_in(&other)?.make_request(&other_names, &[])?;
    let issued = scene.authority.sign(&request)?;
    let expected = ["another key", "ntp2.example.net", "make a new request"];
    scene.refused(&pem(&issued)?, &expected)?;
    scene.refused(&issued.encode(Encoding::Pkcs7Der)?, &expected)
}

#[test]
fn a_certificate_for_the_same_subject_and_another_key_is_refused() -> Result<()> {
    let mut scene = Scene::new()?;
    let folder = tempfile::tempdir()?;
    let (_, request) = foreign_request(folder.path(), "/O=Example/CN=ntp1.example.net")?;
    let issued = scene.authority.sign(&request)?;
    let expected = [
        "another key",
        "O=Example",
        "is that of one of this unit's requests",
    ];
    scene.refused(&pem(&issued)?, &expected)
}

#[test]
fn a_wildcard_certificate_is_refused() -> Result<()> {
    let mut scene = Scene::new()?;
    let issued = scene.authority.sign_wildcard(&scene.request)?;
    scene.refused(
        &pem(&issued)?,
        &["wildcard", "*.example.net", "Name the unit itself"],
    )
}

#[test]
fn a_ca_certificate_is_refused() -> Result<()> {
    let mut scene = Scene::new()?;
    let issued = scene.authority.sign_ca(&scene.request)?;
    scene.refused(&pem(&issued)?, &["CA certificate", "server certificate"])?;
    let chain = scene.authority.intermediate()?;
    scene.refused(chain.as_bytes(), &["not the unit's own", "Ask for the"])
}

#[test]
fn what_is_no_certificate_is_refused_under_its_own_name() -> Result<()> {
    let mut scene = Scene::new()?;
    let request = scene.request.clone();
    let upload_what_comes_back = ["a certificate request", "Upload the file that comes back"];
    scene.refused(request.as_bytes(), &upload_what_comes_back)?;

    let list = scene.authority.revocation_list()?;
    let upload_the_certificate = "Upload the certificate that your CA issued";
    scene.refused(
        list.as_bytes(),
        &["a certificate revocation list", upload_the_certificate],
    )?;

    let folder = tempfile::tempdir()?;
    let (key, request) = foreign_request(folder.path(), "/CN=ntp1.example.net")?;
    let makes_its_own = "makes its own key and never takes one";
    scene.refused(key.as_bytes(), &["a private key", makes_its_own])?;
    let certificate = scene.authority.sign(&request)?.leaf;
    let both = format!("{certificate}{key}");
    scene.refused(both.as_bytes(), &["a private key", makes_its_own])?;

    std::fs::write(folder.path().join("both.pem"), both)?;
    let exporting = Tool::openssl("pkcs12 -export -passout pass:secret -in both.pem");
    let keystore = exporting.in_folder(folder.path()).run()?.stdout;
    scene.refused(&keystore, &["a PKCS#12 file", makes_its_own])
}

#[test]
fn an_empty_a_truncated_and_a_noisy_file_are_refused() -> Result<()> {
    let mut scene = Scene::new()?;
    scene.refused(b"", &["The file is empty", "Choose the file"])?;
    scene.refused(b" \r\n\n", &["The file is empty", "Choose the file"])?;

    let issued = scene.authority.sign(&scene.request)?;
    for encoding in Encoding::ALL {
        let mut octets = issued.encode(encoding)?;
        octets.truncate(octets.len() * 2 / 3);
        scene.refused(&octets, &["again, whole"])?;
    }

    let noise = Tool::openssl("rand 2000000").run()?.stdout;
    scene.refused(&noise, &["The file is too large", "nothing was changed"])?;
    let noise = Tool::openssl("rand 500000").run()?.stdout;
    scene.refused(
        &noise,
        &["neither a certificate nor anything else", "Upload the file"],
    )
}
