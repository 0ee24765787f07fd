//! What a function counts, under the names that OpenFaaS' watchdog uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use http::{Method, StatusCode, header::CONTENT_TYPE};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::response::{Response, plain};
use crate::Body;

/// The buckets that Prometheus' client for Go has, and so the watchdog.
const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Counted for a caller that left before it was answered, as other servers do.
const CALLER_LEFT: u16 = 499;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    code: u16,
    method: &'static str,
}

/// The counters of one function.
pub(crate) struct Metrics {
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    in_flight: Gauge<i64, AtomicI64>,
    registry: Registry,
}

/// Counted since the start of the process: a record's id is refused far from any metrics.
static IDS_REFUSED: AtomicU64 = AtomicU64::new(0);

/// Counts a correlation id that was refused and replaced.
pub(super) fn count_refused_id() {
    IDS_REFUSED.fetch_add(1, Ordering::Relaxed);
}

/// What is counted elsewhere, and asked for here.
struct Elsewhere {
    dropped_lines: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Elsewhere")
    }
}

impl Collector for Elsewhere {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, what, count) in [
            (
                "correlation_ids_refused",
                "Correlation ids that came and were refused and replaced",
                IDS_REFUSED.load(Ordering::Relaxed),
            ),
            (
                "log_lines_dropped",
                "Log lines that were dropped, since standard output took them too slowly",
                (self.dropped_lines)(),
            ),
        ] {
            let counter = ConstCounter::new(count);
            let kind = counter.metric_type();
            counter.encode(encoder.encode_descriptor(name, what, None, kind)?)?;
        }
        Ok(())
    }
}

impl Metrics {
    /// `dropped` says how many log lines were dropped so far.
    pub(crate) fn new(dropped: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
            registry: Registry::default(),
        };
        let mut registry = Registry::default();
        registry.register(
            "http_requests",
            "Requests that were handled",
            metrics.requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Seconds from a request to the end of its answer",
            metrics.durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being handled",
            metrics.in_flight.clone(),
        );
        registry.register_collector(Box::new(Elsewhere {
            dropped_lines: Box::new(dropped),
        }));
        Self {
            registry,
            ..metrics
        }
    }

    /// How many requests are being handled.
    pub(super) fn in_flight(&self) -> usize {
        usize::try_from(self.in_flight.get()).unwrap_or(0)
    }

    /// Answers a request for the metrics, or for anything else on their port.
    pub(crate) fn answer(&self, path: &str) -> Response {
        if path != "/metrics" {
            return plain(StatusCode::NOT_FOUND, None, Body::empty());
        }
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => {
                let mut response = plain(StatusCode::OK, None, text.into());
                let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                (response.headers_mut()).insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
                response
            }
            Err(error) => {
                tracing::error!(error = %error, "the metrics can't be written");
                plain(StatusCode::INTERNAL_SERVER_ERROR, None, Body::empty())
            }
        }
    }

    fn observe(&self, code: u16, method: &'static str, seconds: f64) {
        let labels = Labels { code, method };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(seconds);
    }
}

/// A request that is in flight until this is dropped; then it is counted.
pub(super) struct Counted {
    metrics: Arc<Metrics>,
    method: &'static str,
    pub(super) started: Instant,
    code: u16,
    /// How many were in flight before it.
    pub(super) before: usize,
}

impl Counted {
    pub(super) fn new(metrics: Arc<Metrics>, method: &Method, started: Instant) -> Self {
        let before = metrics.in_flight.inc();
        Self {
            metrics,
            method: label(method),
            started,
            code: CALLER_LEFT,
            before: usize::try_from(before).unwrap_or(0),
        }
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.code = status.as_u16();
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        let seconds = self.started.elapsed().as_secs_f64();
        self.metrics.observe(self.code, self.method, seconds);
    }
}

/// The method as the watchdog writes it: a caller can't make up labels.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::POST => "post",
        Method::PUT => "put",
        Method::DELETE => "delete",
        Method::HEAD => "head",
        Method::OPTIONS => "options",
        Method::PATCH => "patch",
        Method::CONNECT => "connect",
        Method::TRACE => "trace",
        _ => "unknown",
    }
}
