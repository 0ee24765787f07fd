//! Spans to an OpenTelemetry collector, over OTLP/HTTP. Where no endpoint is set, none is made and
//! nothing is paid for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{Context, TraceParent};

/// The target of every span made here: the one that goes to the collector.
const TARGET: &str = super::SPANS;
/// How long the collector may take to accept a batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

static ON: OnceLock<()> = OnceLock::new();

/// What sends the spans. Dropping it sends what is left.
pub(crate) struct Exporter(SdkTracerProvider);

/// Why no exporter could be made.
#[derive(Debug, thiserror::Error)]
#[error("spans can't be sent to {endpoint:?}: {reason}")]
pub(crate) struct ExportError {
    endpoint: String,
    reason: String,
}

impl Exporter {
    /// An exporter to the collector at `endpoint`, the full URL that takes traces. Sends on the
    /// runtime that it is made in.
    pub(crate) fn start(service: &str, endpoint: &str) -> Result<Self, ExportError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Carrier(Handle::current()))
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .map_err(|error| ExportError {
                endpoint: endpoint.to_owned(),
                reason: error.to_string(),
            })?;
        let resource = Resource::builder()
            .with_service_name(service.to_owned())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        let _ = ON.set(());
        Ok(Self(provider))
    }

    pub(super) fn tracer(&self) -> opentelemetry_sdk::trace::SdkTracer {
        self.0.tracer("throughline")
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(EXPORT_TIMEOUT) {
            tracing::warn!(error = %error, "the last spans could not be sent");
        }
    }
}

/// The span of a request that is being handled, a child of the span that called; the context then
/// carries it on.
pub(crate) fn server(context: Context, caller: Option<TraceParent>) -> (Context, Span) {
    if ON.get().is_none() {
        return (context, Span::none());
    }
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "handle",
        otel.kind = "server",
        faas.trigger = "http",
        messaging.message.conversation_id = context.correlation_id().as_str(),
        http.response.status_code = tracing::field::Empty,
        otel.status_code = tracing::field::Empty,
    );
    if let Some(caller) = caller {
        // Before anything reads the span's context: afterwards its parent is settled.
        let _ = span.set_parent(remote(caller));
    }
    (carry(context, &span), span)
}

/// The span of a call to somebody else, a child of the request's own; `with` runs inside a context
/// that carries it.
#[cfg(feature = "graphql")]
pub(crate) fn graphql(context: Context, operation: &str) -> (Context, Span) {
    if ON.get().is_none() {
        return (context, Span::none());
    }
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "graphql",
        otel.name = operation,
        otel.kind = "client",
        graphql.operation.name = operation,
        messaging.message.conversation_id = context.correlation_id().as_str(),
        otel.status_code = tracing::field::Empty,
    );
    let _ = span.set_parent(remote(*context.trace()));
    (carry(context, &span), span)
}

fn carry(context: Context, span: &Span) -> Context {
    let own = span.context();
    let own = own.span();
    let own = own.span_context();
    match TraceParent::from_parts(
        u128::from_be_bytes(own.trace_id().to_bytes()),
        u64::from_be_bytes(own.span_id().to_bytes()),
        own.is_sampled(),
    ) {
        Some(trace) => context.with_trace(trace),
        None => context,
    }
}

fn remote(parent: TraceParent) -> opentelemetry::Context {
    let (trace, span) = parent.ids();
    let flags = if parent.sampled() {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::default()
    };
    opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from_bytes(trace.to_be_bytes()),
        SpanId::from_bytes(span.to_be_bytes()),
        flags,
        true,
        TraceState::default(),
    ))
}

/// Sends batches with the process' own HTTP client. The exporter's thread has no runtime: the call
/// is made on the function's.
struct Carrier(Handle);

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Carrier {
    fn send_bytes<'life, 'made>(&'life self, request: http::Request<Bytes>) -> Sending<'made>
    where
        'life: 'made,
        Self: 'made,
    {
        let sending = self.0.spawn(async move {
            let request = reqwest::Request::try_from(request)?;
            let answer = crate::http().execute(request).await?;
            let mut response = http::Response::new(Bytes::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?;
            Ok::<_, HttpError>(response)
        });
        Box::pin(async move { sending.await? })
    }
}
