//! When a batch goes out: ten entries, or a window after the first, whichever is first.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::lease::BATCH;

/// Collects entries into batches, in the order in which they came.
#[derive(Debug)]
pub struct Batcher<T> {
    window: Duration,
    fresh: VecDeque<(Instant, T)>,
    /// Entries that wait for their next try, unordered since there are few.
    later: Vec<(Instant, T)>,
    /// Since when there is an entry that somebody waits for.
    urgent: Option<Instant>,
}

impl<T> Batcher<T> {
    /// A batch waits at most `window` for company.
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            fresh: VecDeque::new(),
            later: Vec::new(),
            urgent: None,
        }
    }

    /// An entry came at `now`.
    pub fn push(&mut self, now: Instant, entry: T) {
        self.fresh.push_back((now + self.window, entry));
    }

    /// An entry came at `now` that somebody waits for: it goes out at once, and what there is with it.
    pub fn push_urgent(&mut self, now: Instant, entry: T) {
        self.push(now, entry);
        self.urgent.get_or_insert(now);
    }

    /// An entry failed and is to go out again, not before `at`.
    pub fn again(&mut self, at: Instant, entry: T) {
        self.later.push((at, entry));
    }

    /// A batch that is due: of ten, or of what there is once the oldest has waited its window.
    pub fn due(&mut self, now: Instant) -> Option<Vec<T>> {
        let mut n = 0;
        while n < self.later.len() {
            if self.later[n].0 <= now {
                let entry = self.later.remove(n);
                // What was tried before goes first.
                self.fresh.push_front(entry);
            } else {
                n += 1;
            }
        }
        let full = self.fresh.len() >= BATCH;
        let waited = self.fresh.front().is_some_and(|(due, _)| *due <= now);
        let urgent = self.urgent.is_some() && !self.fresh.is_empty();
        (full || waited || urgent).then(|| self.take())
    }

    /// A batch of what is there, whether due or not; nothing where there is nothing.
    pub fn flush(&mut self) -> Option<Vec<T>> {
        self.fresh.extend(self.later.drain(..));
        (!self.fresh.is_empty()).then(|| self.take())
    }

    /// When to look again.
    pub fn next(&self) -> Option<Instant> {
        let oldest = self.fresh.front().map(|(due, _)| *due);
        let fresh = oldest.map(|due| self.urgent.unwrap_or(due).min(due));
        let later = self.later.iter().map(|(due, _)| *due).min();
        fresh.into_iter().chain(later).min()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.later.is_empty()
    }

    fn take(&mut self) -> Vec<T> {
        let count = self.fresh.len().min(BATCH);
        let batch = self.fresh.drain(..count).map(|(_, entry)| entry).collect();
        if self.fresh.is_empty() {
            self.urgent = None;
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_millis(20);

    #[test]
    fn ten_entries_go_at_once() {
        let now = Instant::now();
        let mut batcher = Batcher::new(WINDOW);
        for n in 0..12 {
            batcher.push(now, n);
        }
        assert_eq!(batcher.due(now), Some((0..10).collect()));
        assert_eq!(batcher.due(now), None);
        assert_eq!(batcher.next(), Some(now + WINDOW));
        assert_eq!(batcher.due(now + WINDOW), Some(vec![10, 11]));
        assert!(batcher.is_empty());
    }

    #[test]
    fn an_urgent_entry_goes_at_once_with_those_before_it() {
        let now = Instant::now();
        let mut batcher = Batcher::new(WINDOW);
        for n in 0..11 {
            batcher.push(now, n);
        }
        assert_eq!(batcher.due(now), Some((0..10).collect()));
        batcher.push_urgent(now, 11);
        assert_eq!(batcher.next(), Some(now));
        assert_eq!(batcher.due(now), Some(vec![10, 11]));
        batcher.push(now, 12);
        assert_eq!(batcher.due(now), None, "the next is not urgent");
    }

    #[test]
    fn an_entry_that_failed_goes_again_at_its_time_and_first() {
        let now = Instant::now();
        let mut batcher = Batcher::new(WINDOW);
        batcher.again(now + WINDOW * 3, 1);
        batcher.push(now + WINDOW * 2, 2);
        assert_eq!(batcher.due(now + WINDOW * 2), None);
        assert_eq!(batcher.due(now + WINDOW * 3), Some(vec![1, 2]));
    }

    #[test]
    fn flushing_takes_what_waits_too() {
        let now = Instant::now();
        let mut batcher = Batcher::new(WINDOW);
        batcher.push(now, 1);
        batcher.again(now + Duration::from_secs(60), 2);
        assert_eq!(batcher.flush(), Some(vec![1, 2]));
        assert_eq!(batcher.flush(), None);
    }

    proptest! {
        #[test]
        fn every_entry_leaves_once_in_time_and_in_order(gaps in proptest::collection::vec(0..30_u64, 0..80)) {
            let mut now = Instant::now();
            let mut batcher = Batcher::new(WINDOW);
            let mut out = Vec::new();
            for (n, gap) in gaps.iter().enumerate() {
                let arrival = now + Duration::from_millis(*gap);
                while let Some(next) = batcher.next().filter(|next| *next <= arrival) {
                    now = next.max(now);
                    let batch = batcher.due(now).expect("next() names a time at which a batch is due");
                    prop_assert!(batch.len() <= BATCH && !batch.is_empty());
                    for (pushed, entry) in batch {
                        prop_assert!(now.duration_since(pushed) <= WINDOW);
                        out.push(entry);
                    }
                }
                now = arrival;
                batcher.push(now, (now, n));
                while let Some(batch) = batcher.due(now) {
                    out.extend(batch.into_iter().map(|(_, entry)| entry));
                }
            }
            while let Some(batch) = batcher.flush() {
                out.extend(batch.into_iter().map(|(_, entry)| entry));
            }
            prop_assert_eq!(out, (0..gaps.len()).collect::<Vec<_>>());
        }
    }
}
