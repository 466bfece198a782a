//! Whatever happens to the disk or to the power, the unit has the old state or the new
//! one, whole; and what is damaged is set aside, never overwritten.
//!
//! `COUNTERSIGN_EXTENT=every`, which `cargo xtask test --long` sets, tries everything;
//! without it, these tests try a choice.

mod calls;
mod damage;
mod power_cuts;
