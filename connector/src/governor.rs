//! How many calls run at once, and when a queue pauses and probes.
//!
//! An outage must not burn receive counts. So when the functions of a queue are not reached, or say
//! that they have too much to do, the queue is not received from; one message that is held already
//! is tried again at growing intervals, until it goes through. After that the number of calls at
//! once starts at half and grows with every success.

use std::time::Duration;

use tokio::time::Instant;

use crate::verdict::PauseReason;

/// The first and the longest pause between two probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeIntervals {
    /// The pause before the first probe.
    pub first: Duration,
    /// The pause that is not exceeded, unless `Retry-After` asks for more, up to [`LONGEST_ASKED`].
    pub longest: Duration,
}

/// After so many failed probes a message is suspected to be the trouble itself.
pub const STUBBORN: u32 = 5;

/// The longest pause that `Retry-After` is granted: a wrong one must not stop the queue for good.
pub const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// How much later than others a suspect asks for the probe.
const DEFERENCE: Duration = Duration::from_millis(500);

/// Decides, for one function of a queue, who may call it and whether to receive.
#[derive(Debug)]
pub struct Governor {
    intervals: ProbeIntervals,
    ceiling: usize,
    limit: f64,
    running: usize,
    pause: Option<Pause>,
}

#[derive(Debug)]
struct Pause {
    reason: PauseReason,
    next_probe: Instant,
    failed_probes: u32,
    probing: bool,
}

/// Whether a held message may be delivered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes, and the call is counted; every `Go` ends with one of the `Governor`'s reports.
    Go,
    /// Yes, as the one probe of a pause.
    Probe,
    /// Not before this instant.
    At(Instant),
    /// Not before something changes.
    Later,
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

impl Governor {
    /// Starts open, with up to `ceiling` calls at once.
    pub fn new(ceiling: usize, intervals: ProbeIntervals) -> Self {
        Self {
            intervals,
            ceiling,
            limit: ceiling as f64,
            running: 0,
            pause: None,
        }
    }

    /// Asks for a turn to deliver a message that is held and was refused `refusals` times before.
    pub fn turn(&mut self, now: Instant, refusals: u32) -> Turn {
        let limit = self.limit();
        match &mut self.pause {
            Some(pause) if pause.probing => Turn::Later,
            // A message that failed every probe may itself be the trouble: others go before it.
            Some(pause) if now < pause.next_probe + deference(refusals) => {
                Turn::At(pause.next_probe + deference(refusals))
            }
            Some(pause) => {
                pause.probing = true;
                Turn::Probe
            }
            None if self.running < limit => {
                self.running += 1;
                Turn::Go
            }
            None => Turn::Later,
        }
    }

    /// Asks whether to receive, while `held` messages are held. In a pause one more is received to
    /// probe with, where none is held, or where the one that is held failed too many probes.
    pub fn intake(&self, now: Instant, held: usize) -> Intake {
        match &self.pause {
            None => Intake::Open,
            Some(pause) if pause.probing || held > usize::from(pause.failed_probes >= STUBBORN) => {
                Intake::Closed
            }
            Some(pause) if now < pause.next_probe => Intake::At(pause.next_probe),
            Some(_) => Intake::One,
        }
    }

    /// A call came back that speaks for a function in working order. `true` where this ended a pause.
    pub fn reached(&mut self, turn: Turn) -> bool {
        match turn {
            Turn::Probe => self.pause.take().is_some(),
            _ => {
                self.running = self.running.saturating_sub(1);
                self.limit = (self.limit + 1.0 / self.limit).min(self.ceiling as f64);
                false
            }
        }
    }

    /// A call came back that asks for a pause. `true` where this began one. `random` from 0 up to 1.
    pub fn refused(
        &mut self,
        turn: Turn,
        now: Instant,
        reason: PauseReason,
        retry_after: Option<Duration>,
        random: f64,
    ) -> bool {
        if turn == Turn::Go {
            self.running = self.running.saturating_sub(1);
        }
        // Calls that were on their way when the pause began say nothing new.
        if turn == Turn::Go && self.pause.is_some() {
            return false;
        }
        let failed_probes = self
            .pause
            .as_ref()
            .map_or(0, |pause| pause.failed_probes + 1);
        let began = self.pause.is_none();
        if began {
            self.limit = (self.limit / 2.0).max(1.0);
        }
        let interval = self
            .interval(failed_probes, random)
            .max(retry_after.unwrap_or_default().min(LONGEST_ASKED));
        self.pause = Some(Pause {
            reason,
            next_probe: now + interval,
            failed_probes,
            probing: false,
        });
        began
    }

    /// A call ended without saying anything: its lease was lost, or the process stops.
    pub fn abandoned(&mut self, turn: Turn) {
        match (turn, &mut self.pause) {
            (Turn::Probe, Some(pause)) => pause.probing = false,
            (Turn::Go, _) => self.running = self.running.saturating_sub(1),
            _ => {}
        }
    }

    /// Why the queue is paused, where it is.
    pub fn paused(&self) -> Option<PauseReason> {
        self.pause.as_ref().map(|pause| pause.reason)
    }

    /// How many calls run now, a probe included.
    pub fn running(&self) -> usize {
        self.running + usize::from(self.pause.as_ref().is_some_and(|pause| pause.probing))
    }

    /// How many calls may run at once now.
    pub fn limit(&self) -> usize {
        (self.limit as usize).clamp(1, self.ceiling.max(1))
    }

    /// Doubles with every failed probe; between three and four quarters of that, so that replicas spread.
    fn interval(&self, failed_probes: u32, random: f64) -> Duration {
        let doubled = self
            .intervals
            .first
            .saturating_mul(1 << failed_probes.min(16));
        doubled
            .min(self.intervals.longest)
            .mul_f64(0.75 + 0.25 * random.clamp(0.0, 1.0))
    }
}

fn deference(refusals: u32) -> Duration {
    if refusals >= STUBBORN {
        DEFERENCE
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
#[path = "governor_tests.rs"]
mod tests;
