//! One span, from what was done to what OpenTelemetry calls it.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use throughline::TraceParent;

/// The most links a span has; a receive brings at most ten messages.
const LINKS: usize = 128;

/// What a span is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A receive that brought messages.
    Receive,
    /// All that was done with one message.
    Process,
    /// A call to a function.
    Invoke,
    /// What was made of it at SQS.
    Settle,
}

impl Kind {
    fn operation(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Process => "process",
            Self::Invoke => "invoke",
            Self::Settle => "settle",
        }
    }

    fn kind(self) -> SpanKind {
        match self {
            Self::Process => SpanKind::Consumer,
            Self::Receive | Self::Invoke | Self::Settle => SpanKind::Client,
        }
    }
}

/// Where a span stands among the others.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Its own ids.
    pub(crate) own: TraceParent,
    /// What it belongs to, and whether that was somebody else's doing.
    pub(crate) parent: Option<(TraceParent, bool)>,
    /// What it has to do with besides.
    pub(crate) links: Vec<TraceParent>,
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) kind: Kind,
    /// The queue's name, or the function's.
    pub(crate) target: String,
    pub(crate) way: Way,
    pub(crate) ended: SystemTime,
    pub(crate) took: Duration,
    /// What the conventions have for it, beside what every span of its kind has.
    pub(crate) attributes: Vec<KeyValue>,
    /// Why it did not do what it was for, as `error.type` and in words.
    pub(crate) error: Option<(&'static str, String)>,
}

impl Span {
    pub(super) fn into_data(self) -> SpanData {
        let mut attributes = self.attributes;
        if self.kind == Kind::Invoke {
            attributes.push(KeyValue::new("faas.invoked_name", self.target.clone()));
            attributes.push(KeyValue::new("http.request.method", "POST"));
        } else {
            let operation = self.kind.operation();
            attributes.push(KeyValue::new("messaging.system", "aws_sqs"));
            attributes.push(KeyValue::new(
                "messaging.destination.name",
                self.target.clone(),
            ));
            attributes.push(KeyValue::new("messaging.operation.name", operation));
            attributes.push(KeyValue::new("messaging.operation.type", operation));
        }
        let status = match self.error {
            Some((kind, words)) => {
                attributes.push(KeyValue::new("error.type", kind));
                Status::error(words)
            }
            None => Status::Unset,
        };
        let mut links = SpanLinks::default();
        let linked = self.way.links.iter().take(LINKS);
        links.links = linked
            .map(|to| Link::with_context(context(to, true)))
            .collect();
        let (parent, remote) = match &self.way.parent {
            Some((parent, remote)) => (SpanId::from_bytes(parent.ids().1.to_be_bytes()), *remote),
            None => (SpanId::INVALID, false),
        };
        SpanData {
            span_context: context(&self.way.own, false),
            parent_span_id: parent,
            parent_span_is_remote: remote,
            span_kind: self.kind.kind(),
            name: format!("{} {}", self.kind.operation(), self.target).into(),
            start_time: self.ended.checked_sub(self.took).unwrap_or(self.ended),
            end_time: self.ended,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status,
            instrumentation_scope: InstrumentationScope::builder("sqs-connector")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}

fn context(trace: &TraceParent, remote: bool) -> SpanContext {
    let (id, span) = trace.ids();
    let flags = if trace.sampled() {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::default()
    };
    SpanContext::new(
        TraceId::from_bytes(id.to_be_bytes()),
        SpanId::from_bytes(span.to_be_bytes()),
        flags,
        remote,
        TraceState::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(kind: Kind, parent: Option<TraceParent>) -> Span {
        Span {
            kind,
            target: "orders".into(),
            way: Way {
                own: parent.map_or_else(TraceParent::root, |parent| parent.child()),
                parent: parent.map(|parent| (parent, true)),
                links: vec![TraceParent::root()],
            },
            ended: SystemTime::UNIX_EPOCH + Duration::from_secs(10),
            took: Duration::from_secs(3),
            attributes: Vec::new(),
            error: None,
        }
    }

    fn attribute(data: &SpanData, name: &str) -> Option<String> {
        let found = data
            .attributes
            .iter()
            .find(|pair| pair.key.as_str() == name);
        found.map(|pair| pair.value.as_str().into_owned())
    }

    #[test]
    fn a_span_keeps_the_ids_it_was_given_and_the_conventions_names() {
        let sender = TraceParent::root();
        let made = span(Kind::Process, Some(sender));
        let own = made.way.own;
        let data = made.into_data();
        assert_eq!(data.name, "process orders");
        assert_eq!(data.span_kind, SpanKind::Consumer);
        assert_eq!(data.span_context.trace_id().to_string(), sender.trace_id());
        assert_eq!(data.span_context.span_id().to_string(), own.span_id());
        assert_eq!(data.parent_span_id.to_string(), sender.span_id());
        assert!(data.parent_span_is_remote);
        assert_eq!(
            attribute(&data, "messaging.system").as_deref(),
            Some("aws_sqs")
        );
        assert_eq!(
            attribute(&data, "messaging.destination.name").as_deref(),
            Some("orders")
        );
        assert_eq!(
            attribute(&data, "messaging.operation.type").as_deref(),
            Some("process")
        );
        assert_eq!(data.links.len(), 1);
        let took = data.end_time.duration_since(data.start_time).unwrap();
        assert_eq!(took, Duration::from_secs(3));
        assert_eq!(data.status, Status::Unset);
    }

    #[test]
    fn a_call_to_a_function_is_no_messaging_operation() {
        let data = span(Kind::Invoke, None).into_data();
        assert_eq!(data.name, "invoke orders");
        assert_eq!(
            attribute(&data, "faas.invoked_name").as_deref(),
            Some("orders")
        );
        assert_eq!(attribute(&data, "messaging.system"), None);
        assert_eq!(data.parent_span_id, SpanId::INVALID);
    }

    #[test]
    fn what_failed_says_so() {
        let mut failed = span(Kind::Settle, None);
        failed.error = Some(("lost", "the lease ran out".into()));
        let data = failed.into_data();
        assert_eq!(data.status, Status::error("the lease ran out"));
        assert_eq!(attribute(&data, "error.type").as_deref(), Some("lost"));
    }
}
