//! What is shown of one function of a queue.

use prometheus_client::metrics::gauge::Gauge;

use super::families::{OfFunction, Paused};
use super::{Metrics, gauge};
use crate::verdict::PauseReason;

/// The levels of one function of a queue. Its series end when this is dropped.
#[derive(Debug)]
pub struct FunctionLevels {
    metrics: Metrics,
    labels: OfFunction,
    limit: Gauge,
    in_flight: Gauge,
    shown: Option<PauseReason>,
}

impl FunctionLevels {
    pub(super) fn new(metrics: Metrics, queue: &str, function: &str) -> Self {
        let labels = OfFunction {
            queue: queue.to_owned(),
            function: function.to_owned(),
        };
        let limit = metrics.0.limit.get_or_create_owned(&labels);
        let in_flight = metrics.0.calls_in_flight.get_or_create_owned(&labels);
        let levels = Self {
            metrics,
            labels,
            limit,
            in_flight,
            shown: None,
        };
        for reason in PauseReason::ALL {
            let labels = levels.paused(reason);
            levels.metrics.0.paused.get_or_create(&labels).set(0);
            drop(levels.metrics.0.pauses.get_or_create(&labels));
        }
        levels
    }

    /// So many calls run, so many may, and the queue pauses for this reason.
    pub fn show(&mut self, in_flight: usize, limit: usize, paused: Option<PauseReason>) {
        self.in_flight.set(gauge(in_flight));
        self.limit.set(gauge(limit));
        if self.shown == paused {
            return;
        }
        let families = &self.metrics.0;
        if let Some(over) = self.shown {
            families.paused.get_or_create(&self.paused(over)).set(0);
        }
        if let Some(reason) = paused {
            let labels = self.paused(reason);
            families.paused.get_or_create(&labels).set(1);
            families.pauses.get_or_create(&labels).inc();
        }
        self.shown = paused;
    }

    fn paused(&self, reason: PauseReason) -> Paused {
        Paused {
            queue: self.labels.queue.clone(),
            function: self.labels.function.clone(),
            reason: reason.kind(),
        }
    }
}

impl Drop for FunctionLevels {
    fn drop(&mut self) {
        self.metrics.0.limit.remove(&self.labels);
        self.metrics.0.calls_in_flight.remove(&self.labels);
        for reason in PauseReason::ALL {
            self.metrics.0.paused.remove(&self.paused(reason));
            self.metrics.0.pauses.remove(&self.paused(reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_levels_are_shown_and_gone_with_it() {
        let metrics = Metrics::default();
        let mut levels = metrics.function("q", "f.ns");
        levels.show(3, 8, Some(PauseReason::Overload));
        let text = metrics.encode();
        for line in [
            "sqs_connector_concurrency_limit{queue=\"q\",function=\"f.ns\"} 8",
            "sqs_connector_calls_in_flight{queue=\"q\",function=\"f.ns\"} 3",
            "sqs_connector_paused{queue=\"q\",function=\"f.ns\",reason=\"overload\"} 1",
            "sqs_connector_pauses_total{queue=\"q\",function=\"f.ns\",reason=\"overload\"} 1",
            "sqs_connector_paused{queue=\"q\",function=\"f.ns\",reason=\"infrastructure\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        levels.show(2, 8, None);
        levels.show(2, 4, Some(PauseReason::Overload));
        let text = metrics.encode();
        assert!(text.contains("reason=\"overload\"} 2"), "{text}");
        drop(levels);
        assert!(!metrics.encode().contains("f.ns"));
    }
}
