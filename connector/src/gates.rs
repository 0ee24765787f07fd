//! The gates of a queue: one for each function that subscribed to its topic.
//!
//! A message is deleted only after every function succeeded with it. So while one function is out,
//! nothing is received for any of them: it could not be deleted. What is held goes on: the calls to
//! the others are made, and what succeeds is remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::config::QueueConfig;
use crate::discovery::Topics;
use crate::gate::Gate;
use crate::governor::{Intake, ProbeIntervals};
use crate::lane::Shared;
use crate::limit::Bounds;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::retry_rules::RetryRules;
use crate::topics::TopicMap;
use crate::verdict::PauseReason;

/// A function that subscribed to the queue's topic.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// `name.namespace`, as it stands in the path of a call.
    pub function: Arc<str>,
    /// Where messages wait for their turn with it.
    pub gate: Arc<Gate>,
    /// How it wants to be tried again.
    pub rules: Arc<RetryRules>,
}

/// A [`Gate`] for each subscriber of one topic, kept while it subscribes.
#[derive(Debug)]
pub struct Gates {
    queue: String,
    topic: String,
    topics: watch::Receiver<Topics>,
    bounds: Bounds,
    intervals: ProbeIntervals,
    random: Random,
    metrics: Metrics,
    known: Mutex<Known>,
    changed: Arc<Notify>,
}

/// The subscribers as a topic map had them.
#[derive(Debug)]
struct Known {
    map: Option<Arc<TopicMap>>,
    subscribers: Arc<[Subscriber]>,
}

impl Gates {
    /// Gates for the subscribers of the queue's topic.
    pub fn new(queue: &QueueConfig, shared: &Shared) -> Self {
        Self {
            queue: queue.url.name().to_owned(),
            topic: queue.topic.clone(),
            topics: shared.topics.clone(),
            bounds: Bounds {
                least: queue.concurrency_min,
                most: queue.concurrency,
            },
            intervals: queue.probes,
            random: shared.random.clone(),
            metrics: shared.metrics.clone(),
            known: Mutex::new(Known {
                map: None,
                subscribers: Arc::from([]),
            }),
            changed: Arc::new(Notify::new()),
        }
    }

    /// Who subscribes now, in a stable order.
    pub fn subscribers(&self) -> Arc<[Subscriber]> {
        let map = self.topics.borrow().map.clone();
        let mut known = self.lock();
        let same = match (&map, &known.map) {
            (Some(new), Some(old)) => Arc::ptr_eq(new, old),
            (new, old) => new.is_none() && old.is_none(),
        };
        if !same {
            let functions = map.iter().flat_map(|map| map.subscribers(&self.topic));
            let subscribers = functions.map(|(name, rules)| self.subscriber(&known, name, rules));
            known.subscribers = subscribers.collect();
            known.map = map;
        }
        known.subscribers.clone()
    }

    /// Whether the function subscribes to the topic by this map.
    pub fn subscribes(&self, topics: &Topics, function: &str) -> bool {
        let map = topics.map.as_deref();
        map.is_some_and(|map| map.functions(&self.topic).any(|known| known == function))
    }

    /// Whether any function subscribes to the topic by this map.
    pub fn has_subscribers(&self, topics: &Topics) -> bool {
        let map = topics.map.as_deref();
        map.is_some_and(|map| map.functions(&self.topic).next().is_some())
    }

    /// Whether to receive, while `held` messages are held, and how many may be at work at once: no
    /// more than the slowest function takes.
    pub fn look(&self, held: usize) -> (Intake, usize) {
        let subscribers = self.subscribers();
        let each = subscribers.iter().map(|one| one.gate.look(held));
        each.fold((Intake::Open, self.bounds.most), |(may, limit), one| {
            (may.and(one.0), limit.min(one.1))
        })
    }

    /// Whether a function is not reached.
    pub fn is_out(&self) -> bool {
        let subscribers = self.subscribers();
        let mut pauses = subscribers.iter().filter_map(|one| one.gate.paused());
        pauses.any(|reason| reason == PauseReason::Infrastructure)
    }

    /// Returns when a call ended since this returned last. For one waiter.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// With the gate it had before, where it subscribed before.
    fn subscriber(&self, known: &Known, function: &str, rules: &Arc<RetryRules>) -> Subscriber {
        let mut subscribers = known.subscribers.iter();
        let before = subscribers.find(|one| *one.function == *function);
        let new = || {
            let levels = self.metrics.function(&self.queue, function);
            let (random, changed) = (self.random.clone(), self.changed.clone());
            Arc::new(Gate::new(
                self.bounds,
                self.intervals,
                random,
                levels,
                changed,
            ))
        };
        Subscriber {
            function: before.map_or_else(|| function.into(), |one| one.function.clone()),
            gate: before.map_or_else(new, |one| one.gate.clone()),
            rules: rules.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
