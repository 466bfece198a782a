//! A browser without JavaScript: pages, forms, redirections and cookies.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result, bail, ensure};

use crate::form::{Form, Submission};
use crate::html::Element;
use crate::http::{Connection, Response};
use crate::judge;
use crate::secrets::Transcript;

/// A browser follows so many redirections, then gives up.
const REDIRECTIONS_MAX: usize = 10;

/// A person's browser. It keeps one connection as long as the unit does.
pub struct Browser {
    address: SocketAddr,
    /// The address it connects from, where it matters.
    source: Option<IpAddr>,
    cookies: BTreeMap<String, String>,
    connection: Option<Connection>,
    /// The certificates of the connection of the last answer.
    chain: Vec<Vec<u8>>,
    transcript: Transcript,
}

/// A page as it was shown.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it is.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// What it shows.
    pub content: Element,
    /// The certificates of the connection it came over, leaf first, as DER.
    pub chain: Vec<Vec<u8>>,
}

impl Page {
    /// What a person reads on it.
    #[must_use]
    pub fn text(&self) -> String {
        self.content.text()
    }

    /// The certificate of the unit that it came with, as PEM.
    pub fn certificate(&self) -> Result<String> {
        judge::certificate_pem(
            self.chain
                .first()
                .context("the unit showed no certificate")?,
        )
    }

    /// Everything that the page shows under this label, such as "Subject".
    #[must_use]
    pub fn facts(&self, label: &str) -> Vec<String> {
        let mut facts = Vec::new();
        for fact in self.content.find_all(|element| element.tag() == "div") {
            if let ([term], [shown]) = (&*fact.all("dt"), &*fact.all("dd"))
                && term.text() == label
            {
                facts.push(shown.text());
            }
        }
        facts
    }

    /// What is said beside the field of this name in this row, where the page marks it
    /// as wrong.
    #[must_use]
    pub fn said_of(&self, field: &str, row: usize) -> Option<String> {
        let named = self
            .content
            .find_all(|element| element.attribute("name") == Some(field));
        let control = named.get(row)?;
        if control.attribute("aria-invalid") != Some("true") {
            return None;
        }
        let described_by = control.attribute("aria-describedby")?.split_whitespace();
        let texts = described_by.filter_map(|id| Some(self.content.by_id(id)?.text()));
        Some(texts.collect::<Vec<_>>().join(" "))
    }

    /// The form on it whose action ends so.
    pub fn form(&self, action: &str) -> Result<Form> {
        let form = Form::find(&self.content, action);
        form.with_context(|| format!("on the page {} ({})", self.path, self.status))
    }
}

impl Browser {
    /// A browser that has never been anywhere. What it is shown goes into
    /// `transcript`.
    #[must_use]
    pub fn new(address: SocketAddr, transcript: Transcript) -> Self {
        Self {
            address,
            source: None,
            cookies: BTreeMap::new(),
            connection: None,
            chain: Vec::new(),
            transcript,
        }
    }

    /// The same, on a machine with this address.
    #[must_use]
    pub fn at(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Opens a page.
    pub fn open(&mut self, path: &str) -> Result<Page> {
        let response = self.exchange(path, &self.head("GET", path), &[])?;
        self.follow(path, response)
    }

    /// Fetches a file.
    pub fn download(&mut self, path: &str) -> Result<Response> {
        self.exchange(path, &self.head("GET", path), &[])
    }

    /// Sends a form whose answer is a file.
    pub fn fetch(&mut self, form: &Form) -> Result<Response> {
        let submission = form.submission();
        let head = self.post_head(&submission);
        self.exchange(&submission.path, &head, &submission.body)
    }

    /// Sends a form by its only button, or by Enter.
    pub fn submit(&mut self, form: &Form) -> Result<Page> {
        self.post(&form.submission())
    }

    /// Sends a form by the button of this name and value.
    pub fn press(&mut self, form: &Form, name: &str, value: &str) -> Result<Page> {
        self.post(&form.submission_by(name, value)?)
    }

    /// The value of the one cookie that the unit has given it.
    pub fn session_token(&self) -> Result<&str> {
        let mut cookies = self.cookies.values();
        match (cookies.next(), cookies.next()) {
            (Some(token), None) => Ok(token),
            _ => bail!("there is not one cookie: {:?}", self.cookies.keys()),
        }
    }

    /// The request line and headers for this path, without the last empty line.
    #[must_use]
    pub fn head(&self, method: &str, path: &str) -> String {
        let path = path.split('#').next().unwrap_or_default();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            head += &format!("Cookie: {}\r\n", pairs.collect::<Vec<_>>().join("; "));
        }
        head
    }

    /// The whole request that a form makes when it is sent.
    #[must_use]
    pub fn request_of(&self, form: &Form) -> Vec<u8> {
        let submission = form.submission();
        let mut request = format!("{}\r\n", self.post_head(&submission)).into_bytes();
        request.extend(submission.body);
        request
    }

    fn post(&mut self, submission: &Submission) -> Result<Page> {
        ensure!(
            submission.post,
            "the form that leads to {} changes nothing",
            submission.path
        );
        let head = self.post_head(submission);
        let response = self.exchange(&submission.path, &head, &submission.body)?;
        self.follow(&submission.path, response)
    }

    fn post_head(&self, submission: &Submission) -> String {
        format!(
            "{}Origin: https://{}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: {}\r\n\
             Content-Length: {}\r\n",
            self.head("POST", &submission.path),
            self.address,
            submission.content_type,
            submission.body.len(),
        )
    }

    fn follow(&mut self, path: &str, mut response: Response) -> Result<Page> {
        let mut path = path.to_owned();
        for _ in 0..REDIRECTIONS_MAX {
            if !matches!(response.status, 301..=303) {
                let content = String::from_utf8(response.body)?;
                let content = Element::parse(&content)
                    .with_context(|| format!("the page {path}: {content}"))?;
                return Ok(Page {
                    path,
                    status: response.status,
                    content,
                    chain: self.chain.clone(),
                });
            }
            path = response
                .header("location")
                .context("a redirection to nowhere")?
                .to_owned();
            ensure!(
                path.starts_with('/'),
                "a redirection away from the unit, to {path}"
            );
            response = self.exchange(&path, &self.head("GET", &path), &[])?;
        }
        bail!("too many redirections, the last to {path}")
    }

    fn exchange(&mut self, path: &str, head: &str, body: &[u8]) -> Result<Response> {
        self.drop_ended_connection()?;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open_from(self.source, self.address)?,
        };
        connection.send(&[format!("{head}\r\n").as_bytes(), body].concat())?;
        let response = connection
            .answer()
            .with_context(|| format!("asking for {path}"))?;
        println!(
            "> {} → {}",
            head.lines().next().unwrap_or_default(),
            response.status
        );
        self.transcript.add_response(path, &response);
        self.chain = connection.peer_chain();
        if response.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        self.keep_cookies(&response)?;
        Ok(response)
    }

    fn drop_ended_connection(&mut self) -> Result<()> {
        if let Some(connection) = &mut self.connection
            && !connection.is_open()?
        {
            self.connection = None;
        }
        Ok(())
    }

    fn keep_cookies(&mut self, response: &Response) -> Result<()> {
        for (name, value) in &response.headers {
            if name != "set-cookie" {
                continue;
            }
            let (cookie, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, value) = cookie.split_once('=').context("a cookie without a value")?;
            for wanted in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
                let has = attributes
                    .split(';')
                    .any(|attribute| attribute.trim() == wanted);
                ensure!(has, "the cookie {name} is not {wanted}");
            }
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        Ok(())
    }
}
