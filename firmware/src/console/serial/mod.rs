//! The console on a serial line: a terminal, or a laptop with a cable.
//!
//! Whoever is there stands before the unit, so here a password that nobody knows any
//! more can be replaced. The line is opened again whenever it was away; a carrier that
//! is lost ends what was signed in over it.

mod port;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cert_lifecycle::{ADMIN, Actor, Via};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::dialogue::Dialogue;
use super::editor::Mode;
use super::sign_in::{Attempt, Seat, too_many};
use super::terminal::{Terminal, Wire};
use crate::App;
use crate::config::SerialLine;
use crate::limits::SIGN_IN_MAX;
use crate::output::log;
use port::Port;

/// A line that is away is looked for as often as this.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// What is typed for a name to have the password replaced.
const RESET: &str = "resetpw";

const GREETING: &str = "\nCountersign. Sign in, or type resetpw when nobody knows the password.\n";
const RESET_QUESTION: &str = "\
This replaces the password of admin by a random one and signs everybody out. The
certificate and all else stay. Type yes to go on: ";

/// Serves the console on this line, for as long as the runtime runs.
pub(crate) fn start(line: SerialLine, app: &Arc<App>) -> JoinHandle<()> {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let mut said = None;
        loop {
            match Port::open(&line) {
                Ok(port) => {
                    let device = line.device.display();
                    log(format_args!("the console is on {device}"));
                    said = None;
                    // The end of the line is the end of whoever was on it.
                    let over = attend(port, &app).await;
                    if let Err(why) = over {
                        log(format_args!("the console on {device} is away: {why}"));
                    }
                }
                Err(error) => {
                    let why = format!("{} cannot be opened: {error}", line.device.display());
                    if said.as_ref() != Some(&why) {
                        log(&why);
                        said = Some(why);
                    }
                }
            }
            sleep(RETRY_AFTER).await;
        }
    })
}

/// Signs people in one after the other, until the line is away.
async fn attend<W: Wire>(wire: W, app: &Arc<App>) -> io::Result<()> {
    let mut terminal = Terminal::new(wire);
    loop {
        terminal.say(GREETING).await?;
        let Some(seat) = sign_in(&mut terminal, app).await? else {
            continue;
        };
        super::attend(&mut terminal, app, Arc::new(seat)).await?;
        terminal.forget();
    }
}

async fn sign_in<W: Wire>(terminal: &mut Terminal<W>, app: &Arc<App>) -> io::Result<Option<Seat>> {
    let name = loop {
        // What somebody began to type and left is forgotten, and nothing is shown anew.
        let until = Instant::now() + SIGN_IN_MAX;
        if let Some(name) = terminal.answer("login: ", Mode::Answer, until).await? {
            break name;
        }
        terminal.say("\r").await?;
    };
    let until = Instant::now() + SIGN_IN_MAX;
    match name.trim() {
        "" => return Ok(None),
        RESET => {
            reset(terminal, app, until).await?;
            return Ok(None);
        }
        _ => {}
    }
    let Some(password) = terminal.answer("password: ", Mode::Secret, until).await? else {
        return Ok(None);
    };
    match Seat::try_password(app, Via::Serial, name.trim(), password).await {
        Ok(Attempt::Granted(seat)) => return Ok(Some(seat)),
        Ok(Attempt::Wrong) => terminal.say(super::WRONG).await?,
        Ok(Attempt::Paused(pause)) => terminal.say(&too_many(pause)).await?,
        Err(error) => terminal.say(&format!("{error}\n")).await?,
    }
    Ok(None)
}

/// Replaces the password for somebody who cannot sign in, and has the unit before them.
async fn reset<W: Wire>(
    terminal: &mut Terminal<W>,
    app: &Arc<App>,
    until: Instant,
) -> io::Result<()> {
    let (question, prompt) = RESET_QUESTION
        .rsplit_once('\n')
        .unwrap_or(("", RESET_QUESTION));
    terminal.say(&format!("{question}\n")).await?;
    let answer = terminal.answer(prompt, Mode::Answer, until).await?;
    if answer.is_none_or(|answer| answer.trim() != "yes") {
        return terminal.say("Nothing was changed.\n").await;
    }
    let actor = Actor {
        who: ADMIN.into(),
        via: Via::Serial,
    };
    let app = Arc::clone(app);
    let reset = tokio::task::spawn_blocking(move || Dialogue::one(app, actor, RESET));
    let reply = reset.await.map_err(io::Error::other)?;
    terminal.say(&reply.text).await
}
