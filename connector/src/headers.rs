//! The headers that a function gets with a message.

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use throughline::{Context, header};

use crate::gateway::put;
use crate::lane::Lane;
use crate::message::Message;

/// What `X-Connector` says.
const CONNECTOR: &str = "throughline-sqs";

/// The headers of one call, made inside `context`.
pub(crate) fn headers(lane: &Lane, message: &Message, context: &Context) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    put(
        &mut headers,
        header::CORRELATION_ID,
        context.correlation_id().as_str(),
    );
    put(
        &mut headers,
        header::TRACEPARENT,
        &context.trace().to_string(),
    );
    put(
        &mut headers,
        header::CALL_ID,
        context.call_id().unwrap_or_default(),
    );
    put(&mut headers, header::SQS_MESSAGE_ID, &message.id);
    put(&mut headers, header::SQS_QUEUE_URL, lane.queue.url());
    put(&mut headers, header::TOPIC, &lane.config.topic);
    put(&mut headers, header::CONNECTOR, CONNECTOR);
    // The same on every delivery of the message, so that a function can do its work once.
    put(&mut headers, header::IDEMPOTENCY_KEY, &message.id);
    headers.insert(header::RECEIVE_COUNT, message.receive_count.into());
    let content_type = HeaderValue::from_str(&lane.config.content_type);
    headers.insert(
        CONTENT_TYPE,
        content_type.unwrap_or(HeaderValue::from_static("text/plain")),
    );
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("sqs-connector/", env!("CARGO_PKG_VERSION"))),
    );
    headers
}
