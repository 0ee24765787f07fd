//! How many messages a process may ask for beside those it has: what the connector's `pace` promises,
//! reckoned from what can be seen outside.
//!
//! A process has as many as may be at work, and ahead of them 1.5 times as many as begin while a
//! receive lasts, and those that begin within 200 ms up to one full receive. When a message begins
//! cannot be seen; it does so between its receive and the first call with it. Here it is taken for as
//! late as it can be, and a receive for as long, so that what is too much here is too much there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// What begins within this time is gathered into one receive.
const GATHER: Duration = Duration::from_millis(200);

/// How much more is held ahead than begins while a receive lasts.
const SAFETY: f64 = 1.5;

/// Over this time the rate of messages is taken.
const MEMORY: Duration = Duration::from_millis(500);

/// A receive that took longer waited for messages.
const LONGEST_FETCH: Duration = Duration::from_secs(1);

/// What may be received ahead beyond what is reckoned here: which of two answers came first decides how
/// long a receive is thought to take, for long after, and is seen here only as far as it is reckoned with.
const DOUBT: f64 = 1.25;

/// What is given back without a call has its place no more, a moment before SQS is told so.
const MOMENT: Duration = Duration::from_secs(1);

/// What bounds it in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) concurrency: usize,
    pub(crate) max_messages: usize,
    /// Of a FIFO queue nothing is received ahead, and what waits for its turn takes nobody's place.
    pub(crate) fifo: bool,
    /// The longest that a request or an answer is on its way.
    pub(crate) flight: Duration,
    /// How long what is settled waits for company.
    pub(crate) settle_window: Duration,
}

impl Bounds {
    /// What comes now was decided no earlier: before the request was on its way.
    fn decided(&self, now: Instant) -> Instant {
        now - 4 * self.flight
    }
}

/// What a process has, and asks for.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// The open polls by number: how many messages each asks for, and since when.
    polls: BTreeMap<u64, (usize, Instant)>,
    /// What came in and was called with not yet; whether it surely has its place still.
    waiting: BTreeMap<usize, bool>,
    /// When messages began at the latest.
    begun: VecDeque<Instant>,
    /// Seconds that a receive takes at most, since when; those of before for as long as a request may
    /// be on its way that was sent by them.
    fetch: VecDeque<(Instant, f64)>,
    /// The full receives that were answered just now, when and after how many seconds; and how long one
    /// was thought to take before those.
    answered: VecDeque<(Instant, f64)>,
    fetch_before: Option<f64>,
    doubts: Vec<Doubt>,
}

/// How long a receive is thought to take after a full one that took so long.
fn after(before: Option<f64>, took: f64) -> f64 {
    let before = before.unwrap_or(took).min(took);
    before + (took - before) / 16.0
}

/// It asked for too many, unless it had given back so many of these by then.
#[derive(Debug)]
struct Doubt {
    until: Instant,
    excess: usize,
    of: BTreeSet<usize>,
    what: String,
}

impl Ahead {
    /// A poll is opened, while calls run with these messages.
    pub(crate) fn poll(
        &mut self,
        number: u64,
        asked: usize,
        running: &BTreeSet<usize>,
        bounds: Bounds,
    ) {
        let now = Instant::now();
        // One alone may probe, whatever is held.
        let is_probe = asked == 1 && self.polls.is_empty();
        self.polls.insert(number, (asked, now));
        if is_probe {
            return;
        }
        let asked: usize = self.polls.values().map(|(asked, _)| asked).sum();
        let has: BTreeSet<usize> = (self.waiting.iter())
            .filter(|(_, is_held)| **is_held && !bounds.fifo)
            .map(|(n, _)| *n)
            .chain(running.iter().copied())
            .collect();
        let ahead = self.most(now, running.len(), bounds);
        let most = bounds.concurrency + ahead;
        if asked + has.len() > most {
            self.doubts.push(Doubt {
                until: now + bounds.settle_window + MOMENT,
                excess: asked + has.len() - most,
                what: format!(
                    "asks for {asked} messages while it has {}, {} are configured, and no more than {ahead} may be received ahead",
                    has.len(),
                    bounds.concurrency
                ),
                of: has.difference(running).copied().collect(),
            });
        }
    }

    /// How many may be received ahead, while so many messages are with functions.
    fn most(&mut self, now: Instant, running: usize, bounds: Bounds) -> usize {
        if bounds.fifo {
            return 0;
        }
        while (self.begun.front()).is_some_and(|at| *at + 20 * MEMORY < now) {
            self.begun.pop_front();
        }
        // Of those that took a seat just now no function has heard yet. Those that none is called with
        // leave theirs at once.
        let held = self.waiting.values().filter(|is_held| **is_held).count();
        let seats = (bounds.concurrency + 1).saturating_sub(running);
        let heard_of_none = held.min(seats) + self.waiting.len() - held;
        let decided = bounds.decided(now);
        let weight = |at: &Instant| {
            let since = decided.saturating_duration_since(*at);
            (-since.div_duration_f64(MEMORY)).exp()
        };
        let begun = heard_of_none as f64 + self.begun.iter().map(weight).sum::<f64>();
        let rate = begun / MEMORY.as_secs_f64();
        let gathered = (rate * GATHER.as_secs_f64()).min(bounds.max_messages as f64);
        let reckoned = SAFETY * rate * self.fetch(decided) + gathered;
        (DOUBT * reckoned + 1.0) as usize
    }

    /// The longest that a receive was thought to take since then.
    fn fetch(&mut self, decided: Instant) -> f64 {
        while self
            .fetch
            .get(1)
            .is_some_and(|(since, _)| *since <= decided)
        {
            self.fetch.pop_front();
        }
        self.fetch
            .iter()
            .map(|(_, fetch)| *fetch)
            .fold(0.0, f64::max)
    }

    /// A poll was answered with so many messages, or left.
    pub(crate) fn polled(&mut self, number: u64, brought: usize, bounds: Bounds) {
        let Some((asked, since)) = self.polls.remove(&number) else {
            return;
        };
        if brought >= asked {
            let took = (since.elapsed() + 4 * bounds.flight).min(LONGEST_FETCH);
            let took = took.as_secs_f64();
            let now = Instant::now();
            let decided = bounds.decided(now);
            while let Some((_, took)) = self.answered.pop_front_if(|(at, _)| *at < decided) {
                self.fetch_before = Some(after(self.fetch_before, took));
            }
            self.answered.push_back((now, took));
            // Answers that are on their way together may overtake each other. The longest is thought of
            // a receive where the short ones came first.
            let mut in_doubt: Vec<f64> = self.answered.iter().map(|(_, took)| *took).collect();
            in_doubt.sort_by(f64::total_cmp);
            let longest = (in_doubt.into_iter()).fold(self.fetch_before, |b, t| Some(after(b, t)));
            self.fetch.extend(longest.map(|longest| (now, longest)));
        }
    }

    /// A message came in. One that no function is called with has its place only for a moment.
    pub(crate) fn received(&mut self, n: usize, is_to_be_called_with: bool) {
        self.waiting.insert(n, is_to_be_called_with);
    }

    /// A function is called with it.
    pub(crate) fn called(&mut self, n: usize) {
        if self.waiting.remove(&n).is_some() {
            self.begun.push_back(Instant::now());
        }
    }

    /// SQS is told what becomes of it, surely or perhaps: an extension may look like that.
    pub(crate) fn settled(&mut self, n: usize, surely: bool) {
        let Some(is_held) = self.waiting.get_mut(&n) else {
            return;
        };
        *is_held = false;
        for doubt in &mut self.doubts {
            doubt.excess -= usize::from(doubt.of.remove(&n));
        }
        self.doubts.retain(|doubt| doubt.excess > 0);
        if surely {
            self.called(n);
        }
    }

    /// When it asked for more than it may.
    pub(crate) fn excesses(&mut self, now: Instant) -> Vec<String> {
        let over = self.doubts.extract_if(.., |doubt| doubt.until < now);
        over.map(|doubt| doubt.what).collect()
    }
}
