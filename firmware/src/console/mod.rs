//! The console: one command language for when the browser is out of reach.
//!
//! [`dialogue`] is pure: a line in, lines out. Behind it stand [`table`], the one table
//! of commands, and a file for each group of them. [`socket`] carries a dialogue over
//! a Unix socket in the state folder to `countersign console`, which is [`client`].

mod access;
mod backup;
mod certificates;
mod client;
mod commands;
mod desk;
mod dialogue;
mod help;
mod journal;
mod names;
mod overview;
mod paste;
mod requests;
mod review;
mod services;
mod show;
mod socket;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use client::attach;
pub(crate) use help::{man_page, markdown};
pub(crate) use socket::{Socket, listen};
