//! The families of metrics, their names and their labels.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::cost::Cost;
use super::process::Process;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OfQueue {
    pub(super) queue: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Invocation {
    pub(super) function: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Settlement {
    pub(super) queue: String,
    pub(super) verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Request {
    pub(super) queue: String,
    pub(super) action: &'static str,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Poll {
    pub(super) queue: String,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OfFunction {
    pub(super) queue: String,
    pub(super) function: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Paused {
    pub(super) queue: String,
    pub(super) function: String,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OfAccount {
    pub(super) account: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Fetch {
    pub(super) account: String,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct FoundIn {
    pub(super) source: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Topic {
    pub(super) topic: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct CalledBack {
    pub(super) result: &'static str,
}

/// All of them, registered.
pub(super) struct Families {
    pub(super) registry: Registry,
    pub(super) cost: Cost,
    pub(super) received: Family<OfQueue, Counter>,
    pub(super) corrupt: Family<OfQueue, Counter>,
    pub(super) duplicates: Family<OfQueue, Counter>,
    pub(super) invocations: Family<Invocation, Counter>,
    pub(super) invocation_seconds: Family<OfQueue, Histogram>,
    pub(super) batch_messages: Family<OfQueue, Histogram>,
    pub(super) callbacks: Family<CalledBack, Counter>,
    pub(super) settled: Family<Settlement, Counter>,
    pub(super) age_seconds: Family<OfQueue, Histogram>,
    pub(super) in_flight: Family<OfQueue, Gauge>,
    pub(super) pollers: Family<OfQueue, Gauge>,
    pub(super) limit: Family<OfFunction, Gauge>,
    pub(super) calls_in_flight: Family<OfFunction, Gauge>,
    pub(super) leases_extended: Family<OfQueue, Counter>,
    pub(super) leases_lost: Family<OfQueue, Counter>,
    pub(super) in_flight_limit: Family<OfQueue, Gauge>,
    pub(super) correlation: Family<FoundIn, Counter>,
    pub(super) refused_ids: Counter,
    pub(super) polls: Family<Poll, Counter>,
    pub(super) sqs_requests: Family<Request, Counter>,
    pub(super) paused: Family<Paused, Gauge>,
    pub(super) pauses: Family<Paused, Counter>,
    pub(super) topic_functions: Family<Topic, Gauge>,
    pub(super) refreshes_failed: Counter,
    pub(super) credentials_fetched: Family<Fetch, Counter>,
    pub(super) credentials_end: Family<OfAccount, Gauge>,
    pub(super) queue_up: Family<OfQueue, Gauge>,
}

fn invocation_buckets() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    ])
}

fn batch_buckets() -> Histogram {
    Histogram::new([1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0])
}

fn age_buckets() -> Histogram {
    Histogram::new([
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
        14_400.0, 43_200.0,
    ])
}

impl Default for Families {
    fn default() -> Self {
        let mut families = Self {
            registry: Registry::default(),
            cost: Cost::default(),
            received: Family::default(),
            corrupt: Family::default(),
            duplicates: Family::default(),
            invocations: Family::default(),
            invocation_seconds: Family::new_with_constructor(invocation_buckets),
            batch_messages: Family::new_with_constructor(batch_buckets),
            callbacks: Family::default(),
            settled: Family::default(),
            age_seconds: Family::new_with_constructor(age_buckets),
            in_flight: Family::default(),
            pollers: Family::default(),
            limit: Family::default(),
            calls_in_flight: Family::default(),
            leases_extended: Family::default(),
            leases_lost: Family::default(),
            in_flight_limit: Family::default(),
            correlation: Family::default(),
            refused_ids: Counter::default(),
            polls: Family::default(),
            sqs_requests: Family::default(),
            paused: Family::default(),
            pauses: Family::default(),
            topic_functions: Family::default(),
            refreshes_failed: Counter::default(),
            credentials_fetched: Family::default(),
            credentials_end: Family::default(),
            queue_up: Family::default(),
        };
        families.register();
        families
    }
}

impl Families {
    fn register(&mut self) {
        self.registry.register_collector(Box::new(Process));
        let r = self.registry.sub_registry_with_prefix("sqs_connector");
        r.register_collector(Box::new(self.cost.clone()));
        r.register(
            "messages_received",
            "Messages received",
            self.received.clone(),
        );
        r.register(
            "messages_corrupt",
            "Messages whose body did not match its MD5",
            self.corrupt.clone(),
        );
        r.register(
            "messages_duplicate",
            "Messages received while they were at work already, or after they were done",
            self.duplicates.clone(),
        );
        r.register(
            "invocations",
            "Calls to functions, by status class or transport error",
            self.invocations.clone(),
        );
        r.register_with_unit(
            "invocation",
            "How long calls to functions took",
            Unit::Seconds,
            self.invocation_seconds.clone(),
        );
        r.register(
            "batch_messages",
            "Messages in a batch, in mode batch",
            self.batch_messages.clone(),
        );
        r.register(
            "callbacks",
            "Callbacks of asynchronous calls, by what they came to",
            self.callbacks.clone(),
        );
        r.register(
            "messages_settled",
            "Messages settled, by verdict",
            self.settled.clone(),
        );
        r.register_with_unit(
            "message_age",
            "From sent to settled for good",
            Unit::Seconds,
            self.age_seconds.clone(),
        );
        r.register(
            "messages_in_flight",
            "Messages held",
            self.in_flight.clone(),
        );
        r.register("polls_open", "Polls open now", self.pollers.clone());
        r.register(
            "concurrency_limit",
            "Calls to a function that may run at once now",
            self.limit.clone(),
        );
        r.register(
            "calls_in_flight",
            "Calls to a function that run now",
            self.calls_in_flight.clone(),
        );
        r.register(
            "leases_extended",
            "Extensions that SQS confirmed",
            self.leases_extended.clone(),
        );
        r.register(
            "leases_lost",
            "Leases lost before the message was settled",
            self.leases_lost.clone(),
        );
        r.register(
            "in_flight_limit_reached",
            "1 where so much of the queue is in flight that SQS hands out no more",
            self.in_flight_limit.clone(),
        );
        r.register(
            "correlation_ids",
            "Where correlation ids were found",
            self.correlation.clone(),
        );
        r.register(
            "correlation_ids_refused",
            "Correlation ids refused and replaced",
            self.refused_ids.clone(),
        );
        r.register("polls", "Polls, by result", self.polls.clone());
        r.register(
            "sqs_requests",
            "Requests to SQS, by action",
            self.sqs_requests.clone(),
        );
        r.register(
            "paused",
            "1 while a queue pauses for a function, by reason",
            self.paused.clone(),
        );
        r.register(
            "pauses",
            "Pauses of a queue for a function, by reason",
            self.pauses.clone(),
        );
        r.register(
            "topic_functions",
            "Functions subscribed to a topic",
            self.topic_functions.clone(),
        );
        r.register(
            "topic_refreshes_failed",
            "Refreshes of the topic map that failed",
            self.refreshes_failed.clone(),
        );
        r.register(
            "credentials_fetched",
            "Fetches of AWS credentials, by account: `own` or a role's ARN",
            self.credentials_fetched.clone(),
        );
        r.register_with_unit(
            "credentials_expiry_timestamp",
            "When the credentials in use end, since 1970",
            Unit::Seconds,
            self.credentials_end.clone(),
        );
        r.register(
            "queue_up",
            "1 where the queue answered when it was last asked",
            self.queue_up.clone(),
        );
        r.register(
            "build",
            "What runs",
            Info::new(vec![
                ("version", env!("CARGO_PKG_VERSION")),
                // Given by whoever builds an image: a build in the source's folder knows of none.
                (
                    "revision",
                    option_env!("SQS_CONNECTOR_REVISION").unwrap_or("unknown"),
                ),
            ]),
        );
    }
}
