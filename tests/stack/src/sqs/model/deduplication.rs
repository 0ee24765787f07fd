//! What a FIFO queue remembers of the last five minutes' sends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::message::{Millis, Sent};

const WINDOW: Millis = 5 * 60 * 1000;

type Key = (Option<Arc<str>>, Arc<str>);

/// Sends by deduplication id, and by group too where the scope is the group.
#[derive(Debug, Default)]
pub(crate) struct Deduplication {
    known: BTreeMap<Key, Sent>,
    by_age: VecDeque<(Millis, Key)>,
}

impl Deduplication {
    /// What an earlier send with this id gave, if it was less than five minutes ago.
    pub(crate) fn find(
        &mut self,
        scope: Option<&Arc<str>>,
        id: &Arc<str>,
        now: Millis,
    ) -> Option<Sent> {
        while let Some((at, _)) = self.by_age.front() {
            if at + WINDOW > now {
                break;
            }
            if let Some((_, key)) = self.by_age.pop_front() {
                self.known.remove(&key);
            }
        }
        self.known.get(&(scope.cloned(), Arc::clone(id))).cloned()
    }

    pub(crate) fn remember(
        &mut self,
        scope: Option<Arc<str>>,
        id: Arc<str>,
        sent: Sent,
        now: Millis,
    ) {
        let key = (scope, id);
        self.by_age.push_back((now, key.clone()));
        self.known.insert(key, sent);
    }

    pub(crate) fn forget_all(&mut self) {
        self.known.clear();
        self.by_age.clear();
    }
}
