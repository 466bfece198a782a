//! The unit as a process: how soon it serves, and how much memory it takes.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use acceptance::{Browser, Transcript, sign_in};
use anyhow::{Context as _, Result, ensure};

use crate::Extent;
use crate::import::Chain;
use crate::measure::{quartiles, shown};
use crate::server::{Client, PASSWORD, Server};

/// Connections that are open and do nothing.
pub(crate) const IDLE: usize = 200;

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let mut table = String::from("| what | median | half of them | goal |\n|---|---|---|---|\n");
    let folder = tempfile::tempdir()?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..extent.rounds(20) {
        let state = folder.path().join(round.to_string());
        for times in [&mut without, &mut with] {
            let start = Instant::now();
            let server = Server::countersign(&state)?;
            Client::new(server.address)?.handshake()?;
            times.push((server.processor_time()?, start.elapsed()));
        }
    }
    for (what, times) in [("without a store", &without), ("with a store", &with)] {
        let column = |pick: fn(&(Duration, Duration)) -> Duration| -> Vec<f64> {
            times.iter().map(|time| pick(time).as_secs_f64()).collect()
        };
        for (which, values) in [
            ("processor time", column(|time| time.0)),
            ("wall clock", column(|time| time.1)),
        ] {
            let [low, median, high] = quartiles(&values).map(shown);
            writeln!(
                table,
                "| from the start to the first handshake, {what}, {which} | {median} | {low} to {high} | – |"
            )?;
        }
    }
    memory(&mut table, &folder.path().join("memory"))?;
    Ok(table)
}

fn memory(table: &mut String, state: &Path) -> Result<()> {
    let server = Server::countersign(state)?;
    Client::new(server.address)?.handshake()?;
    let mut row = |what: &str, goal: &str| -> Result<()> {
        let resident = server.resident_kib()?;
        let of_its_own = server.resident_anonymous_kib()?;
        writeln!(
            table,
            "| {what}: resident, and of that its own memory | {:.1} MiB, {:.1} MiB | – | {goal} |",
            resident / 1024.0,
            of_its_own / 1024.0
        )?;
        Ok(())
    };
    row("idle", "8 MiB")?;
    let client = Client::new(server.address)?;
    let open = client.open_idle(IDLE).context("opening idle connections")?;
    row("with 200 connections", "16 MiB")?;
    drop(open);
    // A sign-in takes the memory that makes guessing passwords dear, which is not meant.
    let mut browser = Browser::new(server.address, Transcript::default());
    sign_in(&mut browser, PASSWORD)?;
    server.forget_peak()?;
    let mut form = browser.open("/management/https/upload")?.form("/upload")?;
    form.attach("certificate", "chain.pem", &largest_upload()?)?;
    let answer = browser.fetch(&form)?;
    ensure!(answer.status == 303, "the upload: {}", answer.status);
    writeln!(
        table,
        "| at the peak of an upload of 1 MiB: resident | {:.1} MiB | – | – |",
        server.peak_kib()? / 1024.0
    )?;
    Ok(())
}

/// A chain, and text that is passed over, up to the most that is taken.
fn largest_upload() -> Result<Vec<u8>> {
    const OCTETS_MAX: usize = 1024 * 1024;
    let mut upload = Chain::make(3)?.pem().into_bytes();
    let line = b"What a printer of certificates writes between them.\n";
    while upload.len() + line.len() <= OCTETS_MAX {
        upload.extend_from_slice(line);
    }
    Ok(upload)
}
