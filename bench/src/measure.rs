//! Times of this thread's processor, of contenders that take turns.

use std::fmt::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time that the processor spent on this thread.
pub(crate) fn thread_time() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

/// The time that the processor spent on this process.
pub(crate) fn process_time() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

fn time_of(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).expect("no process is older than time");
    let nanoseconds = u32::try_from(time.tv_nsec).expect("a second has 10^9 nanoseconds");
    Duration::new(seconds, nanoseconds)
}

/// Something that is measured: its name, and what is done, which returns how long it took.
pub(crate) struct Contender<'a> {
    pub(crate) name: String,
    run: Box<dyn FnMut() -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    /// That returns its time.
    pub(crate) fn timed(name: &str, run: impl FnMut() -> Duration + 'a) -> Self {
        let name = name.to_owned();
        let run = Box::new(run);
        Self { name, run }
    }

    /// That is done as often as fills a millisecond, so that the clock is exact enough.
    pub(crate) fn short<T>(name: &str, mut work: impl FnMut() -> T + 'a) -> Self {
        let mut run = move |times: u32| {
            let start = thread_time();
            for _ in 0..times {
                std::hint::black_box(work());
            }
            (thread_time() - start) / times
        };
        let mut times = 1;
        while run(times) * times < Duration::from_millis(1) {
            times *= 2;
        }
        Self::timed(name, move || run(times))
    }
}

/// The times of one contender, in the order in which they were measured.
pub(crate) struct Times {
    pub(crate) name: String,
    pub(crate) seconds: Vec<f64>,
}

/// Has each of them take its turn, this many times.
pub(crate) fn in_turns(rounds: usize, mut contenders: Vec<Contender<'_>>) -> Vec<Times> {
    let mut times: Vec<Times> = contenders
        .iter()
        .map(|contender| Times {
            name: contender.name.clone(),
            seconds: Vec::new(),
        })
        .collect();
    for _ in 0..rounds {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            times.seconds.push((contender.run)().as_secs_f64());
        }
    }
    times
}

/// The values at a quarter, at half and at three quarters.
pub(crate) fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| sorted[(sorted.len() - 1) * quarter / 4])
}

/// The mean, and its standard error.
pub(crate) fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

/// A time in the unit that suits it.
pub(crate) fn shown(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// The head of a table of ratios.
pub(crate) fn head() -> String {
    "| what | ours | peer | its time | ratio | half of the ratios | goal |\n\
     |---|---|---|---|---|---|---|\n"
        .to_owned()
}

/// A row for each peer: the medians, the median of the ratios of each turn, and between
/// which ratios half of the turns lie.
pub(crate) fn rows(table: &mut String, what: &str, times: &[Times], goals: &[&str]) {
    let [ours, peers @ ..] = times else {
        return;
    };
    for (peer, goal) in peers.iter().zip(goals) {
        let pairs = ours.seconds.iter().zip(&peer.seconds);
        let ratios: Vec<f64> = pairs.map(|(ours, peer)| ours / peer).collect();
        let [low, ratio, high] = quartiles(&ratios);
        let _ = writeln!(
            table,
            "| {what} | {} | {} | {} | **{ratio:.3}** | {low:.3} to {high:.3} | {goal} |",
            shown(quartiles(&ours.seconds)[1]),
            peer.name,
            shown(quartiles(&peer.seconds)[1]),
        );
    }
}
