//! What a FIFO queue remembers of receives that came with a `ReceiveRequestAttemptId`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::account::{Account, Wish};
use super::message::{Millis, Received, Standing};
use super::order::Key;
use super::refusal::Refusal;

/// How long an attempt can be tried again.
const WINDOW: Millis = 5 * 60 * 1000;

/// Messages as a receive left them: retrying it works only while they stand like this.
pub(crate) type Left = Vec<(Key, Standing)>;

/// The receives of the last five minutes, by their attempts' ids.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    known: BTreeMap<Arc<str>, (Millis, Left)>,
    by_age: VecDeque<(Millis, Arc<str>)>,
}

impl Attempts {
    /// What the attempt received, if that was less than five minutes ago.
    pub(crate) fn find(&mut self, id: &str, now: Millis) -> Option<&Left> {
        while let Some((at, id)) = self.by_age.front() {
            if at + WINDOW > now {
                break;
            }
            if self.known.get(id).is_some_and(|(known, _)| known == at) {
                self.known.remove(id);
            }
            self.by_age.pop_front();
        }
        self.known.get(id).map(|(_, left)| left)
    }

    pub(crate) fn remember(&mut self, id: &str, left: Left, now: Millis) {
        let id = Arc::from(id);
        self.by_age.push_back((now, Arc::clone(&id)));
        self.known.insert(id, (now, left));
    }

    pub(crate) fn forget_all(&mut self) {
        self.known.clear();
        self.by_age.clear();
    }
}

impl Account {
    /// What an earlier receive of this attempt got: the same messages with the same handles, hidden
    /// anew. None where there was none, and where any of the messages was touched since.
    ///
    /// # Errors
    ///
    /// When the queue is not there.
    pub(crate) fn retry(
        &mut self,
        name: &str,
        attempt: &str,
        wish: Wish,
        now: Millis,
    ) -> Result<Option<Vec<Received>>, Refusal> {
        let queue = self.queue(name, now)?;
        let own = queue.settings.visibility_timeout * 1000;
        let uid = queue.uid;
        let received = queue.retry(attempt, wish.visibility.unwrap_or(own), now);
        Ok(received.map(|received| self.with_handles(uid, received)))
    }

    /// Remembers what an attempt got, so that it can be tried again.
    ///
    /// # Errors
    ///
    /// When the queue is not there.
    pub(crate) fn remember_attempt(
        &mut self,
        name: &str,
        attempt: &str,
        received: &[Received],
        now: Millis,
    ) -> Result<(), Refusal> {
        let receipts = received
            .iter()
            .filter_map(|received| self.handles.read(&received.handle));
        let keys: Vec<_> = receipts.map(|receipt| receipt.message).collect();
        let queue = self.queue(name, now)?;
        queue.remember_attempt(attempt, keys.into_iter(), now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_known_for_five_minutes_after_its_last_receive() {
        let mut attempts = Attempts::default();
        attempts.remember("a", vec![(1, Standing::Visible { since: 0 })], 0);
        attempts.remember("a", vec![(2, Standing::Visible { since: 0 })], 1000);
        let found = attempts.find("a", WINDOW).map(|left| left[0].0);
        assert_eq!(found, Some(2));
        assert_eq!(attempts.find("b", WINDOW), None);
        assert_eq!(attempts.find("a", WINDOW + 1000), None);
        assert!(attempts.by_age.is_empty());
    }
}
