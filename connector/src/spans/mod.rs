//! Spans to an OpenTelemetry collector, where one is configured: receive, process, invoke, settle, by
//! the semantic conventions for messaging. Where none is configured nothing is made and nothing paid.
//!
//! A span has the very id that log lines and the header `traceparent` have: it is put together from
//! what was done, once it is done, and handed to the exporter. A message belongs to the trace of its
//! sender, and the receive that brought it to a trace of its own; each links to the other.

mod carrier;
pub(crate) mod record;
mod span;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanProcessor as _};
use url::Url;

use crate::http::Http;
use carrier::Carrier;

use span::{Kind, Span, Way};

/// How long the collector may take to accept a batch.
const EXPORT: Duration = Duration::from_secs(10);
/// How long the last batch may take when the process ends.
const LAST: Duration = Duration::from_secs(3);

/// Where spans go; a clone sends to the same.
#[derive(Clone, Default)]
pub struct Spans(Option<Arc<BatchSpanProcessor>>);

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() {
            "Spans(on)"
        } else {
            "Spans(off)"
        })
    }
}

impl Spans {
    /// Sends spans to `endpoint`, the full URL that takes traces, in batches, from a thread of its
    /// own; what does not fit into its bounded queue is dropped. Calls are made on the runtime that
    /// this is called in.
    ///
    /// # Errors
    /// In words, when no exporter can be made for this endpoint.
    pub fn start(service: &str, endpoint: &Url, http: Http) -> Result<Self, String> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Carrier::new(http))
            .with_endpoint(endpoint.as_str())
            .with_timeout(EXPORT)
            .build()
            .map_err(|error| format!("spans can't be sent to {endpoint}: {error}"))?;
        let resource = Resource::builder()
            .with_service_name(service.to_owned())
            .build();
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(&resource);
        Ok(Self(Some(Arc::new(processor))))
    }

    /// Whether spans are wanted.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Hands a span over, made only where it is wanted. What the sender does not sample is not sent.
    pub(crate) fn record(&self, span: impl FnOnce() -> Span) {
        if let Some(processor) = &self.0 {
            let span = span();
            if span.way.own.sampled() {
                processor.on_end(span.into_data());
            }
        }
    }

    /// Sends what is left; waits for it, so not from a worker of the runtime.
    pub fn finish(&self) {
        if let Some(processor) = &self.0
            && let Err(error) = processor.shutdown_with_timeout(LAST)
        {
            tracing::warn!(error = %error, "the last spans could not be sent");
        }
    }
}
