//! Doing a thing again and again, each time with a fault somewhere else.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::place::Place;
use super::point::{Extent, Point};
use super::strace::Strace;
use super::{Answer, Subject};

/// What is written has not always the same length, such as a signature; so a call at
/// the end may be missing from one run. It is tried for so many times.
const TRIES_MAX: usize = 3;

/// At most one point in so many may be one that no run has come to.
const ABSENT_ONE_IN: usize = 20;

/// What an enumeration came to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many points were tried.
    pub points: usize,
    /// How many of them were not come to, since later runs made fewer calls than the
    /// one that was recorded.
    pub absent: usize,
    /// How the program failed: the point, and what was wrong after it.
    pub violations: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Records what `subject` does, then does it again with a fault at each point.
pub fn enumerate(subject: &impl Subject, extent: Extent) -> Result<Report> {
    try_each(subject, &Point::plan(&record(subject)?, extent)?)
}

/// Records what `subject` does, then does it again with EIO at each call that reads.
pub fn enumerate_reads(subject: &impl Subject) -> Result<Report> {
    try_each(subject, &Point::plan_reads(&record(subject)?)?)
}

fn try_each(subject: &impl Subject, points: &[Point]) -> Result<Report> {
    let began = Instant::now();
    ensure!(!points.is_empty(), "nothing touches the disk");
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    thread::scope(|scope| {
        for _ in 0..subject.at_a_time() {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    println!("== {point}");
                    let tried = try_point(subject, point);
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    report.absent += usize::from(matches!(tried, Ok(Hit::No)));
                    report.add(point, tried.map(drop));
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.took = began.elapsed();
    println!("{report}");
    Ok(report)
}

impl Report {
    /// Adds what came of a point.
    pub(super) fn add(&mut self, point: &impl fmt::Display, tried: Result<()>) {
        self.points += 1;
        if let Err(error) = tried {
            self.violations.push(format!("{point}\n    {error:#}"));
        }
    }

    /// Fails when there was a violation, and shows them all.
    pub fn expect_none(self) -> Result<()> {
        ensure!(self.violations.is_empty(), "{self}");
        let few = self.absent * ABSENT_ONE_IN <= self.points;
        ensure!(few, "{} points were not come to; {self}", self.absent);
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (points, took) = (self.points, self.took.as_secs());
        write!(
            f,
            "{points} points in {took} s, {} violations",
            self.violations.len()
        )?;
        self.violations
            .iter()
            .try_for_each(|violation| write!(f, "\n  {violation}"))
    }
}

/// The calls of a run without faults, which has to be right.
fn record(subject: &impl Subject) -> Result<Vec<super::Call>> {
    let place = Place::new()?;
    let state = place.state();
    subject.lay(&state)?;
    let strace = Strace::recording(&place.log());
    let answer = subject.run(&state, &strace)?;
    ensure!(
        matches!(answer, Answer::Done(_)),
        "without a fault: {answer:?}"
    );
    let calls = strace.calls(&place.disk())?;
    subject.check(&state, &answer).context("without a fault")?;
    Ok(calls)
}

/// Whether a point was come to.
enum Hit {
    Yes,
    No,
}

fn try_point(subject: &impl Subject, point: &Point) -> Result<Hit> {
    for _ in 0..TRIES_MAX {
        let place = Place::new()?;
        let state = place.state();
        subject.lay(&state)?;
        let strace = Strace::injecting(&place.log(), point, &place.disk());
        let ran = subject.run(&state, &strace);
        let hit = point.was_hit(&strace.calls(&place.disk())?);
        let answer = ran?;
        subject
            .check(&state, &answer)
            .with_context(|| format!("it answered {answer:?}, and then"))?;
        if hit {
            return Ok(Hit::Yes);
        }
    }
    println!("the call was not made in {TRIES_MAX} runs");
    Ok(Hit::No)
}
