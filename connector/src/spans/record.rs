//! What was done with messages, as spans.

use std::time::Duration;

use opentelemetry::KeyValue;
use throughline::TraceParent;

use super::{Kind, Span, Way};
use crate::correlate::{Correlation, correlate};
use crate::gateway::Call;
use crate::lane::Lane;
use crate::message::Message;
use crate::verdict::{Class, classify};

/// A receive brought messages. Gives its span, for them to link to.
pub(crate) fn received(lane: &Lane, messages: &[Message], took: Duration) -> Option<TraceParent> {
    let spans = &lane.shared.spans;
    if !spans.is_on() || messages.is_empty() {
        return None;
    }
    let own = TraceParent::root();
    spans.record(|| {
        let sender = |message: &Message| correlate(message).sender(message);
        Span {
            kind: Kind::Receive,
            target: lane.queue.name().to_owned(),
            way: Way {
                own,
                parent: None,
                links: messages.iter().filter_map(sender).collect(),
            },
            ended: lane.shared.wall_clock.now(),
            took,
            attributes: vec![
                count("messaging.batch.message_count", messages.len()),
                KeyValue::new("aws.sqs.queue.url", lane.queue.url().to_owned()),
            ],
            error: None,
        }
    });
    Some(own)
}

/// All that was done with a message, in the span `own`.
#[derive(Debug)]
pub(crate) struct Processed<'a> {
    pub(crate) message: &'a Message,
    pub(crate) correlation: &'a Correlation,
    pub(crate) own: TraceParent,
    /// The receive that brought it.
    pub(crate) received: Option<TraceParent>,
    pub(crate) bytes: usize,
    pub(crate) verdict: &'static str,
    /// Why it did not succeed.
    pub(crate) failed: Option<&'a str>,
    pub(crate) took: Duration,
}

pub(crate) fn processed(lane: &Lane, what: &Processed<'_>) {
    lane.shared.spans.record(|| {
        let mut attributes = of_message(what.message, what.correlation);
        attributes.push(count("messaging.message.body.size", what.bytes));
        attributes.push(KeyValue::new("throughline.verdict", what.verdict));
        Span {
            kind: Kind::Process,
            target: lane.queue.name().to_owned(),
            way: Way {
                own: what.own,
                parent: (what.correlation.sender(what.message)).map(|sender| (sender, true)),
                links: what.received.into_iter().collect(),
            },
            ended: lane.shared.wall_clock.now(),
            took: what.took,
            attributes,
            error: what.failed.map(|why| (what.verdict, why.to_owned())),
        }
    });
}

/// A function was called in the span `own`, for the message whose span is `parent`, or for several
/// messages, whose spans are `links`.
pub(crate) fn invoked(
    lane: &Lane,
    function: &str,
    call: &Call,
    own: TraceParent,
    parent: Option<TraceParent>,
    links: &[TraceParent],
) {
    lane.shared.spans.record(|| {
        let mut attributes = Vec::with_capacity(5);
        if let Some(status) = call.outcome.status() {
            let status = i64::from(status);
            attributes.push(KeyValue::new("http.response.status_code", status));
        }
        if !links.is_empty() {
            attributes.push(count("messaging.batch.message_count", links.len()));
        }
        let failed = classify(&call.outcome) != Class::Success;
        let words = || call.outcome.to_string();
        Span {
            kind: Kind::Invoke,
            target: function.to_owned(),
            way: Way {
                own,
                parent: parent.map(|parent| (parent, false)),
                links: links.to_vec(),
            },
            ended: lane.shared.wall_clock.now(),
            took: call.took,
            attributes,
            error: failed.then(|| (call.outcome.kind(), words())),
        }
    });
}

/// What was made of a message at SQS, for the message whose span is `parent`.
pub(crate) fn settled(
    lane: &Lane,
    message: &Message,
    correlation: &Correlation,
    parent: TraceParent,
    (verdict, failed): (&'static str, Option<&str>),
    took: Duration,
) {
    lane.shared.spans.record(|| {
        let mut attributes = of_message(message, correlation);
        attributes.push(KeyValue::new("throughline.verdict", verdict));
        Span {
            kind: Kind::Settle,
            target: lane.queue.name().to_owned(),
            way: Way {
                own: parent.child(),
                parent: Some((parent, false)),
                links: Vec::new(),
            },
            ended: lane.shared.wall_clock.now(),
            took,
            attributes,
            error: failed.map(|why| (verdict, why.to_owned())),
        }
    });
}

fn of_message(message: &Message, correlation: &Correlation) -> Vec<KeyValue> {
    let id = correlation.id.as_str().to_owned();
    vec![
        KeyValue::new("messaging.message.id", message.id.to_string()),
        KeyValue::new("messaging.message.conversation_id", id),
    ]
}

fn count(name: &'static str, number: usize) -> KeyValue {
    KeyValue::new(name, i64::try_from(number).unwrap_or(i64::MAX))
}
