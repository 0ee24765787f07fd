//! The headers that a function gets with a message.

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use throughline::{Context, TraceParent, header};

use crate::attribute_headers::{AttributeHeaders, attribute_headers, weight};
use crate::content_type::{self, Declared};
use crate::gateway::put;
use crate::lane::Lane;
use crate::message::Message;

const CORRELATION_ID: HeaderName = HeaderName::from_static(header::CORRELATION_ID);
const TRACEPARENT: HeaderName = HeaderName::from_static(header::TRACEPARENT);
const CALL_ID: HeaderName = HeaderName::from_static(header::CALL_ID);
const SQS_QUEUE_URL: HeaderName = HeaderName::from_static(header::SQS_QUEUE_URL);
const TOPIC: HeaderName = HeaderName::from_static(header::TOPIC);
const CONNECTOR: HeaderName = HeaderName::from_static(header::CONNECTOR);
const SQS_MESSAGE_ID: HeaderName = HeaderName::from_static(header::SQS_MESSAGE_ID);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(header::IDEMPOTENCY_KEY);
const RECEIVE_COUNT: HeaderName = HeaderName::from_static(header::RECEIVE_COUNT);
const SENT_TIMESTAMP: HeaderName = HeaderName::from_static("x-sqs-sent-timestamp");
const GROUP_ID: HeaderName = HeaderName::from_static("x-sqs-message-group-id");
const DEDUPLICATION_ID: HeaderName = HeaderName::from_static("x-sqs-message-deduplication-id");
const SEQUENCE_NUMBER: HeaderName = HeaderName::from_static("x-sqs-sequence-number");

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

impl Shortfall {
    /// Something does not.
    pub(crate) fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// The headers of one call, made inside `context`.
pub(crate) fn headers(lane: &Lane, message: &Message, context: &Context) -> HeaderMap {
    let mut headers = of_message(lane, message);
    of_call(&mut headers, context);
    headers
}

/// The headers of one call with a batch, made inside `context`. What belongs to a single message is
/// in its record.
pub(crate) fn of_batch(lane: &Lane, context: &Context) -> HeaderMap {
    let mut headers = lane.headers.clone();
    of_call(&mut headers, context);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
}

fn of_call(headers: &mut HeaderMap, context: &Context) {
    put(headers, CORRELATION_ID, context.correlation_id().as_str());
    put(headers, TRACEPARENT, &context.trace().to_string());
    put(headers, CALL_ID, context.call_id().unwrap_or_default());
}

/// The headers that are the same for every message of a queue, unless it has a content type of its own.
pub(crate) fn of_queue(queue: &str, topic: &str, content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(5);
    put(&mut headers, SQS_QUEUE_URL, queue);
    put(&mut headers, TOPIC, topic);
    headers.insert(CONNECTOR, HeaderValue::from_static("throughline-sqs"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    put(&mut headers, CONTENT_TYPE, content_type);
    headers
}

/// The headers that are the same for every call with this message.
pub(crate) fn of_message(lane: &Lane, message: &Message) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16 + 2 * message.attributes.len());
    headers.extend(attributes(lane, message).headers);
    let of_queue = lane.headers.iter();
    headers.extend(of_queue.map(|(name, value)| (name.clone(), value.clone())));
    if let Ok(id) = HeaderValue::from_str(&message.id) {
        // The same on every delivery of the message, so that a function can do its work once.
        headers.insert(IDEMPOTENCY_KEY, id.clone());
        headers.insert(SQS_MESSAGE_ID, id);
    }
    headers.insert(RECEIVE_COUNT, message.receive_count.into());
    if let Some(sent) = message.sent_at_ms {
        headers.insert(SENT_TIMESTAMP, sent.into());
    }
    for (name, value) in [
        (GROUP_ID, &message.group),
        (DEDUPLICATION_ID, &message.deduplication),
        (SEQUENCE_NUMBER, &message.sequence),
    ] {
        if let Some(value) = value {
            put(&mut headers, name, value);
        }
    }
    if let Declared::As(own) = content_type::declared(message) {
        headers.insert(CONTENT_TYPE, own);
    }
    for (name, value) in passed_on(message) {
        put(&mut headers, HeaderName::from_static(name), value);
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
