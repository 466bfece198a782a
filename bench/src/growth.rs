//! How time and memory grow with what is imported and kept.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use cert_lifecycle::{
    Actor, Environment, Factory, Identity, Listener, Now, RequestForm, SecretFile, TlsLevel, Unit,
    UnitConfig, Via, make_state_folder,
};

use crate::Extent;
use crate::import::{Chain, import, now};
use crate::measure::{Contender, in_turns, process_time, quartiles, shown};

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let mut text = String::new();
    certificates(&mut text, extent)?;
    octets(&mut text, extent)?;
    entries(&mut text, extent)?;
    installed(&mut text, extent)?;
    Ok(text)
}

/// Imports of more and more certificates.
fn certificates(text: &mut String, extent: Extent) -> Result<()> {
    let whole = Chain::make(32)?;
    let mut lengths = Vec::new();
    for count in [1, 4, 8, 12, 16, 20, 24, 28, 32] {
        let part: Vec<&[u8]> = whole.der.iter().take(count).map(Vec::as_slice).collect();
        lengths.push((count, cert_formats::certificates_to_pem(&part).to_string()));
    }
    imports(text, extent, "certificates", &lengths)
}

/// Imports of one certificate with more and more text before it.
fn octets(text: &mut String, extent: Extent) -> Result<()> {
    let pem = Chain::make(1)?.pem();
    let line = "This stands before the certificate, as bag attributes do.\n";
    let mut lengths = Vec::new();
    for kib in [4, 128, 256, 384, 512, 640, 768, 896, 1020] {
        let lines = (kib * 1024 - pem.len()) / line.len();
        lengths.push((kib, line.repeat(lines) + &pem));
    }
    imports(text, extent, "KiB of upload", &lengths)
}

fn imports(
    text: &mut String,
    extent: Extent,
    of_what: &str,
    uploads: &[(usize, String)],
) -> Result<()> {
    let now = now()?;
    let contenders = uploads
        .iter()
        .map(|(count, upload)| {
            Contender::short(&count.to_string(), || {
                import(upload, now).is_ok_and(|(links, _)| links > 0)
            })
        })
        .collect();
    let times = in_turns(extent.rounds(40), contenders);
    writeln!(
        text,
        "| {of_what} | import | memory at its peak |\n|---|---|---|"
    )?;
    let mut points = Vec::new();
    for ((count, upload), times) in uploads.iter().zip(&times) {
        let memory = allocation_counter::measure(|| {
            import(upload, now).expect("it was imported before");
        });
        let median = quartiles(&times.seconds)[1];
        points.push((count.to_string(), median * 1e3));
        writeln!(
            text,
            "| {count} | {} | {} KiB |",
            shown(median),
            memory.bytes_max.div_ceil(1024)
        )?;
    }
    plot(text, "Import", of_what, "ms", &points)
}

/// A store with more and more entries in its journal, of which it keeps the newest 10,000.
fn entries(text: &mut String, extent: Extent) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let unit = opened(folder.path())?;
    let step = extent.rounds(2_500);
    let mut kept = Kept::new(text, "journal entries written")?;
    kept.row(0, folder.path(), unit)?;
    for steps in 1..=5 {
        let unit = opened(folder.path())?;
        for _ in 0..step {
            unit.note_signed_out("1 from 192.0.2.7", &actor())?;
        }
        kept.row(steps * step, folder.path(), unit)?;
    }
    kept.plot()
}

/// A store of a unit that has served more and more certificates, one after the other.
fn installed(text: &mut String, extent: Extent) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let unit = opened(folder.path())?;
    let step = extent.rounds(25);
    let mut kept = Kept::new(text, "identities installed")?;
    kept.row(0, folder.path(), unit)?;
    for steps in 1..=4 {
        let unit = opened(folder.path())?;
        for number in 0..step {
            let form = RequestForm {
                self_signed: true,
                key_type: "EC P-256".into(),
                common_name: format!("ntp{number}.example.net"),
                ..RequestForm::default()
            };
            let order = form.parse().map_err(cert_lifecycle::Error::Form)?;
            unit.make(&order, &actor(), &mut |_| ControlFlow::Continue(()))?;
            for request in unit.requests()? {
                // What serves keeps its key; the store refuses to part with it.
                let _ = unit.delete_request(request.key, &actor());
            }
        }
        kept.row(steps * step, folder.path(), unit)?;
    }
    kept.plot()
}

/// A table of stores, each opened anew.
struct Kept<'a> {
    text: &'a mut String,
    of_what: &'static str,
    points: Vec<(String, f64)>,
}

impl<'a> Kept<'a> {
    fn new(text: &'a mut String, of_what: &'static str) -> Result<Self> {
        writeln!(
            text,
            "| {of_what} | store | processor time to open it |\n|---|---|---|"
        )?;
        Ok(Self {
            text,
            of_what,
            points: Vec::new(),
        })
    }

    fn row(&mut self, count: usize, folder: &Path, unit: Arc<Unit>) -> Result<()> {
        drop(unit);
        let mut times = Vec::new();
        for _ in 0..15 {
            let before = process_time();
            drop(opened(folder)?);
            times.push((process_time() - before).as_secs_f64());
        }
        let median = quartiles(&times)[1];
        let store = std::fs::metadata(folder.join("store.redb"))?.len();
        self.points.push((count.to_string(), median * 1e3));
        writeln!(
            self.text,
            "| {count} | {} KiB | {} |",
            store.div_ceil(1024),
            shown(median)
        )?;
        Ok(())
    }

    fn plot(self) -> Result<()> {
        plot(self.text, "Start", self.of_what, "ms", &self.points)
    }
}

/// A picture of a table, drawn by whatever shows the page.
fn plot(
    text: &mut String,
    title: &str,
    of_what: &str,
    unit: &str,
    points: &[(String, f64)],
) -> Result<()> {
    let labels: Vec<&str> = points.iter().map(|(label, _)| label.as_str()).collect();
    let values: Vec<String> = points.iter().map(|(_, y)| format!("{y:.3}")).collect();
    let highest = points.iter().map(|(_, y)| *y).fold(0.0, f64::max);
    writeln!(
        text,
        "\n```mermaid\nxychart-beta\n  title \"{title}, by {of_what}\"\n  x-axis \"{of_what}\" [{}]\n  \
         y-axis \"{unit}\" 0 --> {:.3}\n  line [{}]\n```\n",
        labels.join(", "),
        highest * 1.1,
        values.join(", ")
    )?;
    Ok(())
}

fn opened(folder: &Path) -> Result<Arc<Unit>> {
    make_state_folder(folder)?;
    let opened = Unit::open(
        UnitConfig {
            state_dir: PathBuf::from(folder),
            factory: Factory::default(),
            admin_password: None,
        },
        &SecretFile::new(folder.join("secret")),
        Arc::new(Board(Instant::now())),
        Arc::new(Nobody),
    )?;
    ensure!(opened.set_aside.is_none(), "the store was set aside");
    Ok(opened.unit)
}

fn actor() -> Actor {
    Actor {
        who: "admin".into(),
        via: Via::Console,
    }
}

/// A board with a clock that is right.
struct Board(Instant);

impl Environment for Board {
    fn now(&self) -> Now {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            unix_seconds: since.map_or(0, |since| since.as_secs()),
            trusted: true,
        }
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn fill_random(&self, octets: &mut [u8]) {
        getrandom::fill(octets).expect("the operating system has a random generator");
    }

    fn addresses(&self) -> Vec<IpAddr> {
        vec![Ipv4Addr::LOCALHOST.into()]
    }
}

/// Serves nobody: what is measured is the store.
struct Nobody;

impl Listener for Nobody {
    fn check(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
        Ok(())
    }

    fn serve(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
        Ok(())
    }
}
