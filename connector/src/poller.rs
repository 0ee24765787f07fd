//! How many polls are open, and for how many messages each asks.
//!
//! One long poll while the queue is idle. A receive that comes back full asks for company, an empty
//! one sends a poller home. Each asks only for what fits.

use std::time::Duration;

use tokio::time::Instant;

/// The plan for one queue.
#[derive(Debug)]
pub struct Pollers {
    wanted: usize,
    most: usize,
    max_messages: usize,
    failures: u32,
    /// When a poll last failed.
    failed_at: Option<Instant>,
}

/// The longest pause after receives that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Pollers {
    /// Starts with one poller; `concurrency` messages fit, each receive asks for up to `max_messages`.
    pub fn new(concurrency: usize, max_messages: usize) -> Self {
        Self {
            wanted: 1,
            most: concurrency.div_ceil(max_messages.max(1)).max(1),
            max_messages: max_messages.max(1),
            failures: 0,
            failed_at: None,
        }
    }

    /// For how many messages the next poll asks, where one is to be opened now.
    pub fn ask(&self, open: usize, free: usize) -> Option<usize> {
        (open < self.wanted && free > 0).then(|| free.min(self.max_messages))
    }

    /// A poll that asked for `asked` brought `got`.
    pub fn brought(&mut self, asked: usize, got: usize) {
        self.failures = 0;
        if got >= asked {
            self.wanted = (self.wanted + 1).min(self.most);
        } else if got == 0 {
            self.wanted = 1;
        }
    }

    /// A poll that was sent at `sent` failed: how long to pause, growing to a cap. `None` where it was
    /// open when another failed: it met the same trouble, and that is counted once. `random` from 0
    /// up to 1.
    pub fn failed(&mut self, sent: Instant, now: Instant, random: f64) -> Option<Duration> {
        self.wanted = 1;
        if self.failed_at.is_some_and(|failed| sent <= failed) {
            return None;
        }
        self.failed_at = Some(now);
        let doubled = Duration::from_millis(250) * (1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        Some(
            doubled
                .min(LONGEST_PAUSE)
                .mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0)),
        )
    }

    /// How many polls are wanted.
    pub fn wanted(&self) -> usize {
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_idle_queue_has_one_poller() {
        let mut pollers = Pollers::new(64, 10);
        for _ in 0..5 {
            pollers.brought(10, 0);
        }
        assert_eq!(pollers.ask(0, 64), Some(10));
        assert_eq!(pollers.ask(1, 54), None);
    }

    #[test]
    fn full_receives_bring_more_pollers_and_empty_ones_send_them_home() {
        let mut pollers = Pollers::new(64, 10);
        for _ in 0..20 {
            pollers.brought(10, 10);
        }
        assert_eq!(pollers.wanted(), 7);
        pollers.brought(10, 4);
        assert_eq!(
            pollers.wanted(),
            7,
            "neither full nor empty changes nothing"
        );
        for _ in 0..20 {
            pollers.brought(10, 0);
        }
        assert_eq!(pollers.wanted(), 1);
    }

    #[test]
    fn a_poll_asks_only_for_what_fits() {
        let pollers = Pollers::new(64, 10);
        assert_eq!(pollers.ask(0, 3), Some(3));
        assert_eq!(pollers.ask(0, 0), None);
    }

    #[test]
    fn failures_pause_longer_and_longer_up_to_a_cap_and_a_success_ends_that() {
        let mut pollers = Pollers::new(64, 10);
        let mut now = Instant::now();
        let mut fail = |pollers: &mut Pollers| {
            let sent = now + Duration::from_millis(1);
            now = sent + Duration::from_millis(1);
            pollers.failed(sent, now, 1.0).unwrap().as_millis()
        };
        let pauses: Vec<u128> = (0..10).map(|_| fail(&mut pollers)).collect();
        assert_eq!(
            pauses,
            [
                250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000
            ]
        );
        pollers.brought(10, 0);
        assert_eq!(fail(&mut pollers), 250);
    }

    #[test]
    fn polls_that_were_open_when_one_failed_are_counted_with_it() {
        let mut pollers = Pollers::new(64, 10);
        let (sent, now) = (Instant::now(), Instant::now() + Duration::from_millis(5));
        assert!(pollers.failed(sent, now, 1.0).is_some());
        for _ in 0..6 {
            assert_eq!(pollers.failed(sent, now, 1.0), None);
        }
        let (sent, now) = (
            now + Duration::from_millis(250),
            now + Duration::from_millis(300),
        );
        let next = pollers.failed(sent, now, 1.0);
        assert_eq!(next, Some(Duration::from_millis(500)));
    }

    proptest! {
        #[test]
        fn polls_never_ask_for_more_than_fits(
            concurrency in 1..300_usize, max in 1..=10_usize, brought in proptest::collection::vec(0..=10_usize, 0..100),
        ) {
            let mut pollers = Pollers::new(concurrency, max);
            for got in brought {
                let (mut open, mut free) = (0, concurrency);
                while let Some(asked) = pollers.ask(open, free) {
                    prop_assert!((1..=max).contains(&asked) && asked <= free);
                    open += 1;
                    free -= asked;
                }
                prop_assert!(open >= 1);
                pollers.brought(max, got.min(max));
            }
        }
    }
}
