//! What is counted of one queue for every message: looked up once, and not each time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::families::{Invocation, Settlement};
use super::{Metrics, gauge, of};

/// The counters of one queue.
#[derive(Debug)]
pub struct QueueMeter {
    metrics: Metrics,
    queue: String,
    settled: Known<Settlement>,
    invoked: Known<Invocation>,
    age: Histogram,
    took: Histogram,
    in_flight: Gauge,
    polls: Gauge,
}

/// The series of a family that were used before; there are few.
#[derive(Debug)]
struct Known<L>(Mutex<Vec<(L, Counter)>>);

impl<L> Default for Known<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<L> Known<L> {
    /// Counts one in the series that `is` meant, found by `find` where it was not used before.
    fn inc(&self, is: impl Fn(&L) -> bool, find: impl FnOnce() -> (L, Counter)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = known.iter().find(|(labels, _)| is(labels)) {
            counter.inc();
            return;
        }
        let (labels, counter) = find();
        counter.inc();
        known.push((labels, counter));
    }
}

impl QueueMeter {
    pub(super) fn new(metrics: Metrics, queue: &str) -> Self {
        let (families, labels) = (&metrics.0, of(queue));
        Self {
            settled: Known::default(),
            invoked: Known::default(),
            age: families.age_seconds.get_or_create_owned(&labels),
            took: families.invocation_seconds.get_or_create_owned(&labels),
            in_flight: families.in_flight.get_or_create_owned(&labels),
            polls: families.pollers.get_or_create_owned(&labels),
            queue: queue.to_owned(),
            metrics,
        }
    }

    /// A function was called.
    pub fn invoked(&self, function: &str, outcome: &'static str, took: Duration) {
        self.invoked.inc(
            |known| known.outcome == outcome && known.function == function,
            || {
                let labels = Invocation {
                    function: function.to_owned(),
                    outcome,
                };
                let counter = self.metrics.0.invocations.get_or_create_owned(&labels);
                (labels, counter)
            },
        );
        self.took.observe(took.as_secs_f64());
    }

    /// A message is settled; with its age where it is settled for good.
    pub fn settled(&self, verdict: &'static str, age: Option<Duration>) {
        self.settled.inc(
            |known| known.verdict == verdict,
            || {
                let labels = Settlement {
                    queue: self.queue.clone(),
                    verdict,
                };
                let counter = self.metrics.0.settled.get_or_create_owned(&labels);
                (labels, counter)
            },
        );
        if verdict.ends_with("delete") || verdict.ends_with("dead_letter") {
            self.metrics.0.cost.done(&self.queue);
        }
        if let Some(age) = age {
            self.age.observe(age.as_secs_f64());
        }
    }

    /// What the queue has open now.
    pub fn levels(&self, in_flight: usize, polls: usize) {
        self.in_flight.set(gauge(in_flight));
        self.polls.set(gauge(polls));
    }
}
