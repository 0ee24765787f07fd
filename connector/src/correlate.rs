//! From a message to its correlation id and its trace.
//!
//! Nothing here is drawn at random: a message without an id or a trace gets the same ones on every
//! delivery, so that its retries are one story.

use std::borrow::Cow;

use md5::{Digest as _, Md5};
use throughline::{Context, CorrelationId, TraceParent};

use crate::body::{Body, Wrapped};
use crate::message::Message;

/// The names under which senders put the id into message attributes.
const ATTRIBUTES: [&str; 2] = ["correlation_id", "X-Correlation-ID"];

/// Where a message's id was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A message attribute.
    Attribute,
    /// The envelope of the ingress.
    Envelope,
    /// A top-level `correlation_id` of a JSON body.
    Body,
    /// An SNS wrapper: its attributes, the `correlation_id` of what it wraps, or its `MessageId`.
    Sns,
    /// An EventBridge event: `detail.correlation_id`, or its `id`.
    EventBridge,
    /// An S3 event: the id of the request that caused it.
    S3,
    /// Nowhere: the SQS message id stands in, the same on every redelivery.
    MessageId,
}

impl Source {
    /// The name in log lines and metric labels.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Envelope => "envelope",
            Self::Body => "body",
            Self::Sns => "sns",
            Self::EventBridge => "eventbridge",
            Self::S3 => "s3",
            Self::MessageId => "message_id",
        }
    }
}

/// What ties a message to its business event.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// The id, valid whatever the message said.
    pub id: CorrelationId,
    /// Where it was found.
    pub source: Source,
    /// How many candidates were refused before; they appear nowhere.
    pub refused: u32,
    /// The trace that the sender began, or one of the message's own.
    pub trace: TraceParent,
}

impl Correlation {
    /// The context in which the message is worked on.
    pub fn context(&self, message: &Message) -> Context {
        Context::new(self.id.clone())
            .with_trace(self.trace)
            .with_idempotency_key(&message.id)
            .with_delivery_attempt(message.receive_count)
    }
}

impl Correlation {
    /// The sender's span, where the message told one.
    pub fn sender(&self, message: &Message) -> Option<TraceParent> {
        (self.trace != of_its_own(&message.id)).then_some(self.trace)
    }
}

/// Finds the id, in this order: message attribute; envelope; top-level field of a JSON body;
/// attributes of an SNS wrapper; an EventBridge event's `detail.correlation_id`, then its `id`; an
/// S3 event's `x-amz-request-id`, then its `x-amz-id-2`; the same three inside an SNS wrapper, then
/// SNS's own `MessageId`; the SQS message id.
pub fn correlate(message: &Message) -> Correlation {
    let body = Body::peek(&message.body);
    let attributes = body.wrapped_attributes();
    let mut refused = 0;
    let found = find(message, &body, attributes.as_ref(), &mut refused);
    let (source, id) = found.unwrap_or_else(|| (Source::MessageId, stand_in(&message.id)));
    Correlation {
        id,
        source,
        refused,
        trace: trace(message, attributes.as_ref()),
    }
}

fn find(
    message: &Message,
    body: &Body<'_>,
    attributes: Option<&Wrapped<'_>>,
    refused: &mut u32,
) -> Option<(Source, CorrelationId)> {
    let in_attributes = (ATTRIBUTES.iter())
        .filter_map(|name| message.text(name))
        .map(|value| (Source::Attribute, Cow::from(value)));
    let of_sns = (attributes.into_iter().flatten())
        .filter(|(key, _)| (ATTRIBUTES.iter()).any(|name| key.eq_ignore_ascii_case(name)))
        .map(|(_, attribute)| (Source::Sns, attribute.value.clone()));
    let outer = (in_attributes.chain(own(body)).chain(of_sns)).chain(of_events(body));
    if let Some(found) = first_valid(outer, refused) {
        return Some(found);
    }
    let (wrapped, message_id) = body.wrapped()?;
    let inner = Body::peek(wrapped.as_bytes());
    let within = own(&inner).map(|(_, value)| (Source::Sns, value));
    let by_sns = message_id.map(|value| (Source::Sns, value));
    first_valid(within.chain(of_events(&inner)).chain(by_sns), refused)
}

/// The id that the body itself carries.
fn own<'a>(body: &Body<'a>) -> impl Iterator<Item = (Source, Cow<'a, str>)> {
    let source = if body.is_envelope() {
        Source::Envelope
    } else {
        Source::Body
    };
    (body.correlation_id().into_iter()).map(move |value| (source, value))
}

/// The ids by which AWS names the event.
fn of_events<'a>(body: &Body<'a>) -> impl Iterator<Item = (Source, Cow<'a, str>)> {
    let event_bridge = body.event_bridge().map(|id| (Source::EventBridge, id));
    let s3 = body.s3().map(|id| (Source::S3, id));
    (event_bridge.into_iter().chain(s3)).filter_map(|(source, id)| Some((source, id?)))
}

fn first_valid<'a>(
    candidates: impl Iterator<Item = (Source, Cow<'a, str>)>,
    refused: &mut u32,
) -> Option<(Source, CorrelationId)> {
    for (source, value) in candidates {
        match CorrelationId::parse(&value) {
            Ok(id) => return Some((source, id)),
            Err(_) => *refused += 1,
        }
    }
    None
}

/// SQS makes UUIDs; another server's ids may be anything, and then their digest stands in.
fn stand_in(message_id: &str) -> CorrelationId {
    CorrelationId::parse(message_id).unwrap_or_else(|_| {
        let digest = u128::from_be_bytes(Md5::digest(message_id).into());
        CorrelationId::parse(&format!("{digest:032x}")).expect("hex digits are an id")
    })
}

/// The attribute `traceparent`, else `AWSTraceHeader`; else the same two in the attributes of an
/// SNS wrapper; else one of the message's own.
fn trace(message: &Message, attributes: Option<&Wrapped<'_>>) -> TraceParent {
    let sent = || message.text("traceparent").and_then(TraceParent::parse);
    let aws = || (message.aws_trace_header.as_deref()).and_then(TraceParent::parse_aws);
    let wrapped = |name| attributes.and_then(|all| all.get(name).map(|it| it.value.as_ref()));
    sent()
        .or_else(aws)
        .or_else(|| wrapped("traceparent").and_then(TraceParent::parse))
        .or_else(|| wrapped("AWSTraceHeader").and_then(TraceParent::parse_aws))
        .unwrap_or_else(|| of_its_own(&message.id))
}

/// A trace that every delivery of the message belongs to.
fn of_its_own(message_id: &str) -> TraceParent {
    let half = |salt: &str| {
        let digest = Md5::new().chain_update(salt).chain_update(message_id);
        u128::from_be_bytes(digest.finalize().into())
    };
    let (trace, span) = (half("trace"), half("span") >> 64);
    let span = u64::try_from(span).expect("half of it is left");
    TraceParent::from_parts(trace.max(1), span.max(1), true).expect("neither is zero")
}

#[cfg(test)]
#[path = "correlate_tests.rs"]
mod tests;
