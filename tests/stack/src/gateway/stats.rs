//! What was seen of one function's calls, and the calls that run now.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

#[derive(Debug, Default)]
pub(super) struct Stats {
    invocations: AtomicU64,
    in_flight: AtomicUsize,
    max_concurrent: AtomicUsize,
    statuses: Mutex<BTreeMap<u16, u64>>,
}

/// What was seen of a function's calls.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// Calls that were sent on to the function's process.
    pub invocations: u64,
    /// Calls that it works on now.
    pub in_flight: usize,
    /// The most it had at once.
    pub max_concurrent: usize,
    /// What its callers were answered, by status; also what the gateway itself answered.
    pub statuses: BTreeMap<u16, u64>,
}

/// A call that runs until this is dropped.
pub(super) struct InFlight(Arc<Stats>);

impl Stats {
    /// Takes a call in, unless `limit` run already; 0 is without a limit.
    pub(super) fn enter(self: &Arc<Self>, limit: usize) -> Option<InFlight> {
        let now = self.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        let entered = InFlight(Arc::clone(self));
        if limit > 0 && now > limit {
            return None; // dropping `entered` takes it out again
        }
        self.max_concurrent.fetch_max(now, Ordering::Relaxed);
        self.invocations.fetch_add(1, Ordering::Relaxed);
        Some(entered)
    }

    pub(super) fn answered(&self, status: u16) {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        *statuses.entry(status).or_default() += 1;
    }

    pub(super) fn invocations(&self) -> u64 {
        self.invocations.load(Ordering::Relaxed)
    }

    pub(super) fn seen(&self) -> Seen {
        let statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        Seen {
            invocations: self.invocations(),
            in_flight: self.in_flight.load(Ordering::Acquire),
            max_concurrent: self.max_concurrent.load(Ordering::Relaxed),
            statuses: statuses.clone(),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_over_the_limit_is_not_taken_in_and_leaves_no_trace() {
        let stats = Arc::new(Stats::default());
        let first = stats.enter(1).unwrap();
        assert!(stats.enter(1).is_none());
        let seen = stats.seen();
        assert_eq!(
            (seen.invocations, seen.in_flight, seen.max_concurrent),
            (1, 1, 1)
        );
        drop(first);
        assert!(stats.enter(1).is_some());
    }
}
