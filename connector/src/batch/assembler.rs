//! Puts messages together into batches: pure, with the time passed in.
//!
//! A batch leaves as soon as it is full, by count or by bytes, and else when its window is over,
//! counted from its first message. Messages with different shares (see [`share`](super::share))
//! never meet, so that one that may be poison takes none along that is not.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Where a batch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many messages.
    pub size: usize,
    /// So many bytes of payload, unless one message alone has more.
    pub bytes: usize,
    /// So long after its first message.
    pub window: Duration,
}

/// The batches of one function that are not full yet. Each entry goes in once and leaves once, and
/// entries of one share leave in the order in which they came.
#[derive(Debug)]
pub struct Assembler<T> {
    limits: Limits,
    /// By share: there is at most one open batch of each.
    open: BTreeMap<usize, Open<T>>,
}

#[derive(Debug)]
struct Open<T> {
    entries: Vec<T>,
    bytes: usize,
    due: Instant,
}

impl<T> Assembler<T> {
    /// Nothing in it.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: BTreeMap::new(),
        }
    }

    /// An entry of so many bytes arrives, which may be in a batch of up to `share`. Gives the
    /// batches that leave now, at most two: one that it does not fit into, and one that it fills.
    pub fn push(&mut self, now: Instant, entry: T, bytes: usize, share: usize) -> Vec<Vec<T>> {
        let share = share.clamp(1, self.limits.size.max(1));
        let mut leaving = Vec::new();
        if let Some(open) = self.open.get(&share)
            && open.bytes.saturating_add(bytes) > self.limits.bytes
        {
            leaving.extend(self.open.remove(&share).map(|open| open.entries));
        }
        let due = now + self.limits.window;
        let open = self.open.entry(share).or_insert_with(|| Open {
            entries: Vec::new(),
            bytes: 0,
            due,
        });
        open.entries.push(entry);
        open.bytes = open.bytes.saturating_add(bytes);
        if open.entries.len() >= share || open.bytes >= self.limits.bytes {
            leaving.extend(self.open.remove(&share).map(|open| open.entries));
        }
        leaving
    }

    /// The batches whose window is over.
    pub fn due(&mut self, now: Instant) -> Vec<Vec<T>> {
        let due: Vec<usize> = (self.open.iter())
            .filter(|(_, open)| open.due <= now)
            .map(|(share, _)| *share)
            .collect();
        due.iter()
            .filter_map(|share| self.open.remove(share))
            .map(|open| open.entries)
            .collect()
    }

    /// When the next window is over.
    pub fn next(&self) -> Option<Instant> {
        self.open.values().map(|open| open.due).min()
    }

    /// Takes out everything that has not left.
    pub fn drain(&mut self) -> Vec<T> {
        let open = std::mem::take(&mut self.open);
        open.into_values().flat_map(|open| open.entries).collect()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(size: usize, bytes: usize) -> Limits {
        Limits {
            size,
            bytes,
            window: SECOND,
        }
    }

    #[test]
    fn a_batch_leaves_when_it_is_full() {
        let (mut assembler, now) = (Assembler::new(limits(3, 100)), Instant::now());
        assert!(assembler.push(now, 'a', 1, 3).is_empty());
        assert!(assembler.push(now, 'b', 1, 3).is_empty());
        assert_eq!(assembler.push(now, 'c', 1, 3), [['a', 'b', 'c']]);
        assert!(assembler.is_empty());
    }

    #[test]
    fn a_batch_leaves_when_its_window_is_over_counted_from_its_first_message() {
        let (mut assembler, now) = (Assembler::new(limits(3, 100)), Instant::now());
        assembler.push(now, 'a', 1, 3);
        assembler.push(now + SECOND / 2, 'b', 1, 3);
        assert_eq!(assembler.next(), Some(now + SECOND));
        assert!(assembler.due(now + SECOND / 2).is_empty());
        assert_eq!(assembler.due(now + SECOND), [['a', 'b']]);
        assert_eq!(assembler.next(), None);
    }

    #[test]
    fn what_does_not_fit_by_its_bytes_opens_the_next_batch() {
        let (mut assembler, now) = (Assembler::new(limits(10, 100)), Instant::now());
        assembler.push(now, 'a', 60, 10);
        assert_eq!(assembler.push(now, 'b', 60, 10), [['a']]);
        assert_eq!(
            assembler.push(now, 'c', 40, 10),
            [['b', 'c']],
            "exactly full"
        );
    }

    #[test]
    fn a_message_that_alone_is_too_large_goes_alone() {
        let (mut assembler, now) = (Assembler::new(limits(10, 100)), Instant::now());
        assembler.push(now, 'a', 1, 10);
        assert_eq!(assembler.push(now, 'b', 500, 10), [['a'], ['b']]);
    }

    #[test]
    fn a_suspect_never_meets_others() {
        let (mut assembler, now) = (Assembler::new(limits(4, 100)), Instant::now());
        assembler.push(now, 'a', 1, 4);
        assert_eq!(assembler.push(now, 'x', 1, 1), [['x']]);
        assembler.push(now, 'y', 1, 2);
        assert_eq!(assembler.push(now, 'z', 1, 2), [['y', 'z']]);
        assert_eq!(assembler.drain(), ['a']);
    }

    proptest! {
        #[test]
        fn no_batch_is_too_large_or_too_late_and_every_message_leaves_once_and_in_order(
            size in 1..20_usize, most in 1..500_usize, window in 0..50_u64,
            arrivals in proptest::collection::vec((0..200_usize, 0..25_usize, 0..20_u64), 0..200),
            drained in any::<bool>(),
        ) {
            let limits = Limits { size, bytes: most, window: Duration::from_millis(window) };
            let mut assembler = Assembler::new(limits);
            let start = Instant::now();
            let mut now = start;
            let mut left: Vec<Vec<usize>> = Vec::new();
            let mut came = Vec::new();
            for (n, &(bytes, share, pause)) in arrivals.iter().enumerate() {
                now += Duration::from_millis(pause);
                // Whoever drives this wakes up when the next window is over.
                while let Some(next) = assembler.next().filter(|next| *next <= now) {
                    let due = assembler.due(next);
                    prop_assert!(!due.is_empty());
                    for batch in &due {
                        prop_assert!(batch.iter().all(|n: &usize| next - came[*n] <= limits.window));
                    }
                    left.extend(due);
                }
                came.push(now);
                left.extend(assembler.push(now, n, bytes, share));
            }
            if drained {
                left.extend(assembler.drain().into_iter().map(|n| vec![n]));
            } else if assembler.next().is_some() {
                left.extend(assembler.due(now + limits.window));
            }
            prop_assert!(assembler.is_empty());
            let mut once = vec![0; arrivals.len()];
            let mut last: BTreeMap<usize, usize> = BTreeMap::new();
            for batch in &left {
                let share = |n: &usize| arrivals[*n].1.clamp(1, size);
                prop_assert!(!batch.is_empty() && batch.len() <= share(&batch[0]));
                prop_assert!(batch.iter().all(|n| share(n) == share(&batch[0])));
                let bytes: usize = batch.iter().map(|n| arrivals[*n].0).sum();
                prop_assert!(bytes <= most || batch.len() == 1, "{bytes} in {batch:?}");
                for n in batch {
                    once[*n] += 1;
                    if let Some(before) = last.insert(share(n), *n) {
                        prop_assert!(before < *n, "{before} after {n}");
                    }
                }
            }
            prop_assert!(once.iter().all(|times| *times == 1));
        }
    }
}
