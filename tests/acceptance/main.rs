//! The unit, driven from outside.

mod harness;
