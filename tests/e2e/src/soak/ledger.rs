//! What became of each message.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// One message in so many is rejected by the function.
const POISON: usize = 1000;

/// Counts the successes of each message; a message is its number.
#[derive(Debug)]
pub(super) struct Ledger {
    successes: Vec<AtomicU8>,
    sent: AtomicUsize,
    closed: AtomicUsize,
    again: AtomicUsize,
}

/// What came of all.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) sent: usize,
    pub(super) done: usize,
    pub(super) rejected: usize,
    /// Neither done nor rejected.
    pub(super) lost: usize,
    pub(super) first_lost: Option<usize>,
    /// Successes after a message's first.
    pub(super) again: usize,
}

impl Ledger {
    pub(super) fn new(messages: usize) -> Self {
        Self {
            successes: (0..messages).map(|_| AtomicU8::new(0)).collect(),
            sent: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            again: AtomicUsize::new(0),
        }
    }

    /// Numbers for the next messages.
    pub(super) fn take(&self, count: usize) -> std::ops::Range<usize> {
        let from = self.sent.load(Ordering::Relaxed);
        let to = (from + count).min(self.successes.len());
        self.sent.store(to, Ordering::Relaxed);
        from..to
    }

    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sent, and the function has not yet said the last of it.
    pub(super) fn open(&self) -> usize {
        (self.sent()).saturating_sub(self.closed.load(Ordering::Relaxed))
    }

    pub(super) fn is_rejected(number: usize) -> bool {
        number % POISON == POISON - 1
    }

    /// The function has said its last word on a message.
    pub(super) fn close(&self, number: usize) {
        let Some(successes) = self.successes.get(number) else {
            return;
        };
        let before = successes.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            self.closed.fetch_add(1, Ordering::Relaxed);
        } else {
            self.again.fetch_add(1, Ordering::Relaxed);
            if before == u8::MAX {
                successes.store(u8::MAX, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        let sent = self.sent();
        let mut outcome = Outcome {
            sent,
            done: 0,
            rejected: 0,
            lost: 0,
            first_lost: None,
            again: self.again.load(Ordering::Relaxed),
        };
        for (number, successes) in self.successes[..sent].iter().enumerate() {
            match (successes.load(Ordering::Relaxed), Self::is_rejected(number)) {
                (0, _) => {
                    outcome.lost += 1;
                    outcome.first_lost.get_or_insert(number);
                }
                (_, true) => outcome.rejected += 1,
                (_, false) => outcome.done += 1,
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_and_never_came_is_lost() {
        let ledger = Ledger::new(2000);
        assert_eq!(ledger.take(1500), 0..1500);
        assert_eq!(ledger.take(1000), 1500..2000);
        for number in (0..2000).filter(|number| *number != 7) {
            ledger.close(number);
        }
        ledger.close(8);
        let outcome = ledger.outcome();
        assert_eq!((outcome.lost, outcome.first_lost), (1, Some(7)));
        assert_eq!(
            (outcome.done, outcome.rejected, outcome.again),
            (1997, 2, 1)
        );
        assert_eq!(ledger.open(), 1);
    }
}
