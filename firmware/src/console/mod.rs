//! The console: one command language for when the browser is out of reach.
//!
//! [`dialogue`] and [`language`] are pure: a line in, lines out. [`socket`] carries it over a Unix
//! socket in the state folder to `countersign console`, which is [`client`].

mod access;
mod client;
#[expect(dead_code, reason = "for transports to come")]
mod dialogue;
mod language;
mod services;
mod socket;

pub(crate) use client::attach;
pub(crate) use socket::{Socket, listen};
