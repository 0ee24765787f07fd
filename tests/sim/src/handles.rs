//! What each process was handed by SQS, and what it said of it since.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// So long after an entry of a batch failed it has gone out again: the longest pause is 3.2 s.
const AGAIN: Duration = Duration::from_secs(5);

/// A message with a process.
type With = (u32, usize);

/// The receipt handles of a run.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    of: BTreeMap<String, With>,
    /// The handle of each message that was handed out last.
    newest: BTreeMap<usize, String>,
    /// Handed out, and nothing was said of it yet: until when its lease lasts.
    unspoken: BTreeMap<(u32, String), Instant>,
    /// A delete failed, and is to go out again by then.
    debts: BTreeMap<With, Instant>,
}

impl Handles {
    /// SQS handed out a message. Gives how many the process has of which it said nothing yet.
    pub(crate) fn received(&mut self, with: With, handle: String, until: Instant) -> usize {
        let now = Instant::now();
        // Whose it was before has nothing to say any more.
        self.debts
            .retain(|(process, n), _| *n != with.1 || *process == with.0);
        self.of.insert(handle.clone(), with);
        self.newest.insert(with.1, handle.clone());
        self.unspoken.insert((with.0, handle), until);
        (self.of_process(with.0))
            .filter(|(_, until)| **until > now)
            .count()
    }

    /// The message of a handle.
    pub(crate) fn message(&self, handle: &str) -> Option<usize> {
        self.of.get(handle).map(|(_, n)| *n)
    }

    /// The process settles it, or extends its lease.
    pub(crate) fn spoke(&mut self, process: u32, handle: &str) {
        self.unspoken.remove(&(process, handle.to_owned()));
    }

    /// The process asks to delete it.
    pub(crate) fn deletes(&mut self, process: u32, handle: &str) {
        self.spoke(process, handle);
        if let Some((_, n)) = self.of.get(handle) {
            self.debts.remove(&(process, *n));
        }
    }

    /// SQS said that this entry failed. By a handle that is not the newest it says nothing: the
    /// message has been handed out to another since.
    pub(crate) fn not_deleted(&mut self, process: u32, handle: &str) {
        if let Some((_, n)) = self.of.get(handle)
            && self.newest.get(n).is_some_and(|newest| newest == handle)
        {
            self.debts.insert((process, *n), Instant::now() + AGAIN);
        }
    }

    /// The deletes that failed and did not go out again in time.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<With> {
        let late: Vec<With> = (self.debts.iter())
            .filter(|(_, due)| **due < now)
            .map(|(with, _)| *with)
            .collect();
        for with in &late {
            self.debts.remove(with);
        }
        late
    }

    /// A process has ended: the messages of which it never said anything, and which are kept from all
    /// others.
    pub(crate) fn left(&mut self, process: u32, now: Instant) -> BTreeSet<usize> {
        self.debts.retain(|(of, _), _| *of != process);
        (self.of_process(process))
            .filter(|(_, until)| **until > now)
            .filter_map(|((_, handle), _)| self.of.get(handle).map(|(_, n)| *n))
            .collect()
    }

    fn of_process(&self, process: u32) -> impl Iterator<Item = (&(u32, String), &Instant)> {
        (self.unspoken.iter()).filter(move |((of, _), _)| *of == process)
    }
}
