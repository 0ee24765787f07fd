//! How many calls to one function may run at once.
//!
//! It starts at the upper bound. Overload (429, 503) halves it; every success adds as much as makes
//! one more for each round of calls. Where calls take more than [`TOLERATED`] times as long as they
//! did at best, twice in a row while as many run as may, a cut to four fifths is tried: where they
//! become faster by as much, the function had a queue of its own, and the cut stays, since nothing is
//! lost by it. Else the function is slow for reasons of its own: the cut is taken back, and the new
//! time is what later ones are measured by. So no function is throttled for long for being slow.

use std::time::Duration;

use tokio::time::Instant;

/// Between which the number of calls at once is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// No fewer, however busy the function is; at least 1.
    pub least: usize,
    /// No more, however fast it is.
    pub most: usize,
}

/// How many times as long as at best calls may take before a cut is tried.
pub const TOLERATED: f64 = 2.0;

/// While calls take longer than this, no more are added.
const CALM: f64 = 1.5;

/// What is left by a cut that is tried.
const TRIAL: f64 = 0.8;

/// By how much more than the cut calls may take after it for the cut to have helped.
const SLACK: f64 = 1.05;

/// A judgement rests on so many calls, and on so many for each that may run at once, …
const FEWEST: u32 = 100;
const ROUNDS: f64 = 2.0;

/// … and on this long a time, so that a burst or a pause of the machine decides nothing; on several
/// times as long as the longest call took, so that slow calls have their share of it.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
const CALLS_LONG: u32 = 4;

/// After a change, calls are judged once those before it have ended: as long as the longest took,
/// and at most so many times as long as they take in the mean.
const SETTLED: f64 = 10.0;

/// The limit of one function.
#[derive(Debug)]
pub struct Limit {
    bounds: Bounds,
    limit: f64,
    growing: bool,
    window: Option<Window>,
    /// How long calls took at best: the logarithm of seconds.
    best: Option<f64>,
    /// Calls took too long when they were judged last.
    slow: bool,
    trial: Option<Trial>,
}

/// The calls that are judged together.
#[derive(Debug)]
struct Window {
    /// What ended before says nothing.
    begins: Instant,
    calls: u32,
    /// Of logarithms: their mean is led astray neither by a few slow calls nor by two kinds of them.
    sum: f64,
    /// So many ended while about as many ran as may.
    busy: u32,
    longest: Duration,
}

impl Window {
    fn at(begins: Instant) -> Self {
        Self {
            begins,
            calls: 0,
            sum: 0.0,
            busy: 0,
            longest: Duration::ZERO,
        }
    }
}

/// How it was before a cut.
#[derive(Debug)]
struct Trial {
    limit: f64,
    took: f64,
}

impl Limit {
    /// Starts at the upper bound.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            limit: bounds.most as f64,
            growing: true,
            window: None,
            best: None,
            slow: false,
            trial: None,
        }
    }

    /// How many may run at once now.
    pub fn now(&self) -> usize {
        let least = self.bounds.least.max(1);
        (self.limit as usize).clamp(least, self.bounds.most.max(least))
    }

    /// How long calls take when all is well, once that is known.
    pub fn usual(&self) -> Option<Duration> {
        let best = self.best?;
        Duration::try_from_secs_f64(best.exp()).ok()
    }

    /// The function is in working order.
    pub fn grow(&mut self) {
        if self.growing && self.trial.is_none() {
            self.set(self.limit + 1.0 / self.limit);
        }
    }

    /// The function has too much to do.
    pub fn halve(&mut self) {
        self.set(self.limit / 2.0);
        (self.window, self.trial, self.growing) = (None, None, true);
    }

    /// A call succeeded at `now`, having taken so long, when `running` ran, itself included.
    pub fn succeeded(&mut self, now: Instant, took: Duration, running: usize) {
        let window = self.window.get_or_insert_with(|| Window::at(now));
        if now < window.begins {
            return;
        }
        window.calls += 1;
        window.sum += took.as_secs_f64().max(1e-6).ln();
        window.busy += u32::from(running as f64 >= 0.75 * self.limit);
        window.longest = window.longest.max(took);
        let enough = f64::from(window.calls) >= (ROUNDS * self.limit).max(FEWEST.into());
        let time = (window.longest * CALLS_LONG).clamp(SHORTEST, LONGEST);
        if !enough || now - window.begins < time {
            return;
        }
        let mean = window.sum / f64::from(window.calls);
        let busy = window.busy * 2 > window.calls;
        let rest = (window.longest).min(Duration::from_secs_f64((SETTLED * mean.exp()).min(60.0)));
        let before = self.now();
        self.judge(mean, busy);
        // Only once what ran before a change has ended do calls tell of it; to leave just those out
        // would leave the slow ones out.
        let changed = self.now() != before;
        self.window = Some(Window::at(
            now + if changed { rest } else { Duration::ZERO },
        ));
    }

    fn judge(&mut self, took: f64, busy: bool) {
        if let Some(before) = self.trial.take()
            && busy
            && took > before.took + (TRIAL * SLACK).ln()
        {
            // The cut took work away and made nothing faster.
            self.set(before.limit);
            self.best = Some(took);
        }
        let best = self.best.unwrap_or(took).min(took);
        self.best = Some(best);
        self.growing = !busy || took <= best + CALM.ln();
        let slow = busy && took > best + TOLERATED.ln() && self.now() > self.bounds.least;
        // What was slow for a part of the time only is no measure of a cut.
        if std::mem::replace(&mut self.slow, slow) && slow {
            let limit = self.limit;
            self.trial = Some(Trial { limit, took });
            self.set(limit * TRIAL);
        }
    }

    fn set(&mut self, limit: f64) {
        let least = self.bounds.least.max(1) as f64;
        self.limit = limit.clamp(least, (self.bounds.most as f64).max(least));
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
