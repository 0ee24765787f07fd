//! Records in memory: for a function of one replica, and for tests.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::store::{Begun, Claim, Record, Store, Storing};

/// Below this many records there is nothing to gain by looking for those that have ended.
const FEW: usize = 1024;

/// Keeps records in memory. They end with the process: a message that comes again after a restart
/// is done again.
///
/// ```
/// use throughline::once::{MemoryStore, keep_in};
///
/// keep_in(MemoryStore::default());
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    by_key: HashMap<String, Entry>,
    /// How many records there were after the last look for those that have ended.
    kept: usize,
}

#[derive(Debug)]
struct Entry {
    state: State,
    owner: String,
    payload: Option<String>,
    /// When it ends; `None` where that is beyond all time.
    until: Option<Instant>,
}

#[derive(Debug)]
enum State {
    InProgress,
    Done(String),
    Failed,
}

impl Entry {
    fn ended(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Records {
    /// Forgets what has ended, each time the records have doubled.
    fn tidy(&mut self, now: Instant) {
        if self.by_key.len() >= FEW.max(2 * self.kept) {
            self.by_key.retain(|_, entry| !entry.ended(now));
            self.kept = self.by_key.len();
        }
    }
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_now(&self, key: &str, claim: &Claim) -> Begun {
        let now = Instant::now();
        let mut records = self.lock();
        records.tidy(now);
        let theirs = records
            .by_key
            .get(key)
            .filter(|entry| !entry.ended(now))
            .and_then(|entry| record(entry, now));
        if let Some(record) = theirs {
            return Begun::Theirs(record);
        }
        let entry = Entry {
            state: State::InProgress,
            owner: claim.owner.clone(),
            payload: claim.payload.clone(),
            until: now.checked_add(claim.in_progress),
        };
        records.by_key.insert(key.to_owned(), entry);
        Begun::Ours
    }

    fn end(&self, key: &str, claim: &Claim, state: State) {
        let now = Instant::now();
        let mut records = self.lock();
        let theirs = records
            .by_key
            .get(key)
            .is_some_and(|entry| entry.owner != claim.owner && !entry.ended(now));
        if !theirs {
            let entry = Entry {
                state,
                owner: claim.owner.clone(),
                payload: claim.payload.clone(),
                until: now.checked_add(claim.ttl),
            };
            records.by_key.insert(key.to_owned(), entry);
        }
    }
}

fn record(entry: &Entry, now: Instant) -> Option<Record> {
    let payload = entry.payload.clone();
    match &entry.state {
        State::Failed => None,
        State::InProgress => Some(Record::InProgress {
            payload,
            left: entry
                .until
                .map_or(std::time::Duration::MAX, |until| until - now),
        }),
        State::Done(result) => Some(Record::Done {
            payload,
            result: result.clone(),
        }),
    }
}

impl Store for MemoryStore {
    fn begin<'a>(&'a self, key: &'a str, claim: &'a Claim) -> Storing<'a, Begun> {
        Box::pin(async { Ok(self.begin_now(key, claim)) })
    }

    fn finish<'a>(&'a self, key: &'a str, claim: &'a Claim, result: String) -> Storing<'a, ()> {
        Box::pin(async {
            self.end(key, claim, State::Done(result));
            Ok(())
        })
    }

    fn fail<'a>(&'a self, key: &'a str, claim: &'a Claim) -> Storing<'a, ()> {
        Box::pin(async {
            self.end(key, claim, State::Failed);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_is_forgotten_and_what_has_not_is_kept() {
        let store = MemoryStore::default();
        let claim = |seconds| Claim {
            owner: "me".into(),
            payload: None,
            in_progress: Duration::from_secs(seconds),
            ttl: Duration::from_secs(seconds),
        };
        store.begin_now("long", &claim(1_000_000));
        for n in 0..50 * FEW {
            store.begin_now(&format!("{n}"), &claim(1));
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        let records = store.lock();
        assert!(records.by_key.len() <= 2 * FEW, "{}", records.by_key.len());
        assert!(records.by_key.contains_key("long"));
    }
}
