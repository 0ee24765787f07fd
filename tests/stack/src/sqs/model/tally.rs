//! What is counted of a queue.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::action::Action;

/// How many messages stand where, now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Includes what a FIFO group holds back.
    pub visible: usize,
    pub in_flight: usize,
    pub delayed: usize,
}

impl Counts {
    /// Every message that is in the queue.
    pub const fn all(self) -> usize {
        self.visible + self.in_flight + self.delayed
    }
}

/// What happened in a queue since it was made.
///
/// Conserved: `sent + dead_letters_in + moved_in` is always `deleted + expired + purged +
/// dead_letters_out + moved_out` and what is in the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Messages taken in from senders, duplicates aside.
    pub sent: u64,
    /// Sends that a FIFO queue recognised as sent already.
    pub deduplicated: u64,
    /// Deliveries: a message that is received twice counts twice.
    pub received: u64,
    pub deleted: u64,
    /// Deletes with a receipt handle that a later receive had made stale: nothing was deleted.
    pub stale_deletes: u64,
    /// Visibility timeouts that ended with the message not deleted.
    pub timed_out: u64,
    /// Messages past their retention period.
    pub expired: u64,
    pub purged: u64,
    /// Messages that went from here to the dead-letter queue.
    pub dead_letters_out: u64,
    /// Messages that came here as dead letters.
    pub dead_letters_in: u64,
    /// Messages that a move task took from here.
    pub moved_out: u64,
    /// Messages that a move task brought here.
    pub moved_in: u64,
    /// Requests that named this queue, by action.
    pub requests: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub(crate) fn count(&mut self, action: Action) {
        *self.requests.entry(action.name()).or_default() += 1;
    }
}
