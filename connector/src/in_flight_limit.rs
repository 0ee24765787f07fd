//! Notices that a queue has as many messages in flight as SQS allows.
//!
//! SQS lets about 120,000 messages be held at once, by all receivers together. Beyond that a short
//! poll is refused with `OverLimit`, but a long poll comes back empty, as if there were nothing. The
//! only sign is in the queue's counts, which cost a request. So they are asked for when three polls
//! in a row brought nothing, and then ever less often, from a minute up to six hours, which is a
//! handful of requests a day for an idle queue. A message that comes makes it five minutes again.

use std::time::Duration;

use tokio::time::Instant;

/// Near enough to the limit, since SQS counts approximately.
const NEAR: u64 = 108_000;
/// So many polls in a row brought nothing before the counts are asked for.
const EMPTY: u32 = 3;

const SHORTEST: Duration = Duration::from_secs(60);
const AFTER_A_MESSAGE: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// What is known of the limit.
#[derive(Debug)]
pub struct InFlightLimit {
    empty: u32,
    pause: Duration,
    asked: Option<Instant>,
    reached: bool,
}

impl Default for InFlightLimit {
    fn default() -> Self {
        Self {
            empty: 0,
            pause: SHORTEST,
            asked: None,
            reached: false,
        }
    }
}

impl InFlightLimit {
    /// A poll brought so many messages. `true` where the queue's counts are to be asked for now.
    pub fn polled(&mut self, now: Instant, brought: usize) -> bool {
        if brought > 0 {
            self.empty = 0;
            self.reached = false;
            self.pause = self.pause.min(AFTER_A_MESSAGE);
            return false;
        }
        self.empty = self.empty.saturating_add(1);
        let due = (self.asked).is_none_or(|asked| now.duration_since(asked) >= self.pause);
        let ask = self.empty >= EMPTY && due;
        if ask {
            self.asked = Some(now);
            self.pause = (self.pause * 2).min(LONGEST);
        }
        ask
    }

    /// The counts: how many messages can be received, and how many are held.
    pub fn counted(&mut self, visible: u64, in_flight: u64) {
        // What came meanwhile says more.
        self.reached = self.empty > 0 && visible > 0 && in_flight >= NEAR;
        if self.reached {
            self.pause = SHORTEST;
        }
    }

    /// A poll was refused because of the limit.
    pub fn refused(&mut self) {
        self.reached = true;
    }

    /// Whether the limit is reached, as far as is known.
    pub fn is_reached(&self) -> bool {
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Duration::from_secs(20);

    #[test]
    fn an_idle_queue_is_asked_for_its_counts_a_handful_of_times_a_day() {
        let start = Instant::now();
        let mut limit = InFlightLimit::default();
        let mut per_day = [0; 3];
        for n in 0..3 * 4320 {
            if limit.polled(start + POLL * n, 0) {
                per_day[n as usize / 4320] += 1;
                limit.counted(0, 7);
            }
        }
        assert!(per_day[0] <= 12 && per_day[2] <= 4, "{per_day:?}");
    }

    #[test]
    fn a_queue_with_a_message_now_and_then_is_asked_at_most_every_five_minutes() {
        let start = Instant::now();
        let mut limit = InFlightLimit::default();
        let asked = (0..4320).filter(|n| limit.polled(start + POLL * *n, usize::from(n % 5 == 0)));
        assert!(asked.count() <= 289);
    }

    #[test]
    fn the_limit_is_noticed_after_three_empty_polls_and_looked_at_every_minute_until_it_is_over() {
        let start = Instant::now();
        let mut limit = InFlightLimit::default();
        let asked: Vec<u32> = (0..12)
            .filter(|n| {
                let ask = limit.polled(start + POLL * *n, 0);
                if ask {
                    limit.counted(5_000_000, 119_998);
                    assert!(limit.is_reached());
                }
                ask
            })
            .collect();
        assert_eq!(asked, [2, 5, 8, 11]);
        limit.polled(start + POLL * 12, 3);
        assert!(!limit.is_reached());
    }

    #[test]
    fn neither_an_empty_queue_nor_one_that_others_hold_some_of_is_at_the_limit() {
        let mut limit = InFlightLimit::default();
        limit.polled(Instant::now(), 0);
        for (visible, in_flight) in [(0, 120_000), (10, 90_000), (0, 0)] {
            limit.counted(visible, in_flight);
            assert!(!limit.is_reached(), "{visible} {in_flight}");
        }
    }

    #[test]
    fn counts_that_come_after_a_message_say_nothing() {
        let mut limit = InFlightLimit::default();
        limit.polled(Instant::now(), 0);
        limit.polled(Instant::now(), 1);
        limit.counted(10, 120_000);
        assert!(!limit.is_reached());
    }

    #[test]
    fn a_refused_short_poll_says_it_without_a_question() {
        let mut limit = InFlightLimit::default();
        limit.refused();
        assert!(limit.is_reached());
        limit.polled(Instant::now(), 1);
        assert!(!limit.is_reached());
    }
}
