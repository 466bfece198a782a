//! What a power cut leaves on a real file system.

use acceptance::faults::crash_images;
use anyhow::Result;

/// So many pictures of the disk are taken.
const IMAGES: usize = 240;

#[test]
fn a_unit_starts_on_every_picture_of_its_disk_with_all_that_was_answered() -> Result<()> {
    crash_images(IMAGES)?.expect_none()
}
