//! The console: one command language for when the browser is out of reach.
//!
//! [`dialogue`] is pure: a line in, lines out. Behind it stand [`table`], the one table
//! of commands, and a file for each group of them. [`socket`] carries a dialogue over
//! a Unix socket in the state folder to `countersign console`, which is [`client`].
//!
//! The other transports, [`serial`], [`ssh`] and [`telnet`], ask who is there
//! ([`sign_in`]), and then lead the dialogue at a [`terminal`] with an [`editor`] for the
//! line.

mod access;
mod backup;
mod certificates;
mod client;
mod commands;
mod desk;
mod dialogue;
mod editor;
mod help;
mod journal;
mod names;
mod overview;
mod paste;
mod requests;
mod review;
pub(crate) mod serial;
mod services;
mod show;
mod sign_in;
mod socket;
mod software;
pub(crate) mod ssh;
mod table;
pub(crate) mod telnet;
mod terminal;
#[cfg(test)]
mod tests;
mod words;
mod work;

use std::io;
use std::sync::Arc;

use crate::App;
pub(crate) use client::attach;
use dialogue::Dialogue;
pub(crate) use help::{man_page, markdown};
use sign_in::Seat;
pub(crate) use socket::{Socket, listen};
use terminal::{Terminal, Wire, converse};

/// What is said to whoever gave a wrong name or password.
const WRONG: &str = "Name and password do not belong together. Check both; capital and small letters \
                     count.\n";

/// Leads somebody who has signed in through a dialogue at a terminal.
async fn attend<W: Wire>(
    terminal: &mut Terminal<W>,
    app: &Arc<App>,
    seat: Arc<Seat>,
) -> io::Result<()> {
    if !seat.change_first_password(terminal, app).await? {
        return Ok(());
    }
    let dialogue = Dialogue::new(Arc::clone(app), seat.actor.clone());
    converse(terminal, app, Some(&seat), dialogue).await
}
