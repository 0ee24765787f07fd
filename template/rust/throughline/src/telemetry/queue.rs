//! The bounded queue between those who log and the thread that writes: pure, but for its lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Level;

/// The most bytes that wait to be written.
const CAPACITY: usize = 4 * 1024 * 1024;

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
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    /// Bytes that the writer took and has not yet written.
    in_hand: bool,
    dropped: u64,
    closed: bool,
}

/// What the writer takes at once.
pub(super) struct Batch {
    pub(super) lines: VecDeque<String>,
    /// How many lines were dropped since the last batch.
    pub(super) dropped: u64,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
        }
    }

    /// Queues a line, or drops and counts it when its level's share of the queue is full.
    pub(super) fn push(&self, level: Level, line: String) {
        let mut state = self.lock();
        if state.bytes + line.len() > share(level) {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        self.filled.notify_one();
    }

    /// Waits for lines and takes all there are; `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut state = self.lock();
        state.in_hand = false;
        self.emptied.notify_all();
        while state.lines.is_empty() {
            if state.closed {
                return None;
            }
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.bytes = 0;
        state.in_hand = true;
        Some(Batch {
            lines: std::mem::take(&mut state.lines),
            dropped: std::mem::take(&mut state.dropped),
        })
    }

    /// Waits until everything queued so far was written, but no longer than `most`.
    pub(super) fn flush(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut state = self.lock();
        while !state.lines.is_empty() || state.in_hand {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return false;
            };
            state = self
                .emptied
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
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
            queue.push(Level::DEBUG, line.clone());
        }
        queue.push(Level::TRACE, line.clone());
        queue.push(Level::ERROR, "the error\n".into());
        let batch = queue.take().unwrap();
        assert_eq!(batch.lines.len(), CAPACITY / 2 / 1024 + 1);
        assert_eq!(batch.dropped, (CAPACITY / 2 / 1024) as u64 + 1);
        assert_eq!(batch.lines.back().unwrap(), "the error\n");
    }

    #[test]
    fn a_flush_waits_for_what_is_in_the_writers_hand_but_not_for_ever() {
        let queue = Queue::new();
        queue.push(Level::INFO, "a\n".into());
        let _batch = queue.take().unwrap();
        assert!(!queue.flush(Duration::from_millis(10)));
        queue.close();
        assert!(queue.take().is_none());
        assert!(queue.flush(Duration::from_millis(10)));
    }
}
