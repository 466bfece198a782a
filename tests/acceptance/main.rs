//! The unit, driven from outside.

mod access;
mod backup;
mod connections;
mod defcert;
mod first_start;
mod guide;
mod floods;
mod harness;
mod import;
mod levels;
mod refusals;
mod request;
mod secrets;
mod self_signed;
mod services;
mod syslog;
mod smuggling;
mod tickets;
mod trial;
