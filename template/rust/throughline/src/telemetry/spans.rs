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
use tracing::field::Empty;
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
#[cfg(feature = "function")]
pub(crate) fn server(context: Context, service: &str, request: &crate::Request) -> (Context, Span) {
    use crate::header;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Whether a request has been handled by this process.
    static WARM: AtomicBool = AtomicBool::new(false);

    if ON.get().is_none() {
        return (context, Span::none());
    }
    let message = request.header(header::SQS_MESSAGE_ID);
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "handle",
        // A function's span is called as the function is.
        otel.name = service,
        otel.kind = "server",
        faas.name = service,
        faas.trigger = if message.is_some() { "pubsub" } else { "http" },
        faas.coldstart = !WARM.swap(true, Ordering::Relaxed),
        faas.invocation_id = context.call_id(),
        http.request.method = request.method().as_str(),
        url.path = request.path(),
        messaging.system = message.map(|_| "aws_sqs"),
        messaging.destination.name = request.header(header::TOPIC).filter(|_| message.is_some()),
        messaging.message.id = message,
        messaging.message.conversation_id = context.correlation_id().as_str(),
        messaging.delivery_attempt = context.delivery_attempt(),
        http.response.status_code = Empty,
        error.r#type = Empty,
        otel.status_code = Empty,
    );
    // Before anything reads the span's context: afterwards its parent is settled.
    if let Some(caller) = context.caller() {
        let _ = span.set_parent(remote(*caller));
    }
    (carry(context, &span), span)
}

/// The span of an HTTP call, a child of the request's own; the context then carries it.
pub(crate) fn client(
    context: Context,
    method: &http::Method,
    url: &reqwest::Url,
) -> (Context, Span) {
    if ON.get().is_none() {
        return (context, Span::none());
    }
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "call",
        otel.name = method.as_str(),
        otel.kind = "client",
        http.request.method = method.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        url.full = plain(url),
        messaging.message.conversation_id = context.correlation_id().as_str(),
        http.response.status_code = Empty,
        error.r#type = Empty,
        otel.status_code = Empty,
    );
    let _ = span.set_parent(remote(*context.trace()));
    (carry(context, &span), span)
}

/// The span of a GraphQL operation, a child of the request's own; the context then carries it.
#[cfg(feature = "graphql")]
pub(crate) fn graphql(
    context: Context,
    url: &reqwest::Url,
    name: &str,
    document: &str,
) -> (Context, Span) {
    if ON.get().is_none() {
        return (context, Span::none());
    }
    let shape = crate::graphql::Shape::read(document, name);
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "graphql",
        otel.name = format!("{} {name}", shape.operation),
        otel.kind = "client",
        graphql.operation.name = name,
        graphql.operation.r#type = shape.operation,
        graphql.query.depth = shape.depth,
        http.request.method = "POST",
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        url.full = plain(url),
        messaging.message.conversation_id = context.correlation_id().as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        error.r#type = Empty,
        otel.status_code = Empty,
    );
    let _ = span.set_parent(remote(*context.trace()));
    (carry(context, &span), span)
}

/// A URL without what may be a secret in it: user, password, query.
fn plain(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
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
