//! Many seeds, several at once, each on a clock of its own.

use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::play::{Run, play};
use crate::scenario::{Profile, Scenario};

/// What came of many runs.
#[derive(Debug, Default)]
pub struct Summary {
    pub runs: u64,
    pub messages: u64,
    pub calls: u64,
    /// The time that passed in all runs together.
    pub lasted: Duration,
    pub took: Duration,
    /// The runs that went against a promise, by seed.
    pub failed: Vec<Run>,
}

/// Plays all of these seeds, or those whose runs are of one profile, so many at once.
pub fn play_all(seeds: Range<u64>, only: Option<Profile>, threads: usize) -> Summary {
    let started = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    if only.is_some_and(|only| Scenario::new(seed).profile != only) {
                        continue;
                    }
                    let run = play(seed, false);
                    let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
                    summary.add(run);
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.failed.sort_by_key(|run| run.seed);
    summary.took = started.elapsed();
    summary
}

/// As many threads as the machine has cores.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

impl Summary {
    fn add(&mut self, run: Run) {
        self.runs += 1;
        self.messages += run.messages as u64;
        self.calls += run.calls;
        self.lasted += run.lasted;
        if !run.violations.is_empty() {
            self.failed.push(run);
        }
    }
}

/// A line for the whole, and some for every seed that failed.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in &self.failed {
            writeln!(
                f,
                "seed {} failed; play it again with: cargo run -p sim -- --seed {}",
                run.seed, run.seed
            )?;
            for violation in run.violations.iter().take(5) {
                writeln!(f, "    {violation}")?;
            }
        }
        write!(
            f,
            "{} runs, {} failed: {} messages, {} calls, {:.1} hours of virtual time in {:.1} s",
            self.runs,
            self.failed.len(),
            self.messages,
            self.calls,
            self.lasted.as_secs_f64() / 3600.0,
            self.took.as_secs_f64()
        )
    }
}
