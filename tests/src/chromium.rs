//! Chromium, driven through WebDriver (<https://www.w3.org/TR/webdriver2/>), and the
//! home of the person who sits at it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

use crate::tool::Tool;

/// Chromium has this long for each command, and a page for what is expected of it.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// How long lies between two looks at a page on which something is expected.
const POLL: Duration = Duration::from_millis(20);

/// The largest answer: a screenshot in Base64.
const ANSWER_LENGTH_MAX: u64 = 64 * 1024 * 1024;

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Every test's flags: no window, and nothing that leaves the machine. Names of the
/// documentation's domain lead to the unit.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP *.example.net 127.0.0.1",
];

/// The flag with which Chromium runs no script of any page.
pub const NO_SCRIPT: &str = "--blink-settings=scriptEnabled=false";

/// Looks for what makes a page wider than the screen.
const BEYOND_THE_SCREEN: &str = "\
    const width = document.documentElement.clientWidth; \
    if (document.documentElement.scrollWidth <= width) return []; \
    return [...document.body.querySelectorAll('*')] \
        .filter(element => element.getBoundingClientRect().right > width) \
        .map(element => element.outerHTML.slice(0, 200))";

/// Loads the icon, as a window with tabs does, and says what has been loaded: what
/// each took, in octets, its head counted as 1 KiB.
const LOADED: &str = "\
    const icon = document.querySelector('link[rel=icon]'); \
    return (icon ? fetch(icon.href) : Promise.resolve()).then(() => \
        ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type)) \
            .map(entry => [entry.name, entry.encodedBodySize + 1024]))";

/// Runs axe-core, and makes what it found short.
const AXE: &str = "\
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']; \
    return axe.run({ runOnly: tags }).then(found => found.violations.map(rule => \
        [rule.id, rule.help, rule.nodes.map(node => node.html.slice(0, 200))]))";

/// A person's home folder, with the certificates that Chromium trusts there.
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// A home in which nothing is trusted beyond what everybody trusts.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = folder.path().join(".pki/nssdb");
        fs::create_dir_all(&store)?;
        fs::create_dir(folder.path().join("Downloads"))?;
        let store = format!("sql:{}", store.display());
        Tool::new("certutil")
            .args("-N --empty-password -d")
            .arg(store)
            .run()?;
        Ok(Self { folder })
    }

    /// Types a command line at this person's shell, among the downloads.
    pub fn shell(&self, line: &str) -> Result<()> {
        let shell = Tool::new("sh").in_folder(&self.downloads());
        shell
            .variable("HOME", self.folder.path())
            .arg("-c")
            .arg(line)
            .run()?;
        Ok(())
    }

    /// Has Chromium trust the certificate in this PEM from its next start on, as NSS
    /// puts it: `P,,` is one server, `C,,` a CA.
    pub fn trust(&self, trust: &str, pem: &str) -> Result<()> {
        fs::write(self.downloads().join("trusted.pem"), pem)?;
        self.shell(&format!(
            "certutil -d sql:$HOME/.pki/nssdb -A -t {trust} -n '{trust}' -i trusted.pem"
        ))
    }

    /// The folder of the downloads.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("Downloads")
    }

    /// The content of the download whose name ends so, once it is whole. It is taken
    /// away.
    pub fn take_download(&self, ending: &str) -> Result<Vec<u8>> {
        // Chromium gives a file its name when it is whole.
        let file = wait_for(ending, || {
            let names = fs::read_dir(self.downloads())?;
            let mut files = names.filter_map(|name| Some(name.ok()?.path()));
            Ok(files.find(|file| file.to_string_lossy().ends_with(ending)))
        })?;
        let octets = fs::read(&file)?;
        fs::remove_file(&file)?;
        Ok(octets)
    }
}

/// A running Chromium.
pub struct Chromium {
    driver: Child,
    agent: Agent,
    /// Where the commands of the session go.
    session: String,
}

impl Chromium {
    /// Starts Chromium for this person, with further flags. It accepts no
    /// certificate but those that the person trusts.
    pub fn start(home: &Home, flags: &[&str]) -> Result<Self> {
        let (driver, url) = start_driver(home.folder.path())?;
        let agent = Agent::config_builder()
            .timeout_global(Some(ANSWER_MAX))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let mut chromium = Self {
            driver,
            agent: agent.into(),
            session: format!("{url}/session"),
        };
        let options = json!({
            "args": FLAGS.iter().chain(flags).collect::<Vec<_>>(),
            "prefs": { "download.default_directory": home.downloads() },
        });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let session = chromium.post("", &json!({ "capabilities": { "alwaysMatch": wanted } }))?;
        let id = session["sessionId"].as_str().context("no session")?;
        chromium.session = format!("{url}/session/{id}");
        Ok(chromium)
    }

    /// Opens this address, whatever is shown there.
    pub fn open(&self, url: &str) -> Result<()> {
        println!("> {url}");
        self.post("/url", &json!({ "url": url }))?;
        Ok(())
    }

    /// The title of what is shown.
    pub fn title(&self) -> Result<String> {
        text_of(self.script("return document.title", &[])?)
    }

    /// Where it is.
    pub fn url(&self) -> Result<String> {
        text_of(self.script("return document.URL", &[])?)
    }

    /// What a person reads.
    pub fn text(&self) -> Result<String> {
        text_of(self.script("return document.body.innerText", &[])?)
    }

    /// The error of the warning that is shown instead of a page, such as
    /// `NET::ERR_CERT_AUTHORITY_INVALID`; none where a page is shown.
    pub fn warning(&self) -> Result<Option<String>> {
        if self.title()? != "Privacy error" {
            return Ok(None);
        }
        let text = self.text()?;
        let error = text
            .split_whitespace()
            .find(|word| word.starts_with("NET::"));
        Ok(Some(
            error.context("a warning without an error")?.to_owned(),
        ))
    }

    /// Waits until this is somewhere in what a person reads.
    pub fn expect(&self, text: &str) -> Result<()> {
        let found = wait_for(text, || Ok(self.text()?.contains(text).then_some(())));
        found.with_context(|| {
            format!(
                "{:?} shows: {}",
                self.url(),
                self.text().unwrap_or_default()
            )
        })
    }

    /// Waits until this is nowhere in what a person reads.
    pub fn expect_gone(&self, text: &str) -> Result<()> {
        let gone = wait_for(text, || Ok((!self.text()?.contains(text)).then_some(())));
        gone.with_context(|| format!("{:?} still shows {text:?}", self.url()))
    }

    /// Presses what is labelled so, wherever it turns up, until this is read: a page
    /// with scripts may go there by itself, before or after.
    pub fn press_until(&self, label: &str, expected: &str) -> Result<()> {
        let found = wait_for(expected, || {
            let arrived = self.text()?.contains(expected);
            if !arrived {
                self.press(label)?;
            }
            Ok(arrived.then_some(()))
        });
        found.with_context(|| {
            format!(
                "{:?} shows: {}",
                self.url(),
                self.text().unwrap_or_default()
            )
        })
    }

    /// Waits until one of these is the heading of the page, and returns which.
    pub fn expect_either<'a>(&self, one: &'a str, other: &'a str) -> Result<&'a str> {
        wait_for(&format!("{one} or {other}"), || {
            let heading = "return document.querySelector('h1').innerText";
            let heading = text_of(self.script(heading, &[])?)?;
            Ok([one, other].into_iter().find(|wanted| *wanted == heading))
        })
    }

    /// Waits until an element is there that this CSS selector finds.
    pub fn expect_element(&self, selector: &str) -> Result<()> {
        let found = wait_for(selector, || Ok(self.find_all(selector)?.pop().map(drop)));
        found.with_context(|| {
            format!(
                "{:?} shows: {}",
                self.url(),
                self.text().unwrap_or_default()
            )
        })
    }

    /// Presses the only element that this CSS selector finds.
    pub fn click(&self, selector: &str) -> Result<()> {
        println!("> click {selector}");
        let element = self.find(selector)?;
        self.post(&format!("/element/{element}/click"), &json!({}))
            .with_context(|| format!("pressing {selector}"))?;
        Ok(())
    }

    /// Presses the only button or link whose text begins so.
    pub fn press(&self, label: &str) -> Result<()> {
        println!("> press {label}");
        let pressable = format!(
            "//*[self::button or self::a][not(@aria-hidden)]\
             [starts-with(normalize-space(), '{label}')]"
        );
        let found = self.post(
            "/elements",
            &json!({ "using": "xpath", "value": pressable }),
        )?;
        let found = elements(&found);
        let [element] = &*found else {
            bail!("{} are labelled {label:?} on {}", found.len(), self.text()?)
        };
        self.post(&format!("/element/{element}/click"), &json!({}))
            .with_context(|| format!("pressing {label}"))?;
        Ok(())
    }

    /// Types into a field in place of what is there.
    pub fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.find(selector)?;
        self.post(&format!("/element/{element}/clear"), &json!({}))?;
        self.type_into(&element, text)
    }

    /// Signs in at this address of the sign-in page.
    pub fn sign_in(&self, login: &str, password: &str) -> Result<()> {
        self.open(login)?;
        self.fill("#name", "admin")?;
        self.fill("#password", password)?;
        self.press("Sign in")?;
        self.expect("Sign out")
    }

    /// Chooses a file to upload.
    pub fn attach(&self, selector: &str, file: &Path) -> Result<()> {
        let file = file.to_str().context("a path that is text")?;
        self.type_into(&self.find(selector)?, file)
    }

    /// What a field holds.
    pub fn value(&self, selector: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0]).value";
        text_of(self.script(script, &[json!(selector)])?)
    }

    /// Runs a script as a developer's tools do, whatever the page allows, also where
    /// pages run none. Returns what it returns, or what it promises.
    pub fn script(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post(
            "/execute/sync",
            &json!({ "script": script, "args": arguments }),
        )
    }

    /// Has pages believe that they are shown on a screen this wide and high, in CSS
    /// pixels, with the "light" or "dark" theme.
    pub fn show_on(&self, width: u32, height: u32, theme: &str) -> Result<()> {
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen)?;
        let theme = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.devtools("Emulation.setEmulatedMedia", &theme)?;
        Ok(())
    }

    /// The elements that reach beyond the screen, where the page is wider than it.
    pub fn beyond_the_screen(&self) -> Result<Vec<String>> {
        let found = self.script(BEYOND_THE_SCREEN, &[])?;
        let found = found.as_array().context("a list")?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    /// The address of everything that the page has loaded, itself included, and how many
    /// octets of it, whether they came over the network or were kept from before.
    pub fn loaded(&self) -> Result<Vec<(String, u64)>> {
        let loaded = self.script(LOADED, &[])?;
        let loaded = loaded.as_array().context("a list")?.iter();
        let parts = loaded.map(|part| Some((part[0].as_str()?.to_owned(), part[1].as_u64()?)));
        parts
            .collect::<Option<_>>()
            .context("an address and a length")
    }

    /// What axe-core has to say against the page by WCAG 2.2 AA, a rule a line.
    pub fn axe(&self) -> Result<Vec<String>> {
        if self.script("return typeof axe", &[])? == "undefined" {
            self.script(axe_core()?, &[])?;
        }
        let found = self.script(AXE, &[])?;
        let found = found.as_array().context("a list")?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    /// A picture of the whole page as PNG.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.devtools("Page.captureScreenshot", &whole)?;
        let shot = shot["data"].as_str().context("no picture")?;
        Base64::decode_vec(shot).map_err(|error| anyhow::anyhow!("the picture: {error}"))
    }

    fn type_into(&self, element: &str, text: &str) -> Result<()> {
        self.post(
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        )?;
        Ok(())
    }

    fn find(&self, selector: &str) -> Result<String> {
        let mut found = self.find_all(selector)?;
        ensure!(
            found.len() == 1,
            "{selector} finds {} elements on {}",
            found.len(),
            self.text()?
        );
        found.pop().context("one was found")
    }

    fn find_all(&self, selector: &str) -> Result<Vec<String>> {
        let wanted = json!({ "using": "css selector", "value": selector });
        Ok(elements(&self.post("/elements", &wanted)?))
    }

    /// A command of Chromium's own protocol, for what WebDriver does not have.
    fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        let command = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", &command)
    }

    fn post(&self, command: &str, content: &Value) -> Result<Value> {
        let request = self.agent.post(format!("{}{command}", self.session));
        let request = request.header("content-type", "application/json");
        let mut response = request.send(content.to_string())?;
        let body = response.body_mut().with_config().limit(ANSWER_LENGTH_MAX);
        let mut answer: Value = serde_json::from_str(&body.read_to_string()?)?;
        if !response.status().is_success() {
            let said = &answer["value"];
            bail!("{command}: {}: {}", said["error"], said["message"])
        }
        Ok(answer["value"].take())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ending the session is what ends the browser.
        drop(self.agent.delete(&self.session).call());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

/// The script of axe-core: one file in a Python package of which nothing else is used.
fn axe_core() -> Result<&'static str> {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    if let Some(script) = SCRIPT.get() {
        return Ok(script);
    }
    let script = "from importlib.util import find_spec; \
                  print(find_spec('axe_playwright_python').submodule_search_locations[0])";
    let folder = Tool::new("python3").arg("-c").arg(script).run()?.text();
    let script = fs::read_to_string(Path::new(folder.trim()).join("axe.min.js"))?;
    Ok(SCRIPT.get_or_init(|| script))
}

/// Starts chromedriver, and returns it with where it listens.
fn start_driver(home: &Path) -> Result<(Child, String)> {
    let mut command = Command::new("chromedriver");
    command
        .arg("--port=0")
        .env("HOME", home)
        .env("TMPDIR", home);
    for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut driver = command
        .stderr(Stdio::null())
        .spawn()
        .context("chromedriver could not be started; `cargo xtask test` installs it")?;
    let stdout = driver.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    // It goes on printing, and must not find a pipe that is closed or full.
    thread::spawn(move || lines.for_each(drop));
    let port = port.context("chromedriver ended before it listened")?;
    Ok((driver, format!("http://127.0.0.1:{port}")))
}

/// Asks again and again until there is something.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + ANSWER_MAX;
    loop {
        // A page that is just being left answers nothing.
        let error = match ask() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() > deadline {
            bail!("no sign of {what:?} within {ANSWER_MAX:?}: {error:?}")
        }
        thread::sleep(POLL);
    }
}

fn elements(found: &Value) -> Vec<String> {
    let found = found.as_array().into_iter().flatten();
    let ids = found.filter_map(|element| element[ELEMENT].as_str());
    ids.map(ToOwned::to_owned).collect()
}

fn text_of(value: Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        other => bail!("no text, but {other}"),
    }
}
