//! A pause of one function: who tries it again, when, and what is received meanwhile.
//!
//! Two schedules of probes run beside each other. Messages that failed again and again are suspects:
//! they may themselves be the trouble. Others never wait for a suspect, neither for its probe to end
//! nor for its schedule; a suspect waits for both.

use std::time::Duration;

use tokio::time::Instant;

use crate::governor::{Intake, ProbeIntervals};
use crate::verdict::PauseReason;

/// After so many failed probes a message is suspected to be the trouble itself, and one more is held.
pub const STUBBORN: u32 = 5;

/// The longest pause that `Retry-After` is granted: a wrong one must not stop the queue for good.
pub const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// How much later than others a suspect asks for the probe.
pub(crate) const DEFERENCE: Duration = Duration::from_millis(500);

/// A pause.
#[derive(Debug)]
pub(crate) struct Pause {
    pub(crate) reason: PauseReason,
    intervals: ProbeIntervals,
    failed: u32,
    /// A message that is held was refused although others went through.
    contradicted: bool,
    others: Schedule,
    suspects: Schedule,
}

#[derive(Debug, Default)]
struct Schedule {
    next: Option<Instant>,
    failed: u32,
    probing: bool,
}

/// How a message that probes is thought of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Ordinary,
    Suspect,
}

/// Whether a message may probe.
pub(crate) enum Probe {
    Now(Standing),
    At(Instant),
    Later,
}

/// What a refused call asks for.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Why.
    pub reason: PauseReason,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Spreads the replicas; from 0 up to 1.
    pub random: f64,
}

impl Pause {
    pub(crate) fn begin(now: Instant, refusal: Refusal, intervals: ProbeIntervals) -> Self {
        let mut pause = Self {
            reason: refusal.reason,
            intervals,
            failed: 0,
            contradicted: false,
            others: Schedule::default(),
            suspects: Schedule::default(),
        };
        let next = Some(now + pause.interval(0, refusal));
        (pause.others.next, pause.suspects.next) = (next, next);
        pause
    }

    /// Asks for the probe, for a message that was refused so often.
    pub(crate) fn probe(&mut self, now: Instant, refusals: u32) -> Probe {
        let others_probing = self.others.probing;
        let (standing, schedule, deference) = if refusals >= self.patience() {
            (Standing::Suspect, &mut self.suspects, DEFERENCE)
        } else {
            (Standing::Ordinary, &mut self.others, Duration::ZERO)
        };
        // Both at once would be no probe of an outage; others do not wait for a suspect.
        if schedule.probing || (standing == Standing::Suspect && others_probing) {
            return Probe::Later;
        }
        match schedule.next.map(|next| next + deference) {
            Some(next) if now < next => Probe::At(next),
            _ => {
                schedule.probing = true;
                Probe::Now(standing)
            }
        }
    }

    /// The probe failed.
    pub(crate) fn failed(&mut self, standing: Standing, now: Instant, refusal: Refusal) {
        self.reason = refusal.reason;
        self.failed += 1;
        self.ended(standing);
        self.suspects.failed += 1;
        let next = now + self.interval(self.suspects.failed, refusal);
        self.suspects.next = self.suspects.next.max(Some(next));
        if standing == Standing::Ordinary {
            self.others.failed += 1;
            self.others.next = Some(now + self.interval(self.others.failed, refusal));
        }
    }

    /// The probe failed although others went through since the message failed before: one that says
    /// more is to be tried, and does not wait for it.
    pub(crate) fn contradicted(&mut self, standing: Standing) {
        self.ended(standing);
        self.contradicted = true;
    }

    /// The probe ended, whatever it says.
    pub(crate) fn ended(&mut self, standing: Standing) {
        match standing {
            Standing::Ordinary => self.others.probing = false,
            Standing::Suspect => self.suspects.probing = false,
        }
    }

    /// How many probe now.
    pub(crate) fn probing(&self) -> usize {
        usize::from(self.others.probing) + usize::from(self.suspects.probing)
    }

    /// Whether to receive, while `held` messages are held, of which there is room for `most`: one
    /// to probe with, where none is held but suspects.
    pub(crate) fn intake(&self, now: Instant, held: usize, most: usize) -> Intake {
        match self.others.next {
            _ if self.others.probing || held > self.suspected().min(most) => Intake::Closed,
            Some(next) if now < next => Intake::At(next),
            _ => Intake::One,
        }
    }

    /// Whether one more is held, where `parked` are. Giving it back would cost it a receive; holding
    /// all that there is room for would keep others from being tried.
    pub(crate) fn may_park(&self, parked: usize, most: usize) -> bool {
        parked < (self.suspected() + 1).min(most.max(1))
    }

    /// How many of those that are held may be the trouble themselves.
    fn suspected(&self) -> usize {
        let hanging = u32::from(self.reason == PauseReason::Hang);
        (self.failed / STUBBORN + hanging + u32::from(self.contradicted)) as usize
    }

    /// After how many refusals a message is a suspect. A probe that hangs takes so long that no
    /// other is to wait for a second.
    fn patience(&self) -> u32 {
        match self.reason {
            PauseReason::Hang => 1,
            PauseReason::Infrastructure | PauseReason::Overload => STUBBORN,
        }
    }

    /// Doubles with every failed probe; between three and four quarters of that, so that replicas
    /// spread; and as long as was asked for.
    fn interval(&self, failed: u32, refusal: Refusal) -> Duration {
        let doubled = (self.intervals.first).saturating_mul(1 << failed.min(16));
        let drawn = doubled
            .min(self.intervals.longest)
            .mul_f64(0.75 + 0.25 * refusal.random.clamp(0.0, 1.0));
        drawn.max(refusal.retry_after.unwrap_or_default().min(LONGEST_ASKED))
    }
}
