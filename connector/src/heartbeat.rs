//! What is held now, and the heartbeat that keeps it held until it is settled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::lease::{Claim, Extension, Leases, MessageId, Readiness, ReceiptHandle, Standing};
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
    watchers: HashMap<MessageId, Watcher>,
}

/// Who is to be told what becomes of a lease.
#[derive(Debug)]
struct Watcher {
    lost: oneshot::Sender<()>,
    /// Wait until the lease suffices for a delivery, one for each function.
    ready: Vec<oneshot::Sender<()>>,
}

/// What a received message is to us.
#[derive(Debug)]
pub enum Arrival {
    /// New.
    New {
        /// What the delivery may do with it.
        claim: Claim,
        /// Hears when the lease is lost.
        lost: oneshot::Receiver<()>,
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
                watchers: HashMap::new(),
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
        let claim = (state.leases).track(&message.id, message.handle.clone(), sent, now, random);
        let arrival = if let Some(claim) = claim {
            let (tell_lost, lost) = oneshot::channel();
            let watcher = Watcher {
                lost: tell_lost,
                ready: Vec::new(),
            };
            state.watchers.insert(message.id.clone(), watcher);
            Arrival::New { claim, lost }
        } else {
            // The newer lease may be the first that suffices.
            state.look_again(&message.id);
            Arrival::Duplicate
        };
        drop(state);
        self.changed.notify_one();
        arrival
    }

    /// The newest handle of a message, while the claim holds; of one that is done, for as long as
    /// it has its place.
    pub fn handle(&self, claim: &Claim) -> Option<ReceiptHandle> {
        self.lock().leases.handle(claim)
    }

    /// What the claim is worth.
    pub fn standing(&self, claim: &Claim) -> Standing {
        self.lock().leases.standing(claim)
    }

    /// How long a message has been held.
    pub fn held(&self, claim: &Claim) -> Duration {
        self.lock().leases.held(claim, Instant::now())
    }

    /// Returns once the lease suffices for a delivery that may take as long as `work`, having it
    /// extended where it must; `false` where it never will. A lease that is lost meanwhile is told
    /// elsewhere: this never returns then. Cancel-safe.
    pub async fn ready(&self, claim: &Claim, work: Duration) -> bool {
        loop {
            let told = {
                let mut state = self.lock();
                match state.leases.readiness(claim, work, Instant::now()) {
                    Readiness::Ready => return true,
                    Readiness::Never => return false,
                    Readiness::NotYet => {}
                }
                let (tell, told) = oneshot::channel();
                if let Some(watcher) = state.watchers.get_mut(&claim.message) {
                    watcher.ready.push(tell);
                }
                told
            };
            self.changed.notify_one();
            if told.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The message is done: it keeps its place until it is deleted, even when its lease ends first.
    pub fn done(&self, claim: &Claim) {
        self.lock().leases.done(claim);
    }

    /// The message is settled with this handle. `false` where a newer one has come meanwhile, with
    /// which it is to be settled again: the message was handed out to us once more.
    pub fn settled(&self, claim: &Claim, handle: &ReceiptHandle) -> bool {
        let newest = self.handle(claim);
        if newest.is_some_and(|newest| newest != *handle) {
            return false;
        }
        self.finish(claim);
        true
    }

    /// The message is about to be given back: its lease is not extended meanwhile. `false` where an
    /// extension is on its way, whose answer comes first.
    pub fn releasing(&self, claim: &Claim) -> bool {
        self.lock().leases.releasing(claim)
    }

    /// It was not given back: its lease is extended again.
    pub fn not_released(&self, claim: &Claim) {
        self.lock().leases.not_released(claim);
        self.changed.notify_one();
    }

    /// The message is given up: its lease is no longer extended.
    pub fn finish(&self, claim: &Claim) {
        let mut state = self.lock();
        if state.leases.finish(claim) {
            state.watchers.remove(&claim.message);
        }
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
        // What failed as a whole is tried again as a whole.
        let whole = entries.is_err().then(|| self.random.fraction());
        let entries = entries.unwrap_or_else(|error| {
            tracing::debug!(queue = queue.name(), error = %error, "leases could not be extended; tried again");
            vec![Entry::Failed(error.reason); extensions.len()]
        });
        let now = Instant::now();
        let mut state = self.lock();
        for (extension, entry) in extensions.into_iter().zip(entries) {
            let random = whole.unwrap_or_else(|| self.random.fraction());
            match entry {
                Entry::Done => {
                    state.leases.confirmed(&extension, random);
                    state.look_again(&extension.message);
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

    fn look_again(&mut self, message: &MessageId) {
        let watcher = self.watchers.get_mut(message);
        for waiting in watcher.into_iter().flat_map(|one| one.ready.drain(..)) {
            let _ = waiting.send(());
        }
    }
}
