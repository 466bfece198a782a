//! What an administrator changes, with a fault in the middle of it.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::look::{Look, Which};
use super::seed::{NEW_PASSWORD, Seed};
use super::strace::Strace;
use super::{Answer, Subject};
use crate::{Administrator, Form, PASSWORD, Page, Unit, judge};

/// One change, made in the browser on a unit that has a history.
///
/// strace follows the unit only while the form is on its way, so that the numbers of
/// calls begin with the change.
#[derive(Clone, Copy)]
pub struct Change {
    /// What the journal calls it.
    entry: &'static str,
    /// Opens the page and fills in the form; how it is sent comes with it.
    fill: fn(&Unit, &Seed) -> Result<Filled>,
    /// Whether the page says that it was done.
    is_done: fn(&Page) -> bool,
    /// What the unit says in its log where this was answered, but is not in the journal.
    unwritten: &'static str,
    /// Whether a unit that looks so has made the change, whole.
    is_new: fn(&Look, &Seed) -> bool,
}

/// A line of the log has come here after this time.
const LOGGED_WITHIN: Duration = Duration::from_secs(10);

/// What no log says.
const NOTHING: &str = "\n\n\n";

/// A form that only has to be sent.
struct Filled {
    admin: Administrator,
    form: Form,
    /// The button that makes a key.
    makes_a_key: bool,
}

impl Change {
    /// A key and a request are made.
    pub const MAKE_REQUEST: Self = Self {
        entry: "request made",
        fill: |unit, _| fill_order(unit, &[]),
        is_done: |page| page.text().contains("The key and the request are made"),
        unwritten: NOTHING,
        is_new: |look, seed| has_one_more_request(look, seed) && serves_the_same(look, seed),
    };

    /// A key, a request and a certificate that serves at once are made.
    pub const MAKE_SELF_SIGNED: Self = Self {
        entry: "self-signed certificate made",
        fill: |unit, _| fill_order(unit, &[("self_signed", "yes")]),
        is_done: |page| page.text().contains("The key and the request are made"),
        unwritten: NOTHING,
        is_new: |look, seed| has_one_more_request(look, seed) && serves_a_new_one(look, seed),
    };

    /// A certificate that was reviewed is installed.
    pub const INSTALL: Self = Self {
        entry: "certificate installed",
        fill: |unit, seed| {
            let mut admin = Administrator::sign_in(unit)?;
            let review = admin.paste(seed.next.as_bytes())?;
            let form = review.form("/install")?;
            Ok(Filled::new(admin, form))
        },
        is_done: says_done,
        unwritten: NOTHING,
        is_new: |look, seed| {
            look.chain == judge::pem_blocks(&seed.next) && look.requests == seed.look.requests
        },
    };

    /// The previous certificate serves again.
    pub const SERVE_PREVIOUS: Self = Self {
        entry: "previous certificate served again",
        fill: |unit, _| fill_at(unit, "/management/https/previous", "/previous"),
        is_done: says_done,
        unwritten: NOTHING,
        is_new: |look, seed| look.leaf() == seed.factory && look.requests == seed.look.requests,
    };

    /// A new factory certificate is made and serves.
    pub const RESET: Self = Self {
        entry: "factory certificate made",
        fill: |unit, _| fill_at(unit, "/management/https/factory", "/factory"),
        is_done: says_done,
        unwritten: NOTHING,
        is_new: |look, seed| serves_a_new_one(look, seed) && look.requests == seed.look.requests,
    };

    /// A request and its key are deleted.
    pub const DELETE_REQUEST: Self = Self {
        entry: "request deleted",
        fill: |unit, seed| {
            let mut admin = Administrator::sign_in(unit)?;
            let form = admin.open_deletion(&seed.unneeded)?;
            Ok(Filled::new(admin, form))
        },
        is_done: |page| page.path == "/management/https/requests#tab" && page.status == 200,
        unwritten: NOTHING,
        is_new: |look, seed| {
            let mut expected = seed.look.requests.clone();
            expected.retain(|request| *request != seed.unneeded);
            look.requests == expected && serves_the_same(look, seed)
        },
    };

    /// The password is changed.
    pub const CHANGE_PASSWORD: Self = Self {
        entry: "a new password holds",
        fill: |unit, _| {
            let mut filled = fill_at(unit, "/password", "/password")?;
            filled.form.fill("present", PASSWORD)?;
            filled.form.fill("new", NEW_PASSWORD)?;
            filled.form.fill("again", NEW_PASSWORD)?;
            Ok(filled)
        },
        is_done: |page| page.path == "/management/https" && page.status == 200,
        unwritten: NOTHING,
        is_new: |look, seed| {
            look.password == Which::New
                && look.requests == seed.look.requests
                && serves_the_same(look, seed)
        },
    };

    /// A setting is changed, of which no other one knows.
    pub const CHANGE_SETTINGS: Self = Self {
        entry: "changed: session",
        fill: |unit, _| {
            let mut filled = fill_at(unit, "/management/services", "/services")?;
            filled.form.fill("session", "45")?;
            Ok(filled)
        },
        is_done: |page| page.status == 200 && page.text().contains("Saved."),
        unwritten: NOTHING,
        is_new: |look, seed| {
            let mut expected = seed.look.settings.clone();
            expected.insert("session".into(), "45".into());
            look.settings == expected
                && look.requests == seed.look.requests
                && serves_the_same(look, seed)
        },
    };

    /// A backup is restored, which brings a deleted request back with its key.
    pub const RESTORE: Self = Self {
        entry: "backup restored",
        fill: |unit, seed| {
            let mut admin = Administrator::sign_in(unit)?;
            let review = admin.review_backup(&seed.backup)?;
            let form = review.form("/restore")?;
            Ok(Filled::new(admin, form))
        },
        is_done: |page| page.status == 200 && page.text().contains("Restored:"),
        unwritten: NOTHING,
        is_new: |look, seed| {
            let brought_back = look.requests.contains(&seed.deleted);
            brought_back && has_one_more_request(look, seed) && serves_the_same(look, seed)
        },
    };

    /// Somebody tries to sign in with a wrong password, which the journal keeps. The
    /// looking signs in too, so a sign-in that is granted could not be told from it.
    pub const TRY_TO_SIGN_IN: Self = Self {
        entry: "sign-in refused",
        fill: |unit, _| {
            let mut browser = unit.browser();
            let mut form = browser.open("/login")?.form("/login")?;
            form.fill("name", "admin")?;
            form.fill("password", "a wrong password")?;
            Ok(Filled::new(Administrator { browser }, form))
        },
        is_done: |page| page.status == 401,
        unwritten: "sign-in refused by admin",
        is_new: |look, seed| look.requests == seed.look.requests && serves_the_same(look, seed),
    };
}

impl Subject for Change {
    fn lay(&self, state: &Path) -> Result<()> {
        Seed::shared()?.lay(state)
    }

    fn run(&self, state: &Path, strace: &Strace) -> Result<Answer> {
        let mut unit = Unit::start_on(state, Command::new(Unit::program()?))?;
        let filled = (self.fill)(&unit, Seed::shared()?)?;
        strace.keep_what_is_there(state)?;
        let mut attached = strace.attach(unit.process_id())?;
        let sent = filled.send();
        let page = match sent {
            Ok(page) => page,
            Err(error) if unit.ends_soon()?.is_none() => {
                return Err(error.context("there was no answer"));
            }
            Err(_) => {
                attached.finish()?;
                return Ok(Answer::None);
            }
        };
        // From here on the disk is well again, and the unit has to be as well.
        attached.detach()?;
        let text = page.text();
        let look = Look::of(&unit).with_context(|| format!("the same process, after {text:?}"))?;
        let is_done = (self.is_done)(&page) && !self.is_only_logged(&unit, &look)?;
        let answer = if is_done {
            Answer::Done(text)
        } else {
            Answer::Refused(text)
        };
        self.judge(&look, &answer).context("the same process")?;
        unit.kill()?;
        Ok(answer)
    }

    fn check(&self, state: &Path, answer: &Answer) -> Result<()> {
        self.judge(&Look::at(state)?, answer)
    }
}

impl Change {
    /// Whether this was answered, and is not in the journal, but in the log, as it has to be.
    fn is_only_logged(&self, unit: &Unit, look: &Look) -> Result<bool> {
        let before = Seed::shared()?.look.entries(self.entry);
        if self.unwritten == NOTHING || look.entries(self.entry) > before {
            return Ok(false);
        }
        // What the unit has written comes here by a thread of its own.
        let deadline = Instant::now() + LOGGED_WITHIN;
        while !unit
            .transcript
            .text_of("standard error")
            .contains(self.unwritten)
        {
            if Instant::now() > deadline {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(true)
    }

    /// Fails when a unit that has answered so must not look so.
    fn judge(&self, look: &Look, answer: &Answer) -> Result<()> {
        let seed = Seed::shared()?;
        let old = &seed.look;
        ensure!(
            look.journal.ends_with(&old.journal),
            "the journal is not whole: {look:#?}"
        );
        let entries = look.entries(self.entry);
        let is_old = look.chain == old.chain
            && look.set_aside == 0
            && look.requests == old.requests
            && look.password == old.password
            && look.settings == old.settings
            && entries == old.entries(self.entry);
        let is_new = (self.is_new)(look, seed)
            && look.set_aside == 0
            && entries == old.entries(self.entry) + 1;
        match answer {
            Answer::Done(_) => ensure!(is_new, "the change is lost, or half of it: {look:#?}"),
            Answer::Refused(_) => ensure!(is_old, "something was changed: {look:#?}"),
            Answer::None => ensure!(is_old || is_new, "neither old nor new: {look:#?}"),
        }
        Ok(())
    }
}

impl Filled {
    fn new(admin: Administrator, form: Form) -> Self {
        Self {
            admin,
            form,
            makes_a_key: false,
        }
    }

    fn send(mut self) -> Result<Page> {
        if self.makes_a_key {
            self.admin.make(&self.form)
        } else {
            self.admin.browser.submit(&self.form)
        }
    }
}

fn fill_order(unit: &Unit, more: &[(&str, &str)]) -> Result<Filled> {
    let mut admin = Administrator::sign_in(unit)?;
    let mut fields = vec![
        ("common_name", "ntp4.example.net"),
        ("key_type", "EC P-256"),
    ];
    fields.extend(more);
    let form = admin.fill_form(&fields, &[])?;
    let makes_a_key = true;
    Ok(Filled {
        admin,
        form,
        makes_a_key,
    })
}

fn fill_at(unit: &Unit, page: &str, action: &str) -> Result<Filled> {
    let mut admin = Administrator::sign_in(unit)?;
    let form = admin.browser.open(page)?.form(action)?;
    Ok(Filled::new(admin, form))
}

fn says_done(page: &Page) -> bool {
    page.status == 200 && page.text().contains("Done.")
}

fn has_one_more_request(look: &Look, seed: &Seed) -> bool {
    let old = &seed.look.requests;
    look.requests.len() == old.len() + 1 && old.iter().all(|one| look.requests.contains(one))
}

fn serves_the_same(look: &Look, seed: &Seed) -> bool {
    look.chain == seed.look.chain
}

/// A certificate of its own that was never there before.
fn serves_a_new_one(look: &Look, seed: &Seed) -> bool {
    look.chain.len() == 1 && look.chain != seed.look.chain && look.leaf() != seed.factory
}
