//! Shops at work in one process: the real registers, stores, engine and server, driven by a seed, with every fault.
//!
//! `cargo xtask sim --seeds N --registers R --days D [--seed S]`; docs/SIMULATOR.md says what is simulated, how, and
//! what is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::wildcard_enum_match_arm,
    reason = "a program of tests: what is not as expected fails"
)]

mod books;
mod chance;
mod deed;
mod disk;
mod hunt;
mod invariants;
mod oracles;
mod play;
mod road;
mod steps;
mod task;
mod till;
mod town;
mod trace;
mod versions;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;

use crate::play::{Plan, Report};

/// Seeds of a run that asks for nothing else, such as that of `cargo test`.
const SEEDS_IN_EVERY_TEST: u64 = 200;

/// Simulated shops.
#[derive(Debug, Parser)]
#[command(name = "sim", bin_name = "cargo xtask sim")]
struct Arguments {
    /// How many seeds; one when a first seed is named.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Registers of each shop.
    #[arg(long, default_value_t = 2)]
    registers: usize,
    /// Days of work.
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// Each seed runs once instead of twice: its trace is not compared.
    #[arg(long)]
    once: bool,
    /// Ends at the first seed that finds something; each runs once.
    #[arg(long)]
    first_fault: bool,
    /// Prints every line of the trace.
    #[arg(long)]
    loud: bool,
    /// Keeps the files of a seed that fails.
    #[arg(long)]
    keep: bool,
    /// Prints what the product logs.
    #[arg(long)]
    log: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.log {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .init();
    }
    let first = arguments.seed.unwrap_or(1);
    let seeds = arguments.seeds.unwrap_or(if arguments.seed.is_some() { 1 } else { SEEDS_IN_EVERY_TEST });
    let plan = |seed| Plan {
        seed,
        registers: arguments.registers,
        days: arguments.days,
        loud: arguments.loud,
        keep: arguments.keep,
    };
    if arguments.first_fault {
        if let Some(found) = hunt::first_fault((first..first + seeds).map(plan)) {
            println!("found by {found}");
            std::process::exit(1);
        }
        return;
    }
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let total = Mutex::new(Total::default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + seeds {
                        return;
                    }
                    let plan = plan(seed);
                    let report = run_seed(plan, arguments.once);
                    total.lock().unwrap().add(plan, report);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    total.print(began.elapsed().as_secs_f64());
    if total.failed > 0 {
        std::process::exit(1);
    }
}

/// A folder in memory where there is one: what is simulated is not the disk's speed.
fn top() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn run_seed(plan: Plan, once: bool) -> Report {
    let run = || {
        let folder = tempfile::tempdir_in(top()).unwrap();
        let report = play::run(plan, folder.path());
        if plan.keep && !report.faults.is_empty() {
            println!("the files of seed {} are in {}", plan.seed, folder.keep().display());
        }
        report
    };
    let mut report = run();
    if !once && let Some(words) = trace::first_difference(&report.trace, &run().trace) {
        report.faults.push((12, format!("two runs of one seed differ: {words}")));
    }
    report
}

/// All seeds together.
#[derive(Debug, Default)]
struct Total {
    seeds: u64,
    failed: u64,
    register_ms: i64,
    counts: BTreeMap<String, u64>,
    hash: u64,
}

impl Total {
    fn add(&mut self, plan: Plan, report: Report) {
        self.seeds += 1;
        self.register_ms += report.register_ms;
        self.hash ^= trace::hash(&report.trace);
        for (what, count) in report.counts {
            *self.counts.entry(what).or_default() += count;
        }
        if report.faults.is_empty() {
            return;
        }
        self.failed += 1;
        println!("\nseed {} fails:", plan.seed);
        for line in &report.last {
            println!("    {line}");
        }
        for (number, words) in report.faults.iter().take(12) {
            let invariant = invariants::WORDS[usize::from(*number) - 1];
            println!("  invariant {number}, {invariant}:\n    {words}");
        }
        let Plan { seed, registers, days, .. } = plan;
        println!("  again: cargo xtask sim --seed {seed} --registers {registers} --days {days}");
    }

    fn print(&self, seconds: f64) {
        println!("\nsimulated {} register-hours", self.register_ms / 3_600_000);
        for (what, count) in &self.counts {
            println!("{count:>10} {what}");
        }
        let rate = f64::from(u32::try_from(self.seeds).unwrap_or(u32::MAX)) / seconds;
        println!(
            "{} seeds in {seconds:.1} s, {rate:.2} seeds per second, all traces together {:016x}",
            self.seeds, self.hash
        );
        let word = if self.failed == 0 { "ok" } else { "FAILED" };
        println!(
            "test result: {word}. {} passed; {} failed; 0 ignored",
            self.seeds - self.failed,
            self.failed
        );
    }
}
