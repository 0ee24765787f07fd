//! How far ahead of the calls to receive.
//!
//! A receive takes its time, from the same region some 20 ms. Whoever asks for messages only when a
//! call has ended lets the functions wait for that long each time. So as many are received ahead as
//! will begin while a receive lasts, and half as many more; they are held meanwhile like those at
//! work. Where messages begin so fast that a full receive of them is gone in 200 ms, a poll waits until
//! it may ask for that many: requests cost money. Where they begin slowly, none is received
//! ahead: it would only be kept from another replica.

use std::time::Duration;

use tokio::time::Instant;

/// How many messages are received ahead at most.
pub const MOST_AHEAD: usize = 1000;

/// What begins within this time is worth gathering into one receive.
const GATHER: Duration = Duration::from_millis(200);

/// How much more is held ahead than begins in the mean while a receive lasts.
const SAFETY: f64 = 1.5;

/// Over this time the rate of messages is taken.
const MEMORY: Duration = Duration::from_millis(500);

/// A receive that took longer waited for messages, whatever the queue.
const LONGEST_FETCH: Duration = Duration::from_secs(1);

/// How fast messages begin and how long receives take.
#[derive(Debug, Default)]
pub struct Pace {
    /// Messages that began, those of long ago less and less.
    begun: f64,
    counted_at: Option<Instant>,
    /// Seconds that a receive takes.
    fetch: Option<f64>,
}

/// How to receive ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// So many more messages than calls may run are to be held, what polls ask for included.
    pub messages: usize,
    /// A poll is worth opening for no fewer, unless calls wait for them.
    pub batch: usize,
}

impl Ahead {
    /// Nothing is received ahead, and one message is worth a poll.
    pub const NONE: Self = Self {
        messages: 0,
        batch: 1,
    };
}

impl Pace {
    /// A message begins at `now`.
    pub fn begins(&mut self, now: Instant) {
        self.begun = self.begun_by(now) + 1.0;
        self.counted_at = Some(now);
    }

    /// A receive brought all that it asked for, and took so long. It may have waited for messages: so
    /// a shorter time is believed at once, a longer one slowly.
    pub fn fetched(&mut self, took: Duration) {
        let took = took.min(LONGEST_FETCH).as_secs_f64();
        let before = self.fetch.unwrap_or(took).min(took);
        self.fetch = Some(before + (took - before) / 16.0);
    }

    /// How far ahead to receive, where a receive brings up to `max_messages`.
    pub fn ahead(&self, now: Instant, max_messages: usize) -> Ahead {
        let rate = self.begun_by(now) / MEMORY.as_secs_f64();
        let during_a_fetch = SAFETY * rate * self.fetch.unwrap_or(0.0);
        let gathered = (rate * GATHER.as_secs_f64()).min(max_messages as f64);
        Ahead {
            messages: ((during_a_fetch + gathered) as usize).min(MOST_AHEAD),
            batch: (gathered as usize).max(1),
        }
    }

    fn begun_by(&self, now: Instant) -> f64 {
        let Some(at) = self.counted_at else {
            return 0.0;
        };
        let since = now.saturating_duration_since(at);
        self.begun * (-since.div_duration_f64(MEMORY)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    /// After two seconds in which so many messages began each second.
    fn at_rate(rate: u32, fetch: Duration) -> (Pace, Instant) {
        let mut pace = Pace::default();
        let start = Instant::now();
        pace.fetched(fetch);
        let gap = Duration::from_secs(1) / rate;
        let last = start + gap * (2 * rate);
        for n in 0..=2 * rate {
            pace.begins(start + gap * n);
        }
        (pace, last)
    }

    #[test]
    fn before_anything_began_nothing_is_received_ahead() {
        let pace = Pace::default();
        assert_eq!(pace.ahead(Instant::now(), 10), Ahead::NONE);
    }

    #[test]
    fn what_begins_while_a_receive_lasts_is_there_before() {
        // Eight at once, each for 10 ms, and receives of 20 ms.
        let (pace, now) = at_rate(800, 20 * MS);
        let ahead = pace.ahead(now, 10);
        assert_eq!(ahead.batch, 10);
        assert!((30..=36).contains(&ahead.messages), "{ahead:?}");
    }

    #[test]
    fn a_receive_that_waited_for_messages_does_not_make_fetching_long() {
        let (mut pace, now) = at_rate(800, 20 * MS);
        let before = pace.ahead(now, 10).messages;
        pace.fetched(200 * MS);
        assert!(pace.ahead(now, 10).messages < 2 * before);
        pace.fetched(19 * MS);
        assert!(pace.ahead(now, 10).messages <= before);
    }

    #[test]
    fn slow_work_is_not_received_ahead() {
        let (pace, now) = at_rate(2, 20 * MS);
        assert_eq!(pace.ahead(now, 10), Ahead::NONE);
    }

    #[test]
    fn when_nothing_begins_any_more_nothing_is_received_ahead() {
        let (pace, now) = at_rate(10_000, 20 * MS);
        assert!(pace.ahead(now, 10).messages > 200);
        assert_eq!(pace.ahead(now + 10 * MEMORY, 10), Ahead::NONE);
    }

    proptest! {
        #[test]
        fn a_poll_may_always_ask_for_a_batch_and_no_more_is_held_than_the_bound(
            rate in 1..50_000_u32, fetch in 0..5_000_u32, max in 1..=10_usize, later in 0..2_000_u32,
        ) {
            let (pace, now) = at_rate(rate, fetch * MS);
            let ahead = pace.ahead(now + later * MS, max);
            prop_assert!((1..=max).contains(&ahead.batch));
            prop_assert!(ahead.messages <= MOST_AHEAD);
            prop_assert!(ahead.batch == 1 || ahead.messages >= ahead.batch);
        }
    }
}
