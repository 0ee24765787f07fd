//! The names of the headers that the thread runs through.
//!
//! All in lower case, as `http` and HTTP/2 want them; HTTP compares names without regard to case.
//!
//! ```
//! let mut headers = http::HeaderMap::new();
//! headers.insert(throughline::header::CORRELATION_ID, http::HeaderValue::from_static("kan-7"));
//! assert_eq!(headers["X-Correlation-ID"], "kan-7");
//! ```

/// The correlation id: one business event, from the webhook to the last log line.
pub const CORRELATION_ID: &str = "x-correlation-id";
/// OpenFaaS' id of one invocation. The gateway keeps a caller's value and mints one where there is none.
pub const CALL_ID: &str = "x-call-id";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace context: what a vendor adds to the trace.
pub const TRACESTATE: &str = "tracestate";
/// W3C baggage: what else goes along with a request.
pub const BAGGAGE: &str = "baggage";
/// The trace in the form of X-Ray, as load balancers and API Gateway write it.
pub const X_RAY: &str = "x-amzn-trace-id";
/// The same value on every delivery of the same message, so that a function can do its work once.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// How often SQS has handed the message out, this time included.
pub const RECEIVE_COUNT: &str = "x-sqs-receive-count";
/// The SQS message id; OpenFaaS' own connector sends it too.
pub const SQS_MESSAGE_ID: &str = "x-sqs-message-id";
/// The URL of the queue; OpenFaaS' own connector sends it too.
pub const SQS_QUEUE_URL: &str = "x-sqs-queue-url";
/// The topic a function subscribed to with its annotation `topic`.
pub const TOPIC: &str = "x-topic";
/// The connector that made the call.
pub const CONNECTOR: &str = "x-connector";
/// Set on answers that something other than the function's own code made.
pub const OPENFAAS_INTERNAL: &str = "x-openfaas-internal";
/// How long the function took, in seconds.
pub const DURATION_SECONDS: &str = "x-duration-seconds";
