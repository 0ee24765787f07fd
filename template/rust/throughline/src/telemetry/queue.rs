//! The bounded queue between those who log and the thread that writes: pure, but for its lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Level;

/// The most bytes that wait to be written.
const CAPACITY: usize = 4 * 1024 * 1024;

/// How long the writer lets lines gather once it has written some, and how many bytes of them end
/// that early. A wake and a write for every line would cost more than the line itself.
const GATHER: Duration = Duration::from_millis(5);
const GATHERED: usize = 64 * 1024;

/// How much room for lines is kept while there are few.
const KEPT: usize = 2 * GATHERED;

/// How much of the queue a level may fill: the lowest levels are dropped first, so that what
/// explains a failure still finds room when a flood of detail does not.
fn share(level: Level) -> usize {
    match level {
        Level::TRACE => CAPACITY / 4,
        Level::DEBUG => CAPACITY / 2,
        Level::INFO => CAPACITY / 4 * 3,
        Level::WARN => CAPACITY / 8 * 7,
        Level::ERROR => CAPACITY,
    }
}

/// Lines that wait to be written.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
    /// How many lines were dropped since the start.
    lost: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The lines, one after another.
    text: Vec<u8>,
    /// Bytes that the writer took and has not yet written.
    in_hand: bool,
    dropped: u64,
    closed: bool,
    /// What the writer waits for, where it waits.
    waits_for: Option<WaitsFor>,
    /// So many wait for everything to be written.
    flushing: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    /// Any line.
    ALine,
    /// Company for those there are.
    Company,
}

/// What the writer takes at once.
pub(super) struct Batch {
    /// Lines, one after another.
    pub(super) text: Vec<u8>,
    /// How many lines were dropped since the last batch.
    pub(super) dropped: u64,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            lost: AtomicU64::new(0),
        }
    }

    /// Queues a line, or drops and counts it when its level's share of the queue is full.
    pub(super) fn push(&self, level: Level, line: &str) {
        let mut state = self.lock();
        if state.text.len() + line.len() > share(level) {
            state.dropped += 1;
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.text.extend_from_slice(line.as_bytes());
        let wakes = match state.waits_for {
            Some(WaitsFor::ALine) => true,
            Some(WaitsFor::Company) => state.text.len() >= GATHERED,
            None => false,
        };
        if wakes {
            state.waits_for = None;
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Waits for lines and takes all there are; `None` once the queue is closed and empty. The first
    /// line after a silence is taken at once, those behind it gather for a moment. New lines go into
    /// `spare`, so that none is allocated for them.
    pub(super) fn take(&self, mut spare: Vec<u8>) -> Option<Batch> {
        spare.clear();
        // What a flood has left behind is given back.
        spare.shrink_to(KEPT);
        let mut state = self.lock();
        let wrote = std::mem::take(&mut state.in_hand);
        if wrote {
            self.emptied.notify_all();
            let until = Instant::now() + GATHER;
            while state.text.len() < GATHERED && !state.closed && state.flushing == 0 {
                let Some(left) = until.checked_duration_since(Instant::now()) else {
                    break;
                };
                state.waits_for = Some(WaitsFor::Company);
                state = (self.filled.wait_timeout(state, left))
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        }
        while state.text.is_empty() {
            if state.closed {
                return None;
            }
            state.waits_for = Some(WaitsFor::ALine);
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waits_for = None;
        state.in_hand = true;
        Some(Batch {
            text: std::mem::replace(&mut state.text, spare),
            dropped: std::mem::take(&mut state.dropped),
        })
    }

    /// Waits until everything queued so far was written, but no longer than `most`.
    pub(super) fn flush(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut state = self.lock();
        state.flushing += 1;
        self.filled.notify_all();
        while !state.text.is_empty() || state.in_hand {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                state.flushing -= 1;
                return false;
            };
            state = self
                .emptied
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.flushing -= 1;
        true
    }

    /// How many lines were dropped since the start.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_levels_are_dropped_first_and_counted() {
        let queue = Queue::new();
        let line = "x".repeat(1024);
        for _ in 0..CAPACITY / 1024 {
            queue.push(Level::DEBUG, &line);
        }
        queue.push(Level::TRACE, &line);
        queue.push(Level::ERROR, "the error\n");
        let batch = queue.take(Vec::new()).unwrap();
        assert_eq!(batch.text.len(), CAPACITY / 2 + "the error\n".len());
        assert_eq!(batch.dropped, (CAPACITY / 2 / 1024) as u64 + 1);
        assert_eq!(queue.lost(), batch.dropped);
        assert!(batch.text.ends_with(b"the error\n"));
    }

    #[test]
    fn lines_that_follow_one_another_leave_together_and_the_first_of_them_at_once() {
        let queue = std::sync::Arc::new(Queue::new());
        let writer = {
            let queue = std::sync::Arc::clone(&queue);
            std::thread::spawn(move || {
                let mut batches = Vec::new();
                let mut spare = Vec::new();
                while let Some(batch) = queue.take(spare) {
                    batches.push(batch.text.iter().filter(|byte| **byte == b'\n').count());
                    spare = batch.text;
                }
                batches
            })
        };
        queue.push(Level::INFO, "first\n");
        while !queue.lock().text.is_empty() {
            std::thread::yield_now();
        }
        for _ in 0..1000 {
            queue.push(Level::INFO, "line\n");
        }
        assert!(queue.flush(Duration::from_secs(10)));
        queue.close();
        let batches = writer.join().unwrap();
        assert_eq!(batches[0], 1);
        assert_eq!(batches.iter().sum::<usize>(), 1001);
    }

    #[test]
    fn a_flush_waits_for_what_is_in_the_writers_hand_but_not_for_ever() {
        let queue = Queue::new();
        queue.push(Level::INFO, "a\n");
        let _batch = queue.take(Vec::new()).unwrap();
        assert!(!queue.flush(Duration::from_millis(10)));
        queue.close();
        assert!(queue.take(Vec::new()).is_none());
        assert!(queue.flush(Duration::from_millis(10)));
    }
}
