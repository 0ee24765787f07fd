//! What is held now, and the heartbeat that keeps it held until it is settled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::lease::{Extension, Leases, MessageId, ReceiptHandle};
use crate::message::Message;
use crate::metrics::Metrics;
use crate::queue::{CALL, Entry, Queue, QueueError};
use crate::random::Random;

/// The messages that are held, shared by all that works on them.
#[derive(Debug)]
pub struct Holding {
    state: Mutex<State>,
    changed: Notify,
    random: Random,
    /// How long an extension may take: one that hangs leaves time for another.
    patience: Duration,
}

#[derive(Debug)]
struct State {
    leases: Leases,
    watchers: BTreeMap<MessageId, Watcher>,
}

/// Who is to be told what becomes of a lease.
#[derive(Debug)]
struct Watcher {
    lost: oneshot::Sender<()>,
    /// Waits until the lease is sure.
    sure: Option<oneshot::Sender<()>>,
}

/// What a received message is to us.
#[derive(Debug)]
pub enum Arrival {
    /// New.
    New {
        /// Hears when the lease is lost.
        lost: oneshot::Receiver<()>,
        /// Hears when the lease is sure, where it is not yet: to be waited for before delivery.
        sure: Option<oneshot::Receiver<()>>,
    },
    /// At work already. Its newer handle has been taken over.
    Duplicate,
}

/// The extensions of one call, and what became of them.
type Answers = (Vec<Extension>, Result<Vec<Entry>, QueueError>);

impl Holding {
    /// Nothing held yet; messages are received with this visibility timeout.
    pub fn new(visibility: Duration, random: Random) -> Self {
        Self {
            state: Mutex::new(State {
                leases: Leases::new(visibility),
                watchers: BTreeMap::new(),
            }),
            changed: Notify::new(),
            random,
            patience: (visibility / 4).clamp(Duration::from_millis(250), CALL),
        }
    }

    /// A message arrived, by a receive that was sent at `sent`.
    pub fn arrive(&self, message: &Message, sent: Instant) -> Arrival {
        let random = self.random.fraction();
        let mut state = self.lock();
        let now = Instant::now();
        let new = (state.leases).track(&message.id, message.handle.clone(), sent, now, random);
        let arrival = if new {
            let (tell_lost, lost) = oneshot::channel();
            let (tell_sure, sure) = oneshot::channel();
            let unsure = !state.leases.is_sure(&message.id);
            let watcher = Watcher {
                lost: tell_lost,
                sure: unsure.then_some(tell_sure),
            };
            state.watchers.insert(message.id.clone(), watcher);
            Arrival::New {
                lost,
                sure: unsure.then_some(sure),
            }
        } else {
            // The newer lease may be the first that is sure.
            state.tell_sure(&message.id);
            Arrival::Duplicate
        };
        drop(state);
        self.changed.notify_one();
        arrival
    }

    /// The newest handle of a message, while its lease holds.
    pub fn handle(&self, message: &str) -> Option<ReceiptHandle> {
        self.lock().leases.handle(message)
    }

    /// Whether the message is still held at this moment.
    pub fn is_held(&self, message: &str) -> bool {
        self.lock().leases.is_held(message, Instant::now())
    }

    /// How long a message has been held.
    pub fn held(&self, message: &str) -> Duration {
        self.lock().leases.held(message, Instant::now())
    }

    /// The message is settled with this handle. `false` where a newer one has come meanwhile, with
    /// which it is to be settled again: the message was handed out to us once more.
    pub fn settled(&self, message: &str, handle: &ReceiptHandle) -> bool {
        let newest = self.handle(message);
        if newest.is_some_and(|newest| newest != *handle) {
            return false;
        }
        self.finish(message);
        true
    }

    /// The message is given up: its lease is no longer extended.
    pub fn finish(&self, message: &str) {
        let mut state = self.lock();
        state.leases.finish(message);
        state.watchers.remove(message);
    }

    /// How many messages are held.
    pub fn len(&self) -> usize {
        self.lock().leases.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Extends what is due and reports what is lost, until dropped.
    pub async fn keep(self: Arc<Self>, queue: Queue, metrics: Metrics) {
        let mut calls: JoinSet<Answers> = JoinSet::new();
        loop {
            let now = Instant::now();
            self.report_lost(&queue, &metrics, now);
            loop {
                let due = self.lock().leases.due(now);
                if due.is_empty() {
                    break;
                }
                let (queue, patience) = (queue.clone(), self.patience);
                calls.spawn(async move {
                    let changes: Vec<_> =
                        due.iter().map(|e| (e.handle.clone(), e.seconds)).collect();
                    let entries = queue.change_visibility(&changes, patience).await;
                    (due, entries)
                });
            }
            let next = self
                .lock()
                .leases
                .next()
                .unwrap_or_else(|| now + Duration::from_secs(3600));
            tokio::select! {
                biased;
                Some(answer) = calls.join_next() => {
                    if let Ok((extensions, entries)) = answer {
                        self.read(&queue, &metrics, extensions, entries);
                    }
                }
                () = self.changed.notified() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    fn read(
        &self,
        queue: &Queue,
        metrics: &Metrics,
        extensions: Vec<Extension>,
        entries: Result<Vec<Entry>, QueueError>,
    ) {
        let entries = entries.unwrap_or_else(|error| {
            tracing::debug!(queue = queue.name(), error = %error, "leases could not be extended; tried again");
            vec![Entry::Failed(error.reason); extensions.len()]
        });
        let now = Instant::now();
        let mut state = self.lock();
        for (extension, entry) in extensions.into_iter().zip(entries) {
            let random = self.random.fraction();
            match entry {
                Entry::Done => {
                    state.leases.confirmed(&extension, random);
                    state.tell_sure(&extension.message);
                    metrics.lease_extended(queue.name());
                }
                Entry::Failed(_) => state.leases.failed(&extension, now, random),
                Entry::Refused(reason) => {
                    if state.leases.revoked(&extension) {
                        state.tell_lost(queue, metrics, &extension.message, &reason);
                    }
                }
            }
        }
    }

    fn report_lost(&self, queue: &Queue, metrics: &Metrics, now: Instant) {
        let mut state = self.lock();
        for message in state.leases.expire(now) {
            state.tell_lost(
                queue,
                metrics,
                &message,
                "it ran out before it could be extended",
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell_lost(&mut self, queue: &Queue, metrics: &Metrics, message: &MessageId, reason: &str) {
        metrics.lease_lost(queue.name());
        tracing::warn!(
            queue = queue.name(),
            message_id = &**message,
            reason,
            "the lease of a message is lost; SQS hands it out again"
        );
        if let Some(watcher) = self.watchers.remove(message) {
            let _ = watcher.lost.send(());
        }
    }

    fn tell_sure(&mut self, message: &MessageId) {
        let sure = self.leases.is_sure(message);
        let waiting = self
            .watchers
            .get_mut(message)
            .and_then(|w| w.sure.take_if(|_| sure));
        if let Some(waiting) = waiting {
            let _ = waiting.send(());
        }
    }
}
