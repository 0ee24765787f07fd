//! From a message to its correlation id and its trace.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use throughline::{Context, CorrelationId, TraceParent};

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
    /// The attributes of an SNS wrapper.
    Sns,
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
    /// The trace that the sender began, or a new one.
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

/// Finds the id, in this order: message attribute, envelope, top-level field of a JSON body,
/// attributes of an SNS wrapper, message id.
pub fn correlate(message: &Message) -> Correlation {
    let body = Body::peek(&message.body);
    let attributes = ATTRIBUTES
        .iter()
        .filter_map(|name| message.text(name))
        .map(Cow::from);
    let in_body = body.correlation_id.and_then(text).map(|value| {
        let source = if body.is_envelope() {
            Source::Envelope
        } else {
            Source::Body
        };
        (source, value)
    });
    let in_sns = body.sns_attributes().map(|value| (Source::Sns, value));
    let candidates = attributes
        .map(|value| (Source::Attribute, value))
        .chain(in_body)
        .chain(in_sns);

    let mut refused = 0;
    for (source, value) in candidates {
        match CorrelationId::parse(&value) {
            Ok(id) => {
                return Correlation {
                    id,
                    source,
                    refused,
                    trace: trace(message),
                };
            }
            Err(_) => refused += 1,
        }
    }
    Correlation {
        // SQS makes UUIDs; another server's ids may be anything.
        id: CorrelationId::parse(&message.id).unwrap_or_else(|_| CorrelationId::mint()),
        source: Source::MessageId,
        refused,
        trace: trace(message),
    }
}

/// The attribute `traceparent`, else `AWSTraceHeader`, else a new trace.
fn trace(message: &Message) -> TraceParent {
    let aws = || {
        message
            .aws_trace_header
            .as_deref()
            .and_then(TraceParent::parse_aws)
    };
    (message.text("traceparent"))
        .and_then(TraceParent::parse)
        .or_else(aws)
        .unwrap_or_else(TraceParent::root)
}

/// The keys of a JSON body that matter here; the rest is skipped without being built.
#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    v: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body_b64: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    correlation_id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "Type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "MessageAttributes")]
    attributes: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SnsAttribute<'a> {
    #[serde(borrow, rename = "Value")]
    value: Cow<'a, str>,
}

impl<'a> Body<'a> {
    fn peek(body: &'a [u8]) -> Self {
        let first = body.iter().find(|b| !b.is_ascii_whitespace());
        if first != Some(&b'{') {
            return Self::default();
        }
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Version 1, or the older form with a `payload`.
    fn is_envelope(&self) -> bool {
        (self.v.is_some() && self.body_b64.is_some()) || self.payload.is_some()
    }

    fn sns_attributes(&self) -> Option<Cow<'a, str>> {
        self.kind.filter(|kind| kind.get() == "\"Notification\"")?;
        let mut attributes: BTreeMap<Cow<'a, str>, SnsAttribute<'a>> =
            serde_json::from_str(self.attributes?.get()).ok()?;
        let name = attributes
            .keys()
            .find(|key| ATTRIBUTES.iter().any(|name| key.eq_ignore_ascii_case(name)))?
            .clone();
        attributes.remove(&name).map(|attribute| attribute.value)
    }
}

/// A JSON string; a value of another type is as good as none.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Cow<'_, str>>(raw.get()).ok()
}

#[cfg(test)]
#[path = "correlate_tests.rs"]
mod tests;
