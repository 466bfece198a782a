//! New software for the board, good and bad.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use acceptance::{Administrator, Board, Page, Tool, made};
use anyhow::{Context as _, Result, bail, ensure};

use crate::set_up;

/// What an upgrade begins with.
const FIRST_LINE: &str = "countersign-upgrade 1\n";

#[test]
fn a_board_is_upgraded_refuses_what_does_not_fit_and_goes_back_when_it_must() -> Result<()> {
    let (disk, mut board, mut admin) = set_up("armv7")?;
    let slot = fs::read(made("armv7")?.join("slot.fit"))?;
    for (bundle, why) in [
        (
            bundle("aarch64", "0.2.0", &slot)?,
            "is for the board aarch64",
        ),
        (bundle("armv7", "0.0.9", &slot)?, "older than"),
        (altered(bundle("armv7", "0.2.0", &slot)?), "was altered"),
        (cut_off(bundle("armv7", "0.2.0", &slot)?), "breaks off"),
        (b"no bundle".to_vec(), "no upgrade of this software"),
    ] {
        let page = upload(&mut admin, &bundle)?;
        ensure!(page.status == 422, "{why}: {}", page.text());
        ensure!(page.text().contains(why), "{why} is not in {}", page.text());
    }

    // One that starts and answers is kept.
    upgrade(&mut admin, &bundle("armv7", "0.2.0", &slot)?)?;
    board.hear("Starting slot b")?;
    admin = back(&board)?;
    let kept = |admin: &mut Administrator| -> Result<bool> {
        let page = admin.browser.open("/tools/upgrade")?.text();
        Ok(page.contains("Runs from slot b."))
    };
    for _ in 0..100 {
        if kept(&mut admin)? {
            break;
        }
        thread::sleep(Duration::from_millis(200));
    }
    ensure!(kept(&mut admin)?, "the new slot was not kept");
    board.cut()?;
    board = Board::start(&disk)?;
    board.hear("Starting slot b")?;
    board.serves()?;

    // One whose kernel finds nothing to start goes back by itself.
    admin = back(&board)?;
    upgrade(&mut admin, &bundle("armv7", "0.3.0", &without_a_unit()?)?)?;
    board.hear("Starting slot a")?;
    board.hear("Starting slot b")?;
    admin = back(&board)?;
    let page = admin.browser.open("/tools/upgrade")?.text();
    ensure!(page.contains("the board went back"), "{page}");
    let journal = admin.journal()?.join("\n");
    ensure!(journal.contains("software went back"), "{journal}");
    Ok(())
}

#[test]
fn power_cuts_while_an_upgrade_is_written_leave_a_board_that_serves() -> Result<()> {
    let (disk, mut board, mut admin) = set_up("armv7")?;
    let slot = fs::read(made("armv7")?.join("slot.fit"))?;
    let bundle = bundle("armv7", "0.2.0", &slot)?;
    for cut in 0..10_u64 {
        let octets = bundle.clone();
        let asked = thread::spawn(move || drop(upload(&mut admin, &octets)));
        thread::sleep(Duration::from_millis(300 * cut));
        board.cut()?;
        drop(asked.join());
        board = Board::start(&disk)?;
        board.serves()?;
        admin = back(&board)?;
    }
    Ok(())
}

/// Signs in again after the board has started.
pub(crate) fn back(board: &Board) -> Result<Administrator> {
    board.serves()?;
    for _ in 0..50 {
        // The one that goes down may have answered.
        if let Ok(admin) = Administrator::sign_in_with(board.browser()) {
            return Ok(admin);
        }
        thread::sleep(Duration::from_millis(500));
        board.serves()?;
    }
    bail!("nobody can sign in after the board has started")
}

fn upload(admin: &mut Administrator, bundle: &[u8]) -> Result<Page> {
    let mut form = admin
        .browser
        .open("/tools/upgrade")?
        .form("/tools/upgrade/software")?;
    form.attach("bundle", "countersign.upgrade", bundle)?;
    admin.browser.submit(&form)
}

pub(crate) fn upgrade(admin: &mut Administrator, bundle: &[u8]) -> Result<()> {
    let page = upload(admin, bundle)?;
    ensure!(page.path == "/tools/upgrade/software", "{}", page.text());
    Ok(())
}

/// A bundle as the maker's command makes it, signed with the key of developers.
pub(crate) fn bundle(board: &str, version: &str, image: &[u8]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("image"), image)?;
    let sum = Tool::new("sha256sum").arg(file("image")).run()?.text();
    let sum = sum.split(' ').next().context("no sum")?;
    let octets = image.len();
    let signed = format!(
        "{FIRST_LINE}{{\"board\":\"{board}\",\"commit\":\"test\",\"octets\":{octets},\
         \"sha256\":\"{sum}\",\"version\":\"{version}\"}}\n"
    );
    fs::write(file("signed"), &signed)?;
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/image/developer.key");
    Tool::new("openssl")
        .args("pkeyutl -sign -rawin -inkey")
        .arg(key)
        .args("-in")
        .arg(file("signed"))
        .args("-out")
        .arg(file("signature"))
        .run()?;
    let signature = fs::read(file("signature"))?;
    let digits: String = signature
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    Ok([signed.as_bytes(), digits.as_bytes(), b"\n", image].concat())
}

fn altered(mut bundle: Vec<u8>) -> Vec<u8> {
    if let Some(octet) = bundle.last_mut() {
        *octet ^= 1;
    }
    bundle
}

fn cut_off(mut bundle: Vec<u8>) -> Vec<u8> {
    bundle.truncate(bundle.len() / 2);
    bundle
}

/// A slot with the kernel, and a root in which there is nothing.
fn without_a_unit() -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let source = made("armv7")?;
    for name in ["slot.its", "kernel"] {
        fs::copy(source.join(name), folder.path().join(name))?;
    }
    fs::write(folder.path().join("root.cpio.xz"), b"")?;
    Tool::new("sh")
        .args("-c")
        .arg(format!(
            "cd {} && printf x > root.cpio.xz && mkimage -q -f slot.its slot.fit",
            folder.path().display()
        ))
        .run()?;
    Ok(fs::read(folder.path().join("slot.fit"))?)
}
