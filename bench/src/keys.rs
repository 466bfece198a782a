//! Making RSA keys, against AWS-LC and OpenSSL.
//!
//! Luck decides how many candidates a key takes, so the times are as wide as they are
//! long: what counts is the mean.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Result;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use pki_core::{KeySpec, PrivateKey, RsaBits};

use crate::Extent;
use crate::measure::{Contender, in_turns, mean, process_time, quartiles, shown, thread_time};

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let mut table = String::from(
        "| bits | who | keys | mean | standard error | median | ours to it, means | goal |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (bits, rounds, aws) in [
        (1024, 200, None),
        (2048, 200, Some(KeySize::Rsa2048)),
        (4096, 200, Some(KeySize::Rsa4096)),
    ] {
        one_length(&mut table, bits, extent.rounds(rounds), aws)?;
    }
    table.push_str("\nOn all cores:\n\n");
    table.push_str(
        "| bits | keys | processor time | of one thread's | wall clock | of one thread's |\n\
         |---|---|---|---|---|---|\n",
    );
    for (bits, rounds) in [(1024, 100), (2048, 200), (4096, 60)] {
        all_cores(&mut table, bits, extent.rounds(rounds))?;
    }
    Ok(table)
}

fn one_length(table: &mut String, bits: u16, rounds: usize, aws: Option<KeySize>) -> Result<()> {
    let spec = KeySpec::Rsa(RsaBits::new(bits)?);
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let mut contenders = vec![Contender::timed("Countersign", move || {
        once(|| PrivateKey::generate(spec, &mut rng, &mut |_| ControlFlow::Continue(())).is_ok())
    })];
    if let Some(size) = aws {
        contenders.push(Contender::timed("AWS-LC", move || {
            once(|| KeyPair::generate(size).is_ok())
        }));
    }
    contenders.push(Contender::timed("OpenSSL", move || {
        once(|| openssl::rsa::Rsa::generate(bits.into()).is_ok())
    }));
    let times = in_turns(rounds, contenders);
    let (ours, _) = mean(&times[0].seconds);
    for times in &times {
        let (mean, error) = mean(&times.seconds);
        let [_, median, _] = quartiles(&times.seconds);
        let (ratio, goal) = match times.name.as_str() {
            "Countersign" => ("–".to_owned(), "–"),
            "AWS-LC" => (format!("**{:.2}**", ours / mean), "0.60"),
            _ => (format!("**{:.2}**", ours / mean), "–"),
        };
        writeln!(
            table,
            "| {bits} | {} | {} | {} | {} | {} | {ratio} | {goal} |",
            times.name,
            times.seconds.len(),
            shown(mean),
            shown(error),
            shown(median)
        )?;
    }
    Ok(())
}

fn once(make: impl FnOnce() -> bool) -> Duration {
    let start = thread_time();
    assert!(make(), "no key was made");
    thread_time() - start
}

fn all_cores(table: &mut String, bits: u16, rounds: usize) -> Result<()> {
    let spec = KeySpec::Rsa(RsaBits::new(bits)?);
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let mut go_on = |_| ControlFlow::Continue(());
    let mut seconds = [(); 4].map(|()| Vec::new());
    for _ in 0..rounds {
        let (wall, cpu) = (Instant::now(), process_time());
        PrivateKey::generate(spec, &mut rng, &mut go_on)?;
        seconds[0].push((process_time() - cpu).as_secs_f64());
        seconds[1].push(wall.elapsed().as_secs_f64());
        let (wall, cpu) = (Instant::now(), process_time());
        PrivateKey::generate_on_all_cores(spec, &mut rng, &mut go_on)?;
        seconds[2].push((process_time() - cpu).as_secs_f64());
        seconds[3].push(wall.elapsed().as_secs_f64());
    }
    let [cpu_one, wall_one, cpu_all, wall_all] = seconds.map(|seconds| mean(&seconds).0);
    writeln!(
        table,
        "| {bits} | {rounds} | {} | {:.2} | {} | {:.2} |",
        shown(cpu_all),
        cpu_all / cpu_one,
        shown(wall_all),
        wall_all / wall_one
    )?;
    Ok(())
}
