//! Power cuts at any moment.

use std::thread;
use std::time::Duration;

use acceptance::{Administrator, Board, judge};
use anyhow::{Result, ensure};

use crate::set_up;

/// So many cuts: ten, and fifty where every fault is asked for.
fn cuts() -> u32 {
    match std::env::var("COUNTERSIGN_EXTENT").as_deref() {
        Ok("every") => 50,
        _ => 10,
    }
}

#[test]
fn power_cuts_leave_the_old_identity_or_the_new_one() -> Result<()> {
    let (disk, mut board, mut admin) = set_up("armv7")?;
    let mut before = fingerprint(&board)?;
    for cut in 0..cuts() {
        let mut form =
            admin.fill_form(&[("common_name", &format!("ntp{cut}.example.net"))], &[])?;
        form.fill("self_signed", "yes")?;
        // A key that takes no time, so that the cuts fall into what is stored.
        form.fill("key_type", "EC P-256")?;
        let asked = thread::spawn(move || drop(admin.make(&form)));
        // Another moment each time, from before it begins to after it has ended.
        thread::sleep(Duration::from_millis(u64::from(cut * 800 / cuts())));
        board.cut()?;
        drop(asked.join());
        board = Board::start(&disk)?;
        board.serves()?;
        let after = fingerprint(&board)?;
        admin = Administrator::sign_in_with(board.browser())?;
        let serving = admin.browser.open("/management/https")?.text();
        let new = serving.contains(&format!("ntp{cut}.example.net"));
        ensure!(
            new || after == before,
            "cut {cut}: neither old nor new: {serving}"
        );
        before = after;
    }
    Ok(())
}

fn fingerprint(board: &Board) -> Result<String> {
    let chain = judge::presented_chain(board.address)?;
    judge::fingerprint(chain.first().map_or("", String::as_str))
}
