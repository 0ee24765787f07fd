//! One queue's way of working: what its parts share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::batch::Batches;
use crate::callback::Callbacks;
use crate::config::{Printing, QueueConfig};
use crate::discovery::Topics;
use crate::gates::Gates;
use crate::gateway::Gateway;
use crate::headers;
use crate::heartbeat::Holding;
use crate::memory::Memory;
use crate::metrics::{Metrics, QueueMeter};
use crate::queue::{Queue, QueueError, Redrive};
use crate::random::Random;
use crate::settle::Settler;
use crate::spans::Spans;
use crate::verdict::OnRejection;
use crate::wall_clock::WallClock;

/// How many messages are remembered per queue.
const REMEMBERED: usize = 10_000;

/// What every queue of the process shares.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The gateway.
    pub gateway: Gateway,
    /// The topic map.
    pub topics: watch::Receiver<Topics>,
    /// Counts.
    pub metrics: Metrics,
    /// Where spans go.
    pub spans: Spans,
    /// Random numbers.
    pub random: Random,
    /// The time of day.
    pub wall_clock: WallClock,
    /// What to write into the log of calls.
    pub printing: Printing,
    /// The calls that wait for their callback, where a queue makes any.
    pub callbacks: Option<Callbacks>,
}

/// A queue with all that works on it.
#[derive(Debug)]
pub struct Lane {
    /// Its configuration.
    pub config: QueueConfig,
    /// Its calls.
    pub queue: Queue,
    /// What all queues share.
    pub shared: Shared,
    /// The headers of every call with its messages.
    pub headers: HeaderMap,
    /// What is counted of it for every message.
    pub meter: QueueMeter,
    /// Where messages wait for their turn with each function.
    pub gates: Gates,
    /// The messages held.
    pub holding: Arc<Holding>,
    /// Settles messages; taken away when the drain ends.
    pub settler: Settler,
    /// Where messages meet their batch, in mode batch.
    pub batches: OnceLock<Batches>,
    /// How far the stop has come.
    pub phase: watch::Receiver<Phase>,
    /// How many polls are open.
    pub open_polls: watch::Sender<usize>,
    /// Rung when the dead-letter queue does not take what is sent there.
    pub redrive_in_doubt: Notify,
    /// The FIFO groups of which messages wait for the one at work, and how often the most received
    /// of those was received.
    awaited: Mutex<BTreeMap<String, u32>>,
    redrive: Mutex<RedrivePolicy>,
    received: AtomicU64,
    memory: Mutex<Memory>,
    started: Instant,
    progress: AtomicU64,
    reachable: AtomicBool,
    trouble: Mutex<Option<String>>,
}

/// How far the stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It has not begun.
    Running,
    /// No new polls; what runs may end.
    Draining,
    /// The budget is used up: what still runs is given back.
    Abandoning,
    /// No answer is waited for any more.
    Leaving,
}

/// The queue's dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    /// The queue itself.
    pub queue: Queue,
    /// The policy.
    pub policy: Redrive,
}

/// What is known of the redrive policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RedrivePolicy {
    /// Nothing: it may not be asked for, or cannot be read.
    #[default]
    Unknown,
    /// The queue has none.
    Absent,
    /// It has this one.
    Known(Arc<DeadLetters>),
}

impl PartialEq for DeadLetters {
    fn eq(&self, other: &Self) -> bool {
        self.queue.url() == other.queue.url() && self.policy == other.policy
    }
}

impl Lane {
    /// Puts a lane together.
    pub fn new(
        config: QueueConfig,
        queue: Queue,
        shared: Shared,
        holding: Arc<Holding>,
        settler: Settler,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            headers: headers::of_queue(queue.url(), &config.topic, &config.content_type),
            meter: shared.metrics.queue(queue.name()),
            gates: Gates::new(&config, &shared),
            config,
            queue,
            shared,
            holding,
            settler,
            batches: OnceLock::new(),
            phase,
            open_polls: watch::Sender::new(0),
            redrive_in_doubt: Notify::new(),
            awaited: Mutex::default(),
            redrive: Mutex::default(),
            received: AtomicU64::new(0),
            memory: Mutex::new(Memory::new(REMEMBERED)),
            started: Instant::now(),
            progress: AtomicU64::new(0),
            reachable: AtomicBool::new(false),
            trouble: Mutex::default(),
        }
    }

    /// What is remembered of messages.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dead-letter queue, where there is one and it is known.
    pub fn dead_letters(&self) -> Option<Arc<DeadLetters>> {
        match self.redrive() {
            RedrivePolicy::Known(dead_letters) => Some(dead_letters),
            RedrivePolicy::Unknown | RedrivePolicy::Absent => None,
        }
    }

    /// What is known of the queue's redrive policy.
    pub fn redrive(&self) -> RedrivePolicy {
        let known = self.redrive.lock();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the queue says of it now.
    pub fn set_redrive(&self, policy: RedrivePolicy) {
        let mut known = self.redrive.lock().unwrap_or_else(PoisonError::into_inner);
        *known = policy;
    }

    /// Whether messages of the group wait for the one at work: how often the most received of them
    /// was received.
    pub fn awaited(&self, group: Option<&str>) -> Option<u32> {
        let awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.get(group?).copied()
    }

    /// Says so.
    pub fn set_awaited(&self, group: &str, receives: Option<u32>) {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(receives) = receives else {
            awaited.remove(group);
            return;
        };
        if let Some(known) = awaited.get_mut(group) {
            *known = receives;
        } else {
            awaited.insert(group.to_owned(), receives);
        }
    }

    /// A message was received.
    pub fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// What becomes of rejected messages: as configured, and by default to the dead-letter queue
    /// where there is one.
    pub fn on_rejection(&self) -> OnRejection {
        match (self.config.on_rejection, self.dead_letters()) {
            (None | Some(OnRejection::DeadLetter), Some(_)) => OnRejection::DeadLetter,
            _ => OnRejection::Retry,
        }
    }

    /// Whether giving the message back could send it to the dead-letter queue at its next receive
    /// or the one after, through no fault of its own. While nobody knows after how many receives it
    /// goes there, it is held from its second on.
    pub fn must_hold(&self, receive_count: u32) -> bool {
        match self.redrive() {
            RedrivePolicy::Known(dlq) => receive_count + 1 >= dlq.policy.max_receive_count,
            RedrivePolicy::Absent => false,
            RedrivePolicy::Unknown => receive_count >= 2,
        }
    }

    /// The same where those that wait behind it in its FIFO group are given back with it.
    pub fn must_hold_group(&self, receive_count: u32, group: Option<&str>) -> bool {
        let behind = self.awaited(group).unwrap_or(0);
        self.must_hold(receive_count.max(behind))
    }

    /// Whether the process stops.
    pub fn is_draining(&self) -> bool {
        *self.phase.borrow() >= Phase::Draining
    }

    /// The loop went round and no poll hangs.
    pub fn progressed(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.progress.store(now, Ordering::Relaxed);
    }

    /// How long ago it last did.
    pub fn since_progress(&self) -> Duration {
        let at = Duration::from_millis(self.progress.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(at)
    }

    /// SQS answered, or did not.
    pub fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
        self.shared.metrics.queue_up(self.queue.name(), reachable);
    }

    /// SQS did not answer as it should; why is shown until it does.
    pub fn set_trouble(&self, error: &QueueError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = Some(format!("{error}; {}", error.kind.remedy()));
        drop(trouble);
        self.set_reachable(false);
    }

    /// Whether SQS answered when it was last asked.
    pub fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// What is the matter with the queue, where SQS did not answer as it should.
    pub fn trouble(&self) -> Option<String> {
        if self.is_reachable() {
            return None;
        }
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = trouble.as_deref().unwrap_or("it has not been asked yet");
        Some(format!(
            "queue {} does not answer: {reason}",
            self.queue.name()
        ))
    }
}
