//! Files that were altered while the unit was off.

use acceptance::faults::{Extent, File, damage, unreadable};
use anyhow::Result;

#[test]
fn a_damaged_store_is_set_aside_or_nothing_was_lost() -> Result<()> {
    damage(File::Store, Extent::asked_for()?)?.expect_none()
}

#[test]
fn a_damaged_secret_is_set_aside_with_the_store() -> Result<()> {
    damage(File::Secret, Extent::asked_for()?)?.expect_none()
}

#[test]
fn a_store_that_the_disk_cannot_read_is_set_aside() -> Result<()> {
    unreadable(File::Store)
}

#[test]
fn a_secret_that_the_disk_cannot_read_is_set_aside_with_the_store() -> Result<()> {
    unreadable(File::Secret)
}
