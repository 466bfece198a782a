//! The unit, driven from outside.

mod access;
mod backup;
mod confinement;
mod connections;
mod defcert;
mod first_start;
mod floods;
mod guide;
mod harness;
mod import;
mod judges;
mod levels;
mod metrics;
mod never_lost;
mod promise;
mod refusals;
mod request;
mod secrets;
mod self_signed;
mod services;
mod smuggling;
mod syslog;
mod tickets;
mod trial;
