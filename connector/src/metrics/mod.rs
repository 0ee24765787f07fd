//! What the connector counts. No label ever carries an id.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(test)]
mod chart_tests;
mod cost;
mod families;
mod function;
pub mod plain;
mod process;
mod queue;
#[cfg(test)]
mod table_tests;

use families::{CalledBack, Families, Fetch, FoundIn, OfAccount, OfQueue, Poll, Request, Topic};
pub use function::FunctionLevels;
pub use queue::QueueMeter;

use crate::topics::TopicMap;

/// The counters of the process; a clone counts into the same.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Families>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

fn of(queue: &str) -> OfQueue {
    OfQueue {
        queue: queue.to_owned(),
    }
}

fn gauge(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Metrics {
    /// All of it as OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0.registry)
            .expect("writing to a string does not fail");
        text
    }

    /// How many messages of a queue are held, as last shown.
    pub fn held(&self, queue: &str) -> usize {
        let gauge = self.0.in_flight.get_or_create(&of(queue)).get();
        usize::try_from(gauge).unwrap_or(0)
    }

    /// A poll came back.
    pub fn polled(&self, queue: &str, result: Result<usize, ()>) {
        let kind = match result {
            Ok(0) => "empty",
            Ok(_) => "messages",
            Err(()) => "error",
        };
        self.0
            .polls
            .get_or_create(&Poll {
                queue: queue.to_owned(),
                result: kind,
            })
            .inc();
        self.0
            .received
            .get_or_create(&of(queue))
            .inc_by(result.unwrap_or(0) as u64);
    }

    /// A received message does not match its MD5.
    pub fn corrupt(&self, queue: &str) {
        self.0.corrupt.get_or_create(&of(queue)).inc();
    }

    /// A message came again.
    pub fn duplicate(&self, queue: &str) {
        self.0.duplicates.get_or_create(&of(queue)).inc();
    }

    /// A function was called with so many messages.
    pub fn batch(&self, queue: &str, messages: usize) {
        let family = &self.0.batch_messages;
        family.get_or_create(&of(queue)).observe(messages as f64);
    }

    /// A callback came.
    pub fn callback(&self, result: &'static str) {
        self.0.callbacks.get_or_create(&CalledBack { result }).inc();
    }

    /// Whether so much of a queue is in flight that SQS hands out no more.
    pub fn in_flight_limit_reached(&self, queue: &str, reached: bool) {
        let level = self.0.in_flight_limit.get_or_create(&of(queue));
        level.set(reached.into());
    }

    /// What is counted of a queue for every message.
    pub fn queue(&self, queue: &str) -> QueueMeter {
        QueueMeter::new(self.clone(), queue)
    }

    /// The levels of a function of a queue, to be set where they change.
    pub fn function(&self, queue: &str, function: &str) -> FunctionLevels {
        FunctionLevels::new(self.clone(), queue, function)
    }

    /// A lease was extended.
    pub fn lease_extended(&self, queue: &str) {
        self.0.leases_extended.get_or_create(&of(queue)).inc();
    }

    /// A lease was lost.
    pub fn lease_lost(&self, queue: &str) {
        self.0.leases_lost.get_or_create(&of(queue)).inc();
    }

    /// A correlation id was found, after so many were refused.
    pub fn correlated(&self, source: &'static str, refused: u32) {
        self.0.correlation.get_or_create(&FoundIn { source }).inc();
        self.0.refused_ids.inc_by(refused.into());
    }

    /// SQS was asked; what it answered, well or not, it bills.
    pub fn sqs_request(&self, queue: &str, action: &'static str, good: bool, answered: bool) {
        let result = if good { "ok" } else { "error" };
        let labels = Request {
            queue: queue.to_owned(),
            action,
            result,
        };
        self.0.sqs_requests.get_or_create(&labels).inc();
        if answered {
            self.0.cost.answered(queue);
        }
    }

    /// A request or an answer carried messages of so many bytes in all.
    pub fn carried(&self, queue: &str, bytes: usize) {
        self.0.cost.carried(queue, bytes);
    }

    /// What a million requests to a queue cost, in US dollars.
    pub fn price(&self, queue: &str, dollars: f64) {
        self.0.cost.set_price(queue, dollars);
    }

    /// The topic map was refreshed.
    pub fn topic_map(&self, map: &TopicMap) {
        self.0.topic_functions.clear();
        for (topic, functions) in map.counts() {
            self.0
                .topic_functions
                .get_or_create(&Topic {
                    topic: topic.to_owned(),
                })
                .set(gauge(functions));
        }
    }

    /// Credentials were fetched, or could not be.
    pub fn credentials_fetched(&self, account: &str, good: bool) {
        let labels = Fetch {
            account: account.to_owned(),
            result: if good { "ok" } else { "error" },
        };
        self.0.credentials_fetched.get_or_create(&labels).inc();
    }

    /// When the credentials in use end.
    pub fn credentials_end(&self, account: &str, end: SystemTime) {
        let since_1970 = end.duration_since(UNIX_EPOCH).unwrap_or_default();
        let labels = OfAccount {
            account: account.to_owned(),
        };
        let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
        self.0.credentials_end.get_or_create(&labels).set(seconds);
    }

    /// Whether a queue answered when it was last asked.
    pub fn queue_up(&self, queue: &str, up: bool) {
        self.0.queue_up.get_or_create(&of(queue)).set(up.into());
    }

    /// The topic map could not be refreshed.
    pub fn topic_refresh_failed(&self) {
        self.0.refreshes_failed.inc();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_counted_is_in_the_text() {
        let metrics = Metrics::default();
        metrics.polled("q", Ok(3));
        let meter = metrics.queue("q");
        meter.settled("delete", Some(Duration::from_secs(1)));
        meter.settled("delete", None);
        meter.levels(2, 1);
        let text = metrics.encode();
        for line in [
            "sqs_connector_messages_received_total{queue=\"q\"} 3",
            "sqs_connector_messages_settled_total{queue=\"q\",verdict=\"delete\"} 2",
            "sqs_connector_message_age_seconds_count{queue=\"q\"} 1",
            "sqs_connector_build_info{version=",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
