//! Signing in on a console: the same account, throttle and sessions as in a browser.
//!
//! Whoever is at the serial line has the unit before them, so nobody on a network can
//! make them wait: that line has a throttle of its own.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cert_lifecycle::{ADMIN, Actor, Error, RequestForm, SignIn, Via};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::editor::Mode;
use super::terminal::{Terminal, Wire};
use crate::App;
use crate::access::{Beginning, Opening, Pause, SessionToken, Standing, Throttle};
use crate::limits::{SIGN_IN_MAX, SIGN_INS_MAX};
use crate::output::log;
use crate::time::span;

const CHOOSE_PASSWORD: &str = "\
This is the first password, which is to be changed before anything else. Choose one of
8 characters or more.
";

/// What an attempt to sign in came to.
pub(super) enum Attempt {
    Granted(Seat),
    /// Name and password do not belong together.
    Wrong,
    /// It was not heard.
    Paused(Pause),
}

/// The place of somebody who is signed in; it ends with this.
pub(super) struct Seat {
    app: Arc<App>,
    pub(super) actor: Actor,
    address: IpAddr,
    token: Mutex<SessionToken>,
    /// The first password, which has to be changed before anything else.
    first_password: Mutex<Option<Zeroizing<String>>>,
}

impl Seat {
    /// Tries a password.
    pub(super) async fn try_password(
        app: &Arc<App>,
        via: Via,
        name: &str,
        password: Zeroizing<String>,
    ) -> Result<Attempt, Error> {
        let (throttle, address) = throttle(app, &via);
        let standing = match throttle.begin(address, now()) {
            Ok(_) if via == Via::Serial => Standing::Known,
            Ok(standing) => standing,
            Err(pause) => return Ok(Attempt::Paused(pause)),
        };
        let place = app.hashing.place(standing).await;
        let opening = app.sessions.opening();
        // A name that is not the account's may be a password typed into the wrong
        // field, so the journal does not repeat it.
        let who = if name == ADMIN { ADMIN } else { "unknown" };
        let actor = Actor {
            who: who.into(),
            via,
        };
        let (unit, name) = (Arc::clone(&app.unit), name.to_owned());
        let checked = tokio::task::spawn_blocking(move || {
            let _place = place;
            let granted = unit.sign_in(&name, &password, &actor)?;
            Ok::<_, Error>((granted, actor, password))
        });
        let (granted, actor, password) = match checked.await {
            Ok(checked) => checked?,
            Err(broken) => {
                log(format_args!("a sign-in broke off: {broken}"));
                return Ok(Attempt::Wrong);
            }
        };
        let Some(granted) = granted else {
            return Ok(Attempt::Wrong);
        };
        throttle.succeeded(address, now());
        let first_password = matches!(granted, SignIn::ChangePassword).then_some(password);
        Ok(Self::begin(app, actor, opening, first_password)
            .map_or(Attempt::Wrong, Attempt::Granted))
    }

    /// Begins the session of somebody who has shown who they are, unless all sessions
    /// were ended since `opening`.
    pub(super) fn begin(
        app: &Arc<App>,
        actor: Actor,
        opening: Opening,
        first_password: Option<Zeroizing<String>>,
    ) -> Option<Self> {
        let (_, address) = throttle(app, &actor.via);
        let beginning = Beginning {
            opening,
            via: actor.via.clone(),
            address,
            must_change_password: first_password.is_some(),
            draft: RequestForm::default(),
        };
        let token = begin(app, beginning)?;
        Some(Self {
            app: Arc::clone(app),
            actor,
            address,
            token: Mutex::new(token),
            first_password: Mutex::new(first_password),
        })
    }

    /// Whether the sign-in still holds; it counts as used now.
    pub(super) fn touch(&self, app: &App) -> bool {
        let token = lock(&self.token);
        let session = app
            .sessions
            .find(token.expose(), self.address, app.timing());
        session.is_some()
    }

    /// Whether the sign-in still holds.
    pub(super) fn is_taken(&self, app: &App) -> bool {
        app.sessions
            .is_open(lock(&self.token).expose(), app.timing())
    }

    /// Whether the password is still the first, which opens nothing.
    pub(super) fn has_first_password(&self) -> bool {
        lock(&self.first_password).is_some()
    }

    /// Has the first password changed, where it is still to be; whether it is now.
    pub(super) async fn change_first_password<W: Wire>(
        self: &Arc<Self>,
        terminal: &mut Terminal<W>,
        app: &Arc<App>,
    ) -> io::Result<bool> {
        if !self.has_first_password() {
            return Ok(true);
        }
        terminal.say(CHOOSE_PASSWORD).await?;
        let until = Instant::now() + SIGN_IN_MAX;
        for _ in 0..SIGN_INS_MAX {
            let new = terminal
                .answer("new password: ", Mode::Secret, until)
                .await?;
            let Some(new) = new else { break };
            let again = terminal.answer("again: ", Mode::Secret, until).await?;
            let Some(again) = again else { break };
            if *new != *again {
                terminal.say("The two differ. Type both again.\n").await?;
                continue;
            }
            // Whoever has come so far knows the present password.
            let place = app.hashing.place(Standing::Known).await;
            let (seat, app) = (Arc::clone(self), Arc::clone(app));
            let changed = tokio::task::spawn_blocking(move || {
                let _place = place;
                seat.renew(&app, &new)
            });
            match changed.await.map_err(io::Error::other)? {
                Ok(is_taken) => {
                    terminal.say("The password was changed.\n").await?;
                    return Ok(is_taken);
                }
                Err(error) => terminal.say(&format!("{error}\n")).await?,
            }
        }
        Ok(false)
    }

    /// Changes the first password and begins the session anew; whether it has begun.
    fn renew(&self, app: &App, new: &str) -> Result<bool, Error> {
        let mut token = lock(&self.token);
        let mut first = lock(&self.first_password);
        let present = first.as_ref().map_or("", |first| first.as_str());
        app.unit.change_password(present, new, &self.actor)?;
        *first = None;
        app.sessions.end_all();
        let beginning = Beginning {
            opening: app.sessions.opening(),
            via: self.actor.via.clone(),
            address: self.address,
            must_change_password: false,
            draft: RequestForm::default(),
        };
        let begun = begin(app, beginning);
        let has_begun = begun.is_some();
        if let Some(begun) = begun {
            *token = begun;
        }
        Ok(has_begun)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.app.sessions.end(lock(&self.token).expose());
    }
}

fn begin(app: &App, beginning: Beginning) -> Option<SessionToken> {
    let random = || {
        let mut octets = [0; 32];
        app.environment.fill_random(&mut octets);
        octets
    };
    app.sessions.begin(beginning, app.timing(), random)
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which throttle counts an attempt, and under which address.
fn throttle<'a>(app: &'a App, via: &Via) -> (&'a Throttle, IpAddr) {
    match via.address() {
        Some(address) => (&app.throttle, address.to_canonical()),
        None => (&app.serial_throttle, Ipv4Addr::UNSPECIFIED.into()),
    }
}

/// What is said to who has tried too often.
pub(super) fn too_many(pause: Pause) -> String {
    let why = if pause.attacked {
        "Wrong passwords come from many addresses now, so after a wrong one each waits long."
    } else {
        "There were too many wrong passwords."
    };
    let wait = span(pause.wait.as_secs() + 1);
    format!("{why} Wait {wait}, then try again.\n")
}
