//! A unit on a disk of its own, of which pictures are taken while it works: what a power
//! cut at that moment would have left. On each, a unit is started.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use tempfile::TempDir;

use super::enumerate::Report;
use super::look::{Look, Which};
use super::loop_disk::LoopDisk;
use super::seed::NEW_PASSWORD;
use crate::{Administrator, Authority, Encoding, PASSWORD, Unit, judge, sign_in};

/// Rounds of everything an administrator does, of which there are enough pictures.
const ROUNDS_MAX: usize = 60;

/// At least so many entries of the journal are shown on its page.
const JOURNAL_SHOWN: usize = 100;

/// Pictures are tried by so many at a time.
const AT_A_TIME: usize = 2;

/// Takes `count` pictures of the disk while a unit starts and works, no two the same,
/// and starts a unit on each.
///
/// Everything that was answered before the picture has to be there, and of what was
/// under way, all or nothing.
pub fn crash_images(count: usize) -> Result<Report> {
    let began = Instant::now();
    let folder = tempfile::tempdir()?;
    let film = Film::shoot(&folder, count)?;
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        for worker in 0..AT_A_TIME {
            let (film, next, report) = (&film, &next, &report);
            let folder = folder.path().join(format!("mount {worker}"));
            scope.spawn(move || {
                while let Some(frame) = film.frames.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tried = film.try_frame(frame, &folder);
                    println!("== {frame}");
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    report.add(frame, tried);
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.took = began.elapsed();
    println!(
        "{report}; {} of them in the middle of something",
        film.in_the_middle()
    );
    Ok(report)
}

/// A picture, and what the unit had done by then.
struct Frame {
    path: PathBuf,
    /// So many things were answered before it was taken.
    done: usize,
    /// So many things were begun before it was.
    begun: usize,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        write!(f, "{name}, with {} done of {} begun", self.done, self.begun)
    }
}

/// The pictures, and how the unit looked after each thing it did.
struct Film {
    frames: Vec<Frame>,
    looks: Vec<Look>,
}

/// How far the unit is.
#[derive(Default)]
struct Progress {
    done: AtomicUsize,
    begun: AtomicUsize,
    /// There are enough pictures.
    enough: AtomicBool,
}

impl Film {
    fn shoot(folder: &TempDir, count: usize) -> Result<Self> {
        let disk = LoopDisk::make(&folder.path().join("disk"), &folder.path().join("mounted"))?;
        let progress = Progress::default();
        let (frames, looks) = thread::scope(|scope| {
            let camera = scope.spawn(|| take_pictures(&disk, folder.path(), count, &progress));
            let looks = Worker::work(&folder.path().join("mounted/state"), &progress);
            progress.enough.store(true, Ordering::Release);
            let frames = camera.join().map_err(|_| anyhow!("the camera panicked"));
            (frames, looks)
        });
        let (frames, looks) = (frames??, looks?);
        ensure!(frames.len() == count, "only {} pictures", frames.len());
        Ok(Self { frames, looks })
    }

    fn in_the_middle(&self) -> usize {
        let middle = self.frames.iter().filter(|frame| frame.begun > frame.done);
        middle.count()
    }

    fn try_frame(&self, frame: &Frame, folder: &Path) -> Result<()> {
        let _mounted = LoopDisk::mount(&frame.path, folder)?;
        let look = Look::at(&folder.join("state"))?;
        ensure!(look.set_aside == 0, "something was set aside: {look:?}");
        let first_starts = look.entries("first start");
        if frame.done == 0 && first_starts == 1 && look.journal.len() == 1 {
            return Ok(());
        }
        let possible = self.looks.get(frame.done.saturating_sub(1)..frame.begun);
        let possible = possible.context("there is no such moment")?;
        let found = possible.iter().any(|possible| is_same(&look, possible));
        ensure!(found, "it looks like none of {possible:#?}, but {look:#?}");
        Ok(())
    }
}

/// Of a long journal, the page shows only the newest entries.
fn is_same(look: &Look, other: &Look) -> bool {
    let [one, other_one] = [look, other].map(|look| look.journal.len());
    let shown = match one < JOURNAL_SHOWN && other_one < JOURNAL_SHOWN {
        true => one.max(other_one),
        false => JOURNAL_SHOWN,
    };
    look.chain == other.chain
        && look.requests == other.requests
        && look.password == other.password
        && look.settings == other.settings
        && look
            .journal
            .iter()
            .take(shown)
            .eq(other.journal.iter().take(shown))
}

fn take_pictures(
    disk: &LoopDisk,
    folder: &Path,
    count: usize,
    progress: &Progress,
) -> Result<Vec<Frame>> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut last = None;
    while frames.len() < count && !progress.enough.load(Ordering::Acquire) {
        let done = progress.done.load(Ordering::Acquire);
        let picture = disk.picture()?;
        let begun = progress.begun.load(Ordering::Acquire);
        if last.as_ref() == Some(&picture) {
            continue;
        }
        let path = folder.join(format!("picture {}", frames.len() + 1));
        picture.write(&path)?;
        last = Some(picture);
        frames.push(Frame { path, done, begun });
    }
    progress.enough.store(true, Ordering::Release);
    Ok(frames)
}

/// Somebody who does everything that can be done, again and again.
struct Worker<'a> {
    unit: Unit,
    admin: Administrator,
    password: Which,
    authority: Authority,
    looks: Vec<Look>,
    progress: &'a Progress,
}

impl<'a> Worker<'a> {
    /// Works until there are enough pictures, and returns how the unit looked after each
    /// thing that was done.
    fn work(state: &Path, progress: &'a Progress) -> Result<Vec<Look>> {
        let authority = Authority::new()?;
        progress.begun.store(1, Ordering::Release);
        let unit = Unit::start_on(state, Command::new(Unit::program()?))?;
        let first = Look {
            chain: judge::presented_chain(unit.address)?,
            requests: Vec::new(),
            password: Which::Old,
            journal: Vec::new(),
            settings: BTreeMap::new(),
            set_aside: 0,
        };
        progress.done.store(1, Ordering::Release);
        progress.begun.store(2, Ordering::Release);
        let admin = Administrator::sign_in(&unit)?;
        let mut worker = Self {
            unit,
            admin,
            password: Which::Old,
            authority,
            looks: vec![first],
            progress,
        };
        worker.is_done()?;
        // The journal after the first start is the one before the sign-in.
        let mut known = worker.looks.last().context("no look")?.clone();
        let first = worker.looks.first_mut().context("no look")?;
        first.journal = known.journal.split_off(1);
        first.settings = known.settings;
        for _ in 0..ROUNDS_MAX {
            worker.round()?;
            if progress.enough.load(Ordering::Acquire) {
                worker.unit.kill()?;
                return Ok(worker.looks);
            }
        }
        Err(anyhow!("{ROUNDS_MAX} rounds give too few pictures"))
    }

    fn round(&mut self) -> Result<()> {
        let request = self.make_request("no")?;
        let certificate = self.authority.sign(&request)?.encode(Encoding::X509Pem)?;
        let review = self.admin.paste(&certificate)?;
        self.begin();
        self.admin.install(&review)?;
        // Over the new certificate, so that nothing goes back by itself.
        self.sign_in_again()?;
        self.submit("/management/https/previous", "/previous", &[])?;
        self.make_request("yes")?;
        self.submit("/management/https/factory", "/factory", &[])?;
        let key = judge::request_key_fingerprint(&request)?;
        let key = key.replace(':', "").to_lowercase();
        self.submit(
            &format!("/management/https/requests/{key}/delete"),
            "/delete",
            &[],
        )?;
        let minutes = (20 + self.looks.len() % 100).to_string();
        self.submit(
            "/management/services",
            "/services",
            &[("session", minutes.as_str())],
        )?;
        let (present, new, password) = match self.password {
            Which::Old => (PASSWORD, NEW_PASSWORD, Which::New),
            Which::New => (NEW_PASSWORD, PASSWORD, Which::Old),
        };
        self.password = password;
        self.submit(
            "/password",
            "/password",
            &[("present", present), ("new", new), ("again", new)],
        )
    }

    fn make_request(&mut self, self_signed: &str) -> Result<String> {
        let before = self.admin.requests()?;
        let fields = [
            ("common_name", "ntp1.example.net"),
            ("key_type", "EC P-256"),
            ("self_signed", self_signed),
        ];
        let form = self.admin.fill_form(&fields, &[])?;
        self.begin();
        self.admin.make(&form)?;
        self.is_done()?;
        let mut requests = self.admin.requests()?;
        requests.retain(|request| !before.contains(request));
        requests.pop().context("no new request")
    }

    fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Result<()> {
        let mut form = self.admin.browser.open(page)?.form(action)?;
        for (name, value) in fields {
            form.fill(name, value)?;
        }
        self.begin();
        let answer = self.admin.browser.submit(&form)?;
        ensure!(answer.status == 200, "{page} says: {}", answer.text());
        self.is_done()
    }

    /// What was answered is done as soon as somebody else may see it.
    fn sign_in_again(&mut self) -> Result<()> {
        self.is_done()?;
        let mut browser = self.unit.browser();
        let password = match self.password {
            Which::Old => PASSWORD,
            Which::New => NEW_PASSWORD,
        };
        self.begin();
        let page = sign_in(&mut browser, password)?;
        ensure!(page.path == "/management/https", "{}", page.text());
        self.admin = Administrator { browser };
        self.is_done()
    }

    fn begin(&self) {
        self.progress.begun.fetch_add(1, Ordering::AcqRel);
    }

    fn is_done(&mut self) -> Result<()> {
        self.progress.done.fetch_add(1, Ordering::AcqRel);
        let look = Look::by(&mut self.admin, &self.unit, self.password)?;
        self.looks.push(look);
        Ok(())
    }
}
