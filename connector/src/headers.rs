//! The headers that a function gets with a message.

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use throughline::{Context, TraceParent, header};

use crate::attribute_headers::{AttributeHeaders, attribute_headers, weight};
use crate::content_type::{self, Declared};
use crate::gateway::put;
use crate::lane::Lane;
use crate::message::Message;

/// What `X-Connector` says.
const CONNECTOR: &str = "throughline-sqs";

/// What `User-Agent` says.
const AGENT: &str = concat!("sqs-connector/", env!("CARGO_PKG_VERSION"));

/// So much the state of the trace and the baggage take together; and so much, or what is configured
/// where that is more, they and the attributes.
const ROOM: usize = 8192;

/// What of a message does not reach its function as it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shortfall {
    /// So many attributes are no headers.
    pub(crate) attributes: usize,
    /// Its content type is none.
    pub(crate) content_type: bool,
}

/// The headers of one call, made inside `context`.
pub(crate) fn headers(lane: &Lane, message: &Message, context: &Context) -> HeaderMap {
    let mut headers = of_message(lane, message);
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
    headers
}

/// The headers of one call with a batch, made inside `context`. What belongs to a single message is
/// in its record.
pub(crate) fn of_batch(lane: &Lane, context: &Context) -> HeaderMap {
    let mut headers = lane.headers.clone();
    let trace = context.trace().to_string();
    for (name, value) in [
        (header::CORRELATION_ID, context.correlation_id().as_str()),
        (header::TRACEPARENT, &trace),
        (header::CALL_ID, context.call_id().unwrap_or_default()),
    ] {
        put(&mut headers, name, value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
}

/// The headers that are the same for every message of a queue.
pub(crate) fn of_queue(queue: &str, topic: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    put(&mut headers, header::SQS_QUEUE_URL, queue);
    put(&mut headers, header::TOPIC, topic);
    put(&mut headers, header::CONNECTOR, CONNECTOR);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers
}

/// The headers that are the same for every call with this message.
pub(crate) fn of_message(lane: &Lane, message: &Message) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16 + 2 * message.attributes.len());
    headers.extend(attributes(lane, message).headers);
    let of_queue = lane.headers.iter();
    headers.extend(of_queue.map(|(name, value)| (name.clone(), value.clone())));
    put(&mut headers, header::SQS_MESSAGE_ID, &message.id);
    // The same on every delivery of the message, so that a function can do its work once.
    put(&mut headers, header::IDEMPOTENCY_KEY, &message.id);
    headers.insert(header::RECEIVE_COUNT, message.receive_count.into());
    if let Some(sent) = message.sent_at_ms {
        headers.insert("x-sqs-sent-timestamp", sent.into());
    }
    for (name, value) in [
        ("x-sqs-message-group-id", &message.group),
        ("x-sqs-message-deduplication-id", &message.deduplication),
        ("x-sqs-sequence-number", &message.sequence),
    ] {
        if let Some(value) = value {
            put(&mut headers, name, value);
        }
    }
    headers.insert(CONTENT_TYPE, content_type(lane, message));
    for (name, value) in passed_on(message) {
        put(&mut headers, name, value);
    }
    headers
}

/// The attributes that go on as the headers of their names, as far as there is room.
fn passed_on(message: &Message) -> Vec<(&'static str, &str)> {
    // The state of another trace than the message's says nothing.
    let has_trace = (message.text("traceparent").and_then(TraceParent::parse)).is_some();
    let names = [has_trace.then_some("tracestate"), Some("baggage")];
    let mut left = ROOM;
    (names.into_iter().flatten())
        .filter_map(|name| Some((name, message.text(name)?.trim())))
        .filter(|(_, value)| !value.is_empty() && value.is_ascii())
        .filter(
            |(name, value)| match left.checked_sub(weight(name, value)) {
                Some(less) => {
                    left = less;
                    true
                }
                None => false,
            },
        )
        .collect()
}

/// How much of `configured` is left to the attributes beside what is passed on.
fn room(message: &Message, configured: usize) -> usize {
    let passed_on = passed_on(message);
    let taken: usize = (passed_on.iter())
        .map(|(name, value)| weight(name, value))
        .sum();
    (configured.max(ROOM) - taken).min(configured)
}

/// What of the message its headers do not say.
pub(crate) fn shortfall(lane: &Lane, message: &Message) -> Shortfall {
    Shortfall {
        attributes: attributes(lane, message).left_out,
        content_type: content_type::declared(message) == Declared::Unreadable,
    }
}

fn attributes(lane: &Lane, message: &Message) -> AttributeHeaders {
    let room = room(message, lane.config.attribute_header_bytes);
    attribute_headers(&message.attributes, room)
}

/// What the message declares, else what is configured.
fn content_type(lane: &Lane, message: &Message) -> HeaderValue {
    if let Declared::As(own) = content_type::declared(message) {
        return own;
    }
    let configured = HeaderValue::from_str(&lane.config.content_type);
    configured.unwrap_or(HeaderValue::from_static("text/plain"))
}
