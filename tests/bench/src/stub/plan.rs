//! What the stub hands out, and what it counted.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

/// What is to be handed out, what was, and what became of it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    next: u64,
    /// Messages that are there now.
    ready: u64,
    /// Messages yet to come, each at its time.
    coming: VecDeque<Instant>,
    /// When each message was there, by its number, from [`Plan::timed_from`] on.
    available: Vec<Instant>,
    timed_from: u64,
    pub(crate) counts: Counts,
    /// How long each message took from being there to its call, where it was timed.
    pub(crate) latencies: Vec<Duration>,
}

/// What was counted since the work was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: BTreeMap<&'static str, u64>,
    pub(crate) posts: u64,
    pub(crate) deleted: u64,
    pub(crate) first_receive: Option<Instant>,
    pub(crate) first_post: Option<Instant>,
    pub(crate) last_post: Option<Instant>,
    pub(crate) last_delete: Option<Instant>,
}

impl Counts {
    /// All requests that SQS charges for.
    pub(crate) fn sqs_requests(&self) -> u64 {
        self.requests.values().sum()
    }
}

impl Plan {
    /// So many messages are there at once; counts begin anew.
    pub(crate) fn flood(&mut self, messages: u64) {
        self.forget();
        self.ready = messages;
    }

    /// One message each `every`, from `start` on; counts begin anew.
    pub(crate) fn pace(&mut self, messages: u32, every: Duration, start: Instant) {
        self.forget();
        self.coming = (0..messages).map(|n| start + every * n).collect();
        self.timed_from = self.next;
    }

    fn forget(&mut self) {
        self.counts = Counts::default();
        self.latencies.clear();
        self.available.clear();
        self.coming.clear();
        self.ready = 0;
    }

    /// Takes up to `most` messages that are there.
    pub(crate) fn take(&mut self, most: u64, now: Instant) -> Range<u64> {
        while let Some(at) = self.coming.front().copied().filter(|at| *at <= now) {
            self.coming.pop_front();
            self.available.push(at);
            self.ready += 1;
        }
        let count = self.ready.min(most);
        self.ready -= count;
        let first = self.next;
        self.next += count;
        first..self.next
    }

    /// When the next message is there, where it is known.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.coming.front().copied()
    }

    pub(crate) fn requested(&mut self, action: &'static str, now: Instant) {
        *self.counts.requests.entry(action).or_default() += 1;
        if action == "ReceiveMessage" {
            self.counts.first_receive.get_or_insert(now);
        }
    }

    pub(crate) fn posted(&mut self, number: Option<u64>, now: Instant) {
        self.counts.posts += 1;
        self.counts.first_post.get_or_insert(now);
        self.counts.last_post = Some(now);
        let timed = number
            .and_then(|n| n.checked_sub(self.timed_from))
            .and_then(|n| self.available.get(usize::try_from(n).ok()?));
        if let Some(at) = timed {
            self.latencies.push(now.saturating_duration_since(*at));
        }
    }

    pub(crate) fn deleted(&mut self, count: u64, now: Instant) {
        self.counts.deleted += count;
        self.counts.last_delete = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paced_messages_come_at_their_time_and_their_latency_is_counted_from_it() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut plan = Plan::default();
        plan.flood(3);
        assert_eq!(plan.take(2, start), 0..2);
        plan.pace(2, ms(50), start + ms(10));
        assert_eq!(plan.take(10, start), 2..2);
        assert_eq!(plan.next_at(), Some(start + ms(10)));
        assert_eq!(plan.take(10, start + ms(10)), 2..3);
        plan.posted(Some(2), start + ms(12));
        plan.posted(Some(0), start + ms(12));
        assert_eq!(plan.latencies, [ms(2)]);
        assert_eq!(plan.take(10, start + ms(60)), 3..4);
    }
}
