//! How many calls to one function run at once, and when its queue pauses for it and probes.
//!
//! An outage must not burn receive counts. So when a function is not reached, answers nothing at
//! all, or says that it has too much to do, its queue is not received from; what is held already is
//! tried again at growing intervals, until a call goes through. After that the number of calls at
//! once starts at half and grows with every success.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::limit::{Bounds, Limit};
pub use crate::pause::{LONGEST_ASKED, Refusal, STUBBORN};
use crate::pause::{Pause, Probe, Standing};
use crate::verdict::PauseReason;

/// The first and the longest pause between two probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeIntervals {
    /// The pause before the first probe.
    pub first: Duration,
    /// The pause that is not exceeded, unless `Retry-After` asks for more, up to [`LONGEST_ASKED`].
    pub longest: Duration,
}

/// The shortest pause of a function that has too much to do.
const SHORTEST: Duration = Duration::from_millis(10);

/// Decides, for one function of a queue, who may call it and whether to receive.
#[derive(Debug)]
pub struct Governor {
    intervals: ProbeIntervals,
    bounds: Bounds,
    limit: Limit,
    running: usize,
    pause: Option<Pause>,
    /// How many calls were let through so far.
    admitted: u64,
    /// The newest of them that met the function in working order.
    newest_reached: u64,
    /// The same by how many others ran when they were let through.
    newest_beside: BTreeMap<usize, u64>,
    /// What was let through up to here says nothing new of an overload.
    answered_for: u64,
}

/// Whether a held message may be delivered now.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes; the call is counted, and ends with one of the `Governor`'s reports.
    Go(Pass),
    /// Not before this instant.
    At(Instant),
    /// Not before something changes.
    Later,
}

/// The right to make one call.
#[derive(Debug, PartialEq, Eq)]
pub struct Pass {
    number: u64,
    /// So many others ran.
    beside: usize,
    probe: Option<Standing>,
}

/// Whether to receive now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// As much as fits.
    Open,
    /// One message, to probe with.
    One,
    /// Nothing before this instant.
    At(Instant),
    /// Nothing before something changes.
    Closed,
}

impl Intake {
    /// For two functions of one queue: what holds for both. One message is received to probe the
    /// one with, also where the other's next probe is not due.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Closed, _) | (_, Self::Closed) => Self::Closed,
            (Self::One, _) | (_, Self::One) => Self::One,
            (Self::At(one), Self::At(two)) => Self::At(one.min(two)),
            (Self::At(at), Self::Open) | (Self::Open, Self::At(at)) => Self::At(at),
            (Self::Open, Self::Open) => Self::Open,
        }
    }
}

impl Pass {
    /// Which of the function's calls this is, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many others ran when it was let through.
    pub fn beside(&self) -> usize {
        self.beside
    }

    /// Whether the call is a probe of a pause.
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }
}

impl Governor {
    /// Starts open, at the upper bound.
    pub fn new(bounds: Bounds, intervals: ProbeIntervals) -> Self {
        Self {
            intervals,
            bounds,
            limit: Limit::new(bounds),
            running: 0,
            pause: None,
            admitted: 0,
            newest_reached: 0,
            newest_beside: BTreeMap::new(),
            answered_for: 0,
        }
    }

    /// Asks for a turn to deliver a message that is held and was refused `refusals` times before.
    pub fn turn(&mut self, now: Instant, refusals: u32) -> Turn {
        let probe = match &mut self.pause {
            Some(pause) => match pause.probe(now, refusals) {
                Probe::Now(standing) => Some(standing),
                Probe::At(instant) => return Turn::At(instant),
                Probe::Later => return Turn::Later,
            },
            None if self.running < self.limit.now() => None,
            None => return Turn::Later,
        };
        self.running += usize::from(probe.is_none());
        self.admitted += 1;
        Turn::Go(Pass {
            number: self.admitted,
            beside: self.running().saturating_sub(1),
            probe,
        })
    }

    /// Asks whether to receive, while `held` messages are held.
    pub fn intake(&self, now: Instant, held: usize) -> Intake {
        match &self.pause {
            None => Intake::Open,
            Some(pause) => pause.intake(now, held, self.bounds.most),
        }
    }

    /// Whether one more refused message is held to probe with, where `parked` are.
    pub fn may_park(&self, parked: usize) -> bool {
        match &self.pause {
            None => true,
            Some(pause) => pause.may_park(parked, self.bounds.most),
        }
    }

    /// A call met the function in working order; `took` where it succeeded. `true` where this ended
    /// a pause.
    pub fn reached(&mut self, pass: &Pass, now: Instant, took: Option<Duration>) -> bool {
        self.newest_reached = self.newest_reached.max(pass.number);
        let newest = self.newest_beside.entry(pass.beside).or_default();
        *newest = pass.number.max(*newest);
        if pass.probe.is_none() {
            self.limit.grow();
            if let Some(took) = took {
                self.limit.succeeded(now, took, self.running);
            }
        }
        self.cleared(pass)
    }

    /// A call came to nothing through the fault of its own message: the function is well, and no
    /// more is said of it. `true` where this ended a pause.
    pub fn cleared(&mut self, pass: &Pass) -> bool {
        if pass.probe.is_some() {
            self.answered_for = self.answered_for.max(pass.number);
            return self.pause.take().is_some();
        }
        self.running = self.running.saturating_sub(1);
        false
    }

    /// A call came back that asks for a pause. `true` where this began one.
    pub fn refused(&mut self, pass: &Pass, now: Instant, refusal: Refusal) -> bool {
        match (pass.probe, &mut self.pause) {
            (Some(standing), Some(pause)) => {
                pause.failed(standing, now, refusal);
                return false;
            }
            (Some(_), None) => {}
            (None, _) => self.running = self.running.saturating_sub(1),
        }
        // Calls that were on their way when the pause began say nothing new.
        if self.pause.is_some() || pass.number <= self.answered_for {
            return false;
        }
        self.limit.halve();
        self.answered_for = self.admitted;
        let mut intervals = self.intervals;
        if refusal.reason == PauseReason::Overload
            && let Some(usual) = self.limit.usual()
        {
            // By then one of the calls that kept it busy is over.
            intervals.first = usual.max(SHORTEST).min(intervals.first);
        }
        self.pause = Some(Pause::begin(now, refusal, intervals));
        true
    }

    /// A call was refused although others went through, under no less load, since its message was
    /// refused before: neither does it begin a pause nor lengthen one.
    pub fn contradicted(&mut self, pass: &Pass) {
        match (pass.probe, &mut self.pause) {
            (Some(standing), Some(pause)) => pause.contradicted(standing),
            _ => self.abandoned(pass),
        }
    }

    /// A call ended without saying anything: its lease was lost, or the process stops.
    pub fn abandoned(&mut self, pass: &Pass) {
        match (pass.probe, &mut self.pause) {
            (Some(standing), Some(pause)) => pause.ended(standing),
            (Some(_), None) => {}
            (None, _) => self.running = self.running.saturating_sub(1),
        }
    }

    /// Whether a call that was let through after number `number` met the function in working order.
    pub fn reached_since(&self, number: u64) -> bool {
        self.newest_reached > number
    }

    /// The same for a call that at least `beside` others ran beside.
    pub fn reached_beside_since(&self, number: u64, beside: usize) -> bool {
        let mut as_loaded = self.newest_beside.range(beside..);
        as_loaded.any(|(_, newest)| *newest > number)
    }

    /// Why the queue is paused, where it is.
    pub fn paused(&self) -> Option<PauseReason> {
        self.pause.as_ref().map(|pause| pause.reason)
    }

    /// How many calls run now, probes included.
    pub fn running(&self) -> usize {
        self.running + self.pause.as_ref().map_or(0, Pause::probing)
    }

    /// How many calls may run at once now.
    pub fn limit(&self) -> usize {
        self.limit.now()
    }
}

#[cfg(test)]
#[path = "governor_tests.rs"]
mod tests;
